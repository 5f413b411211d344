package main

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/aws/aws-sdk-go-v2/service/sqs/types"

	"github.com/kmsentry/kmsentry/internal/exit"
	"github.com/kmsentry/kmsentry/internal/fakesns"
	"github.com/kmsentry/kmsentry/internal/invoke"
	"github.com/kmsentry/kmsentry/internal/mototest"
	"github.com/kmsentry/kmsentry/internal/runtimeapi"
)

// An account is what the runbook works on: moto's queues, and the real function in
// place of the Lambda API.
type account struct {
	sqs                 *sqs.Client
	failed, undelivered string // queue URLs
	sns                 *fakesns.Server
	endpoint            string // moto's
	env                 []string
}

func newAccount(t *testing.T) account {
	t.Helper()
	moto := mototest.Start(t)
	a := account{endpoint: moto, sqs: sqs.New(sqs.Options{
		Region: "us-east-1", BaseEndpoint: &moto, HTTPClient: mototest.Client(), Retryer: aws.NopRetryer{},
		Credentials: aws.CredentialsProviderFunc(func(context.Context) (aws.Credentials, error) {
			return aws.Credentials{AccessKeyID: "test", SecretAccessKey: "test"}, nil
		}),
	})}
	for name, address := range map[string]*string{"failed": &a.failed, "undelivered": &a.undelivered} {
		q, err := a.sqs.CreateQueue(context.Background(), &sqs.CreateQueueInput{QueueName: &name})
		if err != nil {
			t.Fatal(err)
		}
		*address = *q.QueueUrl
	}
	var err error
	if a.sns, err = fakesns.Start(invoke.DefaultTopic, nil); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { a.sns.Close() })
	f := &runtimeapi.Function{Bootstrap: bootstrap.Path(t), Grace: time.Minute, Env: []string{
		"TOPIC_ARN=" + invoke.DefaultTopic, "AWS_ACCESS_KEY_ID=test", "AWS_SECRET_ACCESS_KEY=test", "AWS_ENDPOINT_URL_SNS=" + a.sns.URL(),
	}}
	if err := f.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { f.Close() })
	api := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		event, _ := io.ReadAll(r.Body)
		answer, err := f.Invoke(r.Context(), event, time.Minute)
		if err != nil {
			w.Header().Set("X-Amz-Function-Error", "Unhandled")
			answer = fmt.Appendf(nil, "{%q: %q}", "errorMessage", err)
		}
		w.Write(answer)
	}))
	t.Cleanup(api.Close)
	a.env = []string{
		"AWS_ACCESS_KEY_ID=test", "AWS_SECRET_ACCESS_KEY=test", "AWS_REGION=us-east-1", "AWS_DEFAULT_REGION=us-east-1",
		"AWS_ENDPOINT_URL_SQS=" + moto, "AWS_ENDPOINT_URL_LAMBDA=" + api.URL, "AWS_EC2_METADATA_DISABLED=true",
	}
	return a
}

func (a account) put(t *testing.T, queue, body string) {
	t.Helper()
	if _, err := a.sqs.SendMessage(context.Background(), &sqs.SendMessageInput{QueueUrl: &queue, MessageBody: &body}); err != nil {
		t.Fatal(err)
	}
}

// left returns the number of messages in a queue, visible and hidden.
func (a account) left(t *testing.T, queue string) string {
	t.Helper()
	out, err := a.sqs.GetQueueAttributes(context.Background(), &sqs.GetQueueAttributesInput{QueueUrl: &queue, AttributeNames: []types.QueueAttributeName{"All"}})
	if err != nil {
		t.Fatal(err)
	}
	return out.Attributes["ApproximateNumberOfMessages"] + " seen, " + out.Attributes["ApproximateNumberOfMessagesNotVisible"] + " hidden"
}

// sh runs a block of the runbook as it is in docs/deploy.md, with the outputs of
// the stack in place of their names.
func (a account) sh(t *testing.T, dir, block string) (out string, ok bool) {
	t.Helper()
	block = strings.NewReplacer("UNDELIVERED_EVENTS_URL", a.undelivered, "FAILED_EVENTS_URL", a.failed, "FUNCTION_NAME", "kmsentry",
		"aws sqs", "aws --endpoint-url "+a.endpoint+" sqs").Replace(block) // version 1 ignores AWS_ENDPOINT_URL_SQS
	if version, _ := exec.Command("aws", "--version").Output(); strings.HasPrefix(string(version), "aws-cli/1.") {
		block = strings.ReplaceAll(block, " --cli-binary-format raw-in-base64-out", "")
	}
	cmd := exec.Command("sh", "-ec", block)
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), a.env...)
	text, err := cmd.CombinedOutput()
	return string(text), err == nil
}

