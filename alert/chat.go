package alert

import (
	"strings"
	"unicode/utf8"

	"github.com/kmsentry/kmsentry/detector"
	"github.com/kmsentry/kmsentry/detector/policy/decide"
)

// Lengths of a chat notification, in characters. Amazon Q Developer documents
// none; these keep well below Slack's own for a block of text.
const (
	maxTitle       = 150
	maxDescription = 2500
	maxNextSteps   = 5
	maxNextStep    = 200
	maxKeywords    = 5
)

// A notification is an Amazon Q Developer custom notification, version 1.0.
// What does not fit this schema is dropped without a trace in the channel.
// Source: docs.aws.amazon.com/chatbot/latest/adminguide/custom-notifs.html.
type notification struct {
	Version  string       `json:"version"`
	Source   string       `json:"source"`
	ID       string       `json:"id"`
	Content  chatContent  `json:"content"`
	Metadata chatMetadata `json:"metadata"`
}

type chatContent struct {
	TextType    string   `json:"textType"`
	Title       string   `json:"title"`
	Description string   `json:"description"`
	NextSteps   []string `json:"nextSteps,omitempty"`
	Keywords    []string `json:"keywords"`
}

type chatMetadata struct {
	ThreadID          string            `json:"threadId"`
	Summary           string            `json:"summary"`
	EventType         string            `json:"eventType"`
	RelatedResources  []string          `json:"relatedResources,omitempty"`
	AdditionalContext map[string]string `json:"additionalContext"`
}

// Chat returns for f the Amazon Q Developer custom notification (schema 1.0) as
// JSON. Alerts about one key share a thread. It fails when o is invalid.
func Chat(f *detector.Finding, o Options) (string, error) {
	if err := o.Check(); err != nil {
		return "", err
	}
	n := notification{
		Version: "1.0", Source: "custom", ID: orUnknown(Sanitize(f.UID, 64)),
		Content: chatContent{
			TextType:    "client-markdown",
			Title:       chatTitle(f.Severity, brief(f), o),
			Description: chatDescription(f, o),
			NextSteps:   chatSteps(f, planFor(f, false)),
			Keywords:    chatKeywords(f),
		},
		Metadata: chatMetadata{
			ThreadID:  threadID(f),
			Summary:   brief(f),
			EventType: "kmsentry-" + f.Verdict.String(),
			AdditionalContext: map[string]string{
				"severity": f.Severity.String(),
				"verdict":  f.Verdict.String(),
				"uid":      orUnknown(Sanitize(f.UID, 64)),
			},
		},
	}
	if isKeyARN(f.Key.ARN) {
		n.Metadata.RelatedResources = []string{f.Key.ARN}
	}
	return encode(n)
}

// chatTitle is made of our own words only.
func chatTitle(severity detector.Severity, brief string, o Options) string {
	return cut(severityIcon(severity, o)+tag(severity, o)+brief, maxTitle)
}

// severityIcon is the emoji before the title; "" for Teams, which shows none.
func severityIcon(severity detector.Severity, o Options) string {
	if o.ChatClient == "teams" {
		return ""
	}
	switch severity {
	case detector.Critical, detector.High:
		return ":rotating_light: "
	case detector.Medium:
		return ":warning: "
	default:
		return ":information_source: "
	}
}

// chatKeywords are the tags under the message.
func chatKeywords(f *detector.Finding) []string {
	words := []string{"kms", "T1486", f.Severity.String(), f.Verdict.String()}
	if f.Attempted {
		words = append(words, "refused")
	}
	return words[:min(len(words), maxKeywords)]
}

// chatDescription is the mail's first lines and the reason, then the links. A
// line that does not fit any more is left out whole, so that no markup is cut.
func chatDescription(f *detector.Finding, o Options) string {
	var lines []string
	if o.Mention != "" {
		lines = append(lines, "<!subteam^"+o.Mention+">")
	}
	lines = append(lines, chatLead(o.Storm)...)
	if o.Test {
		lines = append(lines, "This is a test of the alert path. No key was opened.")
	}
	lines = append(lines,
		"What: "+bare(title(f), maxName),
		"Who: "+bare(who(f.Actor), maxText),
		"MFA: "+bare(mfaText(f.Actor), maxName),
		"From: "+chatFrom(f),
		"Key: "+chatKey(f),
	)
	if text := material(f.Key); text != "" {
		lines = append(lines, "Material: "+bare(text, maxName))
	}
	lines = append(lines, "When: "+chatWhen(f))
	lines = append(lines, chatWhy(f)...)
	for _, name := range o.Expired {
		lines = append(lines, "The exception "+code(name, maxName)+" has expired; it would have held this alert back.")
	}
	links := chatLinks(f, o)
	return joinLines(lines, maxDescription-utf8.RuneCountInString(links)-1) + "\n" + links
}

// joinLines puts lines together as long as they fit limit characters.
func joinLines(lines []string, limit int) string {
	var b strings.Builder
	left := limit
	for _, line := range lines {
		n := utf8.RuneCountInString(line) + 1
		if n > left {
			continue
		}
		if b.Len() > 0 {
			b.WriteByte('\n')
		}
		b.WriteString(line)
		left -= n
	}
	return b.String()
}

