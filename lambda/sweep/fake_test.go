package main

import (
	"crypto/md5"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"
)

// A fakeKey is a key of fakeAWS.
type fakeKey struct {
	policy, state string
	grants        []map[string]any
	fails         map[string]string // error codes by call
}

// fakeAWS serves KMS, S3, STS and CloudWatch Logs on loopback, at one address. The
// account and the Region are those in the request's signature: the access key is
// "AKIA" + account, or "ASIA" + account from AssumeRole.
type fakeAWS struct {
	url string

	mu     sync.Mutex
	keys   map[string]map[string]*fakeKey // by "account/region", by id
	denied map[string]string              // error codes by "account/region call", "call" or "role ARN"
	lines  []logLine                      // the detector's log
	object []byte                         // the state; nil when there is none
	puts   int
	onGet  func()         // called once, after the first read of the state has been answered
	calls  map[string]int // counts by service and name
}

type logLine struct {
	at   time.Time
	text string
}

func newAWS(t *testing.T) *fakeAWS {
	f := &fakeAWS{keys: map[string]map[string]*fakeKey{}, denied: map[string]string{}, calls: map[string]int{}}
	server := httptest.NewServer(f)
	t.Cleanup(server.Close)
	f.url = server.URL
	return f
}

// set sets a key, or removes it when k is nil.
func (f *fakeAWS) set(where, id string, k *fakeKey) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.keys[where] == nil {
		f.keys[where] = map[string]*fakeKey{}
	}
	if k == nil {
		delete(f.keys[where], id)
		return
	}
	f.keys[where][id] = k
}

// logs adds a log line of the detector function about a key.
func (f *fakeAWS) logs(where, id, line string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.lines = append(f.lines, logLine{time.Now(), strings.ReplaceAll(line, "KEY", arnOf(where, id))})
}

// deny makes a call fail with an error code; "" lets it succeed again.
func (f *fakeAWS) deny(what, code string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.denied[what] = code
}

func arnOf(where, id string) string {
	account, region, _ := strings.Cut(where, "/")
	return "arn:aws:kms:" + region + ":" + account + ":key/" + id
}

var signature = regexp.MustCompile(`Credential=A[A-Z]IA([0-9]{12})/[0-9]{8}/([a-z0-9-]+)/([a-z0-9]+)/`)

func (f *fakeAWS) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return
	}
	m := signature.FindStringSubmatch(r.Header.Get("Authorization"))
	if m == nil {
		http.Error(w, "not signed", http.StatusForbidden)
		return
	}
	where := m[1] + "/" + m[2]
	switch _, call, _ := strings.Cut(r.Header.Get("X-Amz-Target"), "."); m[3] {
	case "kms":
		f.count("kms:" + call)
		f.kms(w, where, call, body)
	case "logs":
		f.count("logs:" + call)
		f.filter(w, body)
	case "sts":
		f.count("sts:AssumeRole")
		f.assume(w, string(body))
	case "s3":
		f.s3(w, r, body)
	default:
		http.Error(w, "no such service", http.StatusNotFound)
	}
}

func (f *fakeAWS) count(call string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.calls[call]++
}

// called returns the calls so far, sorted.
func (f *fakeAWS) called() []string {
	f.mu.Lock()
	defer f.mu.Unlock()
	var all []string
	for call := range f.calls {
		all = append(all, call)
	}
	slices.Sort(all)
	return all
}

func answer(w http.ResponseWriter, v any) {
	w.Header().Set("Content-Type", "application/x-amz-json-1.1")
	json.NewEncoder(w).Encode(v)
}

func refuse(w http.ResponseWriter, code string) {
	w.Header().Set("Content-Type", "application/x-amz-json-1.1")
	w.WriteHeader(http.StatusBadRequest)
	json.NewEncoder(w).Encode(map[string]string{"__type": code, "message": "as planned"})
}

func (f *fakeAWS) kms(w http.ResponseWriter, where, call string, body []byte) {
	var in struct{ KeyId string } //nolint:revive // as KMS spells it
	json.Unmarshal(body, &in)
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, what := range []string{call, where + " " + call} {
		if code := f.denied[what]; code != "" {
			refuse(w, code)
			return
		}
	}
	id := in.KeyId[strings.LastIndex(in.KeyId, "/")+1:]
	k := f.keys[where][id]
	switch {
	case call == "ListKeys":
		list := []map[string]string{}
		for id := range f.keys[where] {
			list = append(list, map[string]string{"KeyId": id, "KeyArn": arnOf(where, id)})
		}
		answer(w, map[string]any{"Keys": list, "Truncated": false})
	case call == "ListAliases":
		answer(w, map[string]any{"Aliases": []any{}, "Truncated": false})
	case k == nil:
		refuse(w, "NotFoundException")
	case k.fails[call] != "":
		refuse(w, k.fails[call])
	case call == "DescribeKey":
		state := k.state
		if state == "" {
			state = "Enabled"
		}
		answer(w, map[string]any{"KeyMetadata": map[string]any{
			"KeyId": id, "Arn": in.KeyId, "KeyState": state, "KeyManager": "CUSTOMER", "KeySpec": "SYMMETRIC_DEFAULT", "KeyUsage": "ENCRYPT_DECRYPT", "Origin": "AWS_KMS", "MultiRegion": false,
		}})
	case call == "GetKeyPolicy":
		answer(w, map[string]string{"Policy": k.policy, "PolicyName": "default"})
	case call == "ListGrants":
		answer(w, map[string]any{"Grants": append([]map[string]any{}, k.grants...), "Truncated": false})
	case call == "ListResourceTags":
		answer(w, map[string]any{"Tags": []any{}, "Truncated": false})
	default:
		refuse(w, "UnknownOperationException")
	}
}

