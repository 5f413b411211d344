package exceptions

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/kmsentry/kmsentry/detector"
	"github.com/kmsentry/kmsentry/detector/policy"
	"github.com/kmsentry/kmsentry/detector/policy/decide"
	"github.com/kmsentry/kmsentry/detector/policy/kmsapi"
)

// Short names of the classes.
const (
	Encrypt = kmsapi.ClassEncrypt
	Use     = kmsapi.ClassUse
	Other   = kmsapi.ClassOther
)

// base returns a subject that byKeyAndHash, byKey and byResource hold back.
func base() Subject {
	return Subject{
		Key: testKey, PolicySHA256: testHash, Resource: "infra/keys.yaml#Uploads", Account: "111122223333", Region: "eu-west-1",
		Classes: map[kmsapi.Class]decide.Verdict{Encrypt: decide.Shared}, StatementSids: []string{"Partner"},
		ActorRole: "arn:aws:iam::111122223333:role/team/deploy", EventName: "PutKeyPolicy",
	}
}

func TestMatch(t *testing.T) {
	type edit func(*Subject)
	verdicts := func(c map[kmsapi.Class]decide.Verdict) edit { return func(s *Subject) { s.Classes = c } }
	otherPolicy := func(s *Subject) { s.PolicySHA256 = hashOf(1) }
	hashOnly := func(s *Subject) { s.HashOnly = true }
	unread := func(s *Subject) { s.PolicySHA256, s.Resource = "", "" }
	sids := func(list ...string) edit { return func(s *Subject) { s.StatementSids = list } }
	const (
		onKey  = "key: " + testKey
		onHash = "policy_sha256: " + testHash
	)
	for _, tt := range []struct {
		name  string
		match string
		edit  edit
		holds bool
	}{
		{"hash", onHash, nil, true},
		{"another policy", onHash, otherPolicy, false},
		{"one of several hashes", "policy_sha256: [" + hashOf(1) + ", " + testHash + "]", nil, true},
		{"key and hash", onKey + ", " + onHash, nil, true},
		{"key and hash, another policy", onKey + ", " + onHash, otherPolicy, false},
		{"key and hash, another key", onKey + ", " + onHash, func(s *Subject) { s.Key = keyOf(1) }, false},
		{"key", onKey + ", verdict: shared, class: encrypt", otherPolicy, true},
		{"another key", onKey + ", verdict: shared, class: encrypt", func(s *Subject) { s.Key = keyOf(1) }, false},
		{"resource", "resource: 'infra/keys.yaml#Uploads', verdict: shared, class: encrypt", otherPolicy, true},
		{"another resource", "resource: 'infra/keys.yaml#Other', verdict: shared, class: encrypt", nil, false},
		{"key and another resource", onKey + ", resource: 'infra/keys.yaml#Other', verdict: shared, class: encrypt", nil, false},
		{"resource and key", "resource: 'infra/keys.yaml#Uploads', " + onKey + ", verdict: shared, class: encrypt", func(s *Subject) { s.Key = "" }, false},

		{"better than accepted", onKey + ", verdict: network, class: encrypt", nil, true},
		{"worse than accepted", onKey + ", verdict: shared, class: encrypt", verdicts(map[kmsapi.Class]decide.Verdict{Encrypt: decide.Network}), false},
		{"undecided is worse than shared", onKey + ", verdict: shared, class: encrypt", verdicts(map[kmsapi.Class]decide.Verdict{Encrypt: decide.Undecided}), false},
		{"undecided is worse than network", onKey + ", verdict: network, class: encrypt", verdicts(map[kmsapi.Class]decide.Verdict{Encrypt: decide.Undecided}), false},
		{"undecided accepted", onKey + ", verdict: undecided, class: encrypt", verdicts(map[kmsapi.Class]decide.Verdict{Encrypt: decide.Undecided}), true},
		{"public is worse than undecided", onKey + ", verdict: undecided, class: encrypt", verdicts(map[kmsapi.Class]decide.Verdict{Encrypt: decide.Public}), false},
		{"the worst of a list counts", onKey + ", verdict: [shared, public], class: encrypt", verdicts(map[kmsapi.Class]decide.Verdict{Encrypt: decide.Undecided}), true},
		{"another class than the accepted one", onKey + ", verdict: public, class: encrypt", verdicts(map[kmsapi.Class]decide.Verdict{Encrypt: decide.Public, Use: decide.Shared}), false},
		{"another class, private", onKey + ", verdict: public, class: encrypt", verdicts(map[kmsapi.Class]decide.Verdict{Encrypt: decide.Public, Use: decide.Private, Other: decide.Private}), true},
		{"another class, undecided", onKey + ", verdict: public, class: encrypt", verdicts(map[kmsapi.Class]decide.Verdict{Encrypt: decide.Shared, Other: decide.Undecided}), false},
		{"worse in the second class", onKey + ", verdict: shared, class: [encrypt, use]", verdicts(map[kmsapi.Class]decide.Verdict{Encrypt: decide.Shared, Use: decide.Public}), false},
		{"another class only", onKey + ", verdict: public, class: use", nil, false},
		{"no class judged", onKey + ", verdict: public, class: encrypt", verdicts(nil), false},
		{"hash narrowed by verdict", onHash + ", verdict: private", nil, false},
		{"hash narrowed by class", onHash + ", class: use", nil, false},
		{"hash, no class judged", onHash, verdicts(nil), true},

		{"locked, by key", onKey + ", verdict: public, class: [encrypt, use, other]", hashOnly, false},
		{"locked, by resource", "resource: 'infra/keys.yaml#Uploads', verdict: public, class: [encrypt, use, other]", hashOnly, false},
		{"locked, by hash", onHash, hashOnly, true},
		{"not read, by key", onKey + ", verdict: public, class: [encrypt, use, other]", unread, false},
		{"a template that has no hash, by resource", "resource: 'infra/keys.yaml#Uploads', verdict: shared, class: encrypt", func(s *Subject) { s.PolicySHA256 = "" }, true},
		{"a template that has no hash, by key", onKey + ", verdict: shared, class: encrypt", func(s *Subject) { s.PolicySHA256 = "" }, true},

		{"account", onHash + ", account: 111122223333", nil, true},
		{"another account", onHash + ", account: 444455556666", nil, false},
		{"unknown account", onHash + ", account: 111122223333", func(s *Subject) { s.Account = "" }, false},
		{"one of several Regions", onHash + ", region: [us-east-1, eu-west-1]", nil, true},
		{"another Region", onHash + ", region: us-east-1", nil, false},
		{"event", onHash + ", event_name: PutKeyPolicy", nil, true},
		{"another event", onHash + ", event_name: [CreateKey, ReplicateKey]", nil, false},
		{"role by name", onHash + ", actor_role: deploy", nil, true},
		{"role by ARN", onHash + ", actor_role: 'arn:aws:iam::111122223333:role/team/deploy'", nil, true},
		{"role by ARN, its name alone known", onHash + ", actor_role: 'arn:aws:iam::111122223333:role/team/deploy'", func(s *Subject) { s.ActorRole = "deploy" }, false},
		{"role of that name in another account", onHash + ", actor_role: 'arn:aws:iam::111122223333:role/team/deploy'", func(s *Subject) { s.ActorRole = "arn:aws:iam::444455556666:role/team/deploy" }, false},
		{"another role", onHash + ", actor_role: admin", nil, false},
		{"no role", onHash + ", actor_role: deploy", func(s *Subject) { s.ActorRole = "" }, false},
		{"the path of a role is not a name", onHash + ", actor_role: team", nil, false},

		{"Sid", onHash + ", statement_sid: Partner", nil, true},
		{"one of two Sids", onHash + ", statement_sid: [Partner, Other]", nil, true},
		{"another statement in addition", onHash + ", statement_sid: Partner", sids("Partner", "Open"), false},
		{"both statements", onHash + ", statement_sid: [Partner, Open]", sids("Partner", "Open"), true},
		{"a statement without Sid in addition", onHash + ", statement_sid: Partner", sids("Partner", ""), false},
		{"two statements of one Sid", onHash + ", statement_sid: Partner", sids("Partner", "Partner"), false},
		{"no statement to blame", onHash + ", statement_sid: Partner", sids(), false},
	} {
		s := base()
		if tt.edit != nil {
			tt.edit(&s)
		}
		held := mustLoad(t, matching(tt.match)).Match(s, now)
		if (held.By == "partner") != tt.holds {
			t.Errorf("%s: held by %q, want it held: %t", tt.name, held.By, tt.holds)
		}
	}
}

