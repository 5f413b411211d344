package chat

import "github.com/kmsentry/kmsentry/alert/words"

// maxHeldKeys is the number of keys that a storm's lead names in chat.
const maxHeldKeys = 3

// stormLead returns the first lines of the chat message in a storm; none when s is
// nil.
func stormLead(s *words.Storm) []string {
	if s == nil {
		return nil
	}
	lines := []string{"Storm: " + s.Sentence()}
	for _, c := range s.Worst(maxHeldKeys) {
		lines = append(lines, "- "+c.Text(func(key string) string { return code(key, 160) }))
	}
	return lines
}
