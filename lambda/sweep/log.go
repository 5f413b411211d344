package main

import (
	"context"
	"log/slog"

	"github.com/kmsentry/kmsentry/alert/safe"
	"github.com/kmsentry/kmsentry/alert/words"
)

// record counts the pieces of news and logs each, then the run: lines that
// LOG_LEVEL does not reach, since they are all that is left of news that was not
// told.
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

// shownWays are ways in for the log; they hold names out of policies and grants.
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

// metrics are the counts of a run in CloudWatch's embedded metric format, by the
// function's name. They are written once a run.
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
