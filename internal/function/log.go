package function

import (
	"bytes"
	"io"
	"log/slog"
	"strings"

	"github.com/kmsentry/kmsentry/internal/version"
)

// NewLog returns a logger that writes one JSON object per line to w, with the member
// names of Lambda's JSON log format: timestamp, level, message.
// Source: Lambda developer guide, monitoring-cloudwatchlogs-logformat.html.
func NewLog(w io.Writer, level slog.Level) *slog.Logger {
	return slog.New(slog.NewJSONHandler(w, &slog.HandlerOptions{Level: level, ReplaceAttr: lambdaNames}))
}

func lambdaNames(groups []string, a slog.Attr) slog.Attr {
	if len(groups) > 0 {
		return a
	}
	switch a.Key {
	case slog.TimeKey:
		return slog.String("timestamp", a.Value.Time().UTC().Format("2006-01-02T15:04:05.000Z"))
	case slog.MessageKey:
		a.Key = "message"
	}
	return a
}

// startLine returns the log line of a function that cannot start.
func startLine(fault error) string {
	var line bytes.Buffer
	NewLog(&line, slog.LevelInfo).Error("start failed", "error", fault.Error(), "version", version.String())
	return strings.TrimSuffix(line.String(), "\n")
}
