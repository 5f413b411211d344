package alert

import (
	"strings"
	"testing"

	"github.com/kmsentry/kmsentry/detector"
	"github.com/kmsentry/kmsentry/detector/policy/decide"
)

func TestChatFits(t *testing.T) {
	for _, client := range []string{"slack", "teams"} {
		o := testOptions()
		o.ChatClient, o.RunbookURL, o.Test, o.Expired = client, "https://wiki.example.com/kms?a=1&b=2", true, []string{"old-one"}
		if client == "slack" {
			o.Mention = "S012AB3CD4"
		}
		t.Run(client, func(t *testing.T) {
			eachFinding(t, func(t *testing.T, f *detector.Finding) {
				raw, err := Chat(f, o)
				if err != nil {
					t.Fatal(err)
				}
				checkChat(t, raw, client)
			})
		})
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

// The law of code spans: between the outer backticks nothing that Slack or
// Teams would act on, and every entity whole.
func FuzzCode(f *testing.F) {
	f.Add(attack, 80)
	f.Add("a&b", 5)
	f.Add("", 5)
	f.Add("<<<<<<<<<<<<<<<<", 7)
	f.Add(":&//", 80)
	f.Add("://://", 80)
	f.Add("https://a.b://www.c.d/http://e.f://g.h/", 200)
	f.Fuzz(func(t *testing.T, s string, limit int) {
		got := code(s, max(limit%512, 5))
		inner := strings.TrimSuffix(strings.TrimPrefix(got, "`"), "`")
		if len(got) != len(inner)+2 || inner == "" || strings.ContainsAny(inner, "`<>\n\r") {
			t.Fatalf("code(%q) = %q", s, got)
		}
		rest := strings.NewReplacer("&amp;", "_", "&lt;", "_", "&gt;", "_").Replace(inner)
		if strings.Contains(rest, "&") || strings.Contains(rest, "://") {
			t.Fatalf("code(%q) = %q holds a bare & or a URL", s, got)
		}
	})
}
