package main

import (
	"context"
	"log/slog"

	"github.com/kmsentry/kmsentry/alert/safe"
	"github.com/kmsentry/kmsentry/alert/words"
)

// record logs each piece of news, counts them in s, and then logs the run. LOG_LEVEL
// does not apply to these lines, since they are the only trace of news that was not
// reported.
func (h *handler) record(ctx context.Context, s *summary, c *comparison) {
	for _, it := range c.items {
		lost := it.call == words.CallMissing
		if lost {
			s.Lost++
		}
		fates := map[string]bool{}
		for _, p := range it.pieces {
			fates[p.fate] = true
			attrs := []slog.Attr{
				slog.String("news", p.fate), slog.String("of", p.of), slog.String("severity", p.severity.String()),
				slog.String("key", safe.Sanitize(it.key.ARN, 256)), slog.String("account", safe.Sanitize(it.key.Account, 256)), slog.String("region", safe.Sanitize(it.key.Region, 256)),
				slog.String("verdict", it.verdict.String()), slog.Any("fresh", shownWays(p.fresh)),
			}
			if p.of == "policy" {
				attrs = append(attrs, slog.String("title", it.title), slog.String("event", it.call.String()))
			}
			if p.heldBy != "" {
				attrs = append(attrs, slog.String("held_by", p.heldBy))
			}
			h.line(ctx, "news of a key", attrs)
		}
		switch {
		case fates[newsTold]:
			s.Told++
		case fates[newsHeld]:
			s.Held++
		default:
			s.Below++
		}
	}
	for _, fault := range s.Faults {
		h.line(ctx, "the sweep could not read everything", []slog.Attr{slog.String("fault", fault)})
	}
	h.line(ctx, "swept", append([]slog.Attr{slog.Any("swept", s)}, h.metrics(s)...))
}

// shownWays returns at most 20 openings for the log, sanitized because they hold names
// from policies and grants.
func shownWays(ways []string) []string {
	const most = 20
	var all []string
	for _, way := range ways[:min(len(ways), most)] {
		all = append(all, safe.Sanitize(way, 256))
	}
	return all
}

func (h *handler) line(ctx context.Context, message string, attrs []slog.Attr) {
	line := slog.NewRecord(h.now(), slog.LevelInfo, message, 0)
	line.AddAttrs(attrs...)
	h.log.Handler().Handle(ctx, line)
}

// metrics returns the counts of a run in CloudWatch's embedded metric format, with the
// function's name as the dimension. They are logged once per run.
// Source: CloudWatch user guide, CloudWatch_Embedded_Metric_Format_Specification.html.
func (h *handler) metrics(s *summary) []slog.Attr {
	type metric struct{ Name, Unit string }
	var list []metric
	var attrs []slog.Attr
	for _, m := range []struct {
		name  string
		value int
	}{{"Swept", s.Keys}, {"SweepTold", s.Told}, {"SweepFaults", len(s.Faults)}, {"LostEvents", s.Lost}} {
		list, attrs = append(list, metric{m.name, "Count"}), append(attrs, slog.Int(m.name, m.value))
	}
	dimensions := [][]string{{}}
	if h.function != "" {
		dimensions = [][]string{{"FunctionName"}}
		attrs = append(attrs, slog.String("FunctionName", h.function))
	}
	return append(attrs, slog.Any("_aws", map[string]any{
		"Timestamp":         h.now().UnixMilli(),
		"CloudWatchMetrics": []any{map[string]any{"Namespace": "kmsentry", "Dimensions": dimensions, "Metrics": list}},
	}))
}
