package decide

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/kmsentry/kmsentry/detector/policy"
	"github.com/kmsentry/kmsentry/detector/policy/condkey"
	"github.com/kmsentry/kmsentry/detector/policy/decide/internal/compile"
	"github.com/kmsentry/kmsentry/detector/policy/decide/internal/search"
	"github.com/kmsentry/kmsentry/detector/policy/decide/internal/textsolve"
	"github.com/kmsentry/kmsentry/detector/policy/internal/policytest"
	"github.com/kmsentry/kmsentry/detector/policy/kmsapi"
)

// A keyFact is what AWS's pages say of one condition key, written down a
// second time and apart from the rows of condkey; one a line in
// testdata/keys.jsonl.
//
// Present lists, separated by ";", an answer and the requests that it is for:
// callers (R role, U user, O root user, F federated, S service), after "/"
// the paths (P public, E endpoint, V through a service, M through an MCP
// server), after "+" t for temporary or l for long-term credentials, after
// "@" the actions. The first that covers a request counts; without any the key
// is absent. Yes, No and Maybe are values of requests like At.
type keyFact struct {
	Key     string   `json:"key"`
	Types   string   `json:"types"`
	Multi   bool     `json:"multi"`
	Present string   `json:"present"`
	Yes     []string `json:"yes"`
	No      []string `json:"no"`
	Maybe   []string `json:"maybe"`
	Names   string   `json:"names"`
	At      string   `json:"at"`
	Ask     string   `json:"ask"`   // "key": the key's ARN is not known; "owner": the owner neither
	Reads   string   `json:"reads"` // the fact of the key that its values depend on
	Known   []string `json:"known"` // services that are documented as values, without Region and suffix
}

func readKeyFacts(t *testing.T) []keyFact {
	t.Helper()
	text, err := os.ReadFile("testdata/keys.jsonl")
	if err != nil {
		t.Fatal(err)
	}
	var facts []keyFact
	for d := json.NewDecoder(bytes.NewReader(text)); d.More(); {
		d.DisallowUnknownFields()
		var f keyFact
		if err := d.Decode(&f); err != nil {
			t.Fatalf("testdata/keys.jsonl, fact %d: %v", len(facts)+1, err)
		}
		facts = append(facts, f)
	}
	if len(facts) < 100 {
		t.Fatalf("%d facts, want more", len(facts))
	}
	return facts
}

func (f *keyFact) question() Question {
	q := surroundings()
	q.Key = kmsapi.KeyFacts{}
	switch f.Ask {
	case "key":
		q.KeyARN = ""
	case "owner":
		q.KeyARN, q.Account = "", ""
	}
	return q
}

// A callKind is a kind of request as the facts write it.
type callKind struct {
	caller compile.CallerKind
	temp   bool
	path   search.PathKind
	action string
}

func (k callKind) String() string {
	creds := "+l"
	if k.temp {
		creds = "+t"
	}
	return "RUOFS"[k.caller:k.caller+1] + "/" + "PEVM"[k.path:k.path+1] + creds + "@" + strings.TrimPrefix(k.action, "kms:")
}

// covers reports whether a description like "RU/PE+t@Encrypt,Decrypt" is of k.
func (k callKind) covers(description string) bool {
	rest, actions, byAction := strings.Cut(description, "@")
	rest, creds, byCreds := strings.Cut(rest, "+")
	callers, paths, byPath := strings.Cut(rest, "/")
	return strings.IndexByte(callers, "RUOFS"[k.caller]) >= 0 && (!byPath || strings.IndexByte(paths, "PEVM"[k.path]) >= 0) &&
		(!byCreds || (creds == "t") == k.temp) && (!byAction || slices.Contains(strings.Split(actions, ","), strings.TrimPrefix(k.action, "kms:")))
}

func requestKinds() []callKind {
	var list []callKind
	for _, action := range slices.Compact(slices.Sorted(slices.Values(append(slices.Concat(kmsapi.ClassActions(kmsapi.ClassEncrypt), kmsapi.ClassActions(kmsapi.ClassUse), kmsapi.ClassActions(kmsapi.ClassOther)), putKeyPolicy)))) {
		for path := search.Direct; path <= search.MCP; path++ {
			for _, caller := range []compile.CallerKind{compile.RoleCaller, compile.FedCaller, compile.UserCaller, compile.RootCaller} {
				list = append(list, callKind{caller, true, path, action})
				if caller == compile.UserCaller || caller == compile.RootCaller {
					list = append(list, callKind{caller, false, path, action})
				}
			}
		}
		list = append(list, callKind{compile.ServiceCaller, false, search.Direct, action})
	}
	return list
}

func (f *keyFact) presence(k callKind) string {
	for _, clause := range strings.Split(f.Present, ";") {
		answer, description, _ := strings.Cut(strings.TrimSpace(clause), " ")
		if answer != "" && k.covers(description) {
			return answer
		}
	}
	return "never"
}

