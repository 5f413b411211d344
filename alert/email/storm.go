package email

import (
	"strings"

	"github.com/kmsentry/kmsentry/alert/internal/wrap"
	"github.com/kmsentry/kmsentry/alert/safe"
	"github.com/kmsentry/kmsentry/alert/words"
)

// maxHeldKeys is the number of keys that a storm's lead names in the mail.
const maxHeldKeys = 3

// stormLead returns the lines above the mail in a storm; "" when s is nil.
func stormLead(s *words.Storm) string {
	if s == nil {
		return ""
	}
	lines := []string{wrap.Text("STORM: ", "  ", s.Sentence())}
	for _, c := range s.Worst(maxHeldKeys) {
		lines = append(lines, wrap.Text("- ", "  ", c.Text(func(key string) string { return safe.Plain(key, safe.MaxARN) })))
	}
	return strings.Join(lines, "\n") + "\n\n"
}
