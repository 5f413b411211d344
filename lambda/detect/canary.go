package detect

import (
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"strings"

	"github.com/kmsentry/kmsentry/detector"
	"github.com/kmsentry/kmsentry/internal/awsid"
)

// A canary identifies the call that the stack makes once a day to check that calls
// reach the function: it sets the unchanged policy of a key of its own. The zero
// canary means that there is none.
type canary struct {
	role   string // ARN of the role that makes the call
	key    string // ARN of the key
	policy [sha256.Size]byte
}

// canary reads the three settings that identify a canary; either all or none of them
// must be set.
func (r *reader) canary(role, key, policy string) canary {
	c := canary{role: r.Getenv(role), key: r.Getenv(key)}
	text := r.Getenv(policy)
	if c.role == "" && c.key == "" && text == "" {
		return canary{}
	}
	if a, ok := awsid.ParseARN(c.role); !ok || a.Service != "iam" || !strings.HasPrefix(a.Resource, "role/") {
		r.Fail(role, fmt.Errorf("expected the ARN of a role, found %q", c.role))
	}
	if a, ok := awsid.ParseARN(c.key); !ok || a.Service != "kms" || !strings.HasPrefix(a.Resource, "key/") {
		r.Fail(key, fmt.Errorf("expected the ARN of a KMS key, found %q", c.key))
	}
	if !json.Valid([]byte(text)) {
		r.Fail(policy, fmt.Errorf("expected a key policy, found %q", text))
	}
	c.policy = sha256.Sum256([]byte(text))
	return c
}

// made reports whether the record is of the canary: an accepted PutKeyPolicy call by
// its role, on its key, with exactly its policy, for which Detect found nothing to
// report. Any other call by that role is judged as usual.
//
// Detect has read the record before, and it rejects members that are there twice or
// in another letter case.
func (c canary) made(record json.RawMessage, result detector.Result) bool {
	e := result.Event
	if c.role == "" || result.Finding != nil || e.Name != "PutKeyPolicy" || e.ErrorCode != "" || result.Key.ARN != c.key {
		return false
	}
	var call struct {
		UserIdentity struct {
			Type           string `json:"type"`
			SessionContext struct {
				SessionIssuer struct {
					ARN string `json:"arn"`
				} `json:"sessionIssuer"`
			} `json:"sessionContext"`
		} `json:"userIdentity"`
		RequestParameters struct {
			Policy string `json:"policy"`
		} `json:"requestParameters"`
	}
	if json.Unmarshal(record, &call) != nil {
		return false
	}
	return call.UserIdentity.Type == "AssumedRole" && call.UserIdentity.SessionContext.SessionIssuer.ARN == c.role &&
		sha256.Sum256([]byte(call.RequestParameters.Policy)) == c.policy
}
