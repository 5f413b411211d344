package email

import (
	"strings"
	"testing"
)

func TestPretty(t *testing.T) {
	deep := strings.Repeat("[", 9000) + strings.Repeat("]", 9000)
	rows := []struct{ name, text, want string }{
		{"object", `{"a":1}`, "{\n  \"a\": 1\n}"},
		{"no JSON", `{"a":`, `{"a":`},
		{"nested beyond reason", deep, deep},
	}
	for _, row := range rows {
		if got := pretty(row.text); got != row.want {
			t.Errorf("%s: pretty = %d bytes %.60q, want %.60q", row.name, len(got), got, row.want)
		}
	}
}
