package alert

// heldInChat is how many keys a storm's lead names in chat.
const heldInChat = 3

// chatLead are the first lines of the chat message in a storm.
func chatLead(s *Storm) []string {
	if s == nil {
		return nil
	}
	lines := []string{"Storm: " + s.sentence()}
	for _, c := range s.worst(heldInChat) {
		lines = append(lines, "- "+c.of(func(key string) string { return code(key, 160) }))
	}
	return lines
}
