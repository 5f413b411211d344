package main

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/kmsentry/kmsentry/internal/bootstraptest"
	"github.com/kmsentry/kmsentry/internal/fakesns"
	"github.com/kmsentry/kmsentry/internal/runtimeapi"
)

const (
	owner       = "111122223333"
	member      = "777788889999"
	stranger    = "444455556666"
	home        = owner + "/eu-west-1"
	memberRole  = "arn:aws:iam::" + member + ":role/kmsentry-sweep"
	testTopic   = "arn:aws:sns:eu-west-1:" + owner + ":alerts"
	stateBucket = "kmsentry-state"
	detectorLog = "/aws/lambda/kmsentry-detector"

	closed = `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"AWS":"arn:aws:iam::111122223333:root"},"Action":"kms:*","Resource":"*"}]}`
	open   = `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"AWS":"arn:aws:iam::111122223333:root"},"Action":"kms:*","Resource":"*"},{"Sid":"Open","Effect":"Allow","Principal":"*","Action":"kms:Encrypt","Resource":"*"}]}`
	shared = `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"AWS":"arn:aws:iam::111122223333:root"},"Action":"kms:*","Resource":"*"},{"Sid":"Partner","Effect":"Allow","Principal":{"AWS":"444455556666"},"Action":"kms:Encrypt","Resource":"*"}]}`
	locked = `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"AWS":"arn:aws:iam::111122223333:root"},"Action":"kms:*","Resource":"*"},{"Effect":"Deny","Principal":"*","Action":"kms:PutKeyPolicy","Resource":"*"}]}`
	tagged = `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"AWS":"arn:aws:iam::111122223333:root"},"Action":"kms:*","Resource":"*"},{"Effect":"Allow","Principal":"*","Action":"kms:Encrypt","Resource":"*","Condition":{"StringEquals":{"aws:ResourceTag/open":"yes"}}}]}`

	// ample is a time limit that only a hang exceeds, however busy the machine is.
	ample = 2 * time.Minute
)

// bootstrap is the real binary.
var bootstrap = bootstraptest.Binary{Function: bootstraptest.Sweep}

func TestMain(m *testing.M) { os.Exit(bootstrap.Main(m)) }

// A stage is the function with the services that it calls.
type stage struct {
	*fakeAWS
	t    *testing.T
	sns  *fakesns.Server
	f    *runtimeapi.Function
	log  *bootstraptest.Buffer
	told int // the number of publications that news has returned
}

func newStage(t *testing.T, env ...string) *stage {
	t.Helper()
	s := &stage{fakeAWS: newAWS(t), t: t}
	var err error
	if s.sns, err = fakesns.Start(testTopic, nil); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.sns.Close() })
	s.f, s.log = s.function(env...)
	return s
}

// function starts the real binary.
func (s *stage) function(env ...string) (*runtimeapi.Function, *bootstraptest.Buffer) {
	s.t.Helper()
	log := &bootstraptest.Buffer{}
	f := &runtimeapi.Function{Bootstrap: bootstrap.Path(s.t), Log: log, Grace: ample}
	f.Env = append([]string{
		"TOPIC_ARN=" + testTopic, "STATE_BUCKET=" + stateBucket, "DETECTOR_LOG_GROUP=" + detectorLog,
		"AWS_ACCESS_KEY_ID=AKIA" + owner, "AWS_SECRET_ACCESS_KEY=secret", "AWS_ENDPOINT_URL=" + s.url, "AWS_ENDPOINT_URL_SNS=" + s.sns.URL(),
	}, env...)
	if err := f.Start(); err != nil {
		s.t.Fatal(err)
	}
	s.t.Cleanup(func() { f.Close() })
	return f, log
}

// run invokes the function, which must succeed.
func (s *stage) run() summary {
	s.t.Helper()
	response, err := s.f.Invoke(context.Background(), []byte(`{}`), ample)
	if err != nil {
		s.t.Fatalf("Invoke: %v", err)
	}
	var sum summary
	if err := json.Unmarshal(response, &sum); err != nil {
		s.t.Fatalf("summary %s: %v", response, err)
	}
	return sum
}

