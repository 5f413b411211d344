package email

import (
	"strings"
	"testing"

	"github.com/kmsentry/kmsentry/alert/internal/alerttest"
	"github.com/kmsentry/kmsentry/alert/words"
	"github.com/kmsentry/kmsentry/detector"
	"github.com/kmsentry/kmsentry/detector/policy/decide"
	"github.com/kmsentry/kmsentry/detector/policy/kmsapi"
)

// ownerFinding returns a finding about a private policy with the given owner.
func ownerFinding(o decide.Owner) *detector.Finding {
	f := alerttest.PublicFinding()
	f.Verdict, f.Repaired, f.Title = decide.Private, "", "Nobody in its owner's account can change this KMS key's policy"
	f.Decision = decide.Decision{Verdict: decide.Private, Least: decide.Private, Most: decide.Private, Owner: o}
	f.OwnerLocked = o.Manage == decide.AccessNo
	return f
}

// The mail about a key that its owner loses says what that means, which statement
// is to blame and what can still be done.
func TestOwnerWords(t *testing.T) {
	blame := decide.Doubt{Statement: decide.StatementRef{Index: 1, Sid: "Lock"}, Reason: "it denies kms:PutKeyPolicy to the key owner's account 111122223333"}
	locked := ownerFinding(decide.Owner{Manage: decide.AccessNo, Decrypt: decide.AccessYes, ManageBlame: blame})
	lost := ownerFinding(decide.Owner{Manage: decide.AccessNo, Decrypt: decide.AccessNo, ManageBlame: decide.Doubt{Statement: decide.StatementRef{Index: -1}, Reason: "no statement allows it"}})
	taken := alerttest.PublicFinding()
	taken.OwnerLocked, taken.Decision.Owner, taken.Decision.Least = true, locked.Decision.Owner, decide.Public
	refused := ownerFinding(locked.Decision.Owner)
	refused.Attempted, refused.OwnerLocked = true, false
	named := ownerFinding(decide.Owner{Manage: decide.AccessNamed, Decrypt: decide.AccessNamed, Named: []string{"arn:aws:iam::111122223333:role/admin"}})
	named.Event.Bypass = true
	unread := ownerFinding(decide.Owner{Manage: decide.AccessYes, Decrypt: decide.AccessNo, DecryptBlame: blame})
	unread.Event.Bypass = true
	guarded := ownerFinding(decide.Owner{Manage: decide.AccessYes, Decrypt: decide.AccessYes})
	guarded.Decision.Unguarded = &decide.Decision{Verdict: decide.Public}
	revoke := ownerFinding(decide.Owner{Manage: decide.AccessYes, Decrypt: decide.AccessYes})
	revoke.Decision.Others = []decide.Grant{{Class: kmsapi.ClassOther, Action: "kms:RevokeGrant", Audience: decide.Public}}
	use := alerttest.PublicFinding()
	use.Decision.Grants[0].Class, use.Decision.Grants[0].Action = kmsapi.ClassUse, "kms:Decrypt"
	sign := alerttest.PublicFinding()
	sign.Decision.Grants[0].Class, sign.Decision.Grants[0].Action = kmsapi.ClassUse, "kms:Sign"
	for name, c := range map[string]struct {
		f       *detector.Finding
		brief   string
		want    []string
		wantNot []string
	}{
		"locked": {
			locked, "KMS key locked to its owner",
			[]string{"nobody in account 111122223333, not even its root user", "statement 2 (\"Lock\")", "it denies kms:PutKeyPolicy", "Open a case with AWS Support", "still decrypt"},
			[]string{"put-key-policy --", "disable-key --", "no outsider gets in today", "fault of kmsentry"},
		},
		"decrypt lost too":        {lost, "KMS key locked to its owner", []string{"its data is out of reach", "no statement allows it"}, []string{"While the account can still decrypt"}},
		"taken over":              {taken, "KMS key taken over", []string{"the key is in other hands", "Open a case with AWS Support", "kms:Encrypt"}, []string{"disable-key --"}},
		"refused":                 {refused, "Refused attempt: locking a KMS key", []string{"AWS refused the call", "not even its root user"}, []string{"Open a case"}},
		"named, bypassed":         {named, "without lockout check", []string{"Only arn:aws:iam::111122223333:role/admin can still change the policy", "bypassPolicyLockoutSafetyCheck"}, nil},
		"decrypt lost, bypassed":  {unread, "without lockout check", []string{"can decrypt with the key, but it can change the policy"}, nil},
		"resource control policy": {guarded, "RCP", []string{"The key policy alone would be public", "can be detached"}, []string{"fault of kmsentry"}},
		"anyone revokes grants":   {revoke, "revoke", []string{"revoke grants", "kms:RevokeGrant"}, []string{"fault of kmsentry", "no outsider gets in today"}},
		"decrypt only":            {use, "", []string{"can read that data"}, []string{"only you can decrypt", "ransomware"}},
		"sign only":               {sign, "", []string{"signs in your name"}, []string{"only you can decrypt", "ransomware"}},
	} {
		text := strings.Join(strings.Fields(written(t, c.f, alerttest.Options())), " ")
		if got := words.Brief(c.f); !strings.Contains(got, c.brief) {
			t.Errorf("%s: brief %q lacks %q", name, got, c.brief)
		}
		for _, want := range c.want {
			if !strings.Contains(strings.ToLower(text), strings.ToLower(want)) {
				t.Errorf("%s: the mail lacks %q:\n%s", name, want, text)
			}
		}
		for _, not := range c.wantNot {
			if strings.Contains(text, not) {
				t.Errorf("%s: the mail holds %q:\n%s", name, not, text)
			}
		}
	}
}
