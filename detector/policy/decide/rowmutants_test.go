package decide

import (
	"bufio"
	"flag"
	"fmt"
	"math/rand/v2"
	"os"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/kmsentry/kmsentry/detector/policy"
	"github.com/kmsentry/kmsentry/detector/policy/condkey"
	"github.com/kmsentry/kmsentry/detector/policy/decide/internal/search"
	"github.com/kmsentry/kmsentry/detector/policy/kmsapi"
)

var (
	rowMutants = flag.Int("rowmutants", 150, "how many mutants of condkey's rows TestRowMutants tries; 0 for all")
	rowSeed    = flag.Uint64("rowseed", 1, "chooses them")
)

// rowSurvivors lists the mutants that change no answer, each with the reason.
const rowSurvivors = "testdata/row_survivors.tsv"

// A rowMutant is a change to one column of one row, or to a rule.
type rowMutant struct {
	name  string
	row   string // the row's name; "" for a rule
	rows  []condkey.Row
	rules []condkey.Rule
}

// allRowMutants lists the mutants, in the order of the rows.
func allRowMutants() []rowMutant {
	var all []rowMutant
	table := condkey.Default()
	add := func(i int, what string, change func(*condkey.Row)) {
		rows := table.Rows()
		name := rows[i].Name
		change(&rows[i])
		all = append(all, rowMutant{name + " " + what, name, rows, table.Rules()})
	}
	for i, row := range table.Rows() {
		rows := slices.Delete(table.Rows(), i, i+1)
		all = append(all, rowMutant{row.Name + " no row", row.Name, rows, table.Rules()})
		mutateRow(row, func(what string, change func(*condkey.Row)) { add(i, what, change) })
		for j, c := range row.Cases {
			mutateCase(c, func(what string, change func(*condkey.Case)) {
				if changed := table.Rows()[i]; covers(what) {
					if change(&changed.Cases[j]); coverage(&changed) == coverage(&row) {
						return // an earlier case covers the requests, or there are no such: the row is the same
					}
				}
				add(i, fmt.Sprintf("case %d %s", j, what), func(r *condkey.Row) { change(&r.Cases[j]) })
			})
			add(i, fmt.Sprintf("case %d gone", j), func(r *condkey.Row) { r.Cases = slices.Delete(r.Cases, j, j+1) })
		}
	}
	for i, rule := range table.Rules() {
		name := fmt.Sprintf("rule %v", rule.Keys)
		all = append(all, rowMutant{name + " gone", "", table.Rows(), slices.Delete(table.Rules(), i, i+1)})
		for kind := condkey.Together; kind <= condkey.Needs; kind++ {
			if kind != rule.Kind {
				rules := table.Rules()
				rules[i].Kind = kind
				all = append(all, rowMutant{fmt.Sprintf("%s kind %d", name, kind), "", table.Rows(), rules})
			}
		}
	}
	return all
}

// covers reports whether a mutant changes only which requests a case covers.
func covers(what string) bool {
	return strings.HasPrefix(what, "callers ") || strings.HasPrefix(what, "paths ") || strings.HasSuffix(what, "credentials")
}

// coverage says, for every kind of request that there is, which case of the row
// covers it. A service that acts for itself calls directly.
func coverage(r *condkey.Row) string {
	var b strings.Builder
	for _, k := range requestKinds() {
		kind := (&search.Space{}).NewKind(k.caller, k.temp, k.path, kmsapi.Ask{Action: k.action}, kmsapi.AnyKey).Kind
		at := slices.IndexFunc(r.Cases, func(c condkey.Case) bool {
			one := condkey.Row{Cases: []condkey.Case{c}}
			return one.Case(kind) != nil
		})
		b.WriteByte(byte('a' + at))
	}
	return b.String()
}

