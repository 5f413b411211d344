package check

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/kmsentry/kmsentry/alert/exceptions"
	"github.com/kmsentry/kmsentry/detector/policy"
	"github.com/kmsentry/kmsentry/detector/policy/decide"
	"github.com/kmsentry/kmsentry/detector/policy/evaluate"
	"github.com/kmsentry/kmsentry/detector/policy/kmsapi"
	"github.com/kmsentry/kmsentry/internal/load"
)

// A Result is the result for one key policy or grant, or for a file without any.
type Result struct {
	File       string // as on the command line
	place      string // the key inside the file; "" when the file is the policy
	Account    string // the owner; "" when unknown
	guessed    bool   // Account was inferred from the policy
	KeyARN     string // "" when unknown
	inferred   bool   // Account was inferred from the policy, or is a placeholder for the template's account
	Notes      []string
	unread     []string         // the parts of the policy that could not be read, with lines
	SHA256     string           // hex, of the policy text; "" when there is no single, fully known text
	rcps       []*policy.Policy // those of the question; nil when policy is
	policy     *policy.Policy   // nil when it is not fully known
	Decision   decide.Decision
	between    string // "between private and public" when unknown values leave the verdict open; "" otherwise
	Accepted   exceptions.Held
	Grants     []string     // ids of the grants to outsiders that a sweep found, sorted
	granted    *load.Grant  // the grant on a key; nil for a key policy
	metadata   *load.Accept // what the key's own Metadata accepts; nil for nothing
	err        error        // why there is no decision
	at         load.Region
	lines      []load.Region       // of the statements
	turns      map[string][]string // the values on which each condition of the template depends
	parameters []string            // of the template
	texts      []string            // of the statements
}

// source returns the name of the document: the file, and the key in it.
func (c Result) source() string {
	if c.place == "" {
		return c.File
	}
	return c.File + "#" + c.place
}

// where returns the name of the document for people: its file and line, in the form that
// editors and terminals link, and the key in it.
func (c Result) where() string {
	if c.place == "" {
		return c.File
	}
	if c.at.Line == 0 {
		return c.source()
	}
	return fmt.Sprintf("%s:%d %s", c.File, c.at.Line, c.place)
}

// judge decides one document.
func judge(d *load.Document, o Options) Result {
	c := Result{place: d.Place, at: d.At, lines: d.Statements, turns: d.Turns, parameters: d.Parameters, metadata: d.Accept, err: d.Err, Decision: decide.Unread(), Notes: slices.Clone(d.Notes)}
	c.Account, c.KeyARN = cmp.Or(o.Account, d.Account), cmp.Or(o.KeyARN, d.KeyARN)
	c.inferred = d.StandsIn
	switch {
	case d.Err != nil:
	case o.Account != "" && d.Account != "" && d.Account != o.Account:
		c.err = fmt.Errorf("expected a key of account %s (--account), found one of %s", o.Account, d.Account)
	case d.Grant != nil:
		c.grant(d.Grant, o.TrustedAccounts)
	case d.Never != "":
		c.Decision = DefaultDecision("")
		c.Notes = append(c.Notes, "the key is not created: its condition "+d.Never+" is false, whatever the parameters are")
		return c
	case d.Default:
		c.Decision = DefaultDecision(c.Account)
		c.Notes = append(c.Notes, "the file gives this key no policy: AWS attaches its default policy, which names only the owner's account")
	case len(d.Readings) == 0:
		c.nothingKnown(d)
	default:
		c.decideReadings(d, o)
	}
	if d.StandsIn {
		c.Notes = append(c.Notes, fmt.Sprintf("AWS::AccountId is not given; %s is used instead", d.Account))
	}
	return c
}

// DefaultDecision returns the decision about AWS's default policy, which names only the
// owner's account. With account "", the owner is not known.
func DefaultDecision(account string) decide.Decision {
	closed := decide.Bounds{Verdict: decide.Private, Least: decide.Private, Most: decide.Private}
	d := decide.Decision{
		Verdict: closed.Verdict, Least: closed.Least, Most: closed.Most,
		Classes: decide.AllClasses(closed),
	}
	if account != "" {
		d.Owner = decide.Owner{Manage: decide.AccessYes, Decrypt: decide.AccessYes}
	}
	return d
}

// question returns the question for the policies of d.
func (c *Result) question(d *load.Document, o Options) decide.Question {
	return decide.Question{
		Account:         c.Account,
		KeyARN:          c.KeyARN,
		At:              o.At,
		TrustedAccounts: o.TrustedAccounts,
		TrustedOrgs:     o.TrustedOrgs,
		RCPs:            o.RCPs,
		Key:             facts(d.Key, o.Key),
		Explain:         o.Explain,
	}
}

// facts combines the facts about the key in the file with those in the flags, which take
// precedence.
func facts(file, flags kmsapi.KeyFacts) kmsapi.KeyFacts {
	f := kmsapi.KeyFacts{
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

// withKey adds a made-up key of the owner to a witness that names no key, since whoever
// evaluates the witness needs one. It does so only if the policy also allows the request
// with that key.
func (c *Result) withKey(w evaluate.Request) evaluate.Request {
	if w.Resource != "" || c.Account == "" || c.policy == nil {
		return w
	}
	named := w
	named.Resource = "arn:" + partitionOf(w.Principal) + ":kms:us-east-1:" + c.Account + ":key/1234abcd-12ab-34cd-56ef-1234567890ab"
	if evaluate.AllowsUnder(c.policy, named, c.rcps) != evaluate.Yes {
		return w
	}
	return named
}

// partitionOf returns the partition of a caller's ARN; "aws" when it has none.
func partitionOf(arn string) string {
	parts := strings.Split(arn, ":")
	if len(parts) < 2 || parts[1] == "" {
		return "aws"
	}
	return parts[1]
}

func (c *Result) keepTexts(p *policy.Policy) {
	for _, s := range p.Statements {
		c.texts = append(c.texts, s.Text)
	}
}