// fails invokes the function, which must fail with an error of type kind, and returns
// the error's text.
func (s *stage) fails(kind string) string {
	s.t.Helper()
	response, err := s.f.Invoke(context.Background(), []byte(`{}`), ample)
	var failure *runtimeapi.Failure
	if !errors.As(err, &failure) || failure.Type != kind {
		s.t.Fatalf("Invoke = %s, %v, want %s", response, err, kind)
	}
	return failure.Message
}

// A message has the parts of a published message that the tests look at.
type message struct {
	subject, mail string
	severity      string
	keys          []string // ids, in order
	events        []string // whether each change's event arrived
}

// news returns the messages published since its last call.
func (s *stage) news() []message {
	s.t.Helper()
	all := s.sns.Publications()
	var list []message
	for _, p := range all[s.told:] {
		var finding struct {
			ClassUID  int `json:"class_uid"`
			Severity  string
			Evidences []struct {
				Data struct {
					Key   string `json:"key_arn"`
					Event string
				}
			}
		}
		if err := json.Unmarshal([]byte(p.For("sqs")), &finding); err != nil || finding.ClassUID != 2004 {
			s.t.Fatalf("want an OCSF finding, got %v: %s", err, p.For("sqs"))
		}
		m := message{subject: p.Subject, mail: strings.Join(strings.Fields(p.For("email")), " "), severity: finding.Severity}
		for _, e := range finding.Evidences {
			m.keys, m.events = append(m.keys, e.Data.Key[strings.LastIndex(e.Data.Key, "/")+1:]), append(m.events, e.Data.Event)
		}
		list = append(list, m)
	}
	s.told = len(all)
	return list
}

// want checks that there is one new message, about these keys, or none when keys is
// empty.
func (s *stage) want(keys ...string) message {
	s.t.Helper()
	list := s.news()
	switch {
	case len(keys) == 0 && len(list) == 0:
		return message{}
	case len(list) != 1:
		s.t.Fatalf("%d messages, want %d: %+v", len(list), min(1, len(keys)), list)
	case !slices.Equal(list[0].keys, keys):
		s.t.Fatalf("reported %v, want %v", list[0].keys, keys)
	}
	return list[0]
}

func grantTo(grantee string, operations ...string) map[string]any {
	return map[string]any{"GrantId": "g" + grantee, "GranteePrincipal": grantee, "IssuingAccount": "arn:aws:iam::" + owner + ":root", "Operations": operations}
}

const partnerRole = "arn:aws:iam::" + stranger + ":role/backup"

