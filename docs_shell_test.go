package kmsentry

import (
	"slices"
	"strings"
	"testing"
)

// A call is one simple command of a shell line: its words without quotes, variable
// assignments and redirections.
type call []string

// shellCalls returns the simple commands of a shell line and the files written by
// redirection. A command substitution stays part of its word, and its commands are
// in the list too. Comments are dropped. It supports only what the pages use, not
// all of sh.
func shellCalls(line string) (list []call, written []string) {
	var now call
	redirected := false
	end := func() {
		if now = plain(now); len(now) > 0 {
			list = append(list, now)
		}
		now = nil
	}
	for line = strings.TrimSpace(line); line != ""; line = strings.TrimLeft(line, " \t") {
		switch {
		case line[0] == '#':
			end()
			return list, written
		case strings.HasPrefix(line, ">") || strings.HasPrefix(line, "<"):
			redirected = line[0] == '>'
			line = strings.TrimLeft(line, "<>")
			if !redirected {
				_, line = word(strings.TrimLeft(line, " "))
			}
		case strings.ContainsRune("|&;\n", rune(line[0])):
			end()
			line = line[1:]
		default:
			var w string
			w, line = word(line)
			if inner, ok := substitution(w); ok {
				more, _ := shellCalls(inner)
				list = append(list, more...)
			}
			if redirected {
				written, redirected = append(written, w), false
			} else {
				now = append(now, w)
			}
		}
	}
	end()
	return list, written
}

// plain drops what precedes the command: assignments and keywords of loops.
func plain(words call) call {
	for len(words) > 0 && (slices.Contains([]string{"do", "done", "then", "!", "export"}, words[0]) || assignment(words[0])) {
		words = words[1:]
	}
	if len(words) > 0 && words[0] == "for" {
		return nil
	}
	return words
}

func assignment(word string) bool {
	name, _, ok := strings.Cut(word, "=")
	return ok && name != "" && strings.Trim(name, "ABCDEFGHIJKLMNOPQRSTUVWXYZ_") == ""
}

// word returns the first word of a line, without quotes, and the rest of the line.
func word(line string) (first, rest string) {
	var b strings.Builder
	quote, depth := byte(0), 0
	for i := 0; i < len(line); i++ {
		c := line[i]
		switch {
		case quote == 0 && depth == 0 && strings.ContainsRune(" \t\n|&;<>", rune(c)):
			return b.String(), line[i:]
		case depth == 0 && (c == quote || quote == 0 && (c == '"' || c == '\'')):
			if quote == 0 {
				quote = c
			} else {
				quote = 0
			}
			continue
		case quote != '\'' && strings.HasPrefix(line[i:], "$("):
			depth++
		case depth > 0 && c == '(' && line[i-1] != '$':
			depth++
		case depth > 0 && c == ')':
			depth--
		}
		b.WriteByte(c)
	}
	return b.String(), ""
}

// substitution returns the command line within $( and ), and whether there is one.
func substitution(word string) (string, bool) {
	_, inner, ok := strings.Cut(word, "$(")
	if end := strings.LastIndex(inner, ")"); ok && end >= 0 {
		return inner[:end], true
	}
	return "", false
}

func TestShellCalls(t *testing.T) {
	for _, test := range []struct{ name, line, want, written string }{
		{"words", "kmsentry check --account 1 key.json  # why", "kmsentry check --account 1 key.json", ""},
		{"pipe", "aws x 'a | b' | bin/kmsentry check -", "aws x a | b/bin/kmsentry check -", ""},
		{"variables", "A=b COLUMNS=92 kmsentry hunt x > y.json", "kmsentry hunt x", "y.json"},
		{"list", "moto_server & sam build && sam deploy; true", "moto_server/sam build/sam deploy/true", ""},
		{"substitution", `aws a --b "$(jq -r '.c[0]' m.json)"`, "jq -r .c[0] m.json/aws a --b $(jq -r '.c[0]' m.json)", ""},
		{"parentheses", `a --b $(c "d(e) f") g`, "c d(e) f/a --b $(c \"d(e) f\") g", ""},
		{"loop", "for n in A B; do", "", ""},
		{"end of a loop", "done | kmsentry hunt -", "kmsentry hunt -", ""},
		{"input", "sh < in.txt", "sh", ""},
	} {
		t.Run(test.name, func(t *testing.T) {
			list, written := shellCalls(test.line)
			var got []string
			for _, c := range list {
				got = append(got, strings.Join(c, " "))
			}
			if strings.Join(got, "/") != test.want || strings.Join(written, " ") != test.written {
				t.Errorf("shellCalls(%q) = %q, written %q, want %q, %q", test.line, got, written, test.want, test.written)
			}
		})
	}
}
