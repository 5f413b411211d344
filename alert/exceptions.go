package alert

import (
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/expr-lang/expr"
	"github.com/expr-lang/expr/vm"

	"github.com/kmsentry/kmsentry/detector"
)

// Exceptions hold back the alerts of findings that somebody has accepted. The
// zero Exceptions, and nil, hold nothing back.
type Exceptions struct{ list []exception }

// An exception is one entry of exceptions.yaml.
type exception struct {
	name, reason, owner string
	when                *vm.Program
	expires             time.Time // the first instant at which it no longer holds
}

// Len is how many exceptions there are, expired ones among them.
func (e *Exceptions) Len() int {
	if e == nil {
		return 0
	}
	return len(e.list)
}

// Expired returns the names of the exceptions that no longer hold at now.
func (e *Exceptions) Expired(now time.Time) []string {
	var names []string
	if e == nil {
		return names
	}
	for _, x := range e.list {
		if !now.Before(x.expires) {
			names = append(names, x.name)
		}
	}
	return names
}

// Held is what Match found.
type Held struct {
	By      string   // name of the exception that holds the finding back; "" none
	Reason  string   // its reason
	Owner   string   // its owner
	Expired []string // names of expired exceptions that would have held it back
	Err     error    // an expression that failed to evaluate; it holds nothing back
}

// Match says whether an exception holds f's alert back at now: the first in
// the file whose condition is true and which has not expired. A condition that
// fails to evaluate holds nothing back and is reported in Err.
func (e *Exceptions) Match(f *detector.Finding, now time.Time) Held {
	var held Held
	if e == nil || f == nil {
		return held
	}
	env := envOf(f)
	for _, x := range e.list {
		yes, err := x.holds(env)
		switch {
		case err != nil:
			held.Err = errors.Join(held.Err, err)
		case !yes:
		case !now.Before(x.expires):
			held.Expired = append(held.Expired, x.name)
		case held.By == "":
			held.By, held.Reason, held.Owner = x.name, x.reason, x.owner
		}
	}
	return held
}

// holds evaluates the condition.
func (x exception) holds(env exceptionEnv) (bool, error) {
	out, err := expr.Run(x.when, env)
	if err != nil {
		first, _, _ := strings.Cut(err.Error(), "\n")
		return false, fmt.Errorf("exception %q: %s", x.name, first)
	}
	yes, ok := out.(bool)
	if !ok {
		return false, fmt.Errorf("exception %q: want true or false, got %T", x.name, out)
	}
	return yes, nil
}
