package chat

import (
	"github.com/kmsentry/kmsentry/alert/playbook"
	"github.com/kmsentry/kmsentry/alert/safe"
	"github.com/kmsentry/kmsentry/alert/words"
	"github.com/kmsentry/kmsentry/detector"
)

// Limits of a chat notification, in characters and items. Amazon Q Developer
// documents none; these are well below Slack's limit for a block of text.
const (
	maxTitle       = 150
	maxDescription = 2500
	maxNextSteps   = 5
	maxNextStep    = 200
	maxKeywords    = 5
)

// A notification is an Amazon Q Developer custom notification, version 1.0.
// A notification that does not match the schema never appears in the channel, and
// nothing says so.
// Source: docs.aws.amazon.com/chatbot/latest/adminguide/custom-notifs.html.
type notification struct {
	Version  string   `json:"version"`
	Source   string   `json:"source"`
	ID       string   `json:"id"`
	Content  content  `json:"content"`
	Metadata metadata `json:"metadata"`
}

type content struct {
	TextType    string   `json:"textType"`
	Title       string   `json:"title"`
	Description string   `json:"description"`
	NextSteps   []string `json:"nextSteps,omitempty"`
	Keywords    []string `json:"keywords"`
}

type metadata struct {
	ThreadID          string            `json:"threadId"`
	Summary           string            `json:"summary"`
	EventType         string            `json:"eventType"`
	RelatedResources  []string          `json:"relatedResources,omitempty"`
	AdditionalContext map[string]string `json:"additionalContext"`
}

// Compose returns the Amazon Q Developer custom notification (schema 1.0) about f
// as JSON on one line. Alerts about one key share a thread. It returns an error
// when o is invalid.
func Compose(f *detector.Finding, o words.Options) (string, error) {
	if err := o.Check(); err != nil {
		return "", err
	}
	n := notification{
		Version: "1.0", Source: "custom", ID: safe.OrUnknown(safe.Sanitize(f.UID, 64)),
		Content: content{
			TextType:    "client-markdown",
			Title:       title(f.Severity, words.Brief(f), o),
			Description: description(f, o),
			NextSteps:   nextSteps(f, playbook.For(f, false)),
			Keywords:    keywords(f),
		},
		Metadata: metadata{
			ThreadID:  words.ThreadID(f),
			Summary:   words.Brief(f),
			EventType: "kmsentry-" + f.Verdict.String(),
			AdditionalContext: map[string]string{
				"severity": f.Severity.String(),
				"verdict":  f.Verdict.String(),
				"uid":      safe.OrUnknown(safe.Sanitize(f.UID, 64)),
			},
		},
	}
	if safe.IsKeyARN(f.Key.ARN) {
		n.Metadata.RelatedResources = []string{f.Key.ARN}
	}
	return words.JSON(n)
}

// title returns the title of a notification. brief must hold no event text, since
// the title is not escaped.
func title(severity detector.Severity, brief string, o words.Options) string {
	return safe.Cut(severityIcon(severity, o)+words.Tag(severity, o)+brief, maxTitle)
}

// severityIcon returns the emoji before the title; "" for Teams, which does not
// render it.
func severityIcon(severity detector.Severity, o words.Options) string {
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

// keywords returns the tags that are shown under the message.
func keywords(f *detector.Finding) []string {
	tags := []string{"kms", "T1486", f.Severity.String(), f.Verdict.String()}
	if f.Attempted {
		tags = append(tags, "refused")
	}
	return tags[:min(len(tags), maxKeywords)]
}
