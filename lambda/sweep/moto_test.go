package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"
	logtypes "github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs/types"
	"github.com/aws/aws-sdk-go-v2/service/kms"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	s3types "github.com/aws/aws-sdk-go-v2/service/s3/types"
	"github.com/aws/aws-sdk-go-v2/service/sns"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	sqstypes "github.com/aws/aws-sdk-go-v2/service/sqs/types"

	"github.com/kmsentry/kmsentry/internal/bootstraptest"
	"github.com/kmsentry/kmsentry/internal/mototest"
	"github.com/kmsentry/kmsentry/internal/runtimeapi"
)

const motoAccount = "123456789012"

// putEvent is the EventBridge event of a PutKeyPolicy call.
const putEvent = `{"source":"aws.kms","detail-type":"AWS API Call via CloudTrail","detail":{"eventVersion":"1.11","eventSource":"kms.amazonaws.com","eventName":"PutKeyPolicy",
	"eventTime":%q,"eventID":"0badf00d-0000-4000-8000-000000000001","awsRegion":"eu-west-1","recipientAccountId":"123456789012",
	"requestParameters":{"keyId":%q,"policyName":"default","policy":%s},"resources":[{"ARN":%q,"type":"AWS::KMS::Key","accountId":"123456789012"}]}}`

// A motoWorld is moto's KMS, S3, SNS, SQS and CloudWatch Logs, with the resources that
// the stack creates.
type motoWorld struct {
	t             *testing.T
	config        aws.Config
	topic, queue  string
	kms           *kms.Client
	logs          *cloudwatchlogs.Client
	sqs           *sqs.Client
	sweep, detect *runtimeapi.Function
	detectLog     *bootstraptest.Buffer
}

func newMotoWorld(t *testing.T) *motoWorld {
	t.Helper()
	url, ctx := mototest.Start(t), context.Background()
	w := &motoWorld{t: t, config: settings{credentials: aws.Credentials{AccessKeyID: "AKIATEST", SecretAccessKey: "secret"}, endpoint: url}.aws()}
	w.config.Region, w.config.HTTPClient = "eu-west-1", mototest.Client()
	w.kms, w.logs, w.sqs = kms.NewFromConfig(w.config), cloudwatchlogs.NewFromConfig(w.config), sqs.NewFromConfig(w.config)
	topics := sns.NewFromConfig(w.config)
	topic, err := topics.CreateTopic(ctx, &sns.CreateTopicInput{Name: aws.String("alerts")})
	w.need(err)
	queue, err := w.sqs.CreateQueue(ctx, &sqs.CreateQueueInput{QueueName: aws.String("alerts")})
	w.need(err)
	w.topic, w.queue = *topic.TopicArn, *queue.QueueUrl
	_, err = topics.Subscribe(ctx, &sns.SubscribeInput{
		TopicArn: &w.topic, Protocol: aws.String("sqs"), Endpoint: aws.String("arn:aws:sqs:eu-west-1:" + motoAccount + ":alerts"), Attributes: map[string]string{"RawMessageDelivery": "true"},
	})
	w.need(err)
	buckets := s3.NewFromConfig(w.config, func(o *s3.Options) { o.UsePathStyle = true })
	_, err = buckets.CreateBucket(ctx, &s3.CreateBucketInput{
		Bucket: aws.String(stateBucket), CreateBucketConfiguration: &s3types.CreateBucketConfiguration{LocationConstraint: "eu-west-1"},
	})
	w.need(err)
	_, err = w.logs.CreateLogGroup(ctx, &cloudwatchlogs.CreateLogGroupInput{LogGroupName: aws.String(detectorLog)})
	w.need(err)
	_, err = w.logs.CreateLogStream(ctx, &cloudwatchlogs.CreateLogStreamInput{LogGroupName: aws.String(detectorLog), LogStreamName: aws.String("s")})
	w.need(err)
	detector, err := bootstraptest.Build(t.TempDir(), bootstraptest.Detector)
	w.need(err)
	env := []string{"TOPIC_ARN=" + w.topic, "AWS_ACCESS_KEY_ID=AKIATEST", "AWS_SECRET_ACCESS_KEY=secret", "AWS_ENDPOINT_URL=" + url}
	w.detectLog = &bootstraptest.Buffer{}
	w.detect = &runtimeapi.Function{Bootstrap: detector, Log: w.detectLog, Grace: ample, Env: env}
	w.sweep = &runtimeapi.Function{Bootstrap: bootstrap.Path(t), Grace: ample, Env: append([]string{"STATE_BUCKET=" + stateBucket, "DETECTOR_LOG_GROUP=" + detectorLog}, env...)}
	for _, f := range []*runtimeapi.Function{w.detect, w.sweep} {
		w.need(f.Start())
		t.Cleanup(func() { f.Close() })
	}
	return w
}