// A keyProbe asks the engine what requests can hold.
type keyProbe struct {
	c    *search.Space
	slot int
}

func probeWith(t *testing.T, keys *condkey.Table, f *keyFact) keyProbe {
	t.Helper()
	text, err := json.Marshal(map[string]any{"Version": policy.Version2012, "Statement": map[string]any{
		"Effect": "Allow", "Principal": "*", "Action": "*", "Resource": "*", "Condition": map[string]any{"Null": map[string]any{f.Key: "false"}},
	}})
	if err != nil {
		t.Fatal(err)
	}
	p, q := mustParse(text), f.question()
	c := spaceOf(p, keys, q)
	return keyProbe{c, c.Statements[0].Clauses[0].Sure.Slot}
}

// can reports whether requests of a kind can meet a literal on the key.
func (p keyProbe) can(k callKind, l compile.Literal, sure bool) bool {
	l.Slot = p.slot
	kind := p.c.NewKind(k.caller, k.temp, k.path, kmsapi.Ask{Action: k.action}, kmsapi.AnyKey)
	for _, one := range kind.SplitBy(p.slot) {
		p.c.Budget = textsolve.NewBudget(MaxSteps, nil)
		p.c.Budget.Divide(MaxSteps, stageOutcomes)
		p.c.Budget.Begin(stageOutcomes)
		s := p.c.NewSearch(one, search.Reach{}, sure)
		st := *s.Allows[0]
		st.Clauses = nil
		s.Allows = []*compile.Statement{&st}
		if m, _ := s.Find(s.OverApproximate(l)); m != nil {
			return true
		}
	}
	return false
}

func (p keyProbe) presence(k callKind) string {
	there, gone := compile.Literal{Mode: compile.All, Set: &compile.ValueSet{}}, compile.Literal{Absent: true, Set: &compile.ValueSet{}}
	answers := [4]bool{p.can(k, there, true), p.can(k, there, false), p.can(k, gone, true), p.can(k, gone, false)}
	name, ok := map[[4]bool]string{
		{false, false, true, true}: "never",
		{true, true, false, false}: "always",
		{true, true, true, true}:   "chosen",
		{true, true, false, true}:  "maylack",
		{false, true, true, true}:  "mayhave",
		{false, true, false, true}: "unsaid",
	}[answers]
	if !ok {
		return "contradiction"
	}
	return name
}

// presenceFaults lists up to three kinds of requests in which the engine, under
// a table of condition keys, has the key otherwise than the facts say.
func (f *keyFact) presenceFaults(t *testing.T, keys *condkey.Table, kinds []callKind) []string {
	p := probeWith(t, keys, f)
	var faults []string
	for _, k := range kinds {
		if got, want := p.presence(k), f.presence(k); got != want {
			if faults = append(faults, fmt.Sprintf("%s in %v: %s, want %s", f.Key, k, got, want)); len(faults) == 3 {
				break
			}
		}
	}
	return faults
}

// valueFaults lists the values that the engine judges otherwise than the facts
// say, and how many values there are.
func (f *keyFact) valueFaults(t *testing.T, keys *condkey.Table) (faults []string, values int) {
	p := probeWith(t, keys, f)
	kind := slices.IndexFunc(requestKinds(), func(k callKind) bool {
		return f.presence(k) != "never" && (f.At == "" || k.covers(f.At))
	})
	if kind < 0 {
		if f.Yes != nil || f.No != nil || f.Maybe != nil {
			faults = append(faults, f.Key+": values of a key that is never there")
		}
		return faults, 0
	}
	k := requestKinds()[kind]
	for _, list := range [...]struct {
		values    []string
		sure, may bool
	}{{f.Yes, true, true}, {f.No, false, false}, {f.Maybe, false, true}} {
		for _, v := range list.values {
			values++
			l := compile.Equals(p.slot, v)
			if sure, may := p.can(k, l, true), p.can(k, l, false); sure != list.sure || may != list.may {
				faults = append(faults, fmt.Sprintf("%s = %.80q in %v: sure %v, possible %v; want %v, %v", f.Key, v, k, sure, may, list.sure, list.may))
			}
		}
	}
	return faults, values
}

// fault returns what is wrong with the key under a table, "" when nothing is.
func (f *keyFact) fault(t *testing.T, keys *condkey.Table) string {
	if why := f.rowFault(keys); why != "" {
		return why
	}
	if faults, _ := f.valueFaults(t, keys); faults != nil {
		return faults[0]
	}
	if faults := f.presenceFaults(t, keys, requestKinds()); faults != nil {
		return faults[0]
	}
	return ""
}

// TestKeyPresence works out, for each key and all kinds of requests, whether
// the engine has the key in them, and holds it against the facts.
func TestKeyPresence(t *testing.T) {
	kinds := requestKinds()
	for _, f := range readKeyFacts(t) {
		for _, fault := range f.presenceFaults(t, condkey.Default(), kinds) {
			t.Error(fault)
		}
	}
}

