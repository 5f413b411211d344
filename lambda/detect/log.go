package detect

import (
	"context"
	"log/slog"
	"time"
)

// record logs the outcome of an event in one line. A finding is logged whatever the
// level. The Lambda runtime logs failed invocations, with the error.
func (h *handler) record(ctx context.Context, s summary, delay time.Duration) {
	attrs := []slog.Attr{
		slog.String("event_id", s.EventID),
		slog.String("event_name", s.EventName),
		slog.String("verdict", s.Verdict.String()),
		slog.String("outcome", s.Outcome),
		slog.String("version", h.settings.options.Version),
	}
	for _, a := range []struct{ key, value string }{
		{"severity", s.Severity},
		{"finding", s.Finding},
		{"title", s.Title},
		{"key", s.Key},
		{"account", s.Account},
		{"region", s.Region},
		{"message_id", s.MessageID},
		{"storm", s.Storm},
		{"held_by", s.HeldBy},
		{"reason", s.Reason},
	} {
		if a.value != "" {
			attrs = append(attrs, slog.String(a.key, a.value))
		}
	}
	if len(s.Expired) > 0 {
		attrs = append(attrs, slog.Any("expired_exceptions", s.Expired))
	}
	if s.Finding == "" && s.Outcome != outcomeCanary {
		h.log.LogAttrs(ctx, slog.LevelInfo, s.message(), attrs...)
		return
	}
	// LOG_LEVEL does not apply to findings: this line is the only trace of one that
	// was not published, and it carries the metrics.
	line := slog.NewRecord(h.now(), slog.LevelInfo, s.message(), 0)
	line.AddAttrs(append(attrs, metrics(s, h.function, h.now(), delay)...)...)
	h.log.Handler().Handle(ctx, line)
}

// metrics returns the metrics of a finding or of the canary for the log line, in
// CloudWatch's embedded metric format, with the function's name as the dimension.
// Other events have no metrics.
// Source: CloudWatch user guide, CloudWatch_Embedded_Metric_Format_Specification.html.
func metrics(s summary, function string, now time.Time, delay time.Duration) []slog.Attr {
	name := map[string]string{outcomePublished: "Published", outcomeOverflow: "Overflow", outcomeHeld: "HeldBack", outcomeBelow: "BelowThreshold", outcomeCanary: "Canary"}[s.Outcome]
	type metric struct{ Name, Unit string }
	list := []metric{{name, "Count"}}
	attrs := []slog.Attr{slog.Int(name, 1)}
	if (s.Published || s.Outcome == outcomeCanary) && delay > 0 {
		list = append(list, metric{"AlertDelaySeconds", "Seconds"})
		attrs = append(attrs, slog.Float64("AlertDelaySeconds", delay.Seconds()))
	}
	dimensions := [][]string{{}}
	if function != "" {
		dimensions = [][]string{{"FunctionName"}}
		attrs = append(attrs, slog.String("FunctionName", function))
	}
	return append(attrs, slog.Any("_aws", map[string]any{
		"Timestamp": now.UnixMilli(),
		"CloudWatchMetrics": []any{map[string]any{
			"Namespace": "kmsentry", "Dimensions": dimensions, "Metrics": list,
		}},
	}))
}
