package doctor

import (
	"context"
	"fmt"
	"slices"
	"strings"
)

// A row describes one check. A test ensures that ask calls what is in needs, and nothing
// else.
type row struct {
	id    string
	asks  string
	why   string
	fix   string // the usual command; an answer may have a better one
	kinds kind   // the kinds of stack that it applies to
	needs []string
	ask   func(context.Context, *deployment) (answer, error)
}

// An answer is what a row found. An error instead of an answer means Unknown.
type answer struct {
	result Result
	found  string
	fix    string // "" for that of the row
}

const both = withFunction | forwarder

// The IAM actions that several rows need.
const (
	describeStacks = "cloudformation:DescribeStacks"
	listResources  = "cloudformation:ListStackResources"
	describeTrails = "cloudtrail:DescribeTrails"
	trailStatus    = "cloudtrail:GetTrailStatus"
	trailSelectors = "cloudtrail:GetEventSelectors"
	describeRule   = "events:DescribeRule"
	listTargets    = "events:ListTargetsByRule"
	functionConfig = "lambda:GetFunctionConfiguration"
	metricData     = "cloudwatch:GetMetricData"
	listSubs       = "sns:ListSubscriptionsByTopic"
	topicAttrs     = "sns:GetTopicAttributes"
)

const (
	// put-event-selectors replaces all selectors of a trail, so look at them first.
	selectorsFix = "aws cloudtrail get-event-selectors --trail-name TRAIL_ARN --region TRAIL_REGION"
	putSelectors = "aws cloudtrail put-event-selectors --trail-name TRAIL_ARN --region TRAIL_REGION --event-selectors SELECTORS"
	lookupCanary = "aws cloudtrail lookup-events --lookup-attributes AttributeKey=EventName,AttributeValue=PutKeyPolicy --region REGION"
)

// rows returns the checks, in the order in which an event passes the parts of the stack.
func rows() []row {
	return slices.Concat(trailRows(), ruleRows(), functionRows(), topicRows(), watchRows(), forwarderRows())
}

func trailRows() []row {
	return []row{
		{
			"trail-logging", "Is a CloudTrail trail that covers this Region logging?",
			"EventBridge gets only the calls that a trail logs. Without a trail, kmsentry receives nothing.",
			"aws cloudtrail start-logging --name TRAIL_ARN --region TRAIL_REGION", both,
			[]string{describeTrails, trailStatus},
			askTrailLogging,
		},
		{
			"trail-regions", "Does a trail that is logging cover every Region?",
			"A key in a Region without a trail is not watched.",
			"aws cloudtrail update-trail --name TRAIL_ARN --region TRAIL_REGION --is-multi-region-trail", both,
			[]string{describeTrails, trailStatus},
			askTrailRegions,
		},
		{
			"trail-writes", "Does it log management events, write events included?",
			"CreateKey, PutKeyPolicy and ReplicateKey are write management events.",
			selectorsFix, both,
			[]string{describeTrails, trailStatus, trailSelectors},
			askTrailWrites,
		},
		{
			"trail-kms", "Does it include the events of AWS KMS?",
			"The console offers to exclude AWS KMS events to save costs. If every trail excludes them, kmsentry receives nothing.",
			selectorsFix, both,
			[]string{describeTrails, trailStatus, trailSelectors},
			askTrailKMS,
		},
		{
			"trail-organization", "Is the organization's trail logging here?",
			"Whoever controls an account can stop the account's own trail, and so blind kmsentry. The organization's trail can be stopped only from its owner's account.",
			"aws cloudtrail describe-trails --region REGION", both,
			[]string{describeTrails, trailStatus},
			askTrailOrganization,
		},
	}
}

