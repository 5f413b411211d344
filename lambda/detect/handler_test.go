package detect

import (
	"bytes"
	"context"
	"fmt"
	"io/fs"
	"log/slog"
	"testing"
	"time"
	"unicode"

	"github.com/aws/aws-sdk-go-v2/service/sns"

	"github.com/kmsentry/kmsentry/alert/safe"
	"github.com/kmsentry/kmsentry/internal/function"
)

// A tally counts messages instead of sending them.
type tally struct{ n int }

func (c *tally) Publish(context.Context, *sns.PublishInput, ...func(*sns.Options)) (*sns.PublishOutput, error) {
	c.n++
	id := "id"
	return &sns.PublishOutput{MessageId: &id}, nil
}

// testHandler returns a handler with default settings at a fixed time, a count of the
// messages that it publishes, and its log.
func testHandler(t *testing.T) (*handler, *tally, *bytes.Buffer) {
	t.Helper()
	env := map[string]string{
		"TOPIC_ARN":         "arn:aws:sns:us-east-1:111122223333:alerts",
		"AWS_ACCESS_KEY_ID": "AKIAIOSFODNN7EXAMPLE", "AWS_SECRET_ACCESS_KEY": "secret",
	}
	noFile := func(string) ([]byte, error) { return nil, fs.ErrNotExist }
	settings, err := readSettings(func(name string) string { return env[name] }, noFile, "", time.Now())
	if err != nil {
		t.Fatal(err)
	}
	sent, log := &tally{}, &bytes.Buffer{}
	now := func() time.Time { return time.Date(2026, 11, 20, 9, 0, 0, 0, time.UTC) }
	return &handler{settings: settings, sns: sent, log: function.NewLog(log, slog.LevelInfo), now: now}, sent, log
}

// opening is a PutKeyPolicy event whose policy lets everybody in until 2030.
const opening = `{"source":"aws.kms","detail-type":"AWS API Call via CloudTrail","detail":{"eventSource":"kms.amazonaws.com","eventName":"PutKeyPolicy","eventTime":%q,"awsRegion":"us-east-1","recipientAccountId":"111122223333",` +
	`"requestParameters":{"keyId":%q,"policyName":"default","policy":"{\"Statement\":[{\"Effect\":\"Allow\",\"Principal\":{\"AWS\":\"111122223333\"},\"Action\":\"kms:*\",\"Resource\":\"*\"},` +
	`{\"Effect\":\"Allow\",\"Principal\":\"*\",\"Action\":\"kms:Encrypt\",\"Resource\":\"*\",\"Condition\":{\"DateLessThan\":{\"aws:CurrentTime\":\"2030-01-01T00:00:00Z\"}}}]}"}}}`

func TestImpossibleEventTimeIsNotBelieved(t *testing.T) {
	for _, at := range []string{"2026-11-20T08:59:00Z", "9999-12-31T23:59:59Z", ""} {
		h, sent, _ := testHandler(t)
		s, err := h.handle(context.Background(), fmt.Appendf(nil, opening, at, "1234abcd-12ab-34cd-56ef-1234567890ab"))
		if err != nil || !s.Published || sent.n != 1 {
			t.Errorf("event of %q: handle = %+v, %v, %d messages, want one", at, s, err, sent.n)
		}
	}
}

func TestLogAndAnswerHoldNoUnseenCharacters(t *testing.T) {
	h, _, log := testHandler(t)
	answer, err := h.Invoke(context.Background(), fmt.Appendf(nil, opening, "2026-11-20T08:59:00Z", "k\u202eey\u0085"))
	if err != nil {
		t.Fatal(err)
	}
	for _, text := range []string{string(answer), log.String()} {
		for _, r := range text {
			if !unicode.IsPrint(r) && r != '\n' {
				t.Errorf("%q has %U", text, r)
			}
		}
	}
	if want := safe.Sanitize("k\u202eey\u0085", maxField); !bytes.Contains(answer, []byte(`k\\u202eey\\x85`)) && !bytes.Contains(answer, []byte(want)) {
		t.Errorf("answer %s does not name the key", answer)
	}
}
