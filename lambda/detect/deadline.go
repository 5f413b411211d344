package detect

import (
	"context"
	"time"
)

// decisionShare is the divisor that gives deciding a policy its part of the time
// left, a quarter; the rest is for the message and for SNS.
const decisionShare = 4

// decideBy returns a function for detector.Detector.Stop that reports whether the
// decision has used up its part of the time left until the deadline of ctx; nil when
// ctx has no deadline.
func decideBy(ctx context.Context, now func() time.Time) func() bool {
	deadline, ok := ctx.Deadline()
	if !ok {
		return nil
	}
	start := now()
	limit := start.Add(deadline.Sub(start) / decisionShare)
	return func() bool { return now().After(limit) }
}