// The first run reports everything that is open, and each later run what is new since
// then; nothing is reported twice.
func TestAlertsExactlyOnChanges(t *testing.T) {
	s := newStage(t)
	s.set(home, "a", &fakeKey{policy: closed})
	s.set(home, "b", &fakeKey{policy: open})
	s.set(home, "c", &fakeKey{policy: shared}) // low: below the threshold
	s.set(home, "d", &fakeKey{policy: closed, grants: []map[string]any{grantTo(partnerRole, "Decrypt"), grantTo("arn:aws:iam::"+owner+":role/own", "Decrypt")}})
	s.set(home, "f", &fakeKey{policy: closed, grants: []map[string]any{grantTo(partnerRole, "DescribeKey")}}) // not news
	sum := s.run()
	if !sum.First || sum.Keys != 5 || sum.Told != 2 || sum.Below != 1 || sum.Lost != 0 || sum.MessageID == "" {
		t.Errorf("first run: %+v", sum)
	}
	if m := s.want("b", "d"); !strings.Contains(m.subject, "First sweep: 2 KMS keys") || m.severity != "Critical" || !slices.Equal(m.events, []string{"none", "none"}) {
		t.Errorf("first run reported %+v", m)
	}

	if sum := s.run(); sum.First || sum.Told != 0 || sum.MessageID != "" {
		t.Errorf("nothing new: %+v", sum)
	}
	s.want()

	// opened, with its event; owner lost, without; a grant; one closed; one deleted
	s.set(home, "a", &fakeKey{policy: open})
	s.logs(home, "a", `{"level":"INFO","finding":"f1","key":"KEY","verdict":"public"}`)
	s.set(home, "e", &fakeKey{policy: locked})
	s.set(home, "c", &fakeKey{policy: shared, grants: []map[string]any{grantTo(partnerRole, "Decrypt")}})
	s.set(home, "b", &fakeKey{policy: closed})
	s.set(home, "d", nil)
	sum = s.run()
	if sum.Told != 3 || sum.Lost != 1 {
		t.Errorf("changes: %+v", sum)
	}
	m := s.want("a", "e", "c")
	if !slices.Equal(m.events, []string{"heard", "missing", "none"}) || !strings.Contains(m.subject, "3 KMS keys newly open or lost, 1 without an event") {
		t.Errorf("changes: reported %+v", m)
	}
	s.run()
	s.want()

	// opened again after it was closed, and the grant under a new id
	s.set(home, "b", &fakeKey{policy: open})
	again := grantTo(partnerRole, "Decrypt")
	again["GrantId"] = "another"
	s.set(home, "c", &fakeKey{policy: shared, grants: []map[string]any{again}})
	s.run()
	s.want("b")
	s.f.Close()
	for _, line := range []string{`"LostEvents":1`, `"news":"told"`, `"news":"below_threshold"`, `"CloudWatchMetrics"`} {
		if !strings.Contains(s.log.String(), line) {
			t.Errorf("the log has no %s:\n%s", line, s.log)
		}
	}
}

// The next run notices a change whose event never arrived. It does not report a lost
// event for a change whose event arrived, or that no call made.
func TestLostEventIsNoticed(t *testing.T) {
	t.Parallel()
	s := newStage(t)
	for _, id := range []string{"lost", "came", "early"} {
		s.set(home, id, &fakeKey{policy: closed})
	}
	s.logs(home, "early", `{"finding":"f0","key":"KEY"}`) // before the first run
	time.Sleep(1100 * time.Millisecond)                   // the state has whole seconds
	s.run()
	s.want()
	for _, id := range []string{"lost", "came", "early"} {
		s.set(home, id, &fakeKey{policy: open})
	}
	s.logs(home, "other", `{"finding":"f2","key":"KEY"}`)
	s.logs(home, "came", `{"finding":"f1","key":"KEY"}`) // on a later page
	s.logs(home, "other", `{"finding":"f3","key":"KEY"}`)
	s.logs(home, "lost", `{"message":"nothing to report","key":"KEY"}`)
	sum := s.run()
	m := s.want("early", "lost", "came")
	if sum.Lost != 2 || !slices.Equal(m.events, []string{"missing", "missing", "heard"}) || !strings.Contains(m.mail, "NO EVENT of this change") {
		t.Errorf("%+v reported %+v", sum, m)
	}

	s.deny("FilterLogEvents", "AccessDeniedException")
	s.set(home, "new", &fakeKey{policy: open})
	if text := s.fails("partialError"); !strings.Contains(text, "whether the events came is not known") {
		t.Errorf("error %q", text)
	}
	if m := s.want("new"); m.events[0] != "unknown" {
		t.Errorf("reported %+v", m)
	}
}

// A finding about a key from before its policy was last read is not the event of its
// change, even when the search goes back further for another key.
func TestEarlierFindingIsNotTheEvent(t *testing.T) {
	t.Parallel()
	s := newStage(t)
	s.set(home, "a", &fakeKey{policy: closed})
	s.set(home, "b", &fakeKey{policy: closed})
	s.run()
	s.logs(home, "a", `{"finding":"f0","key":"KEY"}`)
	time.Sleep(1100 * time.Millisecond) // the state has whole seconds
	s.set(home, "b", &fakeKey{policy: closed, fails: map[string]string{"GetKeyPolicy": "AccessDeniedException"}})
	s.fails("partialError")
	s.set(home, "a", &fakeKey{policy: open})
	s.set(home, "b", &fakeKey{policy: open})
	s.run()
	if m := s.want("a", "b"); !slices.Equal(m.events, []string{"missing", "missing"}) {
		t.Errorf("reported %+v", m)
	}
}

