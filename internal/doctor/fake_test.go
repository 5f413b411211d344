package doctor

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	awsmiddleware "github.com/aws/aws-sdk-go-v2/aws/middleware"
	"github.com/aws/aws-sdk-go-v2/service/chatbot"
	chatbottypes "github.com/aws/aws-sdk-go-v2/service/chatbot/types"
	"github.com/aws/aws-sdk-go-v2/service/cloudformation"
	cloudformationtypes "github.com/aws/aws-sdk-go-v2/service/cloudformation/types"
	"github.com/aws/aws-sdk-go-v2/service/cloudtrail"
	cloudtrailtypes "github.com/aws/aws-sdk-go-v2/service/cloudtrail/types"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch"
	cloudwatchtypes "github.com/aws/aws-sdk-go-v2/service/cloudwatch/types"
	"github.com/aws/aws-sdk-go-v2/service/eventbridge"
	eventbridgetypes "github.com/aws/aws-sdk-go-v2/service/eventbridge/types"
	"github.com/aws/aws-sdk-go-v2/service/kms"
	kmstypes "github.com/aws/aws-sdk-go-v2/service/kms/types"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
	lambdatypes "github.com/aws/aws-sdk-go-v2/service/lambda/types"
	"github.com/aws/aws-sdk-go-v2/service/sns"
	snstypes "github.com/aws/aws-sdk-go-v2/service/sns/types"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/aws/aws-sdk-go-v2/service/sts"
	"github.com/aws/smithy-go"
	"github.com/aws/smithy-go/middleware"
)

// A world is an account with a sound stack, as AWS would describe it. It answers inside
// the SDK's clients, where operations have names; the wire protocols are tested with
// moto. Tests change its fields.
type world struct {
	now        time.Time
	stack      cloudformationtypes.Stack
	resources  []cloudformationtypes.StackResourceSummary
	trails     []cloudtrailtypes.Trail
	status     map[string]*cloudtrail.GetTrailStatusOutput
	selectors  map[string]*cloudtrail.GetEventSelectorsOutput
	rules      map[string]*eventbridge.DescribeRuleOutput
	targets    []eventbridgetypes.Target
	function   *lambda.GetFunctionConfigurationOutput
	policy     string
	busPolicy  string
	reserved   *int32
	invoke     *lambda.GetFunctionEventInvokeConfigOutput
	queues     map[string]map[string]string
	topics     map[string]map[string]string
	subscribed map[string][]snstypes.Subscription
	key        *kmstypes.KeyMetadata
	keyPolicy  string
	metrics    map[string]map[time.Time]float64 // by namespace/name
	partial    bool                             // the metrics are partial data
	pages      bool                             // the metrics come in two pages
	ragged     bool                             // some values of the metrics are missing
	alarms     []cloudwatchtypes.MetricAlarm
	slack      []chatbottypes.SlackChannelConfiguration
	teams      []chatbottypes.TeamsChannelConfiguration
	instances  []cloudformationtypes.StackInstanceSummary
	auto       bool

	fails  map[string]error // by permission
	hangs  string           // a permission
	called map[string]bool
	asked  map[string]string // Regions by permission
}

const (
	account = "111122223333"
	region  = "eu-central-1"
	prefix  = "kmsentry-"
	roleARN = "arn:aws:iam::111122223333:role/kmsentry-DetectorRole-1AB2"
	keyARN  = "arn:aws:kms:eu-central-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab"
	trailID = "arn:aws:cloudtrail:us-east-1:999988887777:trail/org"
)

func topicARN(logical string) string {
	return "arn:aws:sns:" + region + ":" + account + ":" + prefix + logical
}

func queueURL(logical string) string {
	return "https://sqs." + region + ".amazonaws.com/" + account + "/" + prefix + logical
}

func queueARN(logical string) string {
	return "arn:aws:sqs:" + region + ":" + account + ":" + prefix + logical
}

