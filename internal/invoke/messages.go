package invoke

import (
	"bytes"
	"encoding/json"
	"fmt"
	"regexp"
	"strings"

	"github.com/kmsentry/kmsentry/internal/show"
)

// chatText returns a chat notification as the channel would show it: title, text, next
// steps and keywords. It returns a body that is not a notification indented if it is JSON,
// and unchanged otherwise.
func chatText(body string) string {
	var n struct {
		Content struct {
			Title, Description  string
			NextSteps, Keywords []string
		}
	}
	if err := json.Unmarshal([]byte(body), &n); err != nil || n.Content.Description == "" {
		return indented(body)
	}
	lines := []string{n.Content.Title, "", n.Content.Description}
	if len(n.Content.NextSteps) > 0 {
		lines = append(lines, "", "Next steps")
		for _, step := range n.Content.NextSteps {
			lines = append(lines, "  - "+step)
		}
	}
	if len(n.Content.Keywords) > 0 {
		lines = append(lines, "", "Keywords: "+strings.Join(n.Content.Keywords, ", "))
	}
	return slackText(strings.Join(lines, "\n"))
}

// slackText returns text with Slack's markup rendered: a link as its text followed by the
// URL, and the three entities as their characters.
// Source: Slack API, "Formatting text for app surfaces".
func slackText(text string) string {
	text = slackLink.ReplaceAllString(text, "$2: $1")
	return strings.NewReplacer("&lt;", "<", "&gt;", ">", "&amp;", "&").Replace(text)
}

var slackLink = regexp.MustCompile(`<(https://[^|<> ]+)\|([^<>\n]+)>`)

func indented(body string) string {
	var b bytes.Buffer
	if err := json.Indent(&b, []byte(body), "", "  "); err != nil {
		return body
	}
	return string(show.ASCII(b.Bytes()))
}

// findingDigest returns a summary of an OCSF finding in a few lines.
func findingDigest(body string) string {
	var f struct {
		ClassName   string `json:"class_name"`
		ClassUID    int    `json:"class_uid"`
		Severity    string
		Metadata    struct{ Version string }
		FindingInfo struct{ UID, Title string } `json:"finding_info"`
		Observables []struct{ Name, Value string }
	}
	if err := json.Unmarshal([]byte(body), &f); err != nil {
		return body
	}
	lines := []string{
		fmt.Sprintf("OCSF %s %s (class %d), severity %s, %d bytes of JSON; whole with --show finding", f.Metadata.Version, f.ClassName, f.ClassUID, f.Severity, len(body)),
		"uid " + f.FindingInfo.UID,
	}
	for _, o := range f.Observables {
		lines = append(lines, fmt.Sprintf("%s = %s", o.Name, o.Value))
	}
	return strings.Join(lines, "\n")
}
