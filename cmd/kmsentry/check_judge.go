package main

import (
	"bytes"
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/kmsentry/kmsentry/detector/policy"
	"github.com/kmsentry/kmsentry/internal/load"
)

// A checked is what became of one key policy, or of a file without any.
type checked struct {
	file     string // as on the command line
	place    string // the key inside the file; "" when the file is the policy
	account  string // the owner; "" unknown
	inferred bool   // account comes from the policy itself, or stands for the template's own
	notes    []string
	sha256   string         // hex, of the policy text; "" when there is none, or not one
	policy   *policy.Policy // nil when it is not fully known
	decision policy.Decision
	between  string // "between private and public" when unknown values leave the verdict open; "" otherwise
	err      error  // why there is no decision
	at       load.Region
	lines    []load.Region // of the statements
	texts    []string      // of the statements
}

// source names the document for people and machines.
func (c checked) source() string {
	if c.place == "" {
		return c.file
	}
	return c.file + "#" + c.place
}

// readAll reads at most one byte more than load takes.
func readAll(r io.Reader) ([]byte, error) {
	data, err := io.ReadAll(io.LimitReader(r, load.MaxSize+1))
	if err != nil {
		return nil, reason(err)
	}
	return data, nil
}

// judgeFile judges every key policy in a file. A file without one comes back
// as one checked with the error.
func judgeFile(file string, stdin io.Reader, o checkOptions) []checked {
	data, err := readInput(file, stdin)
	if err != nil {
		return []checked{{file: file, err: err}}
	}
	docs, err := load.Documents(data, o.scope())
	if err != nil {
		return []checked{{file: file, err: err}}
	}
	var all []checked
	for i := range docs {
		c := judge(&docs[i], o)
		c.file = file
		all = append(all, c)
	}
	return all
}

// judge decides one document.
func judge(d *load.Document, o checkOptions) checked {
	c := checked{place: d.Place, at: d.At, lines: d.Statements, err: d.Err}
	c.account = cmp.Or(o.account, d.Account)
	c.inferred = d.StandsIn
	switch {
	case d.Err != nil:
	case o.account != "" && d.Account != "" && d.Account != o.account:
		c.err = fmt.Errorf("want a key of account %s (--account), got one of %s", o.account, d.Account)
	case d.Default:
		c.decision.Verdict = policy.Private
		c.notes = append(c.notes, "the file gives this key no policy: AWS attaches its default one, which names only the owner's account")
	case len(d.Readings) == 0:
		c.leaveOpen(d, nil, policy.Private, policy.Public)
	case d.Exact():
		c.exact(d, o)
	default:
		c.bracket(d, o)
	}
	if d.StandsIn {
		c.notes = append(c.notes, fmt.Sprintf("AWS::AccountId is not given; %s stands for it", d.Account))
	}
	return c
}

// question is what is asked of every policy of d.
func (c *checked) question(d *load.Document, o checkOptions) policy.Question {
	return policy.Question{
		Account:         c.account,
		KeyARN:          cmp.Or(o.keyARN, d.KeyARN),
		At:              o.at,
		TrustedAccounts: o.trustedAccounts,
		TrustedOrgs:     o.trustedOrgs,
		Key:             facts(d.Key, o.key),
		Explain:         o.explain || !d.Exact(), // which unknown values matter shows statement by statement
	}
}

// facts joins what the file tells of the key with what the flags tell, which goes first.
func facts(file, flags policy.KeyFacts) policy.KeyFacts {
	f := policy.KeyFacts{
		Spec:        cmp.Or(flags.Spec, file.Spec),
		Usage:       cmp.Or(flags.Usage, file.Usage),
		Origin:      cmp.Or(flags.Origin, file.Origin),
		MultiRegion: cmp.Or(flags.MultiRegion, file.MultiRegion),
		Org:         cmp.Or(flags.Org, file.Org),
		Tags:        file.Tags,
		Aliases:     file.Aliases,
	}
	if flags.Tags != nil {
		f.Tags = flags.Tags
	}
	if flags.Aliases != nil {
		f.Aliases = flags.Aliases
	}
	return f
}