func ruleRows() []row {
	return []row{
		{
			"stack", "Did the stack's last deployment succeed?",
			"A stack that failed halfway may lack a part.",
			"aws cloudformation describe-stack-events --stack-name STACK --region REGION", both,
			[]string{describeStacks},
			askStackState,
		},
		{
			"rule-state", "Is the rule that matches KMS calls enabled?",
			"A disabled rule sends nothing on, and nothing fails.",
			"aws events enable-rule --name RULE_NAME --event-bus-name BUS --region REGION", both,
			[]string{listResources, describeRule},
			askRuleState,
		},
		{
			"rule-pattern", "Is its pattern the one in template.yaml?",
			"A pattern that somebody has narrowed misses calls.",
			"aws events put-rule --name RULE_NAME --event-bus-name BUS --region REGION --event-pattern PATTERN", both,
			[]string{listResources, describeRule},
			askRulePattern,
		},
		{
			"rule-target", "Does it send the event, unchanged, to the function (for a forwarder: to a bus)?",
			"Without the target the event goes nowhere.",
			revert, both,
			[]string{listResources, listTargets},
			askRuleTarget,
		},
		{
			"rule-retry", "Does EventBridge retry, and keep events that it cannot deliver?",
			"Without a dead-letter queue an event that Lambda refuses is lost.",
			revert, both,
			[]string{listResources, listTargets},
			askRuleRetry,
		},
		{
			"rule-permission", "Does the function let the rule call it?",
			"Without the permission every event ends in the queue UndeliveredEvents.",
			revert, withFunction,
			[]string{listResources, "lambda:GetPolicy"},
			askRulePermission,
		},
		{
			"bus", "Is the bus for other accounts open to the organization only?",
			"Events from forwarders do not arrive on a bus that refuses them.",
			"aws events describe-event-bus --name EVENT_BUS --region REGION", withFunction,
			[]string{listResources, "events:DescribeEventBus"},
			askBus,
		},
	}
}

func functionRows() []row {
	return []row{
		{
			"function-state", "Can the function run, and which code does it have?",
			"A function that failed to update, or whose role or key is gone, judges nothing.",
			revert, withFunction,
			[]string{listResources, functionConfig},
			askFunctionState,
		},
		{
			"function-topic", "Does the function publish to the stack's topics?",
			"With another topic in its environment, the alerts go to somebody else.",
			revert, withFunction,
			[]string{listResources, functionConfig},
			askFunctionTopic,
		},
		{
			"function-concurrency", "Does its reserved concurrency let the function run?",
			"A reserved concurrency of 0 disables a function.",
			"aws lambda delete-function-concurrency --function-name FUNCTION --region REGION", withFunction,
			[]string{listResources, "lambda:GetFunctionConcurrency"},
			askFunctionConcurrency,
		},
		{
			"function-retries", "Does Lambda retry a failed event, and keep it?",
			"Without a destination on failure, an event on which the function fails is lost.",
			revert, withFunction,
			[]string{listResources, "lambda:GetFunctionEventInvokeConfig"},
			askFunctionRetries,
		},
		{
			"function-errors", "Has the function failed or been throttled within a day?",
			"Events that failed three times are in the queue FailedEvents; lost ones are nowhere.",
			"sam logs --stack-name STACK --region REGION --name DetectorFunction", withFunction,
			[]string{listResources, metricData},
			askFunctionErrors,
		},
		{
			"queues", "Are the dead-letter queues empty?",
			"An event in a queue was not judged, or its alert reached nobody.",
			"kmsentry redrive --send --function FUNCTION QUEUE_URL", both,
			[]string{listResources, "sqs:GetQueueAttributes"},
			askQueuesEmpty,
		},
		{
			"queue-age", "How old is the oldest event in them?",
			"SQS deletes an event after 14 days.",
			"kmsentry redrive QUEUE_URL", both,
			[]string{listResources, metricData},
			askQueueAge,
		},
		{
			"canary", "Has the stack's own daily call reached the function within the last 26 hours?",
			"The canary tests the whole path: KMS, CloudTrail, EventBridge, the function.",
			lookupCanary, withFunction,
			[]string{describeStacks, listResources, metricData},
			askCanary,
		},
	}
}

