package main

import (
	"cmp"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/kmsentry/kmsentry/alert/exceptions"
	"github.com/kmsentry/kmsentry/detector/policy"
	"github.com/kmsentry/kmsentry/detector/policy/decide"
	"github.com/kmsentry/kmsentry/detector/policy/evaluate"
	"github.com/kmsentry/kmsentry/internal/load"
)

// A checked is what became of one key policy, or of a file without any.
type checked struct {
	file       string // as on the command line
	place      string // the key inside the file; "" when the file is the policy
	account    string // the owner; "" unknown
	guessed    bool   // account comes from the policy itself
	keyARN     string // "" unknown
	inferred   bool   // account comes from the policy itself, or stands for the template's own
	notes      []string
	unread     []string         // what could not be read of the policy, with lines
	sha256     string           // hex, of the policy text; "" when there is none, or not one
	rcps       []*policy.Policy // as the question had them
	policy     *policy.Policy   // nil when it is not fully known
	decision   decide.Decision
	between    string // "between private and public" when unknown values leave the verdict open; "" otherwise
	accepted   exceptions.Held
	grants     []string     // ids of the grants to outsiders that a sweep found, sorted
	granted    *load.Grant  // the grant on a key that it is about; nil for a key policy
	metadata   *load.Accept // what the key's own Metadata accepts; nil nothing
	err        error        // why there is no decision
	at         load.Region
	lines      []load.Region       // of the statements
	turns      map[string][]string // on what each condition of the template turns
	parameters []string            // of the template
	texts      []string            // of the statements
}

// source names the document for people and machines.
func (c checked) source() string {
	if c.place == "" {
		return c.file
	}
	return c.file + "#" + c.place
}

// where names the document for people: its file and line, as editors and
// terminals link them, and the key in it.
func (c checked) where() string {
	if c.place == "" {
		return c.file
	}
	if c.at.Line == 0 {
		return c.source()
	}
	return fmt.Sprintf("%s:%d %s", c.file, c.at.Line, c.place)
}

// readAll reads at most one byte more than load takes.
func readAll(r io.Reader) ([]byte, error) {
	data, err := io.ReadAll(io.LimitReader(r, load.MaxSize+1))
	if err != nil {
		return nil, reason(err)
	}
	return data, nil
}

// judge decides one document.
func judge(d *load.Document, o checkOptions) checked {
	c := checked{place: d.Place, at: d.At, lines: d.Statements, turns: d.Turns, parameters: d.Parameters, metadata: d.Accept, err: d.Err, decision: decide.Unread(), notes: slices.Clone(d.Notes)}
	c.account, c.keyARN = cmp.Or(o.account, d.Account), cmp.Or(o.keyARN, d.KeyARN)
	c.inferred = d.StandsIn
	switch {
	case d.Err != nil:
	case o.account != "" && d.Account != "" && d.Account != o.account:
		c.err = fmt.Errorf("expected a key of account %s (--account), found one of %s", o.account, d.Account)
	case d.Grant != nil:
		c.grant(d.Grant, o.trustedAccounts)
	case d.Never != "":
		c.decision = defaultDecision("")
		c.notes = append(c.notes, "the key is not created: its condition "+d.Never+" is false, whatever the parameters are")
		return c
	case d.Default:
		c.decision = defaultDecision(c.account)
		c.notes = append(c.notes, "the file gives this key no policy: AWS attaches its default one, which names only the owner's account")
	case len(d.Readings) == 0:
		c.nothingKnown(d)
	default:
		c.decide(d, o)
	}
	if d.StandsIn {
		c.notes = append(c.notes, fmt.Sprintf("AWS::AccountId is not given; %s takes its place", d.Account))
	}
	return c
}

// defaultDecision is the decision about AWS's default policy, which names only
// the owner's account.
func defaultDecision(account string) decide.Decision {
	closed := decide.Bounds{Verdict: decide.Private, Least: decide.Private, Most: decide.Private}
	d := decide.Decision{
		Verdict: closed.Verdict, Least: closed.Least, Most: closed.Most,
		Classes: decide.Classes{Encrypt: closed, Use: closed, Other: closed},
	}
	if account != "" {
		d.Owner = decide.Owner{Manage: decide.AccessYes, Decrypt: decide.AccessYes}
	}
	return d
}

// question is what is asked of every policy of d.
func (c *checked) question(d *load.Document, o checkOptions) decide.Question {
	return decide.Question{
		Account:         c.account,
		KeyARN:          c.keyARN,
		At:              o.at,
		TrustedAccounts: o.trustedAccounts,
		TrustedOrgs:     o.trustedOrgs,
		RCPs:            o.rcps,
		Key:             facts(d.Key, o.key),
		Explain:         o.explain,
	}
}

// facts joins what the file says of the key with what the flags say, which goes first.
func facts(file, flags decide.KeyFacts) decide.KeyFacts {
	f := decide.KeyFacts{
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

// withKey puts a made-up key of the owner's into a witness that names none,
// because the key is not known, where the policy allows the request with it:
// whoever evaluates the witness elsewhere needs one.
func (c *checked) withKey(w evaluate.Request) evaluate.Request {
	if w.Resource != "" || c.account == "" || c.policy == nil {
		return w
	}
	named := w
	named.Resource = "arn:" + partitionOf(w.Principal) + ":kms:us-east-1:" + c.account + ":key/1234abcd-12ab-34cd-56ef-1234567890ab"
	if evaluate.AllowsUnder(c.policy, named, c.rcps) != evaluate.Yes {
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
