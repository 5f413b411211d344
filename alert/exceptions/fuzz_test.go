package exceptions

import (
	"errors"
	"reflect"
	"strings"
	"testing"
	"time"

	"go.yaml.in/yaml/v3"

	"github.com/kmsentry/kmsentry/detector/policy/decide"
	"github.com/kmsentry/kmsentry/detector/policy/kmsapi"
)

// seeds returns files of all sorts, valid and invalid.
func seeds() []string {
	return []string{
		"", "# nothing\n", "exceptions: []\n", "exceptions:\n", "exceptions: [\n", "exceptions:\n\t- name: a\n", "exceptions: [{name: a}]\n",
		byKeyAndHash, byKey, byResource, manyEntries(3, false), manyEntries(3, true),
		"exceptions:\n- name: a\n  match:\n    key:\n    - x\n    - y # z\n  reason: 'it''s'\n",
		"exceptions: # a\n  - name: \"a\"   # b\n    match: {key: [a, 'b', \"c\"], class: encrypt}\n",
		"exceptions:\n  - name: a\n    reason: one\n      two\n", "exceptions:\n  - name: a: b\n", "exceptions:\n  - name: a #b\n    owner: a# b\n",
		"exceptions:\n  - name:\n      a\n    match:\n      key: [ a , b ]\n", "a: &x 1\nb: *x\n", "a: *x\n", "--- \na: 1\n...\n---\nb: 2\n",
		"a: ~\nb: null\nc: True\nd: =\ne: <<\nf: .inf\ng: 0x1\nh: 1e3\ni: 2027-01-01\n", "a:\n  - b\n c: d\n", "a: 'b\n  c'\n", "a: \"\\u0041\"\n",
		"a: \xff\n", "a: \u2028b\n", "a: ü ß\n", "- a\n- - b\n- c: d\n", "a: [x, y,]\n", "a: [x:y, z#w, 'q']\n", "a:\r\n  b: c\r\n", "a: {b: c, d: [e, {f: 'g'}], h: \"i\"} # j\n", "a: {b: c}d\n", "a: [b]#c\n", "a: 'b'#c\n", "a: \"b\"#c\n", "a: {b : c}\n", "a: {b:c}\n", "a: {}\n", "a: {b: , c: d}\n", "a: ['b' c]\n", "a: [b]]\n", "a: b # c\n  d\n", "a: b\n\n  c\n", "a: b\n  # c\n  d\n", "a: b\n  c\n  d: e\n", "- a\n  b\n- c\n", "? a\n: b\n", "a: |\n  b\n", "!!str a: !x b\n",
		strings.Repeat("[", 2000), "exceptions: " + strings.Repeat("{a: ", 500),
	}
}

// What plain accepts, it reads as the YAML package does.
func FuzzPlain(f *testing.F) {
	for _, s := range seeds() {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, source string) {
		got, ok := plain(source)
		if !ok {
			return
		}
		var doc yaml.Node
		if err := yaml.Unmarshal([]byte(source), &doc); err != nil {
			t.Fatalf("plain accepts what is no YAML (%v):\n%s", err, source)
		}
		var want node
		if doc.Kind != 0 {
			want = convert(&doc)
		}
		if g, w := normal(got), normal(want); !reflect.DeepEqual(g, w) {
			t.Fatalf("plain reads\n%+v\nthe YAML package\n%+v\nof\n%s", g, w, source)
		}
	})
}

// normal removes differences that do not matter: the text of a null, and an empty
// list instead of nil.
func normal(n node) node {
	if n.kind == nothingKind {
		return node{kind: nothingKind}
	}
	items := n.items
	n.items = nil
	for _, item := range items {
		n.items = append(n.items, normal(item))
	}
	return n
}