// needTools skips the test when one of the tools is not installed, or fails it in CI.
func needTools(t *testing.T, tools ...string) {
	t.Helper()
	for _, tool := range tools {
		if _, err := exec.LookPath(tool); err != nil {
			if os.Getenv("CI") != "" {
				t.Fatal(err)
			}
			t.Skip(err)
		}
	}
}

// withBinaries creates a folder with the command and the function in bin.
func withBinaries(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	if err := os.Mkdir(filepath.Join(dir, "bin"), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(bootstrap.Path(t), filepath.Join(dir, "bin", "bootstrap")); err != nil {
		t.Fatal(err)
	}
	if out, err := exec.Command("go", "build", "-o", filepath.Join(dir, "bin", "kmsentry"), ".").CombinedOutput(); err != nil {
		t.Fatalf("go build: %v\n%s", err, out)
	}
	return dir
}

// TestRunbookMoto runs the commands in docs/deploy.md for events in a queue, against
// moto's queues and the real function.
func TestRunbookMoto(t *testing.T) {
	if testing.Short() {
		t.Skip("left out with -short: make moto runs it")
	}
	needTools(t, "aws", "jq")
	text, err := os.ReadFile(filepath.Join("..", "..", "docs", "deploy.md"))
	if err != nil {
		t.Fatal(err)
	}
	_, text, _ = bytes.Cut(text, []byte("\n### Events in a queue\n"))
	blocks := regexp.MustCompile("(?s)```sh\n(.*?)```").FindAllStringSubmatch(string(text), -1)
	if len(blocks) != 3 {
		t.Fatalf("%d blocks of sh in docs/deploy.md under Events in a queue, want 3", len(blocks))
	}
	dir := withBinaries(t)
	a := newAccount(t)
	public, quiet := queuedEvent(t, "put-key-policy-public"), queuedEvent(t, "create-key-default")
	a.put(t, a.failed, `{"version":"1.0","requestContext":{"condition":"RetriesExhausted"},"requestPayload":`+public+`,"responsePayload":{"errorType":"publishError"}}`)
	a.put(t, a.failed, `{"requestPayload":{"source":"aws.kms","detail-type":"another","detail":{}}}`)
	a.put(t, a.undelivered, quiet)

	out, ok := a.sh(t, dir, blocks[0][1])
	if !ok || !strings.Contains(out, "public, critical") || a.left(t, a.failed) != "2 seen, 0 hidden" || a.left(t, a.undelivered) != "1 seen, 0 hidden" || a.sns.Requests() != 0 {
		t.Errorf("a dry run changed something, or does not show the opening (%s, %s):\n%s", a.left(t, a.failed), a.left(t, a.undelivered), out)
	}
	out, ok = a.sh(t, dir, blocks[1][1])
	if ok || !strings.Contains(out, "handled: published") || !strings.Contains(out, "handled: quiet") || !strings.Contains(out, "eventError") {
		t.Errorf("redrive --send, status 0: %t, prints\n%s", ok, out)
	}
	if len(a.sns.Publications()) != 1 || a.left(t, a.failed) != "1 seen, 0 hidden" || a.left(t, a.undelivered) != "0 seen, 0 hidden" {
		t.Errorf("%d alerts, failed events %s, undelivered events %s; want 1 alert, and only the refused event left", len(a.sns.Publications()), a.left(t, a.failed), a.left(t, a.undelivered))
	}
	if _, err := a.sqs.PurgeQueue(context.Background(), &sqs.PurgeQueueInput{QueueUrl: &a.failed}); err != nil {
		t.Fatal(err)
	}
	a.put(t, a.failed, `{"requestPayload":`+public+`}`)
	out, ok = a.sh(t, dir, blocks[2][1])
	if !ok || len(a.sns.Publications()) != 2 || a.left(t, a.failed) != "0 seen, 0 hidden" {
		t.Errorf("by hand: status 0 %t, %d alerts, %s:\n%s", ok, len(a.sns.Publications()), a.left(t, a.failed), out)
	}
}

func queuedEvent(t *testing.T, name string) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("..", "..", "events", name+".json"))
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

func TestRedriveUsage(t *testing.T) {
	for _, test := range []struct{ name, want string }{
		{"", "expected the URL of a queue"},
		{"kmsentry", "expected the URL of a queue"},
		{"--send https://sqs.us-east-1.amazonaws.com/1/q", "--send needs --function"},
		{"--per-minute 0 https://sqs.us-east-1.amazonaws.com/1/q", "expected 1 to 120"},
	} {
		t.Run(test.name, func(t *testing.T) {
			status, _, stderr := kmsentry("", append([]string{"redrive"}, strings.Fields(test.name)...)...)
			if status != exit.Usage || !strings.Contains(stderr, test.want) {
				t.Errorf("status %d, %q, want %d and %q", status, stderr, exit.Usage, test.want)
			}
		})
	}
}
