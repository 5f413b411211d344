package words

import (
	"time"

	"github.com/kmsentry/kmsentry/alert/safe"
	"github.com/kmsentry/kmsentry/detector/policy/evaluate"
)

// A Witness is a request that a key policy allows, as it is written to JSON by
// kmsentry check and in a finding; see evaluate.Request for the members.
type Witness struct {
	Principal string              `json:"principal"`
	Session   string              `json:"session,omitempty"`
	UniqueID  string              `json:"unique_id,omitempty"`
	Parent    string              `json:"parent,omitempty"` // the user who created the federated session
	Service   string              `json:"service,omitempty"`
	Action    string              `json:"action"`
	Resource  string              `json:"resource"`
	Time      string              `json:"time,omitempty"` // RFC 3339
	Context   map[string][]string `json:"context"`
}

// WitnessOf returns the request as a witness, with a copy of its context. The zero
// time is left out. The strings are unchanged: the caller must sanitize or escape
// them.
func WitnessOf(r evaluate.Request) Witness {
	w := Witness{
		Principal: r.Principal, Session: r.Session, UniqueID: r.UniqueID, Parent: r.Parent, Service: r.Service,
		Action: r.Action, Resource: r.Resource, Context: map[string][]string{},
	}
	if !r.Time.IsZero() {
		w.Time = r.Time.UTC().Format(time.RFC3339)
	}
	for key, values := range r.Context {
		w.Context[key] = append([]string{}, values...)
	}
	return w
}

// SessionOf returns a clause, to follow the caller, that says whose federated session
// sends the request; "" when it is not a federated session.
func SessionOf(r evaluate.Request) string {
	if r.Parent == "" {
		return ""
	}
	return ", in a federated session of " + safe.Plain(r.Parent, safe.MaxARN)
}