// Load reads all of a file or returns Errors, each with a line of the file and on
// one line itself, and no entry is loaded without an owner, a reason and an expiry
// within a year.
func FuzzLoad(f *testing.F) {
	for _, s := range seeds() {
		f.Add(s)
	}
	for _, tt := range refused() {
		f.Add(tt.text)
	}
	f.Fuzz(func(t *testing.T, source string) {
		l, err := Load([]byte(source), now)
		if err == nil {
			for _, e := range l.entries {
				if e.name == "" || e.reason == "" || e.owner == "" || e.end.After(now.AddDate(1, 0, 2)) {
					t.Fatalf("entry %+v", e)
				}
				if e.match[key] == nil && e.match[policySHA256] == nil && e.match[resource] == nil {
					t.Fatalf("entry %+v names nothing", e)
				}
			}
			return
		}
		var faults Errors
		if l != nil || !errors.As(err, &faults) || len(faults) == 0 {
			t.Fatalf("Load = %v, %v", l, err)
		}
		for _, fault := range faults {
			text := fault.Error()
			if fault.Line < 1 || fault.Line > 1+strings.Count(source, "\n")+strings.Count(source, "\r") || strings.ContainsAny(text, "\n\r") {
				t.Fatalf("fault %+v: %q of %q", fault, text, source)
			}
		}
	})
}

// The invariants of Match, over small lists and subjects made from bytes:
//
//   - a list holds back what one of its entries holds back and nothing else, so that
//     adding an entry changes nothing about subjects that the entry does not cover
//   - an expired entry holds nothing back
//   - what is held back stays so when a class becomes private, and when a statement
//     is no longer to blame
//   - a subject with HashOnly is held back only by an entry with its hash
func FuzzMatch(f *testing.F) {
	f.Add([]byte{1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20}, uint16(7), uint8(1))
	f.Add([]byte{0, 0, 0, 0, 0, 0, 0, 0}, uint16(0), uint8(0))
	f.Add([]byte("\x0f\x0f\x0f\x0f\x0f\x0f\x0f\x0f\x0f\x0f\x0f\x0f"), uint16(0xffff), uint8(3))
	f.Fuzz(func(t *testing.T, made []byte, about uint16, more uint8) {
		entries := entriesFrom(made)
		s := subjectFrom(about)
		whole := newList(entries)
		covered := ""
		for _, e := range entries {
			if covered == "" && newList([]entry{e}).Match(s, now).By != "" {
				covered = e.name
			}
		}
		held := whole.Match(s, now)
		if held.By != covered {
			t.Fatalf("the list holds by %q, its entries by %q", held.By, covered)
		}
		if late := whole.Match(s, now.AddDate(2, 0, 0)); late.By != "" || (held.By != "") != (len(late.Expired) > 0) && len(held.Expired) == 0 {
			t.Fatalf("two years later %+v, today %+v", late, held)
		}
		if held.By == "" {
			return
		}
		if e := entries[nameIndex(held.By)]; !now.Before(e.end) {
			t.Fatalf("held by %+v, which has expired", e)
		}
		if s.HashOnly || s.Key == "" && s.Resource == "" {
			if e := entries[nameIndex(held.By)]; !e.has(policySHA256, s.PolicySHA256) || e.match[policySHA256] == nil {
				t.Fatalf("%+v is held by %+v without its hash", s, e)
			}
		}
		better := s
		better.Classes = map[kmsapi.Class]decide.Verdict{}
		for c, v := range s.Classes {
			better.Classes[c] = v
		}
		if c := kmsapi.Classes()[int(more)%3]; len(better.Classes) > 0 {
			better.Classes[c] = decide.Private
		}
		if len(s.StatementSids) > 1 {
			better.StatementSids = s.StatementSids[:1]
		}
		if whole.Match(better, now).By == "" {
			t.Fatalf("%+v is held and the better %+v is not", s, better)
		}
	})
}

// pick returns none, one or both of two values, as two bits say.
func pick(bits byte, a, b string) []string {
	switch bits & 3 {
	case 0:
		return nil
	case 1:
		return []string{a}
	case 2:
		return []string{b}
	default:
		return []string{a, b}
	}
}