func mutateRow(r condkey.Row, add func(string, func(*condkey.Row))) {
	add("multi", func(r *condkey.Row) { r.Multi = !r.Multi })
	for bit := condkey.String; bit <= condkey.IP; bit <<= 1 {
		add(fmt.Sprintf("type %b", bit), func(r *condkey.Row) { r.Types ^= bit })
	}
	if r.Names != condkey.Nobody {
		add("names nobody", func(r *condkey.Row) { r.Names = condkey.Nobody })
	}
	if r.Reads != 0 {
		add("reads nothing", func(r *condkey.Row) { r.Reads = 0 })
	}
	if r.Tie != condkey.TieNone {
		add("untied", func(r *condkey.Row) { r.Tie = condkey.TieNone })
	}
	if r.Reserved != "" {
		add("nothing reserved", func(r *condkey.Row) { r.Reserved = "" })
	}
	if r.Family == condkey.Prefix && r.Part != "" {
		add("any part", func(r *condkey.Row) { r.Part = "" })
	}
	if r.Parts != nil {
		add("any of the parts", func(r *condkey.Row) { r.Parts = nil })
		add("without the last part", func(r *condkey.Row) { r.Parts = r.Parts[:len(r.Parts)-1] })
	}
	for i, old := range r.Old {
		add("without "+old, func(r *condkey.Row) { r.Old = slices.Delete(r.Old, i, i+1) })
	}
}

func mutateCase(c condkey.Case, add func(string, func(*condkey.Case))) {
	for _, is := range []condkey.Presence{condkey.Never, condkey.Always, condkey.Chosen, condkey.MayLack, condkey.MayHave, condkey.Unsaid} {
		if is != c.Is {
			add(fmt.Sprintf("presence %d", is), func(c *condkey.Case) { c.Is = is })
		}
	}
	callers := c.Callers
	if callers == 0 {
		callers = condkey.People
	}
	for bit := condkey.Role; bit <= condkey.Service; bit <<= 1 {
		if callers != bit {
			add(fmt.Sprintf("callers %b", bit), func(c *condkey.Case) { c.Callers = callers ^ bit })
		}
	}
	paths := c.Paths
	if paths == 0 {
		paths = condkey.Direct | condkey.Through
	}
	for bit := condkey.Public; bit <= condkey.MCP; bit <<= 1 {
		if paths != bit && callers != condkey.Service {
			add(fmt.Sprintf("paths %b", bit), func(c *condkey.Case) { c.Paths = paths ^ bit })
		}
	}
	if c.Creds != condkey.AnyCredentials {
		add("any credentials", func(c *condkey.Case) { c.Creds = condkey.AnyCredentials })
	}
	if c.Actions != nil {
		add("any action", func(c *condkey.Case) { c.Actions = nil })
	}
	for i, action := range c.Actions {
		add("without "+action, func(c *condkey.Case) { c.Actions = slices.Delete(c.Actions, i, i+1) })
	}
	mutateValues(c.Values, func(what string, change func(*condkey.Values)) {
		add(what, func(c *condkey.Case) { change(&c.Values) })
	})
}

func mutateValues(v condkey.Values, add func(string, func(*condkey.Values))) {
	lists := func(v *condkey.Values) map[string]*[]string {
		return map[string]*[]string{"value": &v.Of, "shape": &v.Shapes, "perhaps": &v.MaybeOf, "perhaps shape": &v.MaybeShapes, "doubtful": &v.Doubtful}
	}
	for _, kind := range []string{"value", "shape", "perhaps", "perhaps shape", "doubtful"} {
		for i, text := range *lists(&v)[kind] {
			add(fmt.Sprintf("without %s %.60q", kind, text), func(v *condkey.Values) {
				list := lists(v)[kind]
				*list = slices.Delete(*list, i, i+1)
			})
		}
	}
	if v.Of != nil {
		add("another value", func(v *condkey.Values) { v.Of = append(v.Of, "another-value") })
	}
	if v.Numbers {
		add("lo less", func(v *condkey.Values) { v.Lo-- })
		add("lo more", func(v *condkey.Values) { v.Lo++ })
		add("hi less", func(v *condkey.Values) { v.Hi-- })
		add("hi more", func(v *condkey.Values) { v.Hi++ })
	}
	for a := condkey.PublicAddresses; a <= condkey.IPv4Addresses; a++ {
		if v.Addresses != condkey.NoAddresses && v.Addresses != a {
			add(fmt.Sprintf("addresses %d", a), func(v *condkey.Values) { v.Addresses = a })
		}
	}
	if v.Fact != 0 {
		add("no fact", func(v *condkey.Values) { v.Fact = 0 })
	}
	if v.Known != nil {
		add("all known", func(v *condkey.Values) { v.Known = nil })
		add("none known", func(v *condkey.Values) { v.Known = []string{"nothing"} })
	}
}