// A log search that never ends does not delay the news.
func TestSearchThatDoesNotEnd(t *testing.T) {
	t.Parallel()
	s := newStage(t)
	s.set(home, "a", &fakeKey{policy: closed})
	s.run()
	s.set(home, "a", &fakeKey{policy: open})
	s.deny("FilterLogEvents ends", "never")
	response, err := s.f.Invoke(context.Background(), []byte(`{}`), 8*time.Second)
	var failure *runtimeapi.Failure
	if !errors.As(err, &failure) || failure.Type != "partialError" || !strings.Contains(failure.Message, "whether the events came is not known") {
		t.Fatalf("Invoke = %s, %v, want partialError", response, err)
	}
	if m := s.want("a"); m.events[0] != "unknown" {
		t.Errorf("reported %+v", m)
	}
}

// Grants that could not be read stay as they were known, another order of their
// operations is not news, and those below the threshold are reported once it is
// lowered.
func TestGrantsAreToldOnce(t *testing.T) {
	s := newStage(t)
	with := func(ops ...string) *fakeKey {
		return &fakeKey{policy: closed, grants: []map[string]any{grantTo(partnerRole, ops...)}}
	}
	high, _ := s.function("MIN_SEVERITY=high")
	medium := s.f
	s.set(home, "a", with("Decrypt", "Encrypt"))
	s.f = high
	for range 2 {
		if sum := s.run(); sum.Below != 1 || sum.Told != 0 {
			t.Errorf("below the threshold: %+v", sum)
		}
	}
	s.want()
	s.f = medium
	s.run()
	s.want("a")
	unread := with("Decrypt", "Encrypt")
	unread.fails = map[string]string{"ListGrants": "AccessDeniedException"}
	s.set(home, "a", unread)
	s.fails("partialError")
	s.want()
	s.set(home, "a", with("Encrypt", "Decrypt"))
	s.run()
	s.want()
	s.set(home, "a", with("Encrypt", "Decrypt", "CreateGrant"))
	s.run()
	s.want("a")
}

// What could not be read stays as it was known: news is reported when it can be read,
// and what was reported is not reported again.
func TestPartialFailureKeepsWhatWasKnown(t *testing.T) {
	s := newStage(t, "SWEEP_REGIONS=eu-west-1,us-east-1", "SWEEP_ROLES="+memberRole)
	virginia, other := owner+"/us-east-1", member+"/eu-west-1"
	memberOpen := strings.ReplaceAll(open, owner, member)
	s.set(home, "a", &fakeKey{policy: open})
	s.set(virginia, "v", &fakeKey{policy: open})
	s.set(other, "m", &fakeKey{policy: memberOpen})
	s.run()
	s.want("a", "m", "v")

	s.deny(virginia+" ListKeys", "AccessDeniedException")
	s.deny("AssumeRole "+member, "AccessDenied")
	s.set(home, "a", &fakeKey{policy: open, fails: map[string]string{"GetKeyPolicy": "AccessDeniedException"}})
	s.set(home, "b", &fakeKey{policy: open})
	text := s.fails("partialError")
	for _, want := range []string{"us-east-1", "kms:ListKeys", "kms:GetKeyPolicy", memberRole} {
		if !strings.Contains(text, want) {
			t.Errorf("the error does not name %s: %s", want, text)
		}
	}
	s.want("b")
	for _, id := range []string{"a", "b", "v", "m"} {
		if !strings.Contains(s.state(), `"`+id+`":{`) {
			t.Errorf("the state has lost key %s: %s", id, s.state())
		}
	}

	s.deny(virginia+" ListKeys", "")
	s.deny("AssumeRole "+member, "")
	s.set(home, "a", &fakeKey{policy: open})
	s.run()
	s.want() // all of it was reported before

	// unreadable grants do not hide the policy, nor an unreadable policy the grants
	s.set(home, "b", &fakeKey{policy: closed, grants: []map[string]any{grantTo(partnerRole, "Decrypt")}, fails: map[string]string{"ListGrants": "KMSInternalException"}})
	s.set(home, "c", &fakeKey{policy: locked, fails: map[string]string{"ListGrants": "AccessDeniedException"}})
	s.fails("partialError")
	s.want("c")
	s.set(home, "b", &fakeKey{policy: closed, grants: []map[string]any{grantTo(partnerRole, "Decrypt")}})
	s.set(home, "c", &fakeKey{policy: locked})
	s.run()
	s.want("b")
}