func TestMatchTellsTheEntry(t *testing.T) {
	second := strings.ReplaceAll(strings.TrimPrefix(byKey, "exceptions:\n"), "partner", "second")
	l := mustLoad(t, change(byKeyAndHash, "2027-06-30", "2026-12-31")+second)
	day := func(s string) time.Time {
		at, err := time.Parse(time.RFC3339, s)
		if err != nil {
			t.Fatal(err)
		}
		return at
	}
	for _, tt := range []struct{ at, by, until, expired string }{
		{"2026-11-23T00:00:00Z", "partner", "2026-12-31", ""},
		{"2026-12-31T23:59:59Z", "partner", "2026-12-31", ""},
		{"2027-01-01T00:00:00Z", "second", "2027-06-30", "partner"},
		{"2027-06-30T23:59:59Z", "second", "2027-06-30", "partner"},
		{"2027-07-01T00:00:00Z", "", "0001-01-01", "partner,second"},
	} {
		held := l.Match(base(), day(tt.at))
		if held.By != tt.by || held.Expires.Format(time.DateOnly) != tt.until || strings.Join(held.Expired, ",") != tt.expired {
			t.Errorf("at %s: %+v, want %+v", tt.at, held, tt)
		}
		if held.By != "" && (held.Reason != "reviewed in SEC-1" || held.Owner != "storage-team@example.com") {
			t.Errorf("at %s: reason %q, owner %q", tt.at, held.Reason, held.Owner)
		}
	}
	if got := strings.Join(l.Expired(day("2027-01-01T00:00:00Z")), ","); got != "partner" {
		t.Errorf("Expired = %q, want partner", got)
	}
	// The first matching entry in the file is named, whichever index has it.
	l = mustLoad(t, byKey+strings.ReplaceAll(strings.TrimPrefix(byKeyAndHash, "exceptions:\n"), "partner", "second"))
	if held := l.Match(base(), now); held.By != "partner" {
		t.Errorf("held by %q, want the first", held.By)
	}
	for _, none := range []*List{nil, {}} {
		if held := none.Match(base(), now); held.By != "" || none.Len() != 0 || none.Expired(now) != nil {
			t.Errorf("%v holds back: %+v", none, held)
		}
	}
	if held := l.Match(Subject{}, now); held.By != "" || held.Expired != nil {
		t.Errorf("the zero Subject is held: %+v", held)
	}
}

