package detect

import (
	"context"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sns"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	sqstypes "github.com/aws/aws-sdk-go-v2/service/sqs/types"

	"github.com/kmsentry/kmsentry/internal/mototest"
)

// subscribers is a topic in moto to which a queue and a web server are subscribed.
type subscribers struct {
	topic string
	sqs   *sqs.Client
	queue string
	posts chan string // bodies of the notifications over HTTP
}

func subscribe(t *testing.T, url string) subscribers {
	t.Helper()
	ctx := context.Background()
	credentials := aws.CredentialsProviderFunc(func(context.Context) (aws.Credentials, error) {
		return aws.Credentials{AccessKeyID: "test", SecretAccessKey: "test"}, nil
	})
	topics := sns.New(sns.Options{Region: "us-west-2", BaseEndpoint: &url, HTTPClient: mototest.Client(), Credentials: credentials})
	s := subscribers{
		sqs:   sqs.New(sqs.Options{Region: "us-west-2", BaseEndpoint: &url, HTTPClient: mototest.Client(), Credentials: credentials}),
		posts: make(chan string, 10),
	}
	topic, err := topics.CreateTopic(ctx, &sns.CreateTopicInput{Name: aws.String("kmsentry")})
	if err != nil {
		t.Fatal(err)
	}
	s.topic = *topic.TopicArn
	queue, err := s.sqs.CreateQueue(ctx, &sqs.CreateQueueInput{QueueName: aws.String("alerts")})
	if err != nil {
		t.Fatal(err)
	}
	s.queue = *queue.QueueUrl
	attributes, err := s.sqs.GetQueueAttributes(ctx, &sqs.GetQueueAttributesInput{QueueUrl: &s.queue, AttributeNames: []sqstypes.QueueAttributeName{"QueueArn"}})
	if err != nil {
		t.Fatal(err)
	}
	web := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		if r.Header.Get("x-amz-sns-message-type") != "SubscriptionConfirmation" {
			s.posts <- string(body)
		}
	}))
	t.Cleanup(web.Close)
	for protocol, endpoint := range map[string]string{"sqs": attributes.Attributes["QueueArn"], "http": web.URL} {
		if _, err := topics.Subscribe(ctx, &sns.SubscribeInput{TopicArn: &s.topic, Protocol: &protocol, Endpoint: &endpoint}); err != nil {
			t.Fatal(err)
		}
	}
	return s
}

// queued receives and deletes all messages in the queue.
func (s subscribers) queued(t *testing.T) []string {
	t.Helper()
	var bodies []string
	for {
		out, err := s.sqs.ReceiveMessage(context.Background(), &sqs.ReceiveMessageInput{QueueUrl: &s.queue, MaxNumberOfMessages: 10})
		if err != nil {
			t.Fatal(err)
		}
		if len(out.Messages) == 0 {
			return bodies
		}
		for _, m := range out.Messages {
			bodies = append(bodies, *m.Body)
			if _, err := s.sqs.DeleteMessage(context.Background(), &sqs.DeleteMessageInput{QueueUrl: &s.queue, ReceiptHandle: m.ReceiptHandle}); err != nil {
				t.Fatal(err)
			}
		}
	}
}

// findingUID returns the uid of the finding in an SNS notification.
func findingUID(t *testing.T, notification string) string {
	t.Helper()
	var n struct{ Type, Subject, Message string }
	if err := json.Unmarshal([]byte(notification), &n); err != nil || n.Type != "Notification" || n.Subject == "" {
		t.Fatalf("notification = %.200q, want SNS's JSON with a subject (%v)", notification, err)
	}
	var finding struct {
		FindingInfo struct{ UID string } `json:"finding_info"`
	}
	if err := json.Unmarshal([]byte(n.Message), &finding); err != nil {
		t.Fatalf("message = %.200q, want the finding as JSON (%v)", n.Message, err)
	}
	return finding.FindingInfo.UID
}

// The real binary publishes to an independent SNS, which delivers to a queue and over
// HTTP.
func TestMotoDelivers(t *testing.T) {
	t.Parallel()
	url := mototest.Start(t)
	s := subscribe(t, url)
	f, _ := newFunction(t, url, "TOPIC_ARN="+s.topic)
	for _, name := range []string{"create-key-public", "put-key-policy-public", "replicate-key-public"} {
		t.Run(name, func(t *testing.T) {
			want := invoke(t, f, sample(t, name))
			if !want.Published || want.MessageID == "" {
				t.Fatalf("summary = %+v, want a published finding", want)
			}
			bodies := s.queued(t)
			if len(bodies) != 1 {
				t.Fatalf("%d messages in the queue, want 1", len(bodies))
			}
			if uid := findingUID(t, bodies[0]); uid != want.Finding {
				t.Errorf("the queue got finding %q, want %q", uid, want.Finding)
			}
			select {
			case post := <-s.posts:
				if uid := findingUID(t, post); uid != want.Finding {
					t.Errorf("the web server got finding %q, want %q", uid, want.Finding)
				}
			case <-time.After(ample):
				t.Error("the web server got nothing")
			}
		})
	}
	for _, name := range []string{"create-key-default", "put-key-policy-caller-account", "put-key-policy-refused"} {
		t.Run(name, func(t *testing.T) {
			if got := invoke(t, f, sample(t, name)); got.Published {
				t.Errorf("summary = %+v, want nothing published", got)
			}
			if bodies := s.queued(t); len(bodies) != 0 {
				t.Errorf("%d messages in the queue, want none", len(bodies))
			}
		})
	}
	t.Run("no such topic", func(t *testing.T) {
		f, _ := newFunction(t, url, "TOPIC_ARN="+s.topic+"-other")
		_, err := f.Invoke(context.Background(), sample(t, "put-key-policy-public"), ample)
		if failure := asFailure(t, err); failure.Type != "publishError" || !strings.Contains(failure.Message, "NotFound") {
			t.Errorf("Invoke = %v, want publishError with NotFound", failure)
		}
	})
}
