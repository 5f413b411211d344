package wrap

import (
	"strings"
	"testing"
)

func TestWrap(t *testing.T) {
	arn := "arn:aws:kms:us-west-2:111122223333:key/" + strings.Repeat("a", 60)
	for name, c := range map[string]struct{ text, want string }{
		"short":           {"a b", "> a b"},
		"empty":           {"", ">"},
		"at a space":      {strings.Repeat("x", 40) + " " + strings.Repeat("y", 40), "> " + strings.Repeat("x", 40) + "\n. " + strings.Repeat("y", 40)},
		"a long word":     {strings.Repeat("x", 100), "> " + strings.Repeat("x", 70) + "\n. " + strings.Repeat("x", 30)},
		"an ARN is whole": {"see " + arn, "> see\n. " + arn},
		"wide characters": {strings.Repeat("山", 40), "> " + strings.Repeat("山", 35) + "\n. " + strings.Repeat("山", 5)},
	} {
		if got := Text("> ", ". ", c.text); got != c.want {
			t.Errorf("%s: Text = %q, want %q", name, got, c.want)
		}
	}
}