// exact decides a policy without unknown values.
func (c *checked) exact(d *load.Document, o checkOptions) {
	text := d.Readings[0].Least
	p, err := policy.Parse(text)
	if err != nil {
		c.err = err
		return
	}
	sum := sha256.Sum256(text)
	c.sha256 = hex.EncodeToString(sum[:])
	c.infer(p)
	c.keepTexts(p)
	c.decision = p.Decide(c.question(d, o))
	c.policy = p
}

// withKey puts a made-up key of the owner's into a witness that names none,
// because the key is not known, where the policy allows the request with it:
// whoever evaluates the witness elsewhere needs one.
func (c *checked) withKey(w policy.Request) policy.Request {
	if w.Resource != "" || c.account == "" || c.policy == nil {
		return w
	}
	named := w
	named.Resource = "arn:" + partitionOf(w.Principal) + ":kms:us-east-1:" + c.account + ":key/1234abcd-12ab-34cd-56ef-1234567890ab"
	if c.policy.Allows(named) != policy.Yes {
		return w
	}
	return named
}

// partitionOf is the partition of a caller's ARN.
func partitionOf(arn string) string {
	parts := strings.Split(arn, ":")
	if len(parts) < 2 || parts[1] == "" {
		return "aws"
	}
	return parts[1]
}

func (c *checked) keepTexts(p *policy.Policy) {
	for _, s := range p.Statements {
		c.texts = append(c.texts, s.Text)
	}
}

// infer takes the owner from the policy when nobody told it.
func (c *checked) infer(p *policy.Policy) {
	if c.account != "" {
		return
	}
	if id := inferOwner(p); id != "" {
		c.account, c.inferred = id, true
		c.notes = append(c.notes, fmt.Sprintf("the owner is taken to be %s, the one account that may do everything; --account says it for sure", id))
	}
}

// bracket decides a policy with unknown values. It has a verdict when all that
// the policy can come out as agrees on it, else it is undecided.
func (c *checked) bracket(d *load.Document, o checkOptions) {
	var all []bounds
	for _, r := range d.Readings {
		b, err := c.bounds(d, r, o)
		if err != nil {
			c.err = err
			return
		}
		all = append(all, b)
	}
	low, high := all[0].low(), all[0].high()
	for _, b := range all[1:] {
		low, high = min(low, b.low()), max(high, b.high())
	}
	c.decision = all[0].decision(low, high)
	if low != high {
		c.leaveOpen(d, all, low, high)
	}
	c.decision.Statements = noteUnknown(c.decision.Statements, d.Unknown)
	if len(all) > 1 && low == high {
		c.notes = append(c.notes, "the verdict holds whatever the template leaves open comes to; the details are those of one case")
	}
	if len(all) > 1 && low != high {
		c.decision.Grants, c.decision.Others = nil, nil // what one reading surely opens another may not
	}
}

// leaveOpen says what the verdict lies between and which values keep it open.
func (c *checked) leaveOpen(d *load.Document, all []bounds, low, high policy.Verdict) {
	c.between = fmt.Sprintf("between %s and %s", low, high)
	c.decision.Undecided = append(unknowns(d, all), c.decision.Undecided...)
}

// noteUnknown returns the notes with those on statements with unknown values
// replaced: what was decided there is a bound. There are none when the whole
// policy is unknown.
func noteUnknown(notes []policy.StatementNote, unknown []load.Unknown) []policy.StatementNote {
	notes = slices.Clone(notes)
	for _, u := range unknown {
		switch {
		case u.Path == "KeyPolicy":
			return nil
		case u.Statement >= 0 && u.Statement < len(notes):
			notes[u.Statement].Opens = policy.Undecided
			notes[u.Statement].Why = "It turns on a value that is not known: " + u.Path + " is " + u.What + "."
		}
	}
	return notes
}

// bounds are the decisions about the least and the most that a policy may open.
// strangers is the verdict on the most without those whom the policy surely names.
type bounds struct {
	least, most policy.Decision
	strangers   policy.Verdict
}

func (c *checked) bounds(d *load.Document, r load.Reading, o checkOptions) (bounds, error) {
	least, err := policy.Parse(r.Least)
	if err != nil {
		return bounds{}, err
	}
	most, err := policy.Parse(r.Most)
	if err != nil {
		return bounds{}, err
	}
	strangers, err := policy.Parse(r.Strangers)
	if err != nil {
		return bounds{}, err
	}
	c.infer(least)
	if c.texts == nil {
		c.keepTexts(most)
	}
	q := c.question(d, o)
	b := bounds{least: least.Decide(q)}
	b.most, b.strangers = b.least, b.least.Verdict
	if !bytes.Equal(r.Least, r.Most) {
		b.most = most.Decide(q)
		b.strangers = b.most.Verdict
	}
	if !bytes.Equal(r.Most, r.Strangers) {
		b.strangers = strangers.Decide(q).Verdict
	}
	return b, nil
}

