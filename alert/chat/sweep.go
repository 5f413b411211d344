package chat

import (
	"strings"

	"github.com/kmsentry/kmsentry/alert/playbook"
	"github.com/kmsentry/kmsentry/alert/safe"
	"github.com/kmsentry/kmsentry/alert/words"
)

// maxSweptKeys is the number of keys of a sweep that chat names, the worst first.
const maxSweptKeys = 5

// ComposeSweep is like Compose for a sweep of at least one key, sorted with the
// worst first. A sweep of one key shares a thread with the alerts about that key.
func ComposeSweep(s words.Sweep, o words.Options) (string, error) {
	if err := o.Check(); err != nil {
		return "", err
	}
	severity := s.WorstKey().Severity
	n := notification{
		Version: "1.0", Source: "custom", ID: safe.OrUnknown(safe.Sanitize(s.UID, 64)),
		Content: content{
			TextType: "client-markdown", Title: title(severity, s.Brief(), o), Description: joinLines(sweepLines(s, o), maxDescription),
			Keywords: []string{"kms", "T1486", severity.String(), s.Verdict().String(), "sweep"},
		},
		Metadata: metadata{
			ThreadID: safe.OrUnknown(safe.Sanitize(s.UID, 64)), Summary: s.Brief(), EventType: "kmsentry-sweep",
			AdditionalContext: map[string]string{"severity": severity.String(), "verdict": s.Verdict().String(), "uid": safe.OrUnknown(safe.Sanitize(s.UID, 64))},
		},
	}
	for _, k := range s.Keys[:min(len(s.Keys), maxSweptKeys)] {
		if safe.IsKeyARN(k.Key.ARN) {
			n.Metadata.RelatedResources = append(n.Metadata.RelatedResources, k.Key.ARN)
		}
	}
	if len(s.Keys) == 1 && safe.IsKeyARN(s.Keys[0].Key.ARN) {
		n.Metadata.ThreadID = s.Keys[0].Key.ARN
	}
	for _, c := range playbook.FirstCommands(s.Keys[0]) {
		if text := "Look: `" + strings.TrimSuffix(c.String(), " > before.json") + "`"; len(text) <= maxNextStep {
			n.Content.NextSteps = append(n.Content.NextSteps, text)
		}
	}
	if n.Content.NextSteps == nil {
		n.Content.NextSteps = []string{"Open the keys in their accounts and read their policies."}
	}
	return words.JSON(n)
}

// sweepLines returns the lines of the description.
func sweepLines(s words.Sweep, o words.Options) []string {
	var lines []string
	if o.Mention != "" {
		lines = append(lines, "<!subteam^"+o.Mention+">")
	}
	lines = append(lines, s.ComparedWith())
	for i, k := range s.Keys {
		if i == maxSweptKeys {
			lines = append(lines, "And "+words.CountKeys(len(s.Keys)-i)+" more: see the mail or the finding.")
			break
		}
		lines = append(lines, strings.ToUpper(k.Severity.String())+": "+bare(k.Title(), safe.MaxName),
			"Key: "+code(words.KeyName(k.Key), safe.MaxName)+" in account "+bare(safe.OrUnknown(k.Key.Account), 12)+", "+bare(safe.OrUnknown(k.Key.Region), 32))
		for _, way := range k.Ways(2) {
			lines = append(lines, "- "+code(way, 300))
		}
		if text := k.Call.Sentence(k.Heard); text != "" {
			lines = append(lines, "Event: "+text)
		}
	}
	if o.RunbookURL != "" {
		lines = append(lines, "Runbook: "+o.RunbookURL)
	}
	return lines
}
