package detector

import (
	"bytes"
	"encoding/json"
	"slices"

	"github.com/kmsentry/kmsentry/detector/policy"
	"github.com/kmsentry/kmsentry/detector/policy/decide"
	"github.com/kmsentry/kmsentry/internal/strictjson"
)

// maxRounds is how often, at most, blame looks for further open statements.
const maxRounds = 8

// blame returns the indexes of the statements of p, f's policy, that open the
// key, and the policy without the Allows among them. A decision names only the
// statements that open the key as wide as its verdict says. Others may open it
// less wide, so blame removes what it found and decides the rest, until that is
// private or the step limit of one decision is spent.
//
// The statement that takes the key away from its owner is among the places, but
// stays in the repaired policy.
//
// repaired is indented JSON. It is "" unless it certainly repairs the policy:
// when the rest still lets outsiders in, now or later, when it leaves unsure
// whether the owner can change the policy again, or when nobody in the owner's
// account could put it in force. q is the question that f answers.
func blame(f *Finding, p *policy.Policy, q decide.Question) (places []int, repaired string) {
	kept := make([]int, len(p.Statements)) // indexes in p of the statements of rest
	for i := range kept {
		kept[i] = i
	}
	q.MaxSteps = decide.MaxSteps
	rest, d := p, atItsWorst(p, &q, f.Decision)
	for range maxRounds {
		var drop []int
		for _, i := range offending(d, len(kept)) {
			places = append(places, kept[i])
			if rest.Statements[i].Effect == policy.Allow {
				drop = append(drop, i)
			}
		}
		for _, i := range slices.Backward(drop) {
			kept = slices.Delete(kept, i, i+1)
		}
		if len(drop) == 0 || len(kept) == 0 || q.MaxSteps <= 0 {
			break
		}
		text := only(f.Policy.Text, kept)
		var err error
		if rest, err = policy.Parse([]byte(text)); err != nil {
			break
		}
		now := decideOn(rest, &q)
		d = atItsWorst(rest, &q, now)
		if d.Verdict == decide.Private && d.Future == nil && keeps(now.Owner) && !f.OwnerLocked {
			repaired = text
		}
		if d.Verdict == decide.Private || d.Verdict == decide.Shared && f.Verdict != decide.Shared {
			break
		}
	}
	places = append(places, f.ownersLoss(len(p.Statements))...)
	slices.Sort(places)
	return slices.Compact(places), repaired
}

// ownersLoss returns the index of the statement that takes the key away from
// its owner's account; none when no statement does, or its index is not below
// count.
func (f *Finding) ownersLoss(count int) []int {
	o := f.Decision.Owner
	at := -1
	switch {
	case f.locks(), f.Bypassed() && o.Manage != decide.AccessYes:
		at = o.ManageBlame.Statement.Index
	case f.Bypassed():
		at = o.DecryptBlame.Statement.Index
	}
	if at < 0 || at >= count {
		return nil
	}
	return []int{at}
}

// decideOn decides p and subtracts the steps that took from q.MaxSteps.
func decideOn(p *policy.Policy, q *decide.Question) decide.Decision {
	d := decide.Decide(p, *q)
	q.MaxSteps -= d.Steps
	return d
}

// atItsWorst returns d, the decision on p. When d is private, it returns instead
// the decision without resource control policies or, if d names a later time at
// which the policy opens, the decision at that time.
func atItsWorst(p *policy.Policy, q *decide.Question, d decide.Decision) decide.Decision {
	if d.Verdict == decide.Private && d.Unguarded != nil {
		return *d.Unguarded
	}
	if d.Verdict == decide.Private && d.Future != nil && q.MaxSteps > 0 {
		at := q.At
		q.At = d.Future.At
		d = decideOn(p, q)
		q.At = at
	}
	return d
}

// only returns the policy text with only the statements at the given places, its
// members in their order, indented; "" when Statement is not a list, or the text
// is not one JSON object.
func only(text string, places []int) string {
	doc, err := readDocument([]byte(text))
	if err != nil {
		return ""
	}
	var b bytes.Buffer
	separator := byte('{')
	for _, m := range doc.members {
		b.WriteByte(separator)
		separator = ','
		writeName(&b, m.Name)
		if m.Name != "Statement" {
			b.Write(m.Value.Raw())
			continue
		}
		if m.Value.Kind() != strictjson.Array {
			return "" // the only statement is the one to drop
		}
		b.WriteByte('[')
		b.Write(bytes.Join(pick(m.Value, places), []byte(",")))
		b.WriteByte(']')
	}
	b.WriteByte('}')
	var indented bytes.Buffer
	if json.Indent(&indented, b.Bytes(), "", "  ") != nil {
		return ""
	}
	return indented.String()
}

// pick returns the elements of a list at the given places, as written, and skips
// places beyond its end.
func pick(v strictjson.Value, places []int) [][]byte {
	list := slices.Collect(v.Elements())
	var picked [][]byte
	for _, i := range places {
		if i < len(list) {
			picked = append(picked, list[i].Raw())
		}
	}
	return picked
}

// writeName writes a member's name and a colon.
func writeName(b *bytes.Buffer, name string) {
	literal, err := json.Marshal(name)
	if err != nil {
		literal = []byte(`""`) // not reached: a string always marshals
	}
	b.Write(literal)
	b.WriteByte(':')
}

// keeps reports whether the owner's account can certainly change the policy.
func keeps(o decide.Owner) bool {
	return o.Manage == decide.AccessYes || o.Manage == decide.AccessNamed
}
