package alert

import (
	"encoding/json"
	"regexp"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/kmsentry/kmsentry/detector"
	"github.com/kmsentry/kmsentry/detector/policy/decide"
)

// codeSpan and ourLink are the only places where more than plain words may stand.
var (
	codeSpan = regexp.MustCompile("`[^`<>\n]+`")
	icon     = regexp.MustCompile(`^:(rotating_light|information_source|warning): `)
	ourLink  = regexp.MustCompile(`<https://[a-z0-9.-]+/[^|<>` + "`" + ` ]*\|(CloudTrail event|Key|Runbook)>`)
)

func TestChatFits(t *testing.T) {
	for _, client := range []string{"slack", "teams"} {
		o := testOptions()
		o.ChatClient, o.RunbookURL, o.Test, o.Expired = client, "https://wiki.example.com/kms?a=1&b=2", true, []string{"old-one"}
		if client == "slack" {
			o.Mention = "S012AB3CD4"
		}
		t.Run(client, func(t *testing.T) {
			eachFinding(t, func(t *testing.T, f *detector.Finding) { checkChat(t, f, o) })
		})
	}
}

// checkChat holds one notification against the limits and the rules of markup.
func checkChat(t *testing.T, f *detector.Finding, o Options) {
	t.Helper()
	raw, err := Chat(f, o)
	if err != nil {
		t.Fatal(err)
	}
	var n notification
	if err := json.Unmarshal(raw, &n); err != nil {
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
		if r, bad := unsafeRune(strings.ReplaceAll(text, "\n", "")); bad {
			t.Errorf("%q holds %U", text, r)
		}
		rest := codeSpan.ReplaceAllString(icon.ReplaceAllString(text, ""), "")
		rest = ourLink.ReplaceAllString(rest, "")
		rest = strings.Replace(rest, "<!subteam^S012AB3CD4>", "", 1)
		if o.ChatClient == "teams" && strings.Contains(text, "<") {
			t.Errorf("Slack markup for Teams: %q", text)
		}
		if strings.ContainsAny(rest, "<>`@*_~") {
			t.Errorf("markup outside of code spans: %q", rest)
		}
	}
}

func TestChatThreads(t *testing.T) {
	for name, c := range map[string]struct {
		f    *detector.Finding
		want string
	}{
		"by key ARN":            {publicFinding(), keyInUSWest},
		"by uid without an ARN": {findings()["key-unknown"], strings.Repeat("0f1e2d3c", 8)},
		"by uid with a bad ARN": {hostileFinding(), strings.Repeat("0f1e2d3c", 8)},
		"never empty":           {&detector.Finding{}, "unknown"},
	} {
		if got := threadID(c.f); got != c.want {
			t.Errorf("%s: threadID = %q, want %q", name, got, c.want)
		}
	}
}

func TestChatStepsOfRefusedCall(t *testing.T) {
	for _, step := range chatSteps(findings()["attempted"], planFor(findings()["attempted"], false)) {
		if strings.Contains(step, "put-key-policy") || strings.Contains(step, "disable-key") {
			t.Errorf("a refused call needs no containment, got %q", step)
		}
	}
}

// The step that contains must not fall victim to its length.
func TestChatStepsSayHowToContain(t *testing.T) {
	for _, region := range []string{"us-east-1", "ap-northeast-3", "us-gov-west-1", "ap-southeast-12"} {
		for _, verdict := range []decide.Verdict{decide.Public, decide.Network, decide.Shared, decide.Undecided, decide.Private} {
			for _, repaired := range []string{"", fixedPolicy} {
				f := publicFinding()
				f.Verdict, f.Repaired = verdict, repaired
				f.Key.ID = "mrk-1234abcd12ab34cd56ef1234567890ab"
				f.Key.ARN, f.Key.Region = "arn:aws-us-gov:kms:"+region+":111122223333:key/"+f.Key.ID, region
				steps := strings.Join(chatSteps(f, planFor(f, false)), "\n")
				for _, want := range []string{"(fixed.json: ", "put-key-policy --region " + region + " --key-id mrk-", "disable-key --region " + region + " --key-id mrk-"} {
					if !strings.Contains(steps, want) {
						t.Errorf("%s, %s, repaired %t: the steps lack %q:\n%s", region, verdict, repaired != "", want, steps)
					}
				}
			}
		}
	}
}

func TestOptionsCheck(t *testing.T) {
	for name, c := range map[string]struct {
		edit func(*Options)
		want string // "" valid
	}{
		"plain": {func(*Options) {}, ""},
		"everything": {func(o *Options) {
			o.RunbookURL, o.ChatClient, o.Mention, o.HTTPSBody = "https://w.example.com/x?y=1", "slack", "S012AB3CD4", "finding"
		}, ""},
		"no time":              {func(o *Options) { o.Now = o.Now.AddDate(-9999, 0, 0); *o = Options{} }, "now: "},
		"runbook over http":    {func(o *Options) { o.RunbookURL = "http://w.example.com" }, "runbook URL: "},
		"runbook with markup":  {func(o *Options) { o.RunbookURL = "https://w.example.com/|x>" }, "runbook URL: "},
		"runbook with newline": {func(o *Options) { o.RunbookURL = "https://w.example.com/\n" }, "runbook URL: "},
		"unknown client":       {func(o *Options) { o.ChatClient = "irc" }, "chat client: "},
		"mention of all":       {func(o *Options) { o.Mention = "!channel" }, "mention: "},
		"mention in Teams":     {func(o *Options) { o.ChatClient, o.Mention = "teams", "S012AB3CD4" }, "mention: "},
		"unknown body":         {func(o *Options) { o.HTTPSBody = "xml" }, "https body: "},
	} {
		o := testOptions()
		c.edit(&o)
		err := o.Check()
		if (err == nil) != (c.want == "") || err != nil && !strings.HasPrefix(err.Error(), c.want) {
			t.Errorf("%s: Check() = %v, want prefix %q", name, err, c.want)
		}
		if _, err := Compose(publicFinding(), o); (err == nil) != (c.want == "") {
			t.Errorf("%s: Compose: %v, want prefix %q", name, err, c.want)
		}
	}
}
