package chat

import (
	"strings"
	"unicode/utf8"

	"github.com/kmsentry/kmsentry/alert/playbook"
	"github.com/kmsentry/kmsentry/detector"
)

// lockedInChat is the step for a key whose owner is locked out.
const lockedInChat = "Open a case with AWS Support from the account that owns the key: no command can recover it"

// nextSteps returns the first commands of the plan, at most maxNextSteps of them. A
// command that is too long for chat is only in the mail.
func nextSteps(f *detector.Finding, plan playbook.Plan) []string {
	var texts []string
	if f.OwnerLocked {
		texts = append(texts, lockedInChat)
	}
	for i, s := range plan.Steps {
		if s.Command == nil || s.Label == "" || len(texts) == maxNextSteps-1 && i < plan.LastResort && plan.LastResort < len(plan.Steps) {
			continue // the last place is kept for the last resort
		}
		text := s.Label + ": `" + strings.TrimSuffix(s.Command.String(), " > before.json") + "`"
		if utf8.RuneCountInString(text) <= maxNextStep && len(texts) < maxNextSteps {
			texts = append(texts, text)
		}
	}
	switch {
	case len(texts) > 0:
	case f.Attempted:
		texts = append(texts, "Find out who made the call, and whether it was meant. Nothing is in force.")
	default:
		texts = append(texts, "Open the key in its account and read its policy: the record does not name the key by a well-formed ARN, so there are no commands here.")
	}
	return texts
}