// filter answers FilterLogEvents with the lines that have a finding, one per page. The
// first page is empty, as it can be while CloudWatch is still searching.
func (f *fakeAWS) filter(w http.ResponseWriter, body []byte) {
	var in struct {
		LogGroupName, FilterPattern, NextToken string
		StartTime                              int64
	}
	json.Unmarshal(body, &in)
	f.mu.Lock()
	defer f.mu.Unlock()
	switch {
	case f.denied["FilterLogEvents"] != "":
		refuse(w, f.denied["FilterLogEvents"])
		return
	case in.LogGroupName != detectorLog || in.FilterPattern != `{ $.finding = "*" }`:
		refuse(w, "InvalidParameterException")
		return
	}
	events := []map[string]any{}
	for _, line := range f.lines {
		if line.at.UnixMilli() >= in.StartTime && strings.Contains(line.text, `"finding":`) {
			events = append(events, map[string]any{"timestamp": line.at.UnixMilli(), "message": line.text})
		}
	}
	if f.denied["FilterLogEvents ends"] != "" {
		answer(w, map[string]any{"events": []any{}, "nextToken": "again"})
		return
	}
	if in.NextToken == "" {
		answer(w, map[string]any{"events": []any{}, "nextToken": "0"})
		return
	}
	from, _ := strconv.Atoi(in.NextToken)
	out := map[string]any{"events": events[from:min(from+1, len(events))]}
	if from+1 < len(events) {
		out["nextToken"] = strconv.Itoa(from + 1)
	}
	answer(w, out)
}

var roleOf = regexp.MustCompile(`RoleArn=arn%3Aaws%3Aiam%3A%3A([0-9]{12})%3Arole%2F([A-Za-z-]+)`)

func (f *fakeAWS) assume(w http.ResponseWriter, form string) {
	w.Header().Set("Content-Type", "text/xml")
	m := roleOf.FindStringSubmatch(form)
	f.mu.Lock()
	defer f.mu.Unlock()
	if m == nil || f.denied["AssumeRole "+m[1]] != "" {
		w.WriteHeader(http.StatusForbidden)
		io.WriteString(w, `<ErrorResponse><Error><Type>Sender</Type><Code>AccessDenied</Code><Message>not authorized to perform: sts:AssumeRole</Message></Error></ErrorResponse>`)
		return
	}
	fmt.Fprintf(w, `<AssumeRoleResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><AssumeRoleResult><Credentials><AccessKeyId>ASIA%s</AccessKeyId>`+
		`<SecretAccessKey>secret</SecretAccessKey><SessionToken>token</SessionToken><Expiration>2099-01-01T00:00:00Z</Expiration></Credentials></AssumeRoleResult></AssumeRoleResponse>`, m[1])
}

// s3 serves one object with conditional writes.
func (f *fakeAWS) s3(w http.ResponseWriter, r *http.Request, body []byte) {
	fault := func(status int, code string) {
		w.Header().Set("Content-Type", "application/xml")
		w.WriteHeader(status)
		fmt.Fprintf(w, `<Error><Code>%s</Code><Message>as planned</Message></Error>`, code)
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	call := map[string]string{http.MethodGet: "s3:GetObject", http.MethodPut: "s3:PutObject"}[r.Method]
	f.calls[call]++
	tag := fmt.Sprintf(`"%x"`, md5.Sum(f.object))
	switch {
	case r.URL.Path != "/"+stateBucket+"/state.json" || r.Header.Get("X-Amz-Expected-Bucket-Owner") != owner:
		fault(http.StatusForbidden, "AccessDenied")
	case f.denied[call] != "":
		fault(http.StatusForbidden, f.denied[call])
	case r.Method == http.MethodGet && f.object == nil:
		fault(http.StatusNotFound, "NoSuchKey")
	case r.Method == http.MethodGet:
		w.Header().Set("ETag", tag)
		w.Write(f.object)
	case f.object == nil && r.Header.Get("If-None-Match") == "*", f.object != nil && r.Header.Get("If-Match") == tag:
		f.object = body
		f.puts++
		w.Header().Set("ETag", fmt.Sprintf(`"%x"`, md5.Sum(body)))
	default:
		fault(http.StatusPreconditionFailed, "PreconditionFailed")
	}
	if r.Method == http.MethodGet && f.onGet != nil {
		then := f.onGet
		f.onGet = nil
		f.mu.Unlock()
		defer f.mu.Lock() // for the Unlock deferred above, even when the test ends here
		then()
	}
}

// state returns the state object.
func (f *fakeAWS) state() string {
	f.mu.Lock()
	defer f.mu.Unlock()
	return string(f.object)
}