// The same policy, judged again without the key's tags, is not news.
func TestUnreadTagsAreNoNews(t *testing.T) {
	s := newStage(t)
	s.set(home, "a", &fakeKey{policy: tagged})
	s.run()
	s.want()
	s.set(home, "a", &fakeKey{policy: tagged, fails: map[string]string{"ListResourceTags": "AccessDeniedException"}})
	s.fails("partialError")
	s.want()
	s.set(home, "a", &fakeKey{policy: tagged})
	s.run()
	s.want()
}

// A key whose policy is missing or invalid fails the run, and nothing else.
func TestKeyThatCannotBeReadAlarms(t *testing.T) {
	s := newStage(t)
	s.set(home, "a", &fakeKey{policy: `{"Version":`})
	s.set(home, "b", &fakeKey{policy: open, fails: map[string]string{"DescribeKey": "AccessDeniedException"}})
	s.fails("partialError")
	s.want("b") // the worst is assumed, but it is open whatever the key is
	s.set(home, "a", &fakeKey{policy: open})
	s.set(home, "b", &fakeKey{policy: open})
	s.run()
	s.want("a")
}

// A state that cannot be read fails the run before anything is swept, and is never
// overwritten.
func TestStateThatCannotBeReadIsKept(t *testing.T) {
	s := newStage(t)
	s.set(home, "a", &fakeKey{policy: closed})
	s.run()
	good := s.state()
	for name, text := range map[string]string{
		"cut off":         good[:len(good)/2],
		"empty":           "",
		"null":            "null",
		"another form":    strings.Replace(good, `"version":1`, `"version":2`, 1),
		"unknown member":  strings.Replace(good, `"version":1`, `"version":1,"x":1`, 1),
		"more behind it":  good + "{}",
		"keys twice":      strings.Replace(good, `"keys":{`, `"keys":{},"keys":{`, 1),
		"another case":    strings.Replace(good, `"keys":{`, `"Keys":{`, 1),
		"without keys":    `{"version":1,"at":"2026-11-25T00:00:00Z","scopes":{"111122223333/eu-west-1":null}}`,
		"a key that is 0": `{"version":1,"at":"2026-11-25T00:00:00Z","scopes":{"111122223333/eu-west-1":{"at":"2026-11-25T00:00:00Z","keys":{"a":null}}}}`,
	} {
		t.Run(name, func(t *testing.T) {
			s.t = t
			s.object = []byte(text)
			before := s.calls["kms:ListKeys"]
			if message := s.fails("stateError"); !strings.Contains(message, "s3://"+stateBucket+"/state.json") {
				t.Errorf("error %q", message)
			}
			if s.state() != text || s.calls["kms:ListKeys"] != before {
				t.Error("the state was written, or keys were swept")
			}
			s.want()
		})
	}
	s.t = t
	s.object = []byte(good)
	s.set(home, "a", &fakeKey{policy: open})
	s.run()
	s.want("a")
}

// A run that is denied access to the state does not count as the first run, and
// nothing is forgotten.
func TestStateDenied(t *testing.T) {
	s := newStage(t)
	s.set(home, "a", &fakeKey{policy: open})
	s.deny("s3:GetObject", "AccessDenied")
	s.fails("stateError")
	s.want()
	s.deny("s3:GetObject", "")
	s.deny("s3:PutObject", "AccessDenied")
	s.fails("stateError")
	s.want("a")
	s.deny("s3:PutObject", "")
	s.run()
	s.want("a") // reported again rather than not at all
	s.run()
	s.want()
}