// noticed reports whether a case of the corpus or a fact fails under the mutant.
func (m *rowMutant) noticed(t *testing.T, cases []rowCase, facts []keyFact) (yes bool) {
	defer func() {
		if recover() != nil {
			yes = true
		}
	}()
	keys, err := condkey.New(m.rows, m.rules)
	if err != nil {
		return true
	}
	mine := func(name string) bool {
		return m.row == "" || strings.Contains(m.name, name) || strings.HasPrefix(name, m.row)
	}
	for _, c := range cases {
		if slices.ContainsFunc(c.Keys, mine) && c.judge(t, keys, c.policy) != "" {
			return true
		}
	}
	for i := range facts {
		if f := &facts[i]; (m.row == "" || strings.HasPrefix(f.Key, m.row) || strings.HasSuffix(f.Key, m.row)) && f.fault(t, keys) != "" {
			return true
		}
	}
	for _, c := range cases { // cases that are about other keys, but may turn on this one
		if !slices.ContainsFunc(c.Keys, mine) && (m.row == "" || strings.Contains(c.folded, strings.ToLower(m.row))) && c.judge(t, keys, c.policy) != "" {
			return true
		}
	}
	return false
}

// A rowCase is a case of the corpus, parsed.
type rowCase struct {
	corpusCase
	policy *policy.Policy
	folded string
}

// TestRowMutants changes the rows of condkey, one column at a time: each change
// fails a case or a fact, or is listed with the reason why it changes no answer.
func TestRowMutants(t *testing.T) {
	all := allRowMutants()
	if len(all) < 1000 {
		t.Fatalf("%d mutants, want more: are the rows there?", len(all))
	}
	listed := readRowSurvivors(t, all)
	var cases []rowCase
	for _, c := range readWholeCorpus(t) {
		if p, err := policy.Parse(c.text()); err == nil && !c.Malformed {
			cases = append(cases, rowCase{c, p, strings.ToLower(string(c.text()))})
		}
	}
	facts := readKeyFacts(t)
	chosen := all
	if n := *rowMutants; n > 0 && n < len(all) {
		rng := rand.New(rand.NewPCG(*rowSeed, 0))
		rng.Shuffle(len(chosen), func(i, j int) { chosen[i], chosen[j] = chosen[j], chosen[i] })
		chosen = chosen[:n]
	}
	survive := make([]bool, len(chosen))
	var wg sync.WaitGroup
	next := make(chan int)
	for range runtime.GOMAXPROCS(0) {
		wg.Go(func() {
			for i := range next {
				survive[i] = !chosen[i].noticed(t, cases, facts)
			}
		})
	}
	for i := range chosen {
		next <- i
	}
	close(next)
	wg.Wait()
	lives := 0
	for i, m := range chosen {
		if survive[i] {
			lives++
			if listed[m.name] == "" {
				t.Errorf("nothing notices %s\t(add a case, or a line to %s)", m.name, rowSurvivors)
			}
		}
	}
	t.Logf("%d of %d mutants tried, %d survive", len(chosen), len(all), lives)
}

// readRowSurvivors reads the list: a mutant's name, a tab, the reason. A line
// about a mutant that is none any more is an error.
func readRowSurvivors(t *testing.T, all []rowMutant) map[string]string {
	t.Helper()
	f, err := os.Open(rowSurvivors)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	names := map[string]bool{}
	for _, m := range all {
		names[m.name] = true
	}
	list := map[string]string{}
	for lines := bufio.NewScanner(f); lines.Scan(); {
		if line := lines.Text(); line != "" && !strings.HasPrefix(line, "#") {
			name, reason, _ := strings.Cut(line, "\t")
			if reason == "" || !names[name] {
				t.Errorf("%s: %q: want a mutant of the rows, a tab and a reason", rowSurvivors, line)
			}
			list[name] = reason
		}
	}
	return list
}
