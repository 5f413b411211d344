package alert

import (
	"time"

	"github.com/kmsentry/kmsentry/detector"
)

// Exceptions hold back the alerts of findings that somebody has accepted. The
// zero Exceptions hold nothing back.
type Exceptions struct{}

// ParseExceptions reads exceptions.yaml. now decides which are expired and
// how far ahead an expiry may lie.
func ParseExceptions(text []byte, now time.Time) (*Exceptions, error) { return &Exceptions{}, nil }

// Held is what Match found.
type Held struct {
	By      string   // name of the exception that holds the finding back; "" none
	Reason  string   // its reason
	Owner   string   // its owner
	Expired []string // names of expired exceptions that would have held it back
	Err     error    // an expression that failed to evaluate; it holds nothing back
}

// Match says whether an exception holds f's alert back at now.
func (e *Exceptions) Match(f *detector.Finding, now time.Time) Held { return Held{} }
