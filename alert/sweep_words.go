package alert

import (
	"strconv"
	"strings"

	"github.com/kmsentry/kmsentry/detector"
)

// since says against what the sweep compared.
func (s Sweep) since() string {
	if s.Since.IsZero() {
		return "This is the first sweep: it reports everything that is open now. Later sweeps report only changes."
	}
	return "Compared with the sweep of " + instant(s.Since) + "."
}

// sweepMail is the sweep for a person: what a digest is, then the keys, the
// worst first, each with what to do about it.
func sweepMail(s Sweep, o Options) string {
	p := &page{}
	severity := strings.ToUpper(s.worst().Severity.String())
	if o.Test {
		severity = "[TEST] " + severity
	}
	p.para(severity+": ", "  ", s.brief())
	p.para("", "", s.since())
	if n := s.missing(); n > 0 {
		p.para("", "", "For "+keys(n)+" no event ever came: see docs/deploy.md, When an event never came.")
	}
	for i, k := range s.Keys {
		if i == sweptInMail {
			p.heading("AND " + strings.ToUpper(keys(len(s.Keys)-i)) + " MORE")
			p.para("", "", "They are in the finding that queues and functions get, and in the log of the sweep's function: filter on news.")
			break
		}
		sweptInto(p, i, k)
	}
	if s.Quiet > 0 {
		p.para("\n", "", "Not reported: changes to "+keys(s.Quiet)+" that exceptions accept or that are below MIN_SEVERITY. They are in the log.")
	}
	p.line("")
	if o.RunbookURL != "" {
		p.line("Runbook: " + o.RunbookURL)
	}
	p.line("kmsentry " + version(o) + ", scheduled sweep. Id: " + orUnknown(Sanitize(s.UID, 64)))
	return p.text.String()
}

// keys counts them in words.
func keys(n int) string {
	if n == 1 {
		return "1 key"
	}
	return strconv.Itoa(n) + " keys"
}

// sweptInto writes one key of the mail.
func sweptInto(p *page, i int, k SweptKey) {
	p.para("\n"+strconv.Itoa(i+1)+". "+strings.ToUpper(k.Severity.String())+" ("+k.verdict().String()+"): ", "   ", k.title())
	p.para("Key: ", "  ", orUnknown(plain(k.Key.ARN, maxARN)))
	if k.State != "" && k.State != "Enabled" {
		p.para("State: ", "  ", plain(k.State, 64)+". It cannot be used now; one call changes that.")
	}
	for _, way := range k.ways(6) {
		p.para("- ", "  ", way)
	}
	for _, part := range k.Unread {
		p.para("Not read: ", "  ", plain(part, maxText))
	}
	if text := k.Call.sentence(k.Heard); text != "" {
		p.para("Event: ", "  ", text)
	}
	for _, name := range k.Expired {
		p.para("Note: ", "  ", `The exception "`+plain(name, maxName)+`" would have held this back, but it has expired.`)
	}
	for _, c := range k.commands() {
		c.writeTo(&p.text, "  ")
		p.line("")
	}
}

// commands are what to run first: who changed it, and what is in force.
func (k SweptKey) commands() []command {
	f := &detector.Finding{Key: k.Key, Event: detector.Event{Outcome: detector.Accepted}}
	c := commandsFor(f)
	var all []command
	list := []command{c.keyHistory, c.savePolicy, c.checkPolicy}
	if len(k.Grants) > 0 {
		list = append(list, c.listGrants)
	}
	for _, one := range list {
		if one != nil {
			all = append(all, one)
		}
	}
	return all
}

// sweepChat is the notification for Amazon Q Developer.
func sweepChat(s Sweep, o Options) (string, error) {
	f := &detector.Finding{Severity: s.worst().Severity}
	icon := strings.SplitAfterN(chatTitle(f, Options{ChatClient: o.ChatClient}), "[", 2)[0]
	icon = strings.TrimSuffix(icon, "[")
	n := notification{
		Version: "1.0", Source: "custom", ID: orUnknown(Sanitize(s.UID, 64)),
		Content: chatContent{
			TextType: "client-markdown", Title: cut(icon+tag(f, o)+s.brief(), maxTitle), Description: joinLines(sweepChatLines(s, o), maxDescription),
			Keywords: []string{"kms", "T1486", f.Severity.String(), s.verdict().String(), "sweep"},
		},
		Metadata: chatMetadata{
			ThreadID: orUnknown(Sanitize(s.UID, 64)), Summary: s.brief(), EventType: "kmsentry-sweep",
			AdditionalContext: map[string]string{"severity": f.Severity.String(), "verdict": s.verdict().String(), "uid": orUnknown(Sanitize(s.UID, 64))},
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
	lines = append(lines, s.since())
	for i, k := range s.Keys {
		if i == sweptInChat {
			lines = append(lines, "And "+keys(len(s.Keys)-i)+" more: see the mail or the finding.")
			break
		}
		lines = append(lines, strings.ToUpper(k.Severity.String())+": "+words(k.title(), maxName),
			"Key: "+code(keyName(k.Key), maxName)+" in account "+words(orUnknown(k.Key.Account), 12)+", "+words(orUnknown(k.Key.Region), 32))
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
