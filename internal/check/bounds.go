package check

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/kmsentry/kmsentry/detector/policy"
	"github.com/kmsentry/kmsentry/detector/policy/decide"
	"github.com/kmsentry/kmsentry/internal/load"
)

// decideReadings decides every policy that the document can turn out to have: one, or
// one for each case that its template leaves open.
func (c *Result) decideReadings(d *load.Document, o Options) {
	var all []decide.Decision
	for _, r := range d.Readings {
		p, err := parseReading(r, o.Strict)
		if err != nil {
			c.err = err
			var problem *policy.ParseError
			if errors.As(err, &problem) {
				c.err = errors.New("key policy: " + problemText(problem))
			}
			return
		}
		c.infer(p, d.Bypass)
		if c.texts == nil {
			c.keepTexts(p)
		}
		c.problems(p)
		c.suspect(p)
		if d.Exact() {
			sum := sha256.Sum256(r.Text)
			c.SHA256, c.policy, c.rcps = hex.EncodeToString(sum[:]), p, o.RCPs
		}
		all = append(all, decide.Decide(p, c.question(d, o)))
		if len(d.Readings) == 1 {
			c.ifOwned(p, d, o)
		}
	}
	c.Decision = all[0]
	if len(all) > 1 {
		c.join(d, all)
	}
	if least, most := c.Decision.Least, c.Decision.Most; least != most {
		c.between = between(least, most)
	}
}

// between returns a clause for a verdict that lies between two.
func between(least, most decide.Verdict) string { return fmt.Sprintf("between %s and %s", least, most) }

// parseReading parses one policy. If strict is set, a part that cannot be read is an
// error.
func parseReading(r load.Reading, strict bool) (*policy.Policy, error) {
	if !strict {
		return policy.ParsePartial(r.Text, r.Open)
	}
	if r.Open == nil {
		return policy.ParseStrict(r.Text)
	}
	p, err := policy.ParsePartial(r.Text, r.Open)
	if err != nil {
		return nil, err
	}
	for _, u := range p.Unknown {
		if u.Problem != nil {
			return nil, u.Problem
		}
	}
	return p, nil
}

// suspect adds a note when p does not look like a key policy.
func (c *Result) suspect(p *policy.Policy) {
	lacks := func(u policy.Unknown) bool { return u.Problem != nil && u.Problem.Want == "Principal or NotPrincipal" }
	if n := len(p.Statements); n > 0 && len(slices.DeleteFunc(slices.Clone(p.Unknown), func(u policy.Unknown) bool { return !lacks(u) })) == n {
		c.Notes = append(c.Notes, noPrincipal)
		return
	}
	about := func(action string) bool {
		service, _, ok := strings.Cut(action, ":")
		return !ok || strings.EqualFold(service, "kms") || strings.Trim(strings.ToLower(service), "abcdefghijklmnopqrstuvwxyz0123456789-") != ""
	}
	for i := range p.Statements {
		if s := &p.Statements[i]; s.NotAction || slices.ContainsFunc(s.Actions, about) {
			return
		}
	}
	if len(p.Statements) > 0 && !slices.Contains(c.Notes, noKMSAction) {
		c.Notes = append(c.Notes, noKMSAction)
	}
}

const noPrincipal = "no statement has a Principal: is this an IAM policy?"

const noKMSAction = "no statement names a kms action: is this a key policy?"

// problems records the parts of p that could not be read, each once.
func (c *Result) problems(p *policy.Policy) {
	for _, u := range p.Unknown {
		if u.Problem == nil {
			continue
		}
		note := "not read: " + problemText(u.Problem)
		if !slices.Contains(c.unread, note) {
			c.unread = append(c.unread, note)
		}
	}
}

// problemText returns what the parser expected and found, and where.
func problemText(p *policy.ParseError) string {
	return fmt.Sprintf("%s: expected %s, found %s at line %d of the policy", cmp.Or(p.Path, "the document"), p.Want, p.Got, p.Line)
}

// join combines the decisions about the cases of a template in c.Decision: its bounds
// are the least of the best case and the most of the worst.
func (c *Result) join(d *load.Document, all []decide.Decision) {
	j := &c.Decision
	least, most := j.Least, j.Most
	for _, o := range all[1:] {
		least, most = min(least, o.Least), max(most, o.Most)
		for i := range j.Classes {
			j.Classes[i] = joinBounds(j.Classes[i], o.Classes[i])
		}
		if o.Owner.Manage != j.Owner.Manage {
			j.Owner = decide.Owner{Decrypt: j.Owner.Decrypt, DecryptBlame: j.Owner.DecryptBlame, ManageBlame: unknownValue()}
		}
		if o.Owner.Decrypt != j.Owner.Decrypt {
			j.Owner.Decrypt, j.Owner.DecryptBlame = decide.AccessUndecided, unknownValue()
		}
		for _, u := range o.Undecided {
			if !slices.Contains(j.Undecided, u) {
				j.Undecided = append(slices.Clone(j.Undecided), u)
			}
		}
		for _, u := range o.Unknown {
			if !slices.Contains(j.Unknown, u) {
				j.Unknown = append(slices.Clone(j.Unknown), u)
			}
		}
	}
	b := decide.Between(least, most)
	j.Verdict, j.Least, j.Most = b.Verdict, b.Least, b.Most
	if least == most {
		j.Undecided = nil
		c.Notes = append(c.Notes, "the verdict holds whatever the template's unknown values are; the details are those of one case")
		return
	}
	j.Grants, j.Others, j.Statements = nil, nil, nil // what one case certainly opens, another may not
	var cases []decide.Doubt
	for _, u := range d.Unknown {
		if u.Statement < 0 && u.Path == "" {
			cases = append(cases, decide.Doubt{Statement: decide.StatementRef{Index: -1}, Reason: u.What + " is not known"})
			j.Unknown = append(j.Unknown, decide.UnknownPart{Statement: decide.StatementRef{Index: -1}, Name: u.What, Reason: u.What + " is not known"})
		}
	}
	j.Undecided = append(cases, j.Undecided...)
}

// joinBounds returns the bounds that include both a and b.
func joinBounds(a, b decide.Bounds) decide.Bounds {
	return decide.Between(min(a.Least, b.Least), max(a.Most, b.Most))
}

func unknownValue() decide.Doubt {
	return decide.Doubt{Statement: decide.StatementRef{Index: -1}, Reason: "it depends on a value that is not known"}
}

// nothingKnown sets the decision about a policy of which nothing is known.
func (c *Result) nothingKnown(d *load.Document) {
	c.Decision = decide.Unread()
	for _, u := range d.Unknown {
		why := strings.TrimPrefix(u.Path+": ", ": ") + u.What + " is not known"
		ref := decide.StatementRef{Index: u.Statement, Sid: u.Sid}
		c.Decision.Undecided = append(c.Decision.Undecided, decide.Doubt{Statement: ref, Reason: why})
		c.Decision.Unknown = append(c.Decision.Unknown, decide.UnknownPart{Statement: ref, Path: u.Path, Name: u.What, Reason: why})
	}
	c.between = between(c.Decision.Least, c.Decision.Most)
}