// sound returns an account in which everything works.
func sound(t testing.TB) *world {
	t.Helper()
	now := time.Date(2026, 11, 26, 3, 0, 0, 0, time.UTC)
	w := &world{now: now, fails: map[string]error{}, called: map[string]bool{}, asked: map[string]string{}}
	w.soundStack()
	w.soundTrail()
	w.soundRule(t)
	w.soundFunction()
	w.soundTopics()
	w.metrics = map[string]map[time.Time]float64{
		"kmsentry/Canary":                        {now.Add(-5 * time.Hour): 1},
		"AWS/Lambda/Invocations":                 {now.Add(-5 * time.Hour): 12},
		"AWS/SNS/NumberOfMessagesPublished":      {now.Add(-72 * time.Hour): 2},
		"AWS/SNS/NumberOfNotificationsDelivered": {now.Add(-72 * time.Hour): 1, now.Add(-71 * time.Hour): 1},
	}
	w.auto = true
	for _, id := range []string{"210987654321", "444455556666"} {
		w.instances = append(w.instances, cloudformationtypes.StackInstanceSummary{
			Account: aws.String(id), Region: aws.String(region), Status: cloudformationtypes.StackInstanceStatusCurrent,
			StackInstanceStatus: &cloudformationtypes.StackInstanceComprehensiveStatus{DetailedStatus: cloudformationtypes.StackInstanceDetailedStatusSucceeded},
		})
	}
	return w
}

func (w *world) soundStack() {
	w.stack = cloudformationtypes.Stack{
		StackName: aws.String("kmsentry"), StackId: aws.String("arn:aws:cloudformation:" + region + ":" + account + ":stack/kmsentry/11aa22bb-0000-1111-2222-333344445555"),
		StackStatus: cloudformationtypes.StackStatusUpdateComplete, CreationTime: aws.Time(w.now.Add(-100 * 24 * time.Hour)),
		Parameters: []cloudformationtypes.Parameter{{ParameterKey: aws.String("AlertSubscribers"), ParameterValue: aws.String("1")}},
	}
	add := func(kind, logical, id string) {
		w.resources = append(w.resources, cloudformationtypes.StackResourceSummary{ResourceType: &kind, LogicalResourceId: &logical, PhysicalResourceId: &id, ResourceStatus: cloudformationtypes.ResourceStatusCreateComplete})
	}
	add("AWS::Lambda::Function", "DetectorFunction", prefix+"DetectorFunction")
	for _, rule := range []string{detectorRule, "TamperWatch", "TamperWatchTrail"} {
		add("AWS::Events::Rule", rule, prefix+rule)
	}
	for _, queue := range []string{"FailedEvents", "UndeliveredEvents"} {
		add("AWS::SQS::Queue", queue, queueURL(queue))
	}
	for _, topic := range topics() {
		add("AWS::SNS::Topic", topic, topicARN(topic))
	}
	for _, alarm := range []string{"CanaryAlarm", "ErrorsAlarm"} {
		add("AWS::CloudWatch::Alarm", alarm, prefix+alarm)
		w.alarms = append(w.alarms, cloudwatchtypes.MetricAlarm{AlarmName: aws.String(prefix + alarm), ActionsEnabled: aws.Bool(true), AlarmActions: []string{topicARN("OpsTopic")}, StateValue: cloudwatchtypes.StateValueOk})
	}
	add("AWS::KMS::Key", "StackKey", keyARN)
	add("AWS::Events::EventBus", "OrganizationBus", "kmsentry")
	add("AWS::Events::Rule", "OrganizationRule", "kmsentry|"+prefix+"OrganizationRule")
	w.busPolicy = `{"Version":"2012-10-17","Statement":[{"Sid":"OnlyTheOrganization","Effect":"Allow","Principal":"*","Action":"events:PutEvents",
		"Condition":{"StringEquals":{"aws:PrincipalOrgID":"o-a1b2c3d4e5"}}}]}`
	add("AWS::Scheduler::Schedule", "CanarySchedule", prefix+"CanarySchedule")
}