// decisionOf returns the decision on a policy of account 111122223333.
func decisionOf(t *testing.T, text string) decide.Decision {
	t.Helper()
	p, err := policy.Parse([]byte(text))
	if err != nil {
		t.Fatal(err)
	}
	return decide.Decide(p, decide.Question{Account: "111122223333", At: now})
}

func statements(list ...string) string { return `{"Statement":[` + strings.Join(list, ",") + `]}` }

func TestJudged(t *testing.T) {
	statement := func(sid, principal, action, condition string) string {
		return `{"Sid":"` + sid + `","Effect":"Allow","Principal":` + principal + `,"Action":` + action + `,"Resource":"*"` + condition + `}`
	}
	owner := statement("Owner", `{"AWS":"111122223333"}`, `"kms:*"`, "")
	partner := statement("Partner", `{"AWS":"444455556666"}`, `"kms:Encrypt"`, "")
	for _, tt := range []struct {
		name, text         string
		encrypt, use, rest decide.Verdict
		sids               string
	}{
		{"shared", statements(owner, partner), decide.Shared, decide.Private, decide.Private, "Partner"},
		{"public", statements(owner, statement("Open", `"*"`, `"kms:Encrypt"`, "")), decide.Public, decide.Private, decide.Private, "Open"},
		{"public in every class", statements(owner, statement("Open", `"*"`, `"kms:*"`, "")), decide.Public, decide.Public, decide.Public, "Open"},
		{"strangers and a partner decrypt", statements(owner, partner, statement("Read", `"*"`, `"kms:Decrypt"`, "")), decide.Shared, decide.Public, decide.Private, "Read Partner"},
		{"shared, public later", statements(owner, partner, statement("Later", `"*"`, `"kms:Encrypt"`, `,"Condition":{"DateGreaterThan":{"aws:CurrentTime":"2027-01-01T00:00:00Z"}}`)), decide.Public, decide.Public, decide.Private, "Partner "},
	} {
		s := Judged(decisionOf(t, tt.text))
		if s.Classes[Encrypt] != tt.encrypt || s.Classes[Use] != tt.use || s.Classes[Other] != tt.rest || strings.Join(s.StatementSids, " ") != tt.sids || s.HashOnly {
			t.Errorf("%s: %+v, want %s, %s, %s by %q", tt.name, s, tt.encrypt, tt.use, tt.rest, tt.sids)
		}
	}
}

