package search

import (
	"strings"
	"testing"
	"time"

	"github.com/kmsentry/kmsentry/detector/policy"
	"github.com/kmsentry/kmsentry/detector/policy/condkey"
	"github.com/kmsentry/kmsentry/detector/policy/decide/internal/compile"
	"github.com/kmsentry/kmsentry/detector/policy/decide/internal/textsolve"
)

// A request must differ from an unknown text only where it counts for sure.
func TestOrient(t *testing.T) {
	known, wide, fresh := compile.Exactly("a"), compile.Exactly("a", "b"), compile.Exactly("a", "c")
	o := &compile.UnknownSet{Known: known, Wide: wide, Fresh: fresh, One: 1}
	for _, row := range []struct {
		name     string
		Mode     compile.Mode
		wide     bool
		freshWho bool
		want     *compile.ValueSet
		apart    int
	}{
		{"in, whenever it may be", compile.EachIn, true, false, wide, 0},
		{"in, by a stranger", compile.SomeIn, true, true, fresh, 0},
		{"in for sure", compile.EachIn, false, false, known, 0},
		{"out, whenever it may be", compile.EachOut, true, false, known, 0},
		{"out for sure, of one text", compile.EachOut, false, false, known, 1},
	} {
		s := &Search{RequestKind: &RequestKind{c: NewSpace(&compile.Policy{}, time.Time{}, nil)}, Reach: Reach{FreshWho: row.freshWho}}
		got := s.orient(compile.Literal{Slot: compile.SlotAccount, Mode: row.Mode, Set: &compile.ValueSet{Unknown: o}}, row.wide)
		if got.Set != row.want || got.Mode != row.Mode || len(s.Apart) != row.apart {
			t.Errorf("%s: %d patterns, mode %v, apart %v", row.name, len(got.Set.Patterns), got.Mode, s.Apart)
		}
	}
	o.One = 0
	s := &Search{RequestKind: &RequestKind{c: NewSpace(&compile.Policy{}, time.Time{}, nil)}}
	if got := s.orient(compile.Literal{Slot: compile.SlotAccount, Mode: compile.EachOut, Set: &compile.ValueSet{Unknown: o}}, false); got.Set != wide || s.Apart != nil {
		t.Errorf("out for sure, of many texts: %d patterns, apart %v", len(got.Set.Patterns), s.Apart)
	}
}

// TestDenyEscapes: whom a Deny covers, by its principals alone, and what takes a
// caller out of them.
func TestDenyEscapes(t *testing.T) {
	const role, session = "arn:aws:iam::444455556666:role/ci", "arn:aws:sts::444455556666:assumed-role/ci/run"
	not := func(statement string) string {
		return strings.Replace(statement, `"Principal"`, `"NotPrincipal"`, 1)
	}
	for _, row := range []struct {
		name, statement, account, arn, session string
		sure                                   bool
		applies                                bool
		moves                                  int
	}{
		{"everybody", deny(``), friend, role, "run", true, true, 0},
		{"the caller's account", to(deny(``), friend), friend, role, "run", true, true, 1},
		{"another account", to(deny(``), "555566667777"), friend, role, "run", true, false, 0},
		{"the caller's role", to(deny(``), role), friend, role, "run", true, true, 1},
		{"another role", to(deny(``), role+"x"), friend, role, "run", true, false, 0},
		{"the caller's session", to(deny(``), session), friend, role, "run", true, true, 3}, // account, role, or name
		{"another session of the role", to(deny(``), session), friend, role, "other", true, false, 0},
		{"all but another account, beyond doubt", not(to(deny(``), "555566667777")), friend, role, "run", true, true, 0},
		{"all but the caller's account, in doubt", not(to(deny(``), friend)), friend, role, "run", false, false, 0},
		{"all but the caller's account, beyond doubt", not(to(deny(``), friend)), friend, role, "run", true, true, 0},
		{"all but the caller with all that it is, beyond doubt", not(to(deny(``), friend, role, session)), friend, role, "run", true, false, 0},
		{"all but another session, beyond doubt", not(to(deny(``), friend, role, session)), friend, role, "other", true, true, 1},
		{"all but everybody", not(deny(``)), friend, role, "run", true, false, 0},
	} {
		c := spaceOf(t, aboutKey(), allow(``), row.statement)
		s := c.NewSearch(kindOf(t, c, "role"), Reach{}, row.sure)
		m := s.first.Clone()
		m.Set(compile.SlotAccount, row.account)
		m.Set(compile.SlotARN, row.arn)
		m.Set(compile.SlotName, "ci")
		m.Set(compile.SlotSession, row.session)
		applies, moves := s.DenyEscapes(&c.Statements[1], m)
		if applies != row.applies || len(moves) != row.moves {
			t.Errorf("%s: applies %v, %d moves, want %v, %d", row.name, applies, len(moves), row.applies, row.moves)
		}
		for _, move := range moves {
			if allLiteralsHold(move, m) {
				t.Errorf("%s: the caller has moved already", row.name)
			}
		}
	}
}