func (w *world) soundTrail() {
	w.trails = []cloudtrailtypes.Trail{{
		Name: aws.String("org"), TrailARN: aws.String(trailID), HomeRegion: aws.String("us-east-1"), IsMultiRegionTrail: aws.Bool(true), IsOrganizationTrail: aws.Bool(true),
	}}
	w.status = map[string]*cloudtrail.GetTrailStatusOutput{trailID: {IsLogging: aws.Bool(true)}}
	w.selectors = map[string]*cloudtrail.GetEventSelectorsOutput{trailID: {EventSelectors: []cloudtrailtypes.EventSelector{{
		IncludeManagementEvents: aws.Bool(true), ReadWriteType: cloudtrailtypes.ReadWriteTypeAll,
	}}}}
}

// soundPattern is the rule's pattern. It is written out here, so that it does not come
// from where the code takes it.
const soundPattern = `{"source": ["aws.kms"], "detail-type": ["AWS API Call via CloudTrail"],
	"detail": {"eventName": ["ReplicateKey", "CreateKey", "PutKeyPolicy"], "eventSource": ["kms.amazonaws.com"]}}`

func (w *world) soundRule(t testing.TB) {
	t.Helper()
	w.rules = map[string]*eventbridge.DescribeRuleOutput{}
	for _, name := range []string{detectorRule, "OrganizationRule", "TamperWatch", "TamperWatchTrail"} {
		w.rules[prefix+name] = &eventbridge.DescribeRuleOutput{State: eventbridgetypes.RuleStateEnabled, EventPattern: aws.String(soundPattern)}
	}
	w.targets = []eventbridgetypes.Target{{
		Id: aws.String("function"), Arn: aws.String("arn:aws:lambda:" + region + ":" + account + ":function:" + prefix + "DetectorFunction"),
		DeadLetterConfig: &eventbridgetypes.DeadLetterConfig{Arn: aws.String(queueARN("UndeliveredEvents"))},
		RetryPolicy:      &eventbridgetypes.RetryPolicy{MaximumRetryAttempts: aws.Int32(185), MaximumEventAgeInSeconds: aws.Int32(86400)},
	}}
}

func (w *world) soundFunction() {
	w.function = &lambda.GetFunctionConfigurationOutput{
		State: lambdatypes.StateActive, LastUpdateStatus: lambdatypes.LastUpdateStatusSuccessful, Version: aws.String("$LATEST"), Role: aws.String(roleARN),
		CodeSha256: aws.String("uU0nuZNNPgilLlLX2n2r+sSE7+N6U4DukIj3rOLvzek="), LastModified: aws.String("2026-11-20T08:15:42.000+0000"),
		Environment: &lambdatypes.EnvironmentResponse{Variables: map[string]string{"TOPIC_ARN": topicARN("AlertTopic"), "OVERFLOW_TOPIC_ARN": topicARN("OverflowTopic"), "MIN_SEVERITY": "medium"}},
	}
	w.policy = fmt.Sprintf(`{"Version":"2012-10-17","Statement":[{"Sid":"x","Effect":"Allow","Principal":{"Service":"events.amazonaws.com"},"Action":"lambda:InvokeFunction",
		"Condition":{"ArnLike":{"AWS:SourceArn":"arn:aws:events:%[1]s:%[2]s:rule/%[3]s"}}},
		{"Sid":"y","Effect":"Allow","Principal":{"Service":"events.amazonaws.com"},"Action":"lambda:InvokeFunction",
		"Condition":{"ArnLike":{"AWS:SourceArn":"arn:aws:events:%[1]s:%[2]s:rule/kmsentry/%[4]s"}}}]}`, region, account, prefix+detectorRule, prefix+"OrganizationRule")
	w.invoke = &lambda.GetFunctionEventInvokeConfigOutput{
		MaximumRetryAttempts: aws.Int32(2), MaximumEventAgeInSeconds: aws.Int32(21600),
		DestinationConfig: &lambdatypes.DestinationConfig{OnFailure: &lambdatypes.OnFailure{Destination: aws.String(queueARN("FailedEvents"))}},
	}
	w.queues = map[string]map[string]string{}
	for _, queue := range []string{"FailedEvents", "UndeliveredEvents"} {
		w.queues[queueURL(queue)] = map[string]string{"ApproximateNumberOfMessages": "0", "ApproximateNumberOfMessagesNotVisible": "0", "ApproximateNumberOfMessagesDelayed": "0"}
	}
}