// TestKeyPresenceForServices is the part of TestKeyPresence about services that
// call for themselves, quick enough for mutants.
func TestKeyPresenceForServices(t *testing.T) {
	for _, f := range readKeyFacts(t) {
		for _, fault := range f.presenceFaults(t, condkey.Default(), []callKind{{compile.ServiceCaller, false, search.Direct, "kms:Encrypt"}}) {
			t.Error(fault)
		}
	}
}

// TestKeyValues holds single values of each key against the facts.
func TestKeyValues(t *testing.T) {
	values := 0
	for _, f := range readKeyFacts(t) {
		faults, n := f.valueFaults(t, condkey.Default())
		values += n
		for _, fault := range faults {
			t.Error(fault)
		}
	}
	if values < 200 {
		t.Errorf("%d values, want more", values)
	}
}

// rowFault says where the row's type, multiplicity, names, facts and known
// services differ from the facts; "" where they do not.
func (f *keyFact) rowFault(keys *condkey.Table) string {
	types := []string{"String", "ARN", "Bool", "Date", "Numeric", "IP"}
	names := []string{
		"nobody", "caller", "image", "person", "subject", "audience", "issuer", "address", "network", "network-account", "network-org",
		"service", "customer-account", "customer-arn", "customer-org", "customer-path", "owner",
	}
	facts := []string{"region", "owner", "org", "orgpath", "tags", "spec", "usage", "origin", "multiregion", "keytype", "aliases"}
	key, known := keys.Lookup(f.Key)
	var want condkey.Types
	for _, name := range strings.Fields(f.Types) {
		want |= 1 << slices.Index(types, name)
	}
	var reads condkey.Fact
	if f.Reads != "" {
		reads = 1 << slices.Index(facts, f.Reads)
	}
	services := slices.Sorted(slices.Values(f.Known))
	switch lower, _ := keys.Lookup(strings.ToLower(f.Key)); {
	case known != (f.Types != ""):
		return fmt.Sprintf("%s: known is %v", f.Key, known)
	case key.Types != want || key.Multi != f.Multi || names[key.Names] != f.Names:
		return fmt.Sprintf("%s: types %b, multi %v, names %s; want %b, %v, %s", f.Key, key.Types, key.Multi, names[key.Names], want, f.Multi, f.Names)
	case key.Reads != reads:
		return fmt.Sprintf("%s: reads %b, want %b", f.Key, key.Reads, reads)
	case !slices.Equal(knownHeads(key), services):
		return fmt.Sprintf("%s: known services\n%q, want\n%q", f.Key, knownHeads(key), services)
	case lower.Row != key.Row:
		return f.Key + ": not found in lower case"
	}
	return ""
}

// TestKeyRows: type, multiplicity and what a key names are as the facts say,
// and each row has a fact.
func TestKeyRows(t *testing.T) {
	told := map[string]bool{}
	for _, f := range readKeyFacts(t) {
		key, _ := condkey.Default().Lookup(f.Key)
		told[key.Row.Name] = true
		if why := f.rowFault(condkey.Default()); why != "" {
			t.Error(why)
		}
	}
	c := spaceOf(mustParse([]byte(policytest.StatementText())), condkey.Default(), surroundings())
	for _, r := range condkey.Default().Rows() {
		for i := range r.Cases {
			if v := &r.Cases[i].Values; v.First != "" && !search.InForms(c.FormsOf(v.ShapesParsed()), c.Filled(v.First)) {
				t.Errorf("%s: the example %q is not of the row's shapes", r.Name, v.First)
			}
		}
		if !told[r.Name] {
			t.Errorf("no fact of testdata/keys.jsonl is about %s", r.Name)
		}
	}
}

// knownHeads returns the names of the services that a row knows, without the
// rest that they have in common.
func knownHeads(key condkey.Key) []string {
	var heads []string
	for i := range key.Cases {
		for _, known := range key.Cases[i].Known {
			suffix := ".amazonaws.com"
			if key.Row.Name == "kms:ViaService" {
				suffix = ".{keyregion}.amazonaws.com"
			}
			heads = append(heads, strings.TrimSuffix(known, suffix))
		}
	}
	slices.Sort(heads)
	return heads
}

// TestGrantOperations: a grant's operations, which condkey lists as the values of a
// key and kmsapi by action, are the same.
func TestGrantOperations(t *testing.T) {
	key, ok := condkey.Default().Lookup("kms:GrantOperations")
	if !ok || len(key.Cases) == 0 {
		t.Fatal("condkey has no row with cases for kms:GrantOperations")
	}
	listed, can := slices.Clone(key.Cases[0].Values.Of), kmsapi.Operations("", kmsapi.AnyKey)
	slices.Sort(listed)
	slices.Sort(can)
	if !slices.Equal(listed, can) {
		t.Errorf("condkey has the operations\n%v\nand kmsapi\n%v", listed, can)
	}
}
