package alert

import "strings"

// maxHeldKeys is how many keys a storm's lead names in the mail.
const maxHeldKeys = 3

// mailLead is what comes above the mail in a storm; "" without one.
func mailLead(s *Storm) string {
	if s == nil {
		return ""
	}
	lines := []string{wrapText("STORM: ", "  ", s.sentence())}
	for _, c := range s.worst(maxHeldKeys) {
		lines = append(lines, wrapText("- ", "  ", c.of(func(key string) string { return plain(key, maxARN) })))
	}
	return strings.Join(lines, "\n") + "\n\n"
}
