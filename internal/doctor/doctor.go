// Package doctor asks AWS whether a deployed stack of kmsentry works: whether
// the calls of KMS reach it and its alerts reach people.
//
// A [Check] is one question with its answer. What AWS does not let us know is
// unknown, never ok: a refused call, a service that does not answer, an answer
// that cannot be read. It only reads; the row of each check in rows.go names the
// permissions that it needs, and nothing else is called.
package doctor

import (
	"context"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
)

// A Result is what a check came to. The zero Result is Unknown.
type Result int

// The results.
const (
	Unknown Result = iota // it could not be had
	OK
	Warning // it works, but not as well as it should, or something is about to fail
	Failing // calls of KMS or alerts are lost, or will be
)

// String returns the word that is printed: unknown, ok, warning or failing.
func (r Result) String() string {
	switch r {
	case OK:
		return "ok"
	case Warning:
		return "warning"
	case Failing:
		return "failing"
	default:
		return "unknown"
	}
}

// MarshalText is the word of String.
func (r Result) MarshalText() ([]byte, error) { return []byte(r.String()), nil }

// UnmarshalText reads the word of String.
func (r *Result) UnmarshalText(text []byte) error {
	for _, known := range []Result{Unknown, OK, Warning, Failing} {
		if known.String() == string(text) {
			*r = known
			return nil
		}
	}
	return fmt.Errorf("expected ok, warning, failing or unknown, found %q", text)
}

// A Check is one question about a stack, and its answer. Names that come from AWS
// are in Found and Fix as AWS gave them: sanitize them before people read them.
type Check struct {
	ID          string   `json:"id"`
	Asks        string   `json:"asks"` // the question
	Result      Result   `json:"result"`
	Found       string   `json:"found"` // the answer, one sentence; what went wrong when unknown
	Why         string   `json:"why"`   // why it matters
	Fix         string   `json:"fix"`   // a command; "" when ok. Words in capitals are to be filled in
	Permissions []string `json:"permissions"`
}

// A Report is what was asked about one stack.
type Report struct {
	Stack   string    `json:"stack"`
	Kind    string    `json:"kind"` // detector, or forwarder for a stack without the function
	Account string    `json:"account"`
	Region  string    `json:"region"`
	Time    time.Time `json:"time"`
	Result  Result    `json:"result"` // the worst: failing, then unknown, warning, ok
	Checks  []Check   `json:"checks"`
}

// Options say what to examine.
type Options struct {
	Stack     string // name or ARN
	StackSet  string // of the forwarders; "" asks nothing about them
	Delegated bool   // the caller is a delegated administrator of StackSets
	Now       time.Time
}

// A StackError says why no stack could be examined at all. Everything else that
// goes wrong is an unknown check.
type StackError struct {
	Stack, Account, Region string // Account is "" when it is not known
	Err                    error  // nil: there is no such stack
}

func (e *StackError) Error() string {
	if e.Err != nil {
		return fmt.Sprintf("stack %q in %s: %s", e.Stack, e.Region, shortly(e.Err))
	}
	where := e.Region
	if e.Account != "" {
		where += " of account " + e.Account
	}
	return fmt.Sprintf("no stack %q in %s; see --stack, --region and --profile", e.Stack, where)
}

func (e *StackError) Unwrap() error { return e.Err }

// Examine asks every question about a stack in cfg's Region. Its error is a
// *[StackError]: there is no such stack, or AWS cannot be reached.
func Examine(ctx context.Context, cfg aws.Config, o Options) (Report, error) {
	d := newDeployment(cfg, o)
	stack, err := d.stack(ctx)
	if err != nil && fatal(err) {
		return Report{}, d.stackError(ctx, err)
	}
	kind := d.kind(ctx)
	if all, err := d.resources(ctx); err == nil && kind == withFunction && all["DetectorFunction"].id == "" {
		return Report{}, &StackError{Stack: o.Stack, Region: cfg.Region, Err: errForeign}
	}
	report := Report{Stack: o.Stack, Kind: kind.String(), Account: stack.account, Region: cfg.Region, Time: o.Now.UTC().Truncate(time.Second)}
	for _, r := range applicable(kind, o) {
		report.Checks = append(report.Checks, d.ask(ctx, r))
	}
	report.Result = worst(report.Checks)
	return report, nil
}

// ask puts one question.
func (d *deployment) ask(ctx context.Context, r row) Check {
	c := Check{ID: r.id, Asks: r.asks, Why: r.why, Permissions: r.needs}
	a, err := r.ask(ctx, d)
	if err != nil {
		a = answer{Unknown, shortly(err), ""}
	}
	c.Result, c.Found = a.result, a.found
	if c.Result == OK {
		return c
	}
	if c.Fix = a.fix; c.Fix == "" {
		c.Fix = r.fix
	}
	c.Fix = d.fill(c.Fix)
	return c
}

// badness orders results. Unknown is worse than a warning: nobody knows what it
// hides.
func badness(r Result) int { return slices.Index([]Result{OK, Warning, Unknown, Failing}, r) }

func worse(a, b Result) bool { return badness(a) > badness(b) }

// worst is the worst result; without checks nothing is known.
func worst(checks []Check) Result {
	if len(checks) == 0 {
		return Unknown
	}
	at := OK
	for _, c := range checks {
		if worse(c.Result, at) {
			at = c.Result
		}
	}
	return at
}

// Checks lists what Examine asks of any kind of stack, without answers: each is
// unknown.
func Checks(o Options) []Check {
	var all []Check
	for _, r := range applicable(both, o) {
		all = append(all, Check{ID: r.id, Asks: r.asks, Why: r.why, Fix: r.fix, Permissions: r.needs})
	}
	return all
}

// Permissions are the IAM actions that Examine calls, sorted.
func Permissions(o Options) []string {
	var all []string
	for _, r := range applicable(both, o) {
		all = append(all, r.needs...)
	}
	slices.Sort(all)
	return slices.Compact(all)
}

// placeholder is a word of a command that is to be filled in.
var placeholder = regexp.MustCompile(`[A-Z][A-Z0-9_]+`)

// fill puts what is known in place of the words in capitals of a command.
func (d *deployment) fill(command string) string {
	return placeholder.ReplaceAllStringFunc(command, func(word string) string {
		if value := d.known[word]; value != "" {
			return shellWord(value)
		}
		return word
	})
}

// shellWord is text as one word of a shell: whatever it holds is not run.
func shellWord(text string) string {
	plain := func(c rune) bool {
		return 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || '0' <= c && c <= '9' || strings.ContainsRune("-_./:=@+,%", c)
	}
	if text != "" && strings.IndexFunc(text, func(c rune) bool { return !plain(c) }) < 0 {
		return text
	}
	return "'" + strings.ReplaceAll(text, "'", `'\''`) + "'"
}

// errForeign is for a stack of something else.
var errForeign = errors.New("it has neither kmsentry's function nor a forwarder's rule")

// errMissing is for what a row cannot do without and AWS does not have.
var errMissing = errors.New("not in the stack")
