package doctor

import (
	"bytes"
	"context"
	"maps"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudformation"
	cloudformationtypes "github.com/aws/aws-sdk-go-v2/service/cloudformation/types"
	"github.com/aws/aws-sdk-go-v2/service/cloudtrail"
	cloudtrailtypes "github.com/aws/aws-sdk-go-v2/service/cloudtrail/types"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch"
	cloudwatchtypes "github.com/aws/aws-sdk-go-v2/service/cloudwatch/types"
	"github.com/aws/aws-sdk-go-v2/service/eventbridge"
	"github.com/aws/aws-sdk-go-v2/service/kms"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
	lambdatypes "github.com/aws/aws-sdk-go-v2/service/lambda/types"
	"github.com/aws/aws-sdk-go-v2/service/sns"
	"github.com/aws/aws-sdk-go-v2/service/sqs"

	"github.com/kmsentry/kmsentry"
	"github.com/kmsentry/kmsentry/internal/mototest"
	"github.com/kmsentry/kmsentry/internal/pytool"
)

// translate converts template.yaml to CloudFormation, as AWS would, with other code in
// place of the functions'.
const translate = `
import json, sys
from samtranslator.translator.transform import transform
from samtranslator.yaml_helper import yaml_parse
class NoManagedPolicies:
    def load(self): return {}
template = yaml_parse(sys.stdin.read())
for resource in template["Resources"].values():
    if resource["Type"] == "AWS::Serverless::Function":
        resource["Properties"]["CodeUri"] = "s3://bucket/key"
template = transform(template, {}, NoManagedPolicies())
for resource in template["Resources"].values():
    if resource["Type"] == "AWS::Lambda::Function":
        resource["Properties"]["Code"] = {"ZipFile": "code"}
function = template["Resources"]["DetectorFunction"]["Properties"]
function["Environment"]["Variables"]["MAX_ALERTS_PER_MINUTE"] = "20" # moto would make a number of it
json.dump(template, sys.stdout)
`

// A motoAccount is moto with the stack of template.yaml and a trail. What moto's
// CloudFormation does not create, the alarms and the schedule, is missing; what belongs
// to the function's failures is created through Lambda's API.
type motoAccount struct {
	*deployment
	ctx context.Context
}

func newMoto(t *testing.T) motoAccount {
	t.Helper()
	pytool.Need(t, "python3", "-c", "import samtranslator")
	endpoint := mototest.Start(t)
	cmd := exec.Command("python3", "-c", translate)
	cmd.Env = append(os.Environ(), "AWS_DEFAULT_REGION="+region)
	cmd.Stdin = strings.NewReader(kmsentry.Template)
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	template, err := cmd.Output()
	if err != nil {
		t.Fatalf("the SAM translator: %v\n%s", err, &stderr)
	}
	cfg := aws.Config{Region: region, BaseEndpoint: &endpoint, HTTPClient: mototest.Client(), Credentials: aws.CredentialsProviderFunc(func(context.Context) (aws.Credentials, error) {
		return aws.Credentials{AccessKeyID: "test", SecretAccessKey: "test"}, nil
	})}
	m := motoAccount{newDeployment(cfg, Options{Stack: "kmsentry", Now: time.Now()}), context.Background()}
	m.do(t, "CreateStack", func() error {
		_, err := m.formation.CreateStack(m.ctx, &cloudformation.CreateStackInput{
			StackName: aws.String("kmsentry"), TemplateBody: aws.String(string(template)), Capabilities: []cloudformationtypes.Capability{cloudformationtypes.CapabilityCapabilityIam},
			Parameters: []cloudformationtypes.Parameter{{ParameterKey: aws.String("AlertEmail"), ParameterValue: aws.String("security@example.com")}},
		})
		return err
	})
	m.trailAndSubscribers(t)
	return m
}

func (m motoAccount) do(t *testing.T, what string, call func() error) {
	t.Helper()
	if err := call(); err != nil {
		t.Fatalf("%s: %v", what, err)
	}
}

// physical returns the physical id of a resource.
func (m motoAccount) physical(t *testing.T, logical string) *string {
	t.Helper()
	id, err := m.id(m.ctx, logical)
	if err != nil {
		t.Fatal(err)
	}
	return &id
}