// chatFrom names the source.
func chatFrom(f *detector.Finding) string {
	s := f.Source
	text := code(orUnknown(s.Address), 64)
	if f.Event.FromConsole {
		text += " in the console"
	}
	if s.UserAgent != "" && s.UserAgent != s.Address {
		text += " " + code(s.UserAgent, 160)
	}
	return text
}

// chatKey names the key with its account and Region.
func chatKey(f *detector.Finding) string {
	name := code(keyName(f.Key), maxName)
	if f.NoKey() {
		name = "none was made"
	}
	text := name + " in account " + bare(orUnknown(f.Key.Account), 12) + ", " + bare(orUnknown(f.Key.Region), 32)
	if f.KeyElsewhere() {
		text += "; the event is in the trail of account " + bare(f.Event.Account, 12)
	}
	return text
}

// chatWhen names the instant, the call, and what came of it.
func chatWhen(f *detector.Finding) string {
	at := instant(f.Event.Time)
	if at == "" {
		at = "time unknown"
	}
	return at + " by " + bare(orUnknown(f.Event.Name), 64) + "; " + bare(inForce(f), maxName)
}

// chatWhy gives the reasons, shortest form.
func chatWhy(f *detector.Finding) []string {
	var lines []string
	switch {
	case notInRecord(f):
		lines = append(lines, "Why: the policy is not in the record: "+code(f.Policy.Missing, 300))
	case f.Problem != "":
		lines = append(lines, "Why: the policy could not be read: "+code(f.Problem, 300))
	}
	for i, g := range groupGrants(f.Decision.Grants) {
		if i == 2 {
			break
		}
		lines = append(lines, "Why: "+code(g.audience()+can(f)+"call "+actionsOf(g.grants, 3)+g.letIn(), 300))
		for _, why := range g.grants[0].Why[:min(len(g.grants[0].Why), 2)] {
			lines = append(lines, "- "+code(why, 300))
		}
	}
	if f.Decision.Future != nil {
		lines = append(lines, "Why: "+later(f.Decision))
	}
	if notInRecord(f) {
		return append(lines, "Only the key itself can say what is in force: fetch it.")
	}
	if f.Verdict == decide.Public || f.Verdict != decide.Undecided && len(f.Decision.Undecided) == 0 {
		return lines // nothing worse can come out
	}
	for _, open := range f.Decision.Undecided[:min(len(f.Decision.Undecided), 2)] {
		lines = append(lines, "Why: not decided: "+code(statementName(open.Statement)+": "+open.Reason, 300))
	}
	return append(lines, "Check by hand whom this policy lets in.")
}

// chatLinks writes the console pages in the client's way.
func chatLinks(f *detector.Finding, o Options) string {
	var links []string
	for _, link := range []struct{ name, url string }{{"CloudTrail event", eventLink(f)}, {"Key", keyLink(f)}, {"Runbook", o.RunbookURL}} {
		switch {
		case link.url == "":
		case o.ChatClient == "teams":
			links = append(links, link.name+": "+link.url)
		default:
			links = append(links, "<"+strings.ReplaceAll(link.url, "&", "&amp;")+"|"+link.name+">")
		}
	}
	if o.ChatClient == "teams" {
		return strings.Join(links, "\n")
	}
	return strings.Join(links, " | ")
}

// chatSteps are the first commands of the plan, as many as chat takes; a command
// that is too long is left to the mail.
func chatSteps(f *detector.Finding, plan plan) []string {
	var texts []string
	if f.OwnerLocked {
		texts = append(texts, lockedInChat)
	}
	for i, s := range plan.steps {
		if s.cmd == nil || s.brief == "" || len(texts) == maxNextSteps-1 && i < plan.last && plan.last < len(plan.steps) {
			continue // the last place is kept for the last resort
		}
		text := s.brief + ": `" + strings.TrimSuffix(s.cmd.String(), " > before.json") + "`"
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

// bare returns event text as it is when it holds nothing that a chat program could
// act on, and as a code span otherwise.
func bare(s string, limit int) string {
	s = plain(s, limit)
	if isBare(s) {
		return s
	}
	return code(s, limit)
}

// code returns event text as a code span: no markup, mention or link can begin in
// it. & < > are escaped last, so that cutting never splits an entity.
// Source: Slack, "Formatting text for app surfaces" (escaping of & < >).
func code(s string, limit int) string {
	s = strings.ReplaceAll(plain(s, limit), "`", "'")
	if s == "" {
		s = "-"
	}
	if strings.ContainsAny(s, "&<>") {
		s = strings.ReplaceAll(s, "&", "&amp;")
		s = strings.ReplaceAll(strings.ReplaceAll(s, "<", "&lt;"), ">", "&gt;")
	}
	return "`" + s + "`"
}

// lockedInChat is the step for a key that its owner is locked out of.
const lockedInChat = "Open a case with AWS Support from the account that owns the key: nothing that you can run gives it back"
