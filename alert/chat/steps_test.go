package chat

import (
	"strings"
	"testing"

	"github.com/kmsentry/kmsentry/alert/internal/alerttest"
	"github.com/kmsentry/kmsentry/alert/playbook"
	"github.com/kmsentry/kmsentry/detector/policy/decide"
)

func TestChatStepsOfRefusedCall(t *testing.T) {
	for _, step := range nextSteps(alerttest.Findings()["attempted"], playbook.For(alerttest.Findings()["attempted"], false)) {
		if strings.Contains(step, "put-key-policy") || strings.Contains(step, "disable-key") {
			t.Errorf("a refused call needs no containment, got %q", step)
		}
	}
}

// The containment step is never dropped for its length.
func TestChatStepsSayHowToContain(t *testing.T) {
	for _, region := range []string{"us-east-1", "ap-northeast-3", "us-gov-west-1", "ap-southeast-12"} {
		for _, verdict := range []decide.Verdict{decide.Public, decide.Network, decide.Shared, decide.Undecided, decide.Private} {
			for _, repaired := range []string{"", alerttest.FixedPolicy} {
				f := alerttest.PublicFinding()
				f.Verdict, f.Repaired = verdict, repaired
				f.Key.ID = "mrk-1234abcd12ab34cd56ef1234567890ab"
				f.Key.ARN, f.Key.Region = "arn:aws-us-gov:kms:"+region+":111122223333:key/"+f.Key.ID, region
				steps := strings.Join(nextSteps(f, playbook.For(f, false)), "\n")
				for _, want := range []string{"(fixed.json: ", "put-key-policy --region " + region + " --key-id mrk-", "disable-key --region " + region + " --key-id mrk-"} {
					if !strings.Contains(steps, want) {
						t.Errorf("%s, %s, repaired %t: the steps lack %q:\n%s", region, verdict, repaired != "", want, steps)
					}
				}
			}
		}
	}
}
