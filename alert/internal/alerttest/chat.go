package alerttest

import (
	"encoding/json"
	"regexp"
	"strings"
	"testing"
	"unicode/utf8"
)

// codeSpan, icon and ourLink match the only places where markup is allowed.
var (
	codeSpan = regexp.MustCompile("`[^`<>\n]+`")
	icon     = regexp.MustCompile(`^:(rotating_light|information_source|warning): `)
	ourLink  = regexp.MustCompile(`<https://[a-z0-9.-]+/[^|<>` + "`" + ` ]*\|(CloudTrail event|Key|Runbook)>`)
)

// CheckChat checks one notification against the limits and the rules of markup.
// client is "slack" or "teams".
func CheckChat(t *testing.T, raw, client string) {
	t.Helper()
	var n struct {
		Version, Source string
		Content         struct {
			TextType, Title, Description string
			NextSteps, Keywords          []string
		}
		Metadata struct{ ThreadID string }
	}
	if err := json.Unmarshal([]byte(raw), &n); err != nil {
		t.Fatal(err)
	}
	if n.Version != "1.0" || n.Source != "custom" || n.Content.TextType != "client-markdown" || n.Content.Description == "" || n.Metadata.ThreadID == "" {
		t.Errorf("not a custom notification: %s", raw)
	}
	for _, c := range []struct {
		part  string
		text  string
		limit int
	}{{"title", n.Content.Title, 150}, {"description", n.Content.Description, 2500}} {
		if got := utf8.RuneCountInString(c.text); got == 0 || got > c.limit {
			t.Errorf("%s has %d characters, want 1 to %d", c.part, got, c.limit)
		}
	}
	if len(n.Content.NextSteps) > 5 || len(n.Content.NextSteps) == 0 || len(n.Content.Keywords) > 5 {
		t.Errorf("%d steps, %d keywords", len(n.Content.NextSteps), len(n.Content.Keywords))
	}
	texts := append([]string{n.Content.Title, n.Content.Description}, n.Content.NextSteps...)
	for i, text := range texts {
		if i > 1 && utf8.RuneCountInString(text) > 200 {
			t.Errorf("step has %d characters: %q", utf8.RuneCountInString(text), text)
		}
		if r, bad := UnsafeRune(strings.ReplaceAll(text, "\n", "")); bad {
			t.Errorf("%q holds %U", text, r)
		}
		rest := codeSpan.ReplaceAllString(icon.ReplaceAllString(text, ""), "")
		rest = ourLink.ReplaceAllString(rest, "")
		rest = strings.Replace(rest, "<!subteam^S012AB3CD4>", "", 1)
		if client == "teams" && strings.Contains(text, "<") {
			t.Errorf("Slack markup for Teams: %q", text)
		}
		if strings.ContainsAny(rest, "<>`@*_~") {
			t.Errorf("markup outside of code spans: %q", rest)
		}
	}
}