func (w *world) soundTopics() {
	w.topics, w.subscribed = map[string]map[string]string{}, map[string][]snstypes.Subscription{}
	for _, topic := range topics() {
		w.topics[topicARN(topic)] = map[string]string{"KmsMasterKeyId": keyARN}
		w.subscribe(topic, map[string]string{"AlertTopic": "email", "OverflowTopic": "https", "OpsTopic": "email"}[topic], "x@example.com", topicARN(topic)+":1")
	}
	w.key = &kmstypes.KeyMetadata{KeyId: aws.String(keyARN), KeyState: kmstypes.KeyStateEnabled}
	w.keyPolicy = soundKeyPolicy(account)
	w.slack = []chatbottypes.SlackChannelConfiguration{{
		ConfigurationName: aws.String("kmsentry-slack"), SlackChannelId: aws.String("C0123456789"), ChatConfigurationArn: aws.String("arn:aws:chatbot::" + account + ":chat-configuration/slack-channel/kmsentry-slack"), State: aws.String("ENABLED"),
		SnsTopicArns: []string{topicARN("AlertTopic"), topicARN("OverflowTopic")}, GuardrailPolicyArns: []string{"arn:aws:iam::aws:policy/job-function/ViewOnlyAccess"},
	}}
}

// soundKeyPolicy returns a key policy that lets in the account and, on its behalf,
// CloudWatch and EventBridge.
func soundKeyPolicy(account string) string {
	return fmt.Sprintf(`{"Version":"2012-10-17","Statement":[
		{"Sid":"TheAccount","Effect":"Allow","Principal":{"AWS":"arn:aws:iam::%[1]s:root"},"Action":"kms:*","Resource":"*"},
		{"Sid":"AlarmsAndRules","Effect":"Allow","Principal":{"Service":["cloudwatch.amazonaws.com","events.amazonaws.com"]},"Action":["kms:Decrypt","kms:GenerateDataKey*"],"Resource":"*",
		 "Condition":{"StringEquals":{"aws:SourceAccount":"%[1]s"}}}]}`, account)
}

func (w *world) subscribe(topic, protocol, endpoint, id string) {
	at := topicARN(topic)
	w.subscribed[at] = append(w.subscribed[at], snstypes.Subscription{Protocol: &protocol, Endpoint: &endpoint, SubscriptionArn: &id, TopicArn: &at})
}

// forwarding makes the account one that sends its events to the bus of another.
func (w *world) forwarding() {
	id := func(r cloudformationtypes.StackResourceSummary) string { return aws.ToString(r.LogicalResourceId) }
	all := w.resources
	w.resources = nil
	for _, r := range all {
		switch id(r) {
		case detectorRule:
			r.LogicalResourceId = aws.String("Forward")
			w.resources = append(w.resources, r)
		case "UndeliveredEvents", "ErrorsAlarm":
			w.resources = append(w.resources, r)
		}
	}
	w.targets[0].Arn = aws.String("arn:aws:events:" + region + ":444455556666:event-bus/kmsentry")
	w.targets[0].RoleArn = aws.String("arn:aws:iam::" + account + ":role/forward")
}

// refuse makes AWS refuse one operation.
func (w *world) refuse(permission string) {
	w.fails[permission] = &smithy.GenericAPIError{Code: "AccessDeniedException", Message: "User: arn:aws:iam::" + account + ":user/ann is not authorized to perform: " + permission}
}

