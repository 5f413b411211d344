package main

import (
	"fmt"
	"html"
	"io"
	"strings"
	"unicode/utf8"
)

// The layout of the picture for the README: one alert as mail and as a Slack
// message, both cut off where the picture ends. Sizes are in pixels.
const (
	pictureWidth = 1036
	panelTop     = 44
	lineHeight   = 19
	mailLines    = 31
	mailWidth    = 612
	chatColumns  = 48 // characters per line of the message, whose font is proportional
	pad          = 16
)

// A span is a piece of a line of the chat message.
type span struct {
	text string
	code bool
}

// picture writes the SVG of an alert. It contains only text and shapes, no
// script, image or font, so that GitHub shows it.
func picture(w io.Writer, s sample) error {
	height := panelTop + lineHeight*mailLines + 2*pad
	var b strings.Builder
	fmt.Fprintf(&b, `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 %d %d" role="img" aria-label="%s">`+"\n",
		pictureWidth, height, html.EscapeString("The mail and the Slack message of an alert: "+s.Subject))
	b.WriteString(`<style>text{font:13px ui-monospace,SFMono-Regular,Menlo,Consolas,"DejaVu Sans Mono",monospace;fill:#1f2328;white-space:pre}` +
		`.p{font-family:system-ui,"Segoe UI",Helvetica,Arial,sans-serif}.h{fill:#57606a;font-weight:600}.b,.s{font-weight:700}.s{font-size:11.5px}.c{fill:#a40e26}</style>` + "\n")
	chatLeft := mailWidth + pad
	panel(&b, 0, mailWidth, height, "Mail")
	panel(&b, chatLeft, pictureWidth-chatLeft, height, "Slack")
	line(&b, pad, 0, "s", []span{{text: s.Subject}})
	for i, text := range head(strings.Split(s.Email, "\n"), mailLines-2) {
		line(&b, pad, i+2, "", []span{{text: text}})
	}
	fmt.Fprintf(&b, `<rect x="%d" y="%d" width="4" height="%d" fill="#a40e26"/>`+"\n", chatLeft+pad, panelTop+pad-4, lineHeight*mailLines)
	for i, spans := range head(chatLines(s.Slack), mailLines) {
		class := "p"
		if i == 0 {
			class = "p b"
		}
		line(&b, chatLeft+2*pad, i, class, spans)
	}
	b.WriteString("</svg>\n")
	_, err := io.WriteString(w, b.String())
	return err
}

// head returns at most n elements.
func head[T any](list []T, n int) []T { return list[:min(n, len(list))] }

func panel(b *strings.Builder, x, width, height int, title string) {
	fmt.Fprintf(b, `<rect x="%d.5" y=".5" width="%d" height="%d" rx="6" fill="#fff" stroke="#d0d7de"/>`+"\n", x, width-1, height-1)
	fmt.Fprintf(b, `<text class="p h" x="%d" y="25">%s</text><line x1="%d" y1="38.5" x2="%d" y2="38.5" stroke="#d0d7de"/>`+"\n", x+pad, title, x, x+width)
}

// line writes line i of a panel.
func line(b *strings.Builder, x, i int, class string, spans []span) {
	fmt.Fprintf(b, `<text class="%s" x="%d" y="%d">`, class, x, panelTop+pad+9+lineHeight*i)
	for _, s := range spans {
		if text := html.EscapeString(s.text); s.code {
			b.WriteString(`<tspan class="c">` + text + `</tspan>`)
		} else {
			b.WriteString(text)
		}
	}
	b.WriteString("</text>\n")
}

// chatLines breaks the message into lines as a Slack channel would.
func chatLines(c chatContent) [][]span {
	text := []string{slackEmoji(c.Title)}
	text = append(text, strings.Split(c.Description, "\n")...)
	for _, step := range c.NextSteps {
		text = append(text, "\u2022 "+step)
	}
	var lines [][]span
	for _, t := range text {
		lines = append(lines, wrapped(slackLinks(t))...)
	}
	return lines
}

// slackEmoji replaces kmsentry's emoji by symbols that every font has.
func slackEmoji(text string) string {
	return strings.NewReplacer(":rotating_light:", "\u25cf", ":warning:", "\u25b2", ":information_source:", "\u25cb").Replace(text)
}

// slackLinks replaces links by their labels, as Slack displays them.
func slackLinks(text string) string {
	return slackToken.ReplaceAllStringFunc(text, func(token string) string {
		if _, label, ok := strings.Cut(strings.Trim(token, "<>"), "|"); ok && token[0] == '<' {
			return label
		}
		return token
	})
}

// wrapped breaks a text with `code` in it into lines of at most chatColumns
// characters.
func wrapped(text string) [][]span {
	var lines [][]span
	var current []span
	used, code := 0, false
	for i, part := range strings.Split(unescape(text), "`") {
		code = i%2 == 1
		for j, word := range strings.Split(part, " ") {
			if j > 0 {
				word = " " + word
			}
			n := utf8.RuneCountInString(word)
			if used > 0 && used+n > chatColumns {
				lines, current, used = append(lines, current), nil, 0
				word = strings.TrimPrefix(word, " ")
			}
			for r := []rune(word); len(r) > 0; {
				piece := head(r, chatColumns)
				current = append(current, span{string(piece), code})
				used += len(piece)
				if r = r[len(piece):]; len(r) > 0 {
					lines, current, used = append(lines, current), nil, 0
				}
			}
		}
	}
	return append(lines, current)
}

// unescape decodes Slack's three entities.
func unescape(s string) string {
	return strings.NewReplacer("&lt;", "<", "&gt;", ">", "&amp;", "&").Replace(s)
}