// low is the verdict that the policy surely reaches.
func (b bounds) low() policy.Verdict {
	if b.least.Verdict != policy.Undecided {
		return b.least.Verdict
	}
	low := policy.Private
	for _, g := range b.least.Grants {
		low = max(low, g.Audience)
	}
	return low
}

// high is the verdict that the policy surely does not pass. Whoever comes in
// by being named is no stranger, so that beyond strangers it is shared at most.
func (b bounds) high() policy.Verdict {
	return min(atMost(b.most.Verdict), max(policy.Shared, atMost(b.strangers)))
}

func atMost(v policy.Verdict) policy.Verdict {
	if v == policy.Undecided {
		return policy.Public
	}
	return v
}

// decision is what to show: grants come from the least that the policy opens,
// because they are sure; a private verdict is explained on the most.
func (b bounds) decision(low, high policy.Verdict) policy.Decision {
	d := b.least
	switch {
	case low != high:
		d.Verdict = policy.Undecided
		d.Statements = b.most.Statements
	case low == policy.Private:
		d = b.most
	default:
		d.Verdict = low
	}
	return d
}

// unknowns says which values keep the decision open. all holds the decisions
// about d's readings; those values that change nothing are left out.
func unknowns(d *load.Document, all []bounds) []policy.Open {
	matters := func(u load.Unknown) bool {
		for _, b := range all {
			l, m := b.least.Statements, b.most.Statements
			if u.Statement < 0 || u.Statement >= len(l) || len(l) != len(m) || m[u.Statement].Effect == policy.Deny ||
				l[u.Statement].Opens != m[u.Statement].Opens {
				return true
			}
		}
		return false
	}
	left := slices.DeleteFunc(slices.Clone(d.Unknown), func(u load.Unknown) bool { return !matters(u) })
	if len(left) == 0 {
		left = d.Unknown
	}
	var opens []policy.Open
	for _, u := range left {
		reason := u.What + " is not known"
		if u.Path != "" {
			reason = u.Path + ": " + reason
		}
		opens = append(opens, policy.Open{Statement: policy.StatementRef{Index: u.Statement, Sid: u.Sid}, Reason: reason})
	}
	return opens
}

// inferOwner returns the one account to which the policy gives everything on
// the key without a condition, as AWS's default policy does; "" when there is
// none or more than one. KMS refuses a policy with which nobody of the owner's
// could change it again, so such a statement is the owner's as a rule. A wrong
// guess never hides strangers: it only moves one account from outside to inside.
func inferOwner(p *policy.Policy) string {
	owner := ""
	for i := range p.Statements {
		for _, id := range fullAccounts(&p.Statements[i]) {
			if owner != "" && owner != id {
				return ""
			}
			owner = id
		}
	}
	return owner
}

// fullAccounts returns the accounts that s lets do everything.
func fullAccounts(s *policy.Statement) []string {
	if s.Effect != policy.Allow || s.NotPrincipal || s.NotAction || s.NotResource || len(s.Conditions) > 0 {
		return nil
	}
	everything := func(action string) bool { return action == "*" || strings.EqualFold(action, "kms:*") }
	if !slices.ContainsFunc(s.Actions, everything) || !slices.Contains(s.Resources, "*") {
		return nil
	}
	var ids []string
	for _, p := range s.Principals {
		if p.Kind != policy.KindAWS {
			continue
		}
		if id, err := accountOf(p.Value); err == nil {
			ids = append(ids, id)
		}
	}
	return ids
}

// accountOf returns the account that a principal stands for as a whole.
func accountOf(principal string) (string, error) {
	if accountShape.MatchString(principal) {
		return principal, nil
	}
	parts := strings.Split(principal, ":")
	if len(parts) == 6 && parts[0] == "arn" && parts[2] == "iam" && parts[5] == "root" && accountShape.MatchString(parts[4]) {
		return parts[4], nil
	}
	return "", errors.New("not an account")
}
