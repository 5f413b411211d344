package policy

import (
	"fmt"
	"os"
	"slices"
	"testing"
)

func TestZZDbg(t *testing.T) {
	if os.Getenv("DBG")+os.Getenv("DBGSEED")+os.Getenv("DBGFILE") == "" {
		t.Skip()
	}
	if os.Getenv("DBG")+os.Getenv("DBGSEED")+os.Getenv("DBGFILE") == "" {
		t.Skip()
	}
	var text string
	if f := os.Getenv("DBGFILE"); f != "" {
		b, _ := os.ReadFile(f)
		text = string(b)
	} else if s := os.Getenv("DBGSEED"); s != "" {
		var n uint64
		fmt.Sscan(s, &n)
		text = string(newGenerator(n).policy())
		fmt.Println(text)
	} else {
		text = hardPolicies()[os.Getenv("DBG")]
	}
	p := mustParse([]byte(text))
	d := newDecider(p.compile(dbgQuestion(), "aws", false, newBudget(nil)))
	steps := MaxSteps
	last := 0
	d.b.divide(steps, d.parts()...)
	step := func(name string, p stage, f func()) {
		d.b.begin(p)
		l := d.b.left
		f()
		fmt.Println(name, "may", l, "spent", d.b.spent-last)
		last = d.b.spent
	}
	var dec Decision
	step("plain", partPlain, func() { d.plain(slices.Concat(weighty(), asksOf(ClassOther))) })
	step("outcomes", partOutcomes, func() { dec = d.classes() })
	for k, o := range d.outcomes {
		fmt.Printf("  %.60q %v scenes %d level %v intricate %v most %v", k, o.ask, len(o.scenes), o.level, o.intricate, o.most)
		if o.public != nil {
			fmt.Print(" begun ", o.public.begun, " pending ", len(o.public.pending))
		}
		fmt.Println(o.open)
	}
	step("names", partGrants, func() { d.grants(&dec) })
	step("owner", partOwner, func() { dec.Owner = p.ownerOf(surroundings(), "aws", d.b) })
	step("services", partServices, func() { dec.Services = d.services() })
	step("future", partFuture, func() { d.later(&dec) })
	if d.q.Blame {
		step("blame", partBlame, func() { d.openers(&dec) })
	}
	if d.q.Explain {
		step("notes", partNotes, func() { d.notes(dec.Verdict) })
	}
}

func dbgQuestion() Question {
	q := surroundings()
	q.Explain, q.Blame = os.Getenv("DBGX") != "", os.Getenv("DBGX") != ""
	return q
}
