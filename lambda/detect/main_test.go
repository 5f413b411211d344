package detect

import (
	"context"
	"encoding/json"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/kmsentry/kmsentry/internal/bootstraptest"
	"github.com/kmsentry/kmsentry/internal/fakesns"
	"github.com/kmsentry/kmsentry/internal/runtimeapi"
)

const (
	testTopic    = "arn:aws:sns:us-west-2:111111111111:kmsentry"
	testOverflow = "arn:aws:sns:us-west-2:111111111111:kmsentry-overflow"

	// ample is a time limit that only a hang exceeds, however busy the machine is.
	ample = time.Minute
)

// bootstrap is the real binary.
var bootstrap = bootstraptest.Binary{Function: bootstraptest.Detector}

func TestMain(m *testing.M) { os.Exit(bootstrap.Main(m)) }

// newFunction starts a Runtime API for the real binary, with an SNS endpoint and
// further environment variables, NAME=value. The returned buffer receives the log.
func newFunction(t testing.TB, endpoint string, env ...string) (*runtimeapi.Function, *bootstraptest.Buffer) {
	t.Helper()
	var log bootstraptest.Buffer
	f := &runtimeapi.Function{Bootstrap: bootstrap.Path(t), Log: &log, Grace: ample}
	f.Env = append([]string{
		"TOPIC_ARN=" + testTopic, "AWS_ACCESS_KEY_ID=test", "AWS_SECRET_ACCESS_KEY=test", "AWS_ENDPOINT_URL_SNS=" + endpoint,
	}, env...)
	if err := f.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { f.Close() })
	return f, &log
}

// newSNSServer starts an SNS server with both topics; fault may be nil.
func newSNSServer(t testing.TB, fault func(n int) fakesns.Fault) *fakesns.Server {
	t.Helper()
	s, err := fakesns.Start(testTopic, fault, testOverflow)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	return s
}

// sample reads a sample event.
func sample(t testing.TB, name string) []byte {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("..", "..", "events", name+".json"))
	if err != nil {
		t.Fatal(err)
	}
	return text
}

// invoke sends an event that must be handled, and returns the summary.
func invoke(t testing.TB, f *runtimeapi.Function, event []byte) summary {
	t.Helper()
	response, err := f.Invoke(context.Background(), event, ample)
	if err != nil {
		t.Fatalf("Invoke: %v", err)
	}
	var s summary
	if err := json.Unmarshal(response, &s); err != nil {
		t.Fatalf("summary %s: %v", response, err)
	}
	return s
}
