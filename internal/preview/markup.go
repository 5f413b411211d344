package main

import (
	"html"
	"html/template"
	"regexp"
	"strings"
)

// slackToken matches what Slack interprets, code spans first: a code block, a
// code span, <...>, bold, italic, strikethrough, an emoji.
// Source: Slack, "Formatting text for app surfaces" (mrkdwn).
var slackToken = regexp.MustCompile("(?s)```.+?```|`[^`\n]+`|<[^<>\n]+>|\\*[^*\n]+\\*|\\b_[^_\n]+_\\b|~[^~\n]+~|:[a-z_+-][a-z0-9_+-]*:")

// slack renders Slack's markup as HTML, closely enough to show what an
// attacker's markup would do if any got through.
func slack(text string) template.HTML {
	var b strings.Builder
	last := 0
	for _, at := range slackToken.FindAllStringIndex(text, -1) {
		b.WriteString(plain(text[last:at[0]]))
		b.WriteString(slackElement(text[at[0]:at[1]]))
		last = at[1]
	}
	b.WriteString(plain(text[last:]))
	return template.HTML(b.String())
}

// slackElement renders one token.
func slackElement(token string) string {
	inner := token[1 : len(token)-1]
	switch token[0] {
	case '`':
		return "<code>" + plain(strings.Trim(token, "`")) + "</code>"
	case '<':
		target, label, ok := strings.Cut(inner, "|")
		switch {
		case strings.HasPrefix(target, "!") || strings.HasPrefix(target, "@") || strings.HasPrefix(target, "#"):
			return `<mark>` + plain(inner) + `</mark>`
		case !ok:
			label = target
		}
		return `<a href="` + plain(target) + `">` + plain(label) + `</a>`
	case '*':
		return "<b>" + plain(inner) + "</b>"
	case '_':
		return "<i>" + plain(inner) + "</i>"
	case '~':
		return "<s>" + plain(inner) + "</s>"
	default:
		return icon(token)
	}
}

// icon renders the three emoji that kmsentry uses, without requiring a font that
// has them. It renders any other emoji as its name.
func icon(emoji string) string {
	mark := map[string]string{":rotating_light:": "!", ":warning:": "!", ":information_source:": "i"}[emoji]
	if mark == "" {
		return "<em>" + plain(emoji) + "</em>"
	}
	name := strings.Trim(emoji, ":")
	return `<span class="icon ` + name + `" role="img" aria-label="` + strings.ReplaceAll(name, "_", " ") + `">` + mark + `</span>`
}

// plain decodes Slack's three entities and returns the text escaped for HTML.
func plain(s string) string {
	return html.EscapeString(unescape(s))
}

// teams renders Markdown's code spans and bare URLs, which is the only markup
// that kmsentry sends to Teams.
func teams(text string) template.HTML {
	var b strings.Builder
	for i, part := range strings.Split(text, "`") {
		if i%2 == 1 {
			b.WriteString("<code>" + plain(part) + "</code>")
			continue
		}
		b.WriteString(linked(part, plain))
	}
	return template.HTML(b.String())
}

// mail renders a text mail as mail programs do: as text in which anything that
// looks like a URL is a link.
func mail(text string) template.HTML { return template.HTML(linked(text, html.EscapeString)) }

// bareURL matches what mail programs turn into a link.
var bareURL = regexp.MustCompile(`(https?://|www\.)[^\s<>"]+`)

// linked turns URLs into links and escapes the rest.
func linked(text string, escape func(string) string) string {
	var b strings.Builder
	last := 0
	for _, at := range bareURL.FindAllStringIndex(text, -1) {
		url := html.EscapeString(text[at[0]:at[1]])
		b.WriteString(escape(text[last:at[0]]) + `<a href="` + url + `">` + url + `</a>`)
		last = at[1]
	}
	return b.String() + escape(text[last:])
}
