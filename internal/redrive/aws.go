package redrive

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	v4 "github.com/aws/aws-sdk-go-v2/aws/signer/v4"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
)

// hold is the visibility timeout of received messages, in seconds: longer than
// the function's timeout of 30 s and the pause, for a batch of ten messages.
const hold = 900

// SQS is a Queue in Amazon SQS.
type SQS struct {
	Client *sqs.Client
	URL    string
}

// Receive implements [Queue].
func (q SQS) Receive(ctx context.Context) ([]Message, error) {
	out, err := q.Client.ReceiveMessage(ctx, &sqs.ReceiveMessageInput{
		QueueUrl: &q.URL, MaxNumberOfMessages: 10, VisibilityTimeout: hold, WaitTimeSeconds: 1,
	})
	if err != nil {
		return nil, err
	}
	var messages []Message
	for _, m := range out.Messages {
		messages = append(messages, Message{ID: aws.ToString(m.MessageId), Receipt: aws.ToString(m.ReceiptHandle), Body: aws.ToString(m.Body)})
	}
	return messages, nil
}

// Delete implements [Queue].
func (q SQS) Delete(ctx context.Context, m Message) error {
	_, err := q.Client.DeleteMessage(ctx, &sqs.DeleteMessageInput{QueueUrl: &q.URL, ReceiptHandle: &m.Receipt})
	return err
}

// Release implements [Queue].
func (q SQS) Release(ctx context.Context, m Message) error {
	_, err := q.Client.ChangeMessageVisibility(ctx, &sqs.ChangeMessageVisibilityInput{QueueUrl: &q.URL, ReceiptHandle: &m.Receipt, VisibilityTimeout: 0})
	return err
}

// Lambda is a Function in AWS Lambda. It calls the API without the SDK's client,
// because it needs only one operation.
type Lambda struct {
	Name        string // or ARN
	Region      string
	Endpoint    string // "" for AWS's own
	Credentials aws.CredentialsProvider
	HTTP        *http.Client
	Now         func() time.Time
}

// maxAnswer is the maximum size of a function's answer: 6 MB.
// Source: Lambda developer guide, gettingstarted-limits.html.
const maxAnswer = 6 << 20

// Invoke implements [Function]. It waits for the answer (RequestResponse), so
// that the caller knows whether the event was handled.
// Source: Lambda API reference, Invoke.
func (l Lambda) Invoke(ctx context.Context, event []byte) ([]byte, error) {
	endpoint := l.Endpoint
	if endpoint == "" {
		endpoint = "https://lambda." + l.Region + "." + suffix(l.Region)
	}
	address := strings.TrimSuffix(endpoint, "/") + "/2015-03-31/functions/" + url.PathEscape(l.Name) + "/invocations"
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, address, bytes.NewReader(event))
	if err != nil {
		return nil, err
	}
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("X-Amz-Invocation-Type", "RequestResponse")
	credentials, err := l.Credentials.Retrieve(ctx)
	if err != nil {
		return nil, err
	}
	sum := sha256.Sum256(event)
	if err := v4.NewSigner().SignHTTP(ctx, credentials, req, hex.EncodeToString(sum[:]), "lambda", l.Region, l.Now()); err != nil {
		return nil, err
	}
	resp, err := l.HTTP.Do(req)
	if err != nil {
		return nil, err
	}
	defer resp.Body.Close()
	answer, err := io.ReadAll(io.LimitReader(resp.Body, maxAnswer+1))
	switch failure := resp.Header.Get("X-Amz-Function-Error"); {
	case err != nil:
		return nil, err
	case resp.StatusCode != http.StatusOK:
		return nil, fmt.Errorf("lambda: %s: %.200q", resp.Status, answer)
	case failure != "":
		return nil, fmt.Errorf("the function failed (%s): %.200q", failure, answer)
	}
	return answer, nil
}

// suffix returns the domain of a Region's endpoints.
func suffix(region string) string {
	if strings.HasPrefix(region, "cn-") {
		return "amazonaws.com.cn"
	}
	return "amazonaws.com"
}
