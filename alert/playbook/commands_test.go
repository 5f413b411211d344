package playbook

import (
	"reflect"
	"strings"
	"testing"

	"github.com/kmsentry/kmsentry/alert/internal/alerttest"
	"github.com/kmsentry/kmsentry/detector"
)

func TestCommandsOnlyFromStrictValues(t *testing.T) {
	for name, edit := range map[string]func(*detector.Finding){
		"space in the ARN":  func(f *detector.Finding) { f.Key.ARN += " --region x" },
		"substitution":      func(f *detector.Finding) { f.Key.ARN = strings.Replace(f.Key.ARN, "1234abcd", "$(reboot)", 1) },
		"newline":           func(f *detector.Finding) { f.Key.ARN += "\nrm -rf" },
		"alias":             func(f *detector.Finding) { f.Key.ARN = strings.Replace(f.Key.ARN, ":key/", ":alias/", 1) },
		"another service":   func(f *detector.Finding) { f.Key.ARN = strings.Replace(f.Key.ARN, ":kms:", ":iam:", 1) },
		"short account":     func(f *detector.Finding) { f.Key.ARN = strings.Replace(f.Key.ARN, "111122223333", "1111", 1) },
		"empty":             func(f *detector.Finding) { f.Key.ARN = "" },
		"upper case key id": func(f *detector.Finding) { f.Key.ARN = strings.ToUpper(f.Key.ARN) },
		"store and user": func(f *detector.Finding) {
			f.Key.ARN, f.Actor.OnBehalfOf = "", detector.IdentityCenterUser{UserID: "$(reboot)", StoreARN: "arn:aws:identitystore::111122223333:identitystore/d-9067642ac7"}
		},
		"store, not its id": func(f *detector.Finding) {
			f.Key.ARN, f.Actor.OnBehalfOf = "", detector.IdentityCenterUser{UserID: "c3a4d8e2-5071-70f1-8f2c-0d4f6a9b1e77", StoreARN: "arn:aws:identitystore::111122223333:identitystore/d-9067642ac7 --debug"}
		},
		"alias with a space": func(f *detector.Finding) { f.Key.ARN, f.Key.Alias = "", "alias/x; reboot" },
		"Region of a new key": func(f *detector.Finding) {
			f.Key.ARN, f.Event.Name, f.Event.Outcome, f.Event.Region = "", "CreateKey", detector.OutcomeUnknown, "us-west-2;reboot"
		},
		"a refused CreateKey": func(f *detector.Finding) {
			f.Event.Name, f.Event.Outcome, f.Attempted = "CreateKey", detector.Refused, true
		},
		"option as user name": func(f *detector.Finding) {
			f.Key.ARN = ""
			f.Actor.Type, f.Actor.LongTermKey, f.Actor.AccessKeyID, f.Actor.Name = "IAMUser", true, "AKIAIOSFODNN7EXAMPLE", "--debug"
		},
	} {
		f := alerttest.PublicFinding()
		edit(f)
		c := commandsFor(f)
		c.actorHistory = nil // it does not depend on these values
		if !reflect.DeepEqual(c, commands{}) {
			t.Errorf("%s: commands were built: %v", name, c)
		}
	}
}