// config returns an SDK configuration whose clients the world answers.
func (w *world) config() aws.Config {
	return aws.Config{Region: region, APIOptions: []func(*middleware.Stack) error{func(s *middleware.Stack) error {
		return s.Initialize.Add(middleware.InitializeMiddlewareFunc("world", func(ctx context.Context, in middleware.InitializeInput, _ middleware.InitializeHandler) (middleware.InitializeOutput, middleware.Metadata, error) {
			name := permission(awsmiddleware.GetServiceID(ctx), awsmiddleware.GetOperationName(ctx))
			w.called[name], w.asked[name] = true, awsmiddleware.GetRegion(ctx)
			if err := w.fails[name]; err != nil {
				return middleware.InitializeOutput{}, middleware.Metadata{}, err
			}
			if name == w.hangs {
				<-ctx.Done()
				return middleware.InitializeOutput{}, middleware.Metadata{}, ctx.Err()
			}
			out, err := w.answer(name, in.Parameters)
			return middleware.InitializeOutput{Result: out}, middleware.Metadata{}, err
		}), middleware.After)
	}}}
}

// missing returns the error with which a service says that something does not exist.
func missing(code string) error { return &smithy.GenericAPIError{Code: code, Message: "not there"} }

// found returns the value of a key in a map, or the error that it is missing.
func found[T any](m map[string]T, key *string, code string) (any, error) {
	v, ok := m[aws.ToString(key)]
	if !ok {
		return nil, missing(code)
	}
	return v, nil
}

func (w *world) answer(name string, in any) (any, error) {
	switch in := in.(type) {
	case *cloudformation.DescribeStacksInput:
		if n := aws.ToString(in.StackName); n != aws.ToString(w.stack.StackName) {
			return nil, &smithy.GenericAPIError{Code: "ValidationError", Message: "Stack with id " + n + " does not exist"}
		}
		return &cloudformation.DescribeStacksOutput{Stacks: []cloudformationtypes.Stack{w.stack}}, nil
	case *cloudformation.ListStackResourcesInput: // two pages
		half := len(w.resources) / 2
		if aws.ToString(in.NextToken) == "" {
			return &cloudformation.ListStackResourcesOutput{StackResourceSummaries: w.resources[:half], NextToken: aws.String("more")}, nil
		}
		return &cloudformation.ListStackResourcesOutput{StackResourceSummaries: w.resources[half:]}, nil
	case *cloudformation.ListStackInstancesInput:
		return &cloudformation.ListStackInstancesOutput{Summaries: w.instances}, nil
	case *cloudformation.DescribeStackSetInput:
		return &cloudformation.DescribeStackSetOutput{StackSet: &cloudformationtypes.StackSet{AutoDeployment: &cloudformationtypes.AutoDeployment{Enabled: &w.auto}}}, nil
	case *cloudtrail.DescribeTrailsInput:
		return &cloudtrail.DescribeTrailsOutput{TrailList: w.trails}, nil
	case *cloudtrail.GetTrailStatusInput:
		return found(w.status, in.Name, "TrailNotFoundException")
	case *cloudtrail.GetEventSelectorsInput:
		return found(w.selectors, in.TrailName, "TrailNotFoundException")
	case *eventbridge.DescribeRuleInput:
		return found(w.rules, in.Name, "ResourceNotFoundException")
	case *eventbridge.DescribeEventBusInput:
		return &eventbridge.DescribeEventBusOutput{Name: in.Name, Policy: &w.busPolicy}, nil
	case *eventbridge.ListTargetsByRuleInput:
		return &eventbridge.ListTargetsByRuleOutput{Targets: w.targets}, nil
	case *chatbot.DescribeSlackChannelConfigurationsInput:
		return &chatbot.DescribeSlackChannelConfigurationsOutput{SlackChannelConfigurations: w.slack}, nil
	case *chatbot.ListMicrosoftTeamsChannelConfigurationsInput:
		return &chatbot.ListMicrosoftTeamsChannelConfigurationsOutput{TeamChannelConfigurations: w.teams}, nil
	case *sts.GetCallerIdentityInput:
		return &sts.GetCallerIdentityOutput{Account: aws.String(account)}, nil
	}
	return w.answerFurther(name, in)
}