// A resource control policy stops no service-linked role; a key policy does.
func TestControlSparesServiceLinkedRoles(t *testing.T) {
	rcp, err := policy.ParseRCP([]byte(`{"Version":"2012-10-17","Statement":[{"Effect":"Deny","Principal":"*","Action":"kms:*","Resource":"*"}]}`))
	if err != nil {
		t.Fatal(err)
	}
	about := aboutKey()
	about.RCPs = []*policy.Policy{rcp}
	c := spaceOf(t, about, allow(``), deny(``))
	s := c.NewSearch(kindOf(t, c, "role"), Reach{}, true)
	for arn, want := range map[string]bool{
		"arn:aws:iam::999988887777:role/ci": true,
		"arn:aws:iam::999988887777:role/aws-service-role/autoscaling.amazonaws.com/AWSServiceRoleForAutoScaling": false,
	} {
		m := s.first.Clone()
		m.Set(compile.SlotARN, arn)
		if applies, _ := s.DenyEscapes(&c.Statements[2], m); applies != want {
			t.Errorf("the control policy stops %s: %v, want %v", arn, applies, want)
		}
		if applies, _ := s.DenyEscapes(&c.Statements[1], m); !applies {
			t.Errorf("the key policy does not stop %s", arn)
		}
	}
}

// TestUnknownPrincipals: whom an unknown principal of an Allow lets in, and whom
// one of a Deny stops, a search takes at its worst or its best.
func TestUnknownPrincipals(t *testing.T) {
	unknown := policy.Mark(0)
	inAccount := "arn:aws:iam::444455556666:role/" + unknown
	for _, row := range []struct {
		name       string
		statements []string
		reach      Reach
		sure, may  string
	}{
		{"an Allow of somebody", []string{to(allow(``), unknown)}, outsiders(), "none", "found"},
		{"an Allow of somebody in an account", []string{to(allow(``), inAccount)}, outsiders(), "none", "found"},
		{"an Allow of somebody in an account, who is no stranger", []string{to(allow(``), inAccount)}, strangers(), "none", "none"},
		{"a Deny of somebody", []string{allow(``), to(deny(``), unknown)}, outsiders(), "none", "found"},
		{"a Deny of somebody in an account", []string{allow(``), to(deny(``), inAccount)}, outsiders(), "found", "found"},
		{"a Deny of somebody in the only account", []string{to(allow(``), friend), to(deny(``), inAccount)}, outsiders(), "found", "found"},
	} {
		text := `{"Version":"2012-10-17","Statement":[` + strings.Join(row.statements, ",") + `]}`
		p, err := policy.ParsePartial([]byte(text), make([]policy.Unknown, 1))
		if err != nil {
			t.Fatal(err)
		}
		c := NewSpace(compile.New(p, condkey.Default(), aboutKey(), textsolve.NewBudget(1<<40, nil)), now(), nil)
		for _, sure := range []bool{true, false} {
			want := row.may
			if sure {
				want = row.sure
			}
			if got := outcome(c.NewSearch(kindOf(t, c, "role"), row.reach, sure)); got != want {
				t.Errorf("%s, sure %v: %s, want %s", row.name, sure, got, want)
			}
		}
	}
}

// TestEstranged: of which keys a stranger's values are none that the policy names.
func TestEstranged(t *testing.T) {
	const endpoint, tag, customer = "aws:SourceVpce", "aws:PrincipalTag/t", "aws:SourceAccount"
	c := spaceOf(t, aboutKey(), allow(`"Null":{"`+endpoint+`":"true","`+tag+`":"true","`+customer+`":"true"}`))
	for _, row := range []struct {
		name, kind string
		slot       int
		reach      Reach
		want       bool
	}{
		{"the account of an outsider", "role", compile.SlotAccount, outsiders(), false},
		{"the account of a stranger", "role", compile.SlotAccount, strangers(), true},
		{"the network of a stranger", "role", slotOf(t, c, endpoint), strangers(), false},
		{"the network of a stranger anywhere", "role", slotOf(t, c, endpoint), anywhere(), true},
		{"a tag of a stranger", "role", slotOf(t, c, tag), anywhere(), false},
		{"the customer of a service", "service", slotOf(t, c, customer), outsiders(), true},
		{"the customer of nobody", "role", slotOf(t, c, customer), anywhere(), false},
	} {
		if got := c.NewSearch(kindOf(t, c, row.kind), row.reach, true).estranged(row.slot); got != row.want {
			t.Errorf("%s: estranged %v, want %v", row.name, got, row.want)
		}
	}
}