// What stays undecided beside a certain grant may be public.
func TestOpenBesideGrantsIsUndecided(t *testing.T) {
	for _, v := range []decide.Verdict{decide.Private, decide.Shared, decide.Network, decide.Public} {
		want := decide.Between(v, decide.Public).Verdict
		s := Judged(decide.Decision{
			Classes:   decide.AllClasses(decide.Between(v, decide.Public)),
			Undecided: []decide.Doubt{{Statement: decide.StatementRef{Index: 2, Sid: "Odd"}, Reason: "odd"}},
		})
		if s.Classes[Encrypt] != want || strings.Join(s.StatementSids, " ") != "Odd" {
			t.Errorf("%s with something open: %+v, want %v by Odd", v, s, want)
		}
	}
	if s := Judged(decide.Decision{TooIntricate: true}); !s.HashOnly {
		t.Errorf("too intricate: %+v, want by hash only", s)
	}
}

// events returns the findings of the sample events, by name.
func events(t *testing.T) map[string]*detector.Finding {
	t.Helper()
	names, err := filepath.Glob("../../events/*.json")
	if err != nil {
		t.Fatal(err)
	}
	found := map[string]*detector.Finding{}
	for _, name := range names {
		text, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		var event struct {
			Detail json.RawMessage `json:"detail"`
		}
		if err := json.Unmarshal(text, &event); err != nil {
			t.Fatal(err)
		}
		r, err := detector.Detector{}.Detect(event.Detail)
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		if r.Finding != nil {
			found[strings.TrimSuffix(filepath.Base(name), ".json")] = r.Finding
		}
	}
	if len(found) < 8 {
		t.Fatalf("%d findings in %d events, want at least 8", len(found), len(names))
	}
	return found
}

// The form of every sample's finding, filled in, accepts that finding and none with
// another policy or key.
func TestFormOfFindings(t *testing.T) {
	all := events(t)
	for name, f := range all {
		s := Of(f)
		form := Form(s, now)
		if f.Policy.SHA256 == "" {
			if form != "" {
				t.Errorf("%s: a form for a policy that was not read:\n%s", name, form)
			}
			continue
		}
		l := mustLoad(t, "exceptions:\n"+filledIn(form))
		for other, g := range all {
			same := g.Policy.SHA256 == f.Policy.SHA256 && (g.Key.ARN == f.Key.ARN || !isKeyARN(f.Key.ARN))
			if held := l.Match(Of(g), now); (held.By != "") != same {
				t.Errorf("the form of %s holds %s: %t, want %t", name, other, held.By != "", same)
			}
		}
		if _, err := Load([]byte("exceptions:\n"+form), now); err == nil {
			t.Errorf("%s: the form loads without a reason and an owner", name)
		}
	}
}