func (w *world) answerFurther(name string, in any) (any, error) {
	switch in := in.(type) {
	case *lambda.GetFunctionConfigurationInput:
		return w.function, nil
	case *lambda.GetPolicyInput:
		return &lambda.GetPolicyOutput{Policy: &w.policy}, nil
	case *lambda.GetFunctionConcurrencyInput:
		return &lambda.GetFunctionConcurrencyOutput{ReservedConcurrentExecutions: w.reserved}, nil
	case *lambda.GetFunctionEventInvokeConfigInput:
		return w.invoke, nil
	case *sqs.GetQueueAttributesInput:
		out, err := found(w.queues, in.QueueUrl, "AWS.SimpleQueueService.NonExistentQueue")
		if err != nil {
			return nil, err
		}
		return &sqs.GetQueueAttributesOutput{Attributes: out.(map[string]string)}, nil
	case *sns.GetTopicAttributesInput:
		out, err := found(w.topics, in.TopicArn, "NotFound")
		if err != nil {
			return nil, err
		}
		return &sns.GetTopicAttributesOutput{Attributes: out.(map[string]string)}, nil
	case *sns.ListSubscriptionsByTopicInput:
		return &sns.ListSubscriptionsByTopicOutput{Subscriptions: w.subscribed[aws.ToString(in.TopicArn)]}, nil
	case *kms.DescribeKeyInput:
		return &kms.DescribeKeyOutput{KeyMetadata: w.key}, nil
	case *kms.GetKeyPolicyInput:
		return &kms.GetKeyPolicyOutput{Policy: &w.keyPolicy}, nil
	case *cloudwatch.DescribeAlarmsInput:
		return &cloudwatch.DescribeAlarmsOutput{MetricAlarms: w.alarms}, nil
	case *cloudwatch.GetMetricDataInput:
		return w.metricData(in), nil
	}
	return nil, fmt.Errorf("the world has no answer to %s", name)
}

func (w *world) metricData(in *cloudwatch.GetMetricDataInput) *cloudwatch.GetMetricDataOutput {
	out := &cloudwatch.GetMetricDataOutput{}
	for _, q := range in.MetricDataQueries {
		r := cloudwatchtypes.MetricDataResult{Id: q.Id, StatusCode: cloudwatchtypes.StatusCodeComplete}
		if w.partial {
			r.StatusCode = cloudwatchtypes.StatusCodeInternalError
		}
		if w.pages && in.NextToken == nil { // nothing yet
			out.NextToken, r.StatusCode = aws.String("more"), cloudwatchtypes.StatusCodePartialData
			out.MetricDataResults = append(out.MetricDataResults, r)
			continue
		}
		var dimension string
		for _, d := range q.MetricStat.Metric.Dimensions {
			dimension += strings.TrimPrefix(aws.ToString(d.Value), prefix)
		}
		for _, name := range []string{aws.ToString(q.MetricStat.Metric.MetricName), aws.ToString(q.MetricStat.Metric.MetricName) + "/" + dimension} {
			for at, v := range w.metrics[aws.ToString(q.MetricStat.Metric.Namespace)+"/"+name] {
				if !at.Before(*in.StartTime) && at.Before(*in.EndTime) {
					r.Timestamps, r.Values = append(r.Timestamps, at), append(r.Values, v)
				}
			}
		}
		if w.ragged && len(r.Values) > 0 {
			r.Values = r.Values[1:]
		}
		out.MetricDataResults = append(out.MetricDataResults, r)
	}
	return out
}
