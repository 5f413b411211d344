package detect

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sns"

	"github.com/kmsentry/kmsentry/detector"
)

// A counter accepts every message and counts them.
type counter struct{ published int }

func (c *counter) Publish(_ context.Context, in *sns.PublishInput, _ ...func(*sns.Options)) (*sns.PublishOutput, error) {
	var body map[string]string
	if err := json.Unmarshal([]byte(aws.ToString(in.Message)), &body); err != nil || body["default"] == "" || len(aws.ToString(in.Subject)) > 99 {
		return nil, errors.New("SNS would refuse this message")
	}
	c.published++
	return &sns.PublishOutput{MessageId: aws.String("id")}, nil
}

// Any event leads to a named error or to a true summary: it published one message
// when it says so and none otherwise, and a verdict other than private is never quiet.
func FuzzHandler(f *testing.F) {
	names, err := filepath.Glob(filepath.Join("..", "..", "events", "*.json"))
	if err != nil || len(names) == 0 {
		f.Fatalf("no sample events: %v", err)
	}
	for _, name := range names {
		text, err := os.ReadFile(name)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(text)
	}
	s, err := read(nil, nil)
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, event []byte) {
		var c counter
		h := handler{settings: s, sns: &c, log: slog.New(slog.NewJSONHandler(io.Discard, nil)), now: func() time.Time { return testNow }}
		got, err := h.handle(context.Background(), event)
		var bad *eventError
		var record *detector.RecordError
		switch {
		case errors.As(err, &bad) || errors.As(err, &record):
			if c.published != 0 {
				t.Errorf("%d messages for an event refused with %v", c.published, err)
			}
		case err != nil:
			t.Errorf("handle = %v, want *eventError or *detector.RecordError", err)
		case got.Published != (got.Outcome == outcomePublished) || got.Published != (c.published == 1) || c.published > 1:
			t.Errorf("summary says %s, published %t; %d messages went out", got.Outcome, got.Published, c.published)
		case got.Outcome == outcomeQuiet && (got.Verdict.String() != "private" || got.Reason == ""):
			t.Errorf("quiet with verdict %s, reason %q", got.Verdict, got.Reason)
		}
	})
}