// News that SNS does not take is reported by the next run.
func TestUnpublishedNewsIsNotForgotten(t *testing.T) {
	s := newStage(t)
	s.set(home, "a", &fakeKey{policy: closed})
	s.run()
	s.set(home, "a", &fakeKey{policy: open})
	fine := s.f
	s.f, _ = s.function("TOPIC_ARN=" + testTopic + "-gone")
	s.fails("publishError")
	s.f = fine
	s.run()
	s.want("a")
}

// Of two runs at once, one writes the state; the other fails with a named error and
// does not change it. What both report has the same id.
func TestTwoRunsAtOnce(t *testing.T) {
	s := newStage(t)
	s.set(home, "a", &fakeKey{policy: closed})
	s.run()
	s.set(home, "a", &fakeKey{policy: open})
	second := &stage{fakeAWS: s.fakeAWS, t: t, sns: s.sns}
	second.f, second.log = s.function()
	s.onGet = func() { second.run() } // all of it between the first run's read and its write
	s.fails("conflictError")
	all := s.sns.Publications()
	if len(all) != 2 {
		t.Fatalf("%d messages, want 2", len(all))
	}
	var uids []string
	for _, p := range all {
		var finding struct {
			Info struct{ UID string } `json:"finding_info"`
		}
		if err := json.Unmarshal([]byte(p.For("sqs")), &finding); err != nil {
			t.Fatal(err)
		}
		uids = append(uids, finding.Info.UID)
	}
	if uids[0] != uids[1] || s.puts != 2 {
		t.Errorf("ids %q, %d writes, want one id and 2 writes", uids, s.puts)
	}
	s.told = len(all)
	s.run()
	s.want()
}

// An exception holds a policy back until it expires, and never a grant.
func TestExceptionsHoldBack(t *testing.T) {
	file := t.TempDir() + "/exceptions.yaml"
	if err := os.WriteFile(file, []byte(`exceptions:
  - name: drop-box
    match:
      key: `+arnOf(home, "a")+`
      verdict: public
      class: encrypt
    reason: anyone may drop files
    owner: team-a
    expires: `+time.Now().AddDate(0, 1, 0).Format("2006-01-02")+`
`), 0o600); err != nil {
		t.Fatal(err)
	}
	s := newStage(t, "EXCEPTIONS_FILE="+file)
	s.set(home, "a", &fakeKey{policy: open})
	if sum := s.run(); sum.Held != 1 || sum.Told != 0 {
		t.Errorf("%+v", sum)
	}
	s.want()
	s.set(home, "a", &fakeKey{policy: open, grants: []map[string]any{grantTo(partnerRole, "Decrypt")}})
	s.run()
	s.want("a")
	s.f, _ = s.function() // without the file
	s.run()
	s.want("a")
}

// When time runs out, what was read is reported and kept, and the run fails with a
// named error.
func TestTooLittleTime(t *testing.T) {
	t.Parallel()
	s := newStage(t)
	for _, id := range []string{"a", "b"} {
		s.set(home, id, &fakeKey{policy: open})
	}
	s.run()
	s.want("a", "b")
	s.deny("ListGrants", "ThrottlingException") // retries take longer than there is time
	response, err := s.f.Invoke(context.Background(), []byte(`{}`), 4*time.Second)
	var failure *runtimeapi.Failure
	if !errors.As(err, &failure) || failure.Type != "partialError" || !strings.Contains(failure.Message, "time ran out") {
		t.Fatalf("Invoke = %s, %v, want partialError", response, err)
	}
	s.want()
	s.deny("ListGrants", "")
	s.run()
	s.want()
}

// A key that cannot be used now is one severity lower, and the message says so.
func TestDisabledKey(t *testing.T) {
	s := newStage(t)
	s.set(home, "a", &fakeKey{policy: open, state: "Disabled"})
	s.run()
	if m := s.want("a"); m.severity != "High" || !strings.Contains(m.mail, "State: Disabled") {
		t.Errorf("reported %+v", m)
	}
}