func (m motoAccount) trailAndSubscribers(t *testing.T) {
	t.Helper()
	m.do(t, "the trail's bucket", func() error {
		_, err := m.formation.CreateStack(m.ctx, &cloudformation.CreateStackInput{StackName: aws.String("bucket"), TemplateBody: aws.String(`{"Resources":{"Bucket":{"Type":"AWS::S3::Bucket","Properties":{"BucketName":"trail"}}}}`)})
		return err
	})
	m.do(t, "CreateTrail", func() error {
		_, err := m.trail.CreateTrail(m.ctx, &cloudtrail.CreateTrailInput{Name: aws.String("org"), S3BucketName: aws.String("trail"), IsMultiRegionTrail: aws.Bool(true), IsOrganizationTrail: aws.Bool(true)})
		return err
	})
	m.do(t, "StartLogging", func() error {
		_, err := m.trail.StartLogging(m.ctx, &cloudtrail.StartLoggingInput{Name: aws.String("org")})
		return err
	})
	m.selectEvents(t, cloudtrailtypes.EventSelector{IncludeManagementEvents: aws.Bool(true), ReadWriteType: cloudtrailtypes.ReadWriteTypeAll})
	for topic, protocol := range map[string]string{"AlertTopic": "email", "OpsTopic": "email", "OverflowTopic": "https"} {
		m.do(t, "Subscribe", func() error {
			_, err := m.sns.Subscribe(m.ctx, &sns.SubscribeInput{TopicArn: m.physical(t, topic), Protocol: &protocol, Endpoint: aws.String("https://example.com/x@example.com")})
			return err
		})
	}
	failed := m.physical(t, "FailedEvents")
	m.do(t, "PutFunctionEventInvokeConfig", func() error {
		_, err := m.lambda.PutFunctionEventInvokeConfig(m.ctx, &lambda.PutFunctionEventInvokeConfigInput{
			FunctionName: m.physical(t, "DetectorFunction"), MaximumRetryAttempts: aws.Int32(2), MaximumEventAgeInSeconds: aws.Int32(21600),
			DestinationConfig: &lambdatypes.DestinationConfig{OnFailure: &lambdatypes.OnFailure{Destination: aws.String("arn:aws:sqs:" + region + ":123456789012:" + (*failed)[strings.LastIndex(*failed, "/")+1:])}},
		})
		return err
	})
	m.putKeyPolicy(t, soundKeyPolicy("123456789012")) // moto does not keep the stack's policy as text
	m.do(t, "PutMetricData", func() error {
		_, err := m.watch.PutMetricData(m.ctx, &cloudwatch.PutMetricDataInput{Namespace: aws.String("kmsentry"), MetricData: []cloudwatchtypes.MetricDatum{{
			MetricName: aws.String("Canary"), Value: aws.Float64(1), Timestamp: aws.Time(m.Now.Add(-3 * time.Hour)),
			Dimensions: []cloudwatchtypes.Dimension{{Name: aws.String("FunctionName"), Value: m.physical(t, "DetectorFunction")}},
		}}})
		return err
	})
}

func (m motoAccount) putKeyPolicy(t *testing.T, text string) {
	t.Helper()
	m.do(t, "PutKeyPolicy", func() error {
		_, err := m.kms.PutKeyPolicy(m.ctx, &kms.PutKeyPolicyInput{KeyId: m.physical(t, "StackKey"), PolicyName: aws.String("default"), Policy: &text})
		return err
	})
}

func (m motoAccount) selectEvents(t *testing.T, s cloudtrailtypes.EventSelector) {
	t.Helper()
	m.do(t, "PutEventSelectors", func() error {
		_, err := m.trail.PutEventSelectors(m.ctx, &cloudtrail.PutEventSelectorsInput{TrailName: aws.String("org"), EventSelectors: []cloudtrailtypes.EventSelector{s}})
		return err
	})
}

// results returns the checks by id.
func (m motoAccount) results(t *testing.T) map[string]Check {
	t.Helper()
	r, err := Examine(m.ctx, m.cfg, m.Options)
	if err != nil {
		t.Fatal(err)
	}
	all := map[string]Check{}
	for _, c := range r.Checks {
		all[c.ID] = c
	}
	return all
}

// TestMoto examines the stack of template.yaml in moto, first sound and then broken by
// one call at a time.
func TestMoto(t *testing.T) {
	m := newMoto(t)
	before := m.results(t)
	for id, c := range before {
		want := OK
		switch id {
		case "alarms", "chat": // not in moto
			want = Unknown
		case "canary", "delivery": // no schedule; nothing was published
			want = Warning
		}
		if c.Result != want {
			t.Errorf("%s is %s, want %s: %s", id, c.Result, want, c.Found)
		}
	}
	if t.Failed() {
		return
	}
	for _, b := range m.breaks(t) {
		m.do(t, b.name, b.call)
		after := m.results(t)
		changed := map[string]Result{}
		for id, c := range after {
			if c.Result != before[id].Result {
				changed[id] = c.Result
			}
		}
		if !maps.Equal(changed, b.want) {
			t.Errorf("%s changes %v, want %v", b.name, changed, b.want)
			for id := range changed {
				t.Log(id, after[id].Found)
			}
		}
		before = after
	}
}

