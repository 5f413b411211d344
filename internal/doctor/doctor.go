// Package doctor asks AWS whether a deployed stack of kmsentry works: whether KMS calls
// reach it and its alerts reach people.
//
// A [Check] is one question with its answer. When AWS gives no usable answer, because it
// refuses the call, does not respond or returns something that cannot be read, the check
// is unknown, never ok. The package only reads. The row of each check in rows.go names
// the permissions that it needs, and no other calls are made.
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

// A Result is the result of a check. The zero Result is Unknown.
type Result int

// The results.
const (
	Unknown Result = iota // there is no usable answer
	OK
	Warning // it works, but not as well as it should, or something is about to fail
	Failing // calls of KMS or alerts are lost, or will be
)

// String returns "unknown", "ok", "warning" or "failing".
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

// MarshalText implements encoding.TextMarshaler; the text is that of String.
func (r Result) MarshalText() ([]byte, error) { return []byte(r.String()), nil }

// UnmarshalText implements encoding.TextUnmarshaler; it accepts the texts of String.
func (r *Result) UnmarshalText(text []byte) error {
	for _, known := range []Result{Unknown, OK, Warning, Failing} {
		if known.String() == string(text) {
			*r = known
			return nil
		}
	}
	return fmt.Errorf("expected ok, warning, failing or unknown, found %q", text)
}

// A Check is one question about a stack, and its answer. Found and Fix hold names as AWS
// gave them: sanitize these fields before people read them.
type Check struct {
	ID          string   `json:"id"`
	Asks        string   `json:"asks"` // the question
	Result      Result   `json:"result"`
	Found       string   `json:"found"` // the answer, one sentence; what went wrong when unknown
	Why         string   `json:"why"`   // why it matters
	Fix         string   `json:"fix"`   // a command; "" when ok. Words in capitals are placeholders
	Permissions []string `json:"permissions"`
}

// A Report holds all checks of one stack.
type Report struct {
	Stack   string    `json:"stack"`
	Kind    string    `json:"kind"` // detector, or forwarder for a stack without the function
	Account string    `json:"account"`
	Region  string    `json:"region"`
	Time    time.Time `json:"time"`
	Result  Result    `json:"result"` // the worst: failing, then unknown, warning, ok
	Checks  []Check   `json:"checks"`
}

// Options says what to examine.
type Options struct {
	Stack     string // name or ARN
	StackSet  string // of the forwarders; "" leaves out the checks about them
	Delegated bool   // the caller is a delegated administrator of StackSets
	Now       time.Time
}

// A StackError says why the stack could not be examined at all. Any other fault is an
// unknown check.
type StackError struct {
	Stack, Account, Region string // Account is "" when it is not known
	Err                    error  // nil when there is no such stack
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

// Examine makes every check of a stack in the Region of cfg. The error is a
// *[StackError]: there is no such stack, it is not one of kmsentry's, or AWS cannot be
// reached.
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

// ask makes one check.
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

// badness returns the order of results, the best first. Unknown is worse than a warning,
// since it may hide a failure.
func badness(r Result) int { return slices.Index([]Result{OK, Warning, Unknown, Failing}, r) }

func worse(a, b Result) bool { return badness(a) > badness(b) }

// worst returns the worst result; Unknown when there are no checks.
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

// Checks returns the checks that Examine makes of any kind of stack, without answers: the
// result of each is Unknown.
func Checks(o Options) []Check {
	var all []Check
	for _, r := range applicable(both, o) {
		all = append(all, Check{ID: r.id, Asks: r.asks, Why: r.why, Fix: r.fix, Permissions: r.needs})
	}
	return all
}

// Permissions returns the IAM actions that Examine calls, sorted.
func Permissions(o Options) []string {
	var all []string
	for _, r := range applicable(both, o) {
		all = append(all, r.needs...)
	}
	slices.Sort(all)
	return slices.Compact(all)
}

// placeholder matches a word of a command that must be replaced by a value.
var placeholder = regexp.MustCompile(`[A-Z][A-Z0-9_]+`)

// fill replaces the placeholders in a command whose values are known.
func (d *deployment) fill(command string) string {
	return placeholder.ReplaceAllStringFunc(command, func(word string) string {
		if value := d.known[word]; value != "" {
			return shellWord(value)
		}
		return word
	})
}

// shellWord returns text as one word of a shell command, quoted if necessary.
func shellWord(text string) string {
	plain := func(c rune) bool {
		return 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || '0' <= c && c <= '9' || strings.ContainsRune("-_./:=@+,%", c)
	}
	if text != "" && strings.IndexFunc(text, func(c rune) bool { return !plain(c) }) < 0 {
		return text
	}
	return "'" + strings.ReplaceAll(text, "'", `'\''`) + "'"
}

// errForeign reports a stack that is not one of kmsentry's.
var errForeign = errors.New("it has neither kmsentry's function nor a forwarder's rule")

// errMissing reports that the stack lacks a resource that a row needs.
var errMissing = errors.New("not in the stack")
