package safe

import "strings"

// Limits of event text that people read, in runes.
const (
	MaxName = 120 // user, session and role names; IAM allows 64 for each
	MaxARN  = 256 // ARNs of keys and callers; longer ones are cut
	MaxText = 600 // sentences that quote the policy
)

// Plain returns event text for people: sanitized, cut to limit runes, and with URLs
// broken, because mail and chat programs turn whatever looks like one into a link.
func Plain(s string, limit int) string {
	s = Sanitize(s, limit)
	if !strings.Contains(s, "://") && !hasWWW(s) {
		return s
	}
	words := strings.Split(s, " ")
	for i, word := range words {
		words[i] = breakURL(word)
	}
	return Cut(strings.Join(words, " "), limit)
}

// breakURL changes a word so that it does not look like a URL: it breaks the colon
// after the scheme and the dots of the host, which programs also link without a
// scheme.
func breakURL(word string) string { return replaceWWW(breakSchemes(word), "[.]") }

// breakSchemes breaks every scheme in word, the last one first, since a scheme's
// colon could otherwise be taken for the end of a host.
func breakSchemes(word string) string {
	before, rest, found := strings.Cut(word, "://")
	if !found {
		return word
	}
	host, path := breakSchemes(rest), ""
	if i := strings.IndexByte(host, '/'); i >= 0 {
		host, path = host[:i], host[i:]
	}
	return before + "[:]//" + strings.ReplaceAll(host, ".", "[.]") + path
}

// Linkless returns a JSON text with its URLs escaped so that mail programs do not
// turn them into links. The value of a JSON string does not change.
func Linkless(text string) string {
	return replaceWWW(strings.ReplaceAll(text, "://", `:\/\/`), `\u002e`)
}

// replaceWWW replaces the dot of every "www.", in any letter case, by dot.
func replaceWWW(s, dot string) string {
	if !hasWWW(s) {
		return s
	}
	var b strings.Builder
	for i := range len(s) {
		if i >= 3 && s[i] == '.' && strings.EqualFold(s[i-3:i], "www") {
			b.WriteString(dot)
		} else {
			b.WriteByte(s[i])
		}
	}
	return b.String()
}

// hasWWW reports whether s holds "www." in any letter case.
func hasWWW(s string) bool {
	for from := 0; ; {
		i := strings.IndexByte(s[from:], '.')
		if i < 0 {
			return false
		}
		if from += i + 1; from >= 4 && strings.EqualFold(s[from-4:from-1], "www") {
			return true
		}
	}
}
