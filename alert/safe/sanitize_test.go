package safe_test

import (
	"encoding/json"
	"reflect"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/kmsentry/kmsentry/alert/internal/alerttest"
	"github.com/kmsentry/kmsentry/alert/safe"
)

func TestSanitize(t *testing.T) {
	for name, c := range map[string]struct {
		in    string
		limit int
		want  string
	}{
		"plain":                      {"aws-cli/2.31.9 md/awscrt#0.27.6", 80, "aws-cli/2.31.9 md/awscrt#0.27.6"},
		"empty":                      {"", 80, ""},
		"letters of other scripts":   {"Jürgen 山田 Ольга محمد", 80, "Jürgen 山田 Ольга محمد"},
		"emoji":                      {"\U0001f600", 80, "\U0001f600"},
		"line ends":                  {"a\r\nb\nc", 80, `a\r\nb\nc`},
		"tabs and spaces":            {"  a \t\u00a0\u3000 b  ", 80, "a b"},
		"terminal escapes":           {"\x1b[31mred\x1b[0m\x07\x00\x7f", 80, `\x1b[31mred\x1b[0m\x07\x00\x7f`},
		"C1":                         {"\u0085\u009b", 80, `\x85\x9b`},
		"line separators":            {"a\u2028b\u2029c", 80, `a\u2028b\u2029c`},
		"bidi":                       {"\u202egnp.exe\u2066\u200e\u200f\u061c", 80, `\u202egnp.exe\u2066\u200e\u200f\u061c`},
		"zero width":                 {"a\u200bb\u2060\ufeff\u00ad", 80, `a\u200bb\u2060\ufeff\xad`},
		"tags":                       {"\U000e0041", 80, `\U000e0041`},
		"variation selectors":        {"a\ufe0f\U000e0100", 80, `a\ufe0f\U000e0100`},
		"fillers":                    {"\u3164\u115f\u2800\u034f", 80, `\u3164\u115f\u2800\u034f`},
		"private use":                {"\ue000", 80, `\ue000`},
		"stray bytes":                {"a\xff\xfeb", 80, `a\xff\xfeb`},
		"replacement character":      {"\ufffd", 80, "\ufffd"},
		"two marks":                  {"e\u0301\u0302", 80, "e\u0301\u0302"},
		"a tower of marks":           {"e\u0301\u0302\u0303\u0304", 80, "e\u0301\u0302" + `\u0303\u0304`},
		"a mark without a letter":    {"\u0301x", 80, `\u0301x`},
		"exactly the limit":          {"1234567890", 10, "1234567890"},
		"over the limit":             {"12345678901", 10, "12345[...]"},
		"limit counts runes":         {"ääääääääää", 10, "ääääääääää"},
		"limit below the mark":       {"1234567890", 0, "[...]"},
		"escapes count as shown":     {"\x1b\x1b\x1b", 10, `\x1b\[...]`},
		"markup is left to channels": {"<!channel> `x` *b*", 80, "<!channel> `x` *b*"},
	} {
		if got := safe.Sanitize(c.in, c.limit); got != c.want {
			t.Errorf("%s: Sanitize(%q, %d) = %q, want %q", name, c.in, c.limit, got, c.want)
		}
	}
}

// Sanitize returns one line of visible, valid UTF-8 within the limit, and sanitizing
// it again changes nothing.
func FuzzSanitize(f *testing.F) {
	f.Add(alerttest.Attack, 80)
	f.Add(alerttest.Attack, 5)
	f.Add("plain", 0)
	f.Add(strings.Repeat("e\u0301", 100), 50)
	f.Fuzz(func(t *testing.T, s string, limit int) {
		limit = max(limit%4096, 5)
		got := safe.Sanitize(s, limit)
		if !utf8.ValidString(got) {
			t.Fatalf("Sanitize(%q) = %q, not UTF-8", s, got)
		}
		if n := utf8.RuneCountInString(got); n > limit {
			t.Fatalf("Sanitize(%q, %d) has %d runes", s, limit, n)
		}
		if r, bad := alerttest.UnsafeRune(got); bad {
			t.Fatalf("Sanitize(%q) = %q holds %U", s, got, r)
		}
		if strings.Contains(got, "  ") || strings.TrimSpace(got) != got {
			t.Fatalf("Sanitize(%q) = %q has loose spaces", s, got)
		}
		if again := safe.Sanitize(got, limit); again != got {
			t.Fatalf("Sanitize again = %q, want %q", again, got)
		}
	})
}

// Document and Linkless keep the value of a JSON text, and leave nothing in it that
// misleads a reader.
func FuzzDocument(f *testing.F) {
	f.Add(alerttest.OpenPolicy)
	f.Add("{\"Sid\":\"\u202e\u200b\U000e0041e\u0301\u0302\u0303\u0304\",\r\n\t\"x\":1}")
	f.Add(alerttest.Attack)
	f.Fuzz(func(t *testing.T, text string) {
		got := safe.Document(text)
		if r, bad := alerttest.UnsafeRune(strings.NewReplacer("\n", "", "\t", "").Replace(got)); bad || !utf8.ValidString(got) {
			t.Fatalf("Document(%q) = %q holds %U", text, got, r)
		}
		var before, after any
		if !utf8.ValidString(text) || json.Unmarshal([]byte(text), &before) != nil {
			return
		}
		if err := json.Unmarshal([]byte(got), &after); err != nil || !reflect.DeepEqual(before, after) {
			t.Fatalf("Document(%q) = %q, another value (%v)", text, got, err)
		}
	})
}

func TestBreakURL(t *testing.T) {
	for _, row := range []struct{ word, want string }{
		{"a.b", "a.b"},
		{"https://evil.example/a.b", "https[:]//evil[.]example/a.b"},
		{"https://evil.example/https://e.f/x.y", "https[:]//evil[.]example/https[:]//e[.]f/x.y"},
		{"://://", "[:]//[:]//"},
		{"https://a.b://c.d", "https[:]//a[.]b[:]//c[.]d"},
		{"https://www.a.b", "https[:]//www[.]a[.]b"},
		{"www.a.b", "www[.]a.b"},
	} {
		if got := safe.Plain(row.word, 80); got != row.want {
			t.Errorf("Plain(%q) = %q, want %q", row.word, got, row.want)
		}
	}
}