// SweepRole allows the calls of a run and no others: every call is made here, and the
// remaining permissions are for Lambda itself, for SNS, or, like s3:ListBucket,
// required by S3.
func TestCallsAreThoseOfTheRole(t *testing.T) {
	s := newStage(t, "SWEEP_ROLES="+memberRole)
	s.set(home, "a", &fakeKey{policy: closed})
	s.set(member+"/eu-west-1", "m", &fakeKey{policy: strings.ReplaceAll(closed, owner, member)})
	s.run()
	s.set(home, "a", &fakeKey{policy: open})
	s.run()
	template, err := os.ReadFile("../../template.yaml")
	if err != nil {
		t.Fatal(err)
	}
	_, role, _ := strings.Cut(string(template), "\n  SweepRole:\n")
	role, _, _ = strings.Cut(role, "\n  SweepLogs:\n")
	_, role, _ = strings.Cut(role, "PolicyName: sweep")
	var allowed []string
	for _, m := range regexp.MustCompile(`Action: \[?([^\]\n]+)`).FindAllStringSubmatch(role, -1) {
		allowed = append(allowed, strings.Split(m[1], ", ")...)
	}
	others := []string{"logs:CreateLogStream", "logs:PutLogEvents", "sns:Publish", "kms:Decrypt", "kms:GenerateDataKey*", "s3:ListBucket"}
	for _, action := range others {
		if !slices.Contains(allowed, action) {
			t.Errorf("SweepRole does not allow %s", action)
		}
	}
	allowed = slices.DeleteFunc(allowed, func(action string) bool { return slices.Contains(others, action) })
	slices.Sort(allowed)
	if called := s.called(); !slices.Equal(called, allowed) {
		t.Errorf("called %q, SweepRole allows %q", called, allowed)
	}
}

// The handler that main starts, run in this process. It makes the code of the binary
// a dependency of the test, so that go test does not use a cached result of other code.
func TestHandlerInThisProcess(t *testing.T) {
	s := newStage(t)
	s.set(home, "a", &fakeKey{policy: open})
	env := map[string]string{
		"TOPIC_ARN": testTopic, "STATE_BUCKET": stateBucket, "DETECTOR_LOG_GROUP": detectorLog,
		"AWS_ACCESS_KEY_ID": "AKIA" + owner, "AWS_SECRET_ACCESS_KEY": "secret", "AWS_ENDPOINT_URL": s.url, "AWS_ENDPOINT_URL_SNS": s.sns.URL(),
	}
	h, err := start(func(name string) string { return env[name] }, os.ReadFile, io.Discard)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := h.Invoke(context.Background(), nil); err != nil {
		t.Fatal(err)
	}
	s.want("a")
}

// An invalid setting makes the start fail with an error that names it.
func TestWrongSettingsFailTheStart(t *testing.T) {
	for env, want := range map[string]string{
		"STATE_BUCKET=":         "setting STATE_BUCKET: not set",
		"STATE_BUCKET=s3://b":   `setting STATE_BUCKET: expected the name of an S3 bucket, found "s3://b"`,
		"DETECTOR_LOG_GROUP=":   "setting DETECTOR_LOG_GROUP: not set",
		"SWEEP_ROLES=sweep":     `setting SWEEP_ROLES: expected ARNs of IAM roles separated by commas, found "sweep"`,
		"SWEEP_REGIONS=europe":  `setting SWEEP_REGIONS: expected names of Regions separated by commas, found "europe"`,
		"MIN_SEVERITY=all":      `setting MIN_SEVERITY: expected critical, high, medium or low, found "all"`,
		"AWS_ENDPOINT_URL=here": `setting AWS_ENDPOINT_URL: expected an http or https URL, found "here"`,
		"SWEEP_ROLES=" + memberRole + "," + memberRole + "2": "setting SWEEP_ROLES: expected one role per account, found two of " + member,
	} {
		s := newStage(t, env)
		if text := s.fails("settingError"); text != want {
			t.Errorf("%s: %q, want %q", env, text, want)
		}
	}
}