// A breakage is a call that breaks the stack, and the results that it changes.
type breakage struct {
	name string
	call func() error
	want map[string]Result
}

func (m motoAccount) breaks(t *testing.T) []breakage {
	function, key := m.physical(t, "DetectorFunction"), m.physical(t, "StackKey")
	rule, topic := m.physical(t, detectorRule), m.physical(t, "AlertTopic")
	return []breakage{
		{"DisableRule", func() error {
			_, err := m.events.DisableRule(m.ctx, &eventbridge.DisableRuleInput{Name: rule})
			return err
		}, map[string]Result{"rule-state": Failing}},
		{"PutRule with another pattern", func() error {
			_, err := m.events.PutRule(m.ctx, &eventbridge.PutRuleInput{Name: rule, EventPattern: aws.String(`{"source":["aws.kms"],"account":["000000000000"]}`)})
			return err
		}, map[string]Result{"rule-pattern": Failing, "rule-state": OK}}, // PutRule switches a rule on
		{"RemoveTargets", func() error {
			targets, err := m.events.ListTargetsByRule(m.ctx, &eventbridge.ListTargetsByRuleInput{Rule: rule})
			if err != nil {
				return err
			}
			_, err = m.events.RemoveTargets(m.ctx, &eventbridge.RemoveTargetsInput{Rule: rule, Ids: []string{*targets.Targets[0].Id}})
			return err
		}, map[string]Result{"rule-target": Failing, "rule-retry": Failing}},
		{"PutEventSelectors without KMS", func() error {
			m.selectEvents(t, cloudtrailtypes.EventSelector{IncludeManagementEvents: aws.Bool(true), ReadWriteType: cloudtrailtypes.ReadWriteTypeAll, ExcludeManagementEventSources: []string{"kms.amazonaws.com"}})
			return nil
		}, map[string]Result{"trail-kms": Failing}},
		{"PutEventSelectors for reads", func() error {
			m.selectEvents(t, cloudtrailtypes.EventSelector{IncludeManagementEvents: aws.Bool(true), ReadWriteType: cloudtrailtypes.ReadWriteTypeReadOnly})
			return nil
		}, map[string]Result{"trail-writes": Failing}},
		{"StopLogging", func() error {
			_, err := m.trail.StopLogging(m.ctx, &cloudtrail.StopLoggingInput{Name: aws.String("org")})
			return err
		}, map[string]Result{"trail-logging": Failing, "trail-regions": Warning, "trail-organization": Warning}},
		{"PutFunctionConcurrency 0", func() error {
			_, err := m.lambda.PutFunctionConcurrency(m.ctx, &lambda.PutFunctionConcurrencyInput{FunctionName: function, ReservedConcurrentExecutions: aws.Int32(0)})
			return err
		}, map[string]Result{"function-concurrency": Failing}},
		{"SendMessage", func() error {
			_, err := m.sqs.SendMessage(m.ctx, &sqs.SendMessageInput{QueueUrl: m.physical(t, "FailedEvents"), MessageBody: aws.String("{}")})
			return err
		}, map[string]Result{"queues": Failing}},
		{"PutKeyPolicy without CloudWatch", func() error {
			m.putKeyPolicy(t, strings.Replace(soundKeyPolicy("123456789012"), `"cloudwatch.amazonaws.com",`, "", 1))
			return nil
		}, map[string]Result{"topic-key-policy": Failing}},
		{"DisableKey", func() error {
			_, err := m.kms.DisableKey(m.ctx, &kms.DisableKeyInput{KeyId: key})
			return err
		}, map[string]Result{"topic-key": Failing}},
		{"Unsubscribe", func() error {
			subs, err := m.sns.ListSubscriptionsByTopic(m.ctx, &sns.ListSubscriptionsByTopicInput{TopicArn: topic})
			if err != nil {
				return err
			}
			for _, s := range subs.Subscriptions {
				if _, err = m.sns.Unsubscribe(m.ctx, &sns.UnsubscribeInput{SubscriptionArn: s.SubscriptionArn}); err != nil {
					return err
				}
			}
			return nil
		}, map[string]Result{"subscriptions": Failing}},
		{"DeleteFunction", func() error {
			_, err := m.lambda.DeleteFunction(m.ctx, &lambda.DeleteFunctionInput{FunctionName: function})
			return err
		}, map[string]Result{"function-state": Failing, "function-topic": Failing, "function-retries": Failing, "rule-permission": Failing, "topic-key-policy": Unknown}},
	}
}