func TestForm(t *testing.T) {
	hash := Subject{Key: testKey, PolicySHA256: testHash, HashOnly: true}
	file := Subject{Resource: "infra/my keys.yaml#Uploads", Classes: map[kmsapi.Class]decide.Verdict{Encrypt: decide.Public, Use: decide.Undecided, Other: decide.Private}}
	locked := file
	locked.HashOnly = true
	for _, tt := range []struct {
		name string
		s    Subject
		at   time.Time
		want string
	}{
		{"by key and hash", hash, now, "  - name: accepted-0f343b093112\n    match:\n      key:\n        " + testKey + "\n      policy_sha256:\n        " + testHash + "\n    reason:\n    owner:\n    expires: 2027-02-23\n"},
		{"without a time", Subject{PolicySHA256: testHash}, time.Time{}, "  - name: accepted-0f343b093112\n    match:\n      policy_sha256:\n        " + testHash + "\n    reason:\n    owner:\n    expires:\n"},
		{"by resource", file, now, "  - name: accepted-infra-my-keys.yaml-Uploads\n    match:\n      resource:\n        \"infra/my keys.yaml#Uploads\"\n      verdict:\n        public\n      class: [encrypt, use]\n    reason:\n    owner:\n    expires: 2027-02-23\n"},
		{"a key that is not an ARN", Subject{Key: "x: [", PolicySHA256: testHash}, now, "  - name: accepted-0f343b093112\n    match:\n      policy_sha256:\n        " + testHash + "\n    reason:\n    owner:\n    expires: 2027-02-23\n"},
		{"locked, without a hash", locked, now, ""},
		{"a key alone", Subject{Key: testKey, Classes: file.Classes}, now, ""},
		{"nothing", Subject{}, now, ""},
	} {
		if got := Form(tt.s, tt.at); got != tt.want {
			t.Errorf("%s: Form =\n%s\nwant\n%s", tt.name, got, tt.want)
		}
	}
}

func TestOf(t *testing.T) {
	f := events(t)["put-key-policy-public"]
	s := Of(f)
	if s.Key != f.Key.ARN || s.PolicySHA256 != f.Policy.SHA256 || s.Account != f.Key.Account || s.Region != f.Key.Region || s.EventName != "PutKeyPolicy" ||
		s.Classes[Encrypt] != decide.Public || len(s.StatementSids) == 0 || s.HashOnly || s.Resource != "" {
		t.Errorf("Of = %+v", s)
	}
	for name, edit := range map[string]func(*detector.Finding){
		"locked":        func(f *detector.Finding) { f.OwnerLocked = true },
		"no policy":     func(f *detector.Finding) { f.Problem = "expected JSON" },
		"too intricate": func(f *detector.Finding) { f.Decision = tooIntricate(t) },
	} {
		g := *f
		edit(&g)
		if !Of(&g).HashOnly {
			t.Errorf("%s: not by hash only", name)
		}
	}
	for _, tt := range []struct {
		actor detector.Actor
		want  string
	}{
		{detector.Actor{Role: "deploy", RoleARN: "arn:aws:iam::111122223333:role/team/deploy"}, "arn:aws:iam::111122223333:role/team/deploy"},
		{detector.Actor{Role: "deploy"}, "deploy"},
		{detector.Actor{Role: "deploy", RoleARN: "deploy/admin"}, "deploy"},
		{detector.Actor{RoleARN: "arn:aws:iam::111122223333:user/jane"}, ""},
	} {
		g := *f
		g.Actor = tt.actor
		if got := Of(&g).ActorRole; got != tt.want {
			t.Errorf("role of %+v = %q, want %q", tt.actor, got, tt.want)
		}
	}
}

// tooIntricate returns the decision on a policy that exceeds the limit of steps, the
// first of several candidates that does.
func tooIntricate(t *testing.T) decide.Decision {
	t.Helper()
	like := func(effect, pattern string, n int) string {
		var list []string
		for i := range n {
			list = append(list, `"`+fmt.Sprintf(pattern, i)+`"`)
		}
		return `{"Effect":"` + effect + `","Principal":"*","Action":"kms:Encrypt","Resource":"*","Condition":{"StringLike":{"kms:EncryptionContext:t":[` + strings.Join(list, ",") + `]}}}`
	}
	hard := []string{
		statements(like("Allow", "*a*b%d*c*?*d*e*f*g*", 300), like("Deny", "*%d*x*y*", 300)),
		statements(like("Allow", "*a*b%d*c*?*d*e*f*g*", 600), like("Deny", "*%d*x*y*", 600)),
		statements(like("Allow", "*%d*?*x*?*y*?*", 500), like("Deny", "*x*%d*?*y*", 500), like("Deny", "*y*?*%d*z*", 500)),
	}
	for _, text := range hard {
		d := decisionOf(t, text)
		for _, open := range d.Undecided {
			if strings.Contains(open.Reason, "intricate") {
				return d
			}
		}
	}
	t.Fatal("no policy here is too intricate: find another")
	return decide.Decision{}
}