// entriesFrom makes an entry of each three bytes.
func entriesFrom(made []byte) []entry {
	var list []entry
	for i := 0; i+2 < len(made) && len(list) < 20; i += 3 {
		a, b, c := made[i], made[i+1], made[i+2]
		e := entry{name: string(rune('a' + len(list))), reason: "r", owner: "o", end: now.Add(time.Hour), worst: decide.Public}
		if c&128 != 0 {
			e.end = now
		}
		e.match[policySHA256] = pick(a, hashOf(1), hashOf(2))
		e.match[key] = pick(a>>2, keyOf(1), keyOf(2))
		e.match[resource] = pick(a>>4, "a", "b")
		e.match[class] = pick(a>>6, "encrypt", "use")
		if e.match[verdict] = pick(b, "network", "shared"); e.match[verdict] != nil {
			e.worst = worstOf(e.match[verdict])
		}
		e.match[statementSid] = pick(b>>2, "One", "Two")
		e.match[eventName] = pick(b>>4, "CreateKey", "PutKeyPolicy")
		e.match[account] = pick(b>>6, "111122223333", "444455556666")
		e.match[region] = pick(c, "eu-west-1", "us-east-1")
		e.match[actorRole] = pick(c>>2, "arn:aws:iam::111122223333:role/x/deploy", "deploy")
		if e.match[policySHA256] != nil || (e.match[key] != nil || e.match[resource] != nil) && e.match[verdict] != nil && e.match[class] != nil {
			list = append(list, e)
		}
	}
	return list
}

func nameIndex(name string) int { return int(name[0] - 'a') }

// subjectFrom makes a subject of the bits of about.
func subjectFrom(about uint16) Subject {
	bit := func(i int) bool { return about>>i&1 == 1 }
	s := Subject{Account: "111122223333", Region: "eu-west-1", EventName: "CreateKey", ActorRole: "arn:aws:iam::111122223333:role/x/deploy", Classes: map[kmsapi.Class]decide.Verdict{}}
	if bit(0) {
		s.PolicySHA256 = hashOf(1)
	}
	if bit(1) {
		s.Key = keyOf(1)
	}
	if bit(2) {
		s.Resource = "a"
	}
	s.HashOnly = bit(3)
	s.Classes[Encrypt] = decide.Verdict(about >> 4 & 3)
	if bit(6) {
		s.Classes[Use] = decide.Verdict(about >> 7 & 3)
	}
	if bit(9) {
		s.StatementSids = []string{"One"}
	}
	if bit(10) {
		s.StatementSids = append(s.StatementSids, "Two")
	}
	return s
}

func newList(entries []entry) *List {
	l := &List{byHash: map[string][]int32{}, byKey: map[string][]int32{}, byResource: map[string][]int32{}}
	for _, e := range entries {
		l.add(e)
	}
	return l
}

// What Form returns, filled in, loads and accepts its subject, but no worse policy
// of the same key or file and no other policy when it has a hash.
func FuzzForm(f *testing.F) {
	f.Add(keyOf(1), hashOf(1), "stacks/a.yaml#Key", uint8(4), uint8(1), false)
	f.Add("", "", "a b/ü \"x\" 'y' \\ # z: w#K", uint8(3), uint8(0), false)
	f.Add("arn:aws:kms:x", hashOf(1), "null", uint8(0), uint8(9), true)
	f.Add("", "", "~", uint8(1), uint8(2), false)
	f.Fuzz(func(t *testing.T, keyARN, hash, where string, encrypt, use uint8, hashOnly bool) {
		s := Subject{Key: keyARN, PolicySHA256: hash, Resource: where, HashOnly: hashOnly, Classes: map[kmsapi.Class]decide.Verdict{Encrypt: decide.Verdict(encrypt % 5)}}
		if use < 5 {
			s.Classes[Use] = decide.Verdict(use)
		}
		form := Form(s, now)
		if form == "" {
			if isSHA256(hash) {
				t.Fatalf("no form for %+v", s)
			}
			return
		}
		l, err := Load([]byte("exceptions:\n"+filledIn(form)), now)
		if err != nil {
			t.Fatalf("%v in\n%s", err, form)
		}
		if l.Match(s, now).By == "" {
			t.Fatalf("%+v is not held by\n%s", s, form)
		}
		other := s
		other.PolicySHA256 = hashOf(99)
		if isSHA256(hash) && hash != hashOf(99) && l.Match(other, now).By != "" {
			t.Fatalf("another policy is held by\n%s", form)
		}
		other = s
		other.Classes = map[kmsapi.Class]decide.Verdict{Encrypt: decide.Public, Use: decide.Public, Other: decide.Public}
		if !isSHA256(hash) && l.Match(other, now).By != "" {
			t.Fatalf("more than %+v is held by\n%s", s, form)
		}
	})
}

// filledIn returns form with a reason and an owner.
func filledIn(form string) string {
	return strings.NewReplacer("reason:\n", "reason: reviewed\n", "owner:\n", "owner: storage team\n").Replace(form)
}
