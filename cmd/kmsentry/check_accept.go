package main

import (
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/kmsentry/kmsentry/alert"
	"github.com/kmsentry/kmsentry/alert/exceptions"
	"github.com/kmsentry/kmsentry/detector/policy/decide"
	"github.com/kmsentry/kmsentry/internal/awsid"
)

// loadExceptions reads the file of accepted findings. Without any other file it
// says what is in it. A file with faults accepts nothing: each fault is a line
// on standard error.
func loadExceptions(o checkOptions, stdout, stderr io.Writer) (*exceptions.List, int) {
	name := alert.Sanitize(o.exceptions, 200)
	text, err := readInput(o.exceptions, nil)
	if err == nil {
		var list *exceptions.List
		if list, err = exceptions.Load(text, o.at); err == nil {
			if len(o.files) == 0 {
				fmt.Fprintf(stdout, "%s: valid; exceptions: %d, expired: %d\n", name, list.Len(), len(list.Expired(o.at)))
			}
			return list, exitOK
		}
	}
	faults := []error{err}
	var all exceptions.Errors
	if errors.As(err, &all) {
		faults = all.Unwrap()
	}
	for _, fault := range faults {
		fmt.Fprintf(stderr, "kmsentry check: %s: %s\n", name, alert.Sanitize(fault.Error(), 600))
	}
	return nil, exitError
}

// accept looks whether an exception is about c. A private key that its owner
// keeps has nothing to accept.
func (c *checked) accept(o checkOptions) {
	if c.err != nil || c.decision.Verdict == decide.Private && !c.locked() {
		return
	}
	c.accepted = o.accepted.Match(c.subject(), o.at)
	for _, name := range c.accepted.Expired {
		c.notes = append(c.notes, expiredNote(name))
	}
	if c.accepted.By == "" {
		held, problem := acceptance(c.metadata, c, o.at)
		if problem != "" {
			c.notes = append(c.notes, problem)
		}
		c.take(held)
	}
	if c.accepted.By == "" {
		held, expired := o.baseline.match(c, o.at)
		if expired {
			c.notes = append(c.notes, "the baseline would have accepted this, but it has expired")
		}
		c.take(held)
	}
}

// take makes held what accepts c, and keeps the names of what has expired.
func (c *checked) take(held exceptions.Held) {
	held.Expired = c.accepted.Expired
	c.accepted = held
}

func expiredNote(name string) string {
	return fmt.Sprintf("the exception %q would have accepted this, but it has expired", name)
}

// subject is c as exceptions see it. Standard input is no place that an
// exception could name, and an account that was guessed is none.
func (c *checked) subject() exceptions.Subject {
	s := exceptions.Judged(c.decision)
	s.Key, s.PolicySHA256 = c.keyARN, c.sha256
	s.HashOnly = s.HashOnly || c.locked()
	if c.file != "-" {
		s.Resource = c.source()
	}
	if !c.inferred {
		s.Account = c.account
	}
	if arn, ok := awsid.ParseKeyARN(c.keyARN); ok {
		s.Region = arn.Region
	}
	return s
}

// acceptedLine says by what c is accepted.
func (c *checked) acceptedLine() string {
	a := c.accepted
	return fmt.Sprintf("by %q (%s) until %s: %s", a.By, alert.Sanitize(a.Owner, 100), a.Expires.Format(time.DateOnly), alert.Sanitize(a.Reason, 300))
}
