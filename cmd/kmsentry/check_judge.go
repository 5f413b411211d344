package main

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"strings"

	"github.com/kmsentry/kmsentry/alert/exceptions"
	"github.com/kmsentry/kmsentry/detector/policy"
	"github.com/kmsentry/kmsentry/internal/load"
)

// A checked is what became of one key policy, or of a file without any.
type checked struct {
	file     string // as on the command line
	place    string // the key inside the file; "" when the file is the policy
	account  string // the owner; "" unknown
	keyARN   string // "" unknown
	inferred bool   // account comes from the policy itself, or stands for the template's own
	notes    []string
	sha256   string         // hex, of the policy text; "" when there is none, or not one
	policy   *policy.Policy // nil when it is not fully known
	decision policy.Decision
	between  string // "between private and public" when unknown values leave the verdict open; "" otherwise
	accepted exceptions.Held
	err      error // why there is no decision
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
	c.account, c.keyARN = cmp.Or(o.account, d.Account), cmp.Or(o.keyARN, d.KeyARN)
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
		KeyARN:          c.keyARN,
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
