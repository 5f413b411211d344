package check

import (
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/kmsentry/kmsentry/alert/exceptions"
	"github.com/kmsentry/kmsentry/alert/safe"
	"github.com/kmsentry/kmsentry/detector/policy/decide"
	"github.com/kmsentry/kmsentry/internal/awsid"
	"github.com/kmsentry/kmsentry/internal/exit"
)

// LoadExceptions reads the file of accepted findings as of a time. Where it is
// alone, with nothing to check, a line on stdout says what is in it. A file with
// faults accepts nothing: the list is nil, the exit status Error, and each fault a
// line on stderr.
func LoadExceptions(file string, at time.Time, alone bool, stdout, stderr io.Writer) (*exceptions.List, int) {
	name := safe.Sanitize(file, 200)
	text, err := ReadInput(file, nil)
	if err == nil {
		var list *exceptions.List
		if list, err = exceptions.Load(text, at); err == nil {
			if alone {
				fmt.Fprintf(stdout, "%s: valid; exceptions: %d, expired: %d\n", name, list.Len(), len(list.Expired(at)))
			}
			return list, exit.OK
		}
	}
	faults := []error{err}
	var all exceptions.Errors
	if errors.As(err, &all) {
		faults = all.Unwrap()
	}
	for _, fault := range faults {
		fmt.Fprintf(stderr, "kmsentry check: %s: %s\n", name, safe.Sanitize(fault.Error(), 600))
	}
	return nil, exit.Error
}

// accept looks whether an exception is about c. A private key that its owner
// keeps has nothing to accept.
func (c *Result) accept(o Options) {
	if c.err != nil || c.Decision.Verdict == decide.Private && !c.Locked() {
		return
	}
	c.Accepted = o.Accepted.Match(c.subject(), o.At)
	for _, name := range c.Accepted.Expired {
		c.Notes = append(c.Notes, ExpiredNote(name))
	}
	if c.Accepted.By == "" {
		held, problem := acceptance(c.metadata, c, o.At)
		if problem != "" {
			c.Notes = append(c.Notes, problem)
		}
		c.take(held)
	}
	if c.Accepted.By == "" {
		held, expired := o.Baseline.Match(c, o.At)
		if expired {
			c.Notes = append(c.Notes, "the baseline would have accepted this, but it has expired")
		}
		c.take(held)
	}
}

// take makes held what accepts c, and keeps the names of what has expired.
func (c *Result) take(held exceptions.Held) {
	held.Expired = c.Accepted.Expired
	c.Accepted = held
}

// ExpiredNote says that an exception of that name would accept something, had it not
// expired.
func ExpiredNote(name string) string {
	return fmt.Sprintf("the exception %q would have accepted this, but it has expired", name)
}

// subject is c as exceptions see it. Standard input is no place that an
// exception could name, and an account that was guessed is none.
func (c *Result) subject() exceptions.Subject {
	s := exceptions.Judged(c.Decision)
	s.Key, s.PolicySHA256 = c.KeyARN, c.SHA256
	s.HashOnly = s.HashOnly || c.Locked()
	if c.File != "-" {
		s.Resource = c.source()
	}
	if !c.inferred {
		s.Account = c.Account
	}
	if arn, ok := awsid.ParseKeyARN(c.KeyARN); ok {
		s.Region = arn.Region
	}
	return s
}

// acceptedLine says by what c is accepted.
func (c *Result) acceptedLine() string {
	a := c.Accepted
	return fmt.Sprintf("by %q (%s) until %s: %s", a.By, safe.Sanitize(a.Owner, 100), a.Expires.Format(time.DateOnly), safe.Sanitize(a.Reason, 300))
}