func topicRows() []row {
	return []row{
		{
			"topic-key", "Is the topics' KMS key enabled?",
			"Without the key, SNS accepts no alert and no alarm.",
			"aws kms enable-key --key-id KEY_ID --region REGION", withFunction,
			[]string{listResources, topicAttrs, "kms:DescribeKey"},
			askKeyState,
		},
		{
			"topic-key-policy", "Does its policy let the function, CloudWatch and EventBridge use it?",
			"If CloudWatch may not use the key, its alarms are lost without a trace.",
			"aws kms get-key-policy --key-id KEY_ID --policy-name default --region REGION", withFunction,
			[]string{describeStacks, listResources, topicAttrs, functionConfig, "kms:GetKeyPolicy"},
			askKeyPolicy,
		},
		{
			"subscriptions", "Have enough subscribers confirmed (AlertSubscribers)?",
			"A mailbox that never confirmed gets nothing; after 48 hours SNS drops the request.",
			"aws sns subscribe --topic-arn ALERT_TOPIC_ARN --protocol email --notification-endpoint MAILBOX --region REGION", withFunction,
			[]string{describeStacks, listResources, listSubs},
			askSubscriptions,
		},
		{
			"subscriptions-ops", "Has somebody confirmed the subscription for alarms about kmsentry itself?",
			"Otherwise kmsentry fails silently.",
			"aws sns subscribe --topic-arn OPS_TOPIC_ARN --protocol email --notification-endpoint MAILBOX --region REGION", withFunction,
			[]string{listResources, listSubs},
			askOpsSubscriptions,
		},
		{
			"subscriptions-overflow", "Is chat, a queue or a function subscribed to the topic for storms, and no mailbox?",
			"SNS deactivates a mailbox that would get more than 10 mails a second.",
			"aws sns subscribe --topic-arn OVERFLOW_TOPIC_ARN --protocol sqs --notification-endpoint QUEUE_ARN --region REGION", withFunction,
			[]string{listResources, listSubs},
			askOverflowSubscriptions,
		},
		{
			"delivery", "Did the last alert reach enough subscribers (AlertSubscribers)?",
			"A mailbox that SNS has deactivated is still listed as confirmed, and gets no mail without any error.",
			"aws lambda invoke --function-name FUNCTION --region REGION --cli-binary-format raw-in-base64-out --payload file://events/put-key-policy-public.json answer.json", withFunction,
			[]string{describeStacks, listResources, metricData},
			askDelivery,
		},
		{
			"chat", "Are the chat channels that get the alerts enabled, with guardrails?",
			"Without guardrail policies, anybody in the channel can get AdministratorAccess.",
			"aws chatbot describe-slack-channel-configurations --region " + chatRegion, withFunction,
			[]string{describeStacks, listResources, "chatbot:DescribeSlackChannelConfigurations", "chatbot:ListMicrosoftTeamsChannelConfigurations"},
			askChat,
		},
	}
}

func watchRows() []row {
	return []row{
		{
			"alarms", "Is no alarm going off, and does each notify somebody?",
			"Somebody who disables kmsentry mutes its alarms first.",
			"aws cloudwatch enable-alarm-actions --alarm-names ALARM_NAME --region REGION", both,
			[]string{listResources, "cloudwatch:DescribeAlarms"},
			askAlarms,
		},
		{
			"tamper", "Are the rules that watch kmsentry itself enabled?",
			"They report calls that disable or blind kmsentry.",
			"aws events enable-rule --name WATCH_RULE --region REGION", withFunction,
			[]string{listResources, describeRule},
			askWatch,
		},
	}
}

// forwarderRows returns the checks that apply only when a StackSet is named.
func forwarderRows() []row {
	return []row{
		{
			"forwarders", "Is the StackSet's stack in place in all its accounts and Regions?",
			"An account without a forwarder is not watched.",
			"aws cloudformation list-stack-instances --stack-set-name STACKSET --region REGION", withFunction,
			[]string{"cloudformation:ListStackInstances"},
			askForwarders,
		},
		{
			"forwarders-new", "Do accounts that join the organization get one automatically?",
			"An account that joins tomorrow would not be watched.",
			"aws cloudformation update-stack-set --stack-set-name STACKSET --use-previous-template --capabilities CAPABILITY_IAM --auto-deployment Enabled=true,RetainStacksOnAccountRemoval=false --region REGION", withFunction,
			[]string{"cloudformation:DescribeStackSet"},
			askNewAccounts,
		},
	}
}

// applicable returns the rows that apply to a kind of stack.
func applicable(k kind, o Options) []row {
	return slices.DeleteFunc(rows(), func(r row) bool {
		return r.kinds&k == 0 || o.StackSet == "" && strings.HasPrefix(r.id, "forwarders")
	})
}

// askStackState asks whether the last deployment succeeded.
// Source: CloudFormation user guide, view-stack-status-codes.html.
func askStackState(ctx context.Context, d *deployment) (answer, error) {
	s, err := d.stack(ctx)
	if err != nil {
		return answer{}, err
	}
	found := strings.TrimSpace(fmt.Sprintf("%s %s", s.status, s.reason))
	switch {
	case s.status == "":
		return answer{}, fmt.Errorf("%s: the answer has no status", describeStacks)
	case slices.Contains([]string{"CREATE_COMPLETE", "UPDATE_COMPLETE", "IMPORT_COMPLETE"}, s.status):
		return answer{OK, found, ""}, nil
	case s.status == "UPDATE_ROLLBACK_COMPLETE":
		return answer{Warning, found + "; the previous deployment is running", ""}, nil
	case strings.HasSuffix(s.status, "_IN_PROGRESS") && !strings.HasPrefix(s.status, "DELETE"):
		return answer{Warning, found, ""}, nil
	}
	return answer{Failing, found, ""}, nil
}