func (w *motoWorld) need(err error) {
	w.t.Helper()
	if err != nil {
		w.t.Fatal(err)
	}
}

// key creates a key with the policy text and returns its ARN.
func (w *motoWorld) key(text string) string {
	w.t.Helper()
	text = strings.ReplaceAll(text, owner, motoAccount)
	out, err := w.kms.CreateKey(context.Background(), &kms.CreateKeyInput{Policy: &text})
	w.need(err)
	return *out.KeyMetadata.Arn
}

// put sets a key's policy. If heard is set, the real detector function gets the event,
// and what it logs is put into the log group.
func (w *motoWorld) put(key, text string, heard bool) {
	w.t.Helper()
	text = strings.ReplaceAll(text, owner, motoAccount)
	_, err := w.kms.PutKeyPolicy(context.Background(), &kms.PutKeyPolicyInput{KeyId: &key, PolicyName: aws.String("default"), Policy: &text})
	w.need(err)
	if !heard {
		return
	}
	quoted, _ := json.Marshal(text)
	_, err = w.detect.Invoke(context.Background(), fmt.Appendf(nil, putEvent, time.Now().UTC().Format(time.RFC3339), key, quoted, key), ample)
	w.need(err)
	w.detect.Close() // the log is whole once the process has ended
	var events []logtypes.InputLogEvent
	for line := range strings.Lines(w.detectLog.String()) {
		events = append(events, logtypes.InputLogEvent{Message: aws.String(strings.TrimSpace(line)), Timestamp: aws.Int64(time.Now().UnixMilli())})
	}
	_, err = w.logs.PutLogEvents(context.Background(), &cloudwatchlogs.PutLogEventsInput{LogGroupName: aws.String(detectorLog), LogStreamName: aws.String("s"), LogEvents: events})
	w.need(err)
}

// events returns what the sweep messages in the queue say about each key's event.
func (w *motoWorld) events() map[string]string {
	w.t.Helper()
	all := map[string]string{}
	for {
		out, err := w.sqs.ReceiveMessage(context.Background(), &sqs.ReceiveMessageInput{QueueUrl: &w.queue, MaxNumberOfMessages: 10, MessageSystemAttributeNames: []sqstypes.MessageSystemAttributeName{"All"}})
		w.need(err)
		if len(out.Messages) == 0 {
			return all
		}
		for _, m := range out.Messages {
			var finding struct {
				Info struct {
					Analytic struct{ UID string }
				} `json:"finding_info"`
				Evidences []struct {
					Data struct {
						Key   string `json:"key_arn"`
						Event string
					}
				}
			}
			w.need(json.NewDecoder(bytes.NewBufferString(*m.Body)).Decode(&finding))
			if finding.Info.Analytic.UID == "kmsentry-sweep" {
				for _, e := range finding.Evidences {
					all[e.Data.Key] = e.Data.Event
				}
			}
			_, err := w.sqs.DeleteMessage(context.Background(), &sqs.DeleteMessageInput{QueueUrl: &w.queue, ReceiptHandle: m.ReceiptHandle})
			w.need(err)
		}
	}
}

func (w *motoWorld) run() {
	w.t.Helper()
	_, err := w.sweep.Invoke(context.Background(), []byte(`{}`), ample)
	w.need(err)
}

// Both real functions run against moto: the event of one change reaches the detector,
// that of another does not, and the next sweep tells them apart.
func TestMotoLostEvent(t *testing.T) {
	w := newMotoWorld(t)
	lost, came, was := w.key(closed), w.key(closed), w.key(open)
	w.run()
	if got := w.events(); len(got) != 1 || got[was] != "none" {
		t.Errorf("the first sweep reported %v, want only %s", got, was)
	}
	w.put(came, open, true)
	w.put(lost, open, false)
	w.run()
	if got := w.events(); len(got) != 2 || got[came] != "heard" || got[lost] != "missing" {
		t.Errorf("the second sweep reported %v, want %s arrived and %s missing; the detector logged\n%s", got, came, lost, w.detectLog)
	}
	w.run()
	if got := w.events(); len(got) != 0 {
		t.Errorf("the third sweep reported %v, want nothing", got)
	}
}
