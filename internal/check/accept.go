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

// LoadExceptions reads the file of accepted findings as of the given time. If alone is
// set, because there is nothing to check, it prints a summary of the file to stdout. For
// a file with faults it returns a nil list and exit.Error, and prints each fault as a
// line to stderr.
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

// accept sets c.Accepted by the first that accepts c: an exception, the key's own
// Metadata or the baseline. A private key that its owner keeps needs no acceptance.
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

// take sets c.Accepted to held, but keeps the names of expired exceptions.
func (c *Result) take(held exceptions.Held) {
	held.Expired = c.Accepted.Expired
	c.Accepted = held
}

// ExpiredNote returns a note that the named exception would have accepted a finding but
// has expired.
func ExpiredNote(name string) string {
	return fmt.Sprintf("the exception %q would have accepted this, but it has expired", name)
}

// subject returns c as a subject of exceptions. It has no resource for standard input,
// which an exception cannot name, and no account that was only inferred.
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

// acceptedLine returns a line that says what accepts c, until when and why.
func (c *Result) acceptedLine() string {
	a := c.Accepted
	return fmt.Sprintf("by %q (%s) until %s: %s", a.By, safe.Sanitize(a.Owner, 100), a.Expires.Format(time.DateOnly), safe.Sanitize(a.Reason, 300))
}
