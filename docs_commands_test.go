package kmsentry

import (
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// Every command in the documents is run by these tests or by what elsewhere lists,
// or follows a comment "# untested: WHY" in its block. In addition, all commands are
// checked: the commands and flags of kmsentry, make targets, files, template
// parameters and AWS CLI calls that they use must exist.

// A page is a document, with its code blocks and the code spans in its text.
type page struct {
	name   string
	lines  []string
	blocks []block
	spans  []command
}

// A block is a fenced code block.
type block struct {
	kind        string // the word after the opening fence: sh, console, yaml ...
	first, last int    // line indexes in the page, from 0; last is the closing fence
	commands    []command
}

// A command is one logical line of shell code in a page.
type command struct {
	line     int    // from 1
	text     string // without line continuations, with its comment
	untested bool
}

var (
	fence   = regexp.MustCompile("^ *```([a-z]*)$")
	span    = regexp.MustCompile("`([^`\n]+)`")
	begins  = regexp.MustCompile(`^(?:\$ |- run: |- )?((?:[A-Z_]+=\S+ )*(?:bin/kmsentry|kmsentry|make|aws|sam|go|git|pip|gh|terraform|docker|curl|jq|moto_server|deploy/\S+|\.ci/\S+) .*)$`)
	untried = regexp.MustCompile(`^# untested: \S`)
)

// pages reads the documents that show commands to users.
func pages(t *testing.T) []page {
	t.Helper()
	names, err := filepath.Glob("docs/*.md")
	if err != nil || len(names) < 10 {
		t.Fatalf("%d pages in docs (%v)", len(names), err)
	}
	var all []page
	for _, name := range append(names, "README.md", "CONTRIBUTING.md", "SECURITY.md", "events/README.md") {
		all = append(all, readPage(t, name))
	}
	return all
}

func readPage(t *testing.T, name string) page {
	t.Helper()
	p := page{name: name, lines: strings.Split(document(t, name), "\n")}
	for i := 0; i < len(p.lines); i++ {
		m := fence.FindStringSubmatch(p.lines[i])
		if m == nil {
			if strings.Contains(p.lines[i], "```") || strings.HasPrefix(p.lines[i], "~~~") {
				t.Errorf("%s:%d: a fence of another kind; expected ``` and one word", name, i+1)
			}
			for _, s := range span.FindAllStringSubmatch(p.lines[i], -1) {
				if begins.MatchString(s[1]) {
					p.spans = append(p.spans, command{line: i + 1, text: s[1]})
				}
			}
			continue
		}
		b := block{kind: m[1], first: i}
		for i++; i < len(p.lines) && !fence.MatchString(p.lines[i]); i++ {
		}
		if i == len(p.lines) {
			t.Fatalf("%s:%d: the block has no end", name, b.first+1)
		}
		b.last = i
		b.commands = p.shell(b)
		p.blocks = append(p.blocks, b)
	}
	return p
}

// shell returns the commands of a block: every line of sh, the first line of a
// console, and in other blocks the lines that begin like a command.
func (p page) shell(b block) []command {
	var list []command
	untested := false
	for i := b.first + 1; i < b.last; i++ {
		c := command{line: i + 1, text: strings.TrimSpace(p.lines[i])}
		for strings.HasSuffix(c.text, `\`) && i+1 < b.last {
			i++
			c.text = strings.TrimSuffix(c.text, `\`) + strings.TrimSpace(p.lines[i])
		}
		if untried.MatchString(c.text) {
			untested = true
			continue
		}
		switch b.kind {
		case "sh":
		case "console":
			if !strings.HasPrefix(c.text, "$ ") {
				continue
			}
			c.text = c.text[2:]
		default:
			m := begins.FindStringSubmatch(c.text)
			if m == nil || strings.Contains(c.text, "[flags]") { // what a command takes
				continue
			}
			c.text = m[1]
		}
		if c.text == "" || strings.HasPrefix(c.text, "#") {
			continue
		}
		c.untested = untested
		list = append(list, c)
	}
	return list
}

// TestBlocksAreNamed checks that every code block names its language, so that no
// command is overlooked, and that every page about a command shows commands.
func TestBlocksAreNamed(t *testing.T) {
	shown := map[string]int{}
	for _, p := range pages(t) {
		for _, b := range p.blocks {
			if !slices.Contains([]string{"sh", "console", "json", "yaml", "sql", "text", "mermaid"}, b.kind) {
				t.Errorf("%s:%d: a block of %q; expected sh, console (one command and what it prints), json, yaml, sql, text or mermaid", p.name, b.first+1, b.kind)
			}
			switch {
			case b.kind == "sh" && len(b.commands) == 0, b.kind == "console" && len(b.commands) != 1:
				t.Errorf("%s:%d: a block of %s with %d commands", p.name, b.first+1, b.kind, len(b.commands))
			case b.kind == "text" && len(b.commands) > 0:
				t.Errorf("%s:%d: a command in a block of text; expected sh", p.name, b.commands[0].line)
			}
			shown[p.name] += len(b.commands)
		}
	}
	for _, name := range []string{"alerts", "check", "ci", "deploy", "doctor", "hunt", "install", "local", "rollout", "sweep"} {
		if shown["docs/"+name+".md"] == 0 {
			t.Errorf("docs/%s.md shows no command", name)
		}
	}
	if shown["README.md"] < 8 || shown["CONTRIBUTING.md"] < 10 {
		t.Errorf("%d commands in README.md, %d in CONTRIBUTING.md", shown["README.md"], shown["CONTRIBUTING.md"])
	}
}
