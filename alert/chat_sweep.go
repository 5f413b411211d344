package alert

import (
	"strings"
)

// sweptInChat is how many keys of a sweep chat names, the worst first.
const sweptInChat = 5

// sweepChat is Compose for a sweep with at least one key, the worst first.
func sweepChat(s Sweep, o Options) (string, error) {
	if err := o.Check(); err != nil {
		return "", err
	}
	severity := s.worst().Severity
	n := notification{
		Version: "1.0", Source: "custom", ID: orUnknown(Sanitize(s.UID, 64)),
		Content: chatContent{
			TextType: "client-markdown", Title: chatTitle(severity, s.brief(), o), Description: joinLines(sweepChatLines(s, o), maxDescription),
			Keywords: []string{"kms", "T1486", severity.String(), s.verdict().String(), "sweep"},
		},
		Metadata: chatMetadata{
			ThreadID: orUnknown(Sanitize(s.UID, 64)), Summary: s.brief(), EventType: "kmsentry-sweep",
			AdditionalContext: map[string]string{"severity": severity.String(), "verdict": s.verdict().String(), "uid": orUnknown(Sanitize(s.UID, 64))},
		},
	}
	for _, k := range s.Keys[:min(len(s.Keys), sweptInChat)] {
		if isKeyARN(k.Key.ARN) {
			n.Metadata.RelatedResources = append(n.Metadata.RelatedResources, k.Key.ARN)
		}
	}
	if len(s.Keys) == 1 && isKeyARN(s.Keys[0].Key.ARN) {
		n.Metadata.ThreadID = s.Keys[0].Key.ARN
	}
	for _, c := range s.Keys[0].commands() {
		if text := "Look: `" + strings.TrimSuffix(c.String(), " > before.json") + "`"; len(text) <= maxNextStep {
			n.Content.NextSteps = append(n.Content.NextSteps, text)
		}
	}
	if n.Content.NextSteps == nil {
		n.Content.NextSteps = []string{"Open the keys in their accounts and read their policies."}
	}
	return encode(n)
}

// sweepChatLines are the description.
func sweepChatLines(s Sweep, o Options) []string {
	var lines []string
	if o.Mention != "" {
		lines = append(lines, "<!subteam^"+o.Mention+">")
	}
	lines = append(lines, s.comparedWith())
	for i, k := range s.Keys {
		if i == sweptInChat {
			lines = append(lines, "And "+keys(len(s.Keys)-i)+" more: see the mail or the finding.")
			break
		}
		lines = append(lines, strings.ToUpper(k.Severity.String())+": "+bare(k.title(), maxName),
			"Key: "+code(keyName(k.Key), maxName)+" in account "+bare(orUnknown(k.Key.Account), 12)+", "+bare(orUnknown(k.Key.Region), 32))
		for _, way := range k.ways(2) {
			lines = append(lines, "- "+code(way, 300))
		}
		if text := k.Call.sentence(k.Heard); text != "" {
			lines = append(lines, "Event: "+text)
		}
	}
	if o.RunbookURL != "" {
		lines = append(lines, "Runbook: "+o.RunbookURL)
	}
	return lines
}
