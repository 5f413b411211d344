package detect

import (
	"context"
	"time"
)

// decisionShare is the part of the time left that deciding about a policy may
// take, one part in that many; the rest is for the message and for SNS.
const decisionShare = 4

// decideBy returns what tells a decision to give up once it has taken its share
// of the time that ctx leaves; nil without a deadline.
func decideBy(ctx context.Context, now func() time.Time) func() bool {
	deadline, ok := ctx.Deadline()
	if !ok {
		return nil
	}
	start := now()
	limit := start.Add(deadline.Sub(start) / decisionShare)
	return func() bool { return now().After(limit) }
}
