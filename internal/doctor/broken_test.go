package doctor

import (
	"context"
	"errors"
	"fmt"
	"net"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	chatbottypes "github.com/aws/aws-sdk-go-v2/service/chatbot/types"
	cloudformationtypes "github.com/aws/aws-sdk-go-v2/service/cloudformation/types"
	"github.com/aws/aws-sdk-go-v2/service/cloudtrail"
	cloudtrailtypes "github.com/aws/aws-sdk-go-v2/service/cloudtrail/types"
	cloudwatchtypes "github.com/aws/aws-sdk-go-v2/service/cloudwatch/types"
	"github.com/aws/aws-sdk-go-v2/service/eventbridge"
	eventbridgetypes "github.com/aws/aws-sdk-go-v2/service/eventbridge/types"
	kmstypes "github.com/aws/aws-sdk-go-v2/service/kms/types"
	lambdatypes "github.com/aws/aws-sdk-go-v2/service/lambda/types"
	"github.com/aws/smithy-go"
)

// A fault breaks a sound account in one way.
type fault struct {
	name     string
	make     func(*world)
	results  string // all checks that are not ok, in order, as "id result"
	says     string // a part of the first one's answer
	fix      string // a part of the first one's command
	forwards bool   // the account is a forwarder's
}

// advanced sets the trail's advanced event selectors, each field as its name, operator
// and values.
func advanced(fields ...[]string) func(*world) {
	return func(w *world) {
		s := cloudtrailtypes.AdvancedEventSelector{}
		for _, f := range fields {
			field := cloudtrailtypes.AdvancedFieldSelector{Field: &f[0]}
			switch f[1] {
			case "Equals":
				field.Equals = f[2:]
			case "NotEquals":
				field.NotEquals = f[2:]
			case "StartsWith":
				field.StartsWith = f[2:]
			case "NotStartsWith":
				field.NotStartsWith = f[2:]
			case "EndsWith":
				field.EndsWith = f[2:]
			case "NotEndsWith":
				field.NotEndsWith = f[2:]
			}
			s.FieldSelectors = append(s.FieldSelectors, field)
		}
		w.selectors[trailID] = &cloudtrail.GetEventSelectorsOutput{AdvancedEventSelectors: []cloudtrailtypes.AdvancedEventSelector{s}}
	}
}

func management() []string { return []string{"eventCategory", "Equals", "Management"} }

func basic(change func(*cloudtrailtypes.EventSelector)) func(*world) {
	return func(w *world) { change(&w.selectors[trailID].EventSelectors[0]) }
}

func trailFaults() []fault {
	const both = "trail-writes failing, trail-kms failing"
	return []fault{
		{
			name: "no trail", make: func(w *world) { w.trails = nil },
			results: "trail-logging failing, trail-regions warning, trail-writes failing, trail-kms failing, trail-organization warning", says: "no trail covers eu-central-1", fix: "aws cloudtrail create-trail",
		},
		{
			name: "a trail of another Region", make: func(w *world) { w.trails[0].IsMultiRegionTrail = aws.Bool(false) },
			results: "trail-logging failing, trail-regions warning, trail-writes failing, trail-kms failing, trail-organization warning", says: "no trail covers eu-central-1",
		},
		{
			name: "stopped", make: func(w *world) { w.status[trailID].IsLogging = aws.Bool(false) },
			results: "trail-logging failing, trail-regions warning, trail-writes failing, trail-kms failing, trail-organization warning", says: "trail org covers eu-central-1, and has been stopped",
			fix: "aws cloudtrail start-logging --name " + trailID + " --region us-east-1",
		},
		{name: "the bucket refuses", make: func(w *world) { w.status[trailID].LatestDeliveryError = aws.String("AccessDenied") }, results: "trail-logging warning", says: "its bucket refuses the files: AccessDenied"},
		{name: "the account's own trail, of this Region", make: func(w *world) {
			w.trails[0].IsMultiRegionTrail, w.trails[0].IsOrganizationTrail, w.trails[0].HomeRegion = nil, nil, aws.String(region)
		}, results: "trail-regions warning, trail-organization warning", says: "no trail that is logging covers every Region", fix: "update-trail --name " + trailID + " --region eu-central-1 --is-multi-region-trail"},
		{name: "a good trail and two bad ones", make: func(w *world) {
			for _, id := range []string{"arn:aws:cloudtrail:us-east-1:1:trail/off", "arn:aws:cloudtrail:us-east-1:1:trail/unknown"} {
				w.trails = append([]cloudtrailtypes.Trail{{Name: aws.String("x"), TrailARN: aws.String(id), HomeRegion: aws.String("us-east-1"), IsMultiRegionTrail: aws.Bool(true)}}, w.trails...)
			}
			w.status["arn:aws:cloudtrail:us-east-1:1:trail/off"] = &cloudtrail.GetTrailStatusOutput{IsLogging: aws.Bool(false)}
		}},
		{name: "a stopped trail and one that is not known", make: func(w *world) {
			w.status[trailID].IsLogging = aws.Bool(false)
			w.trails = append(w.trails, cloudtrailtypes.Trail{Name: aws.String("x"), TrailARN: aws.String("arn:x"), HomeRegion: aws.String(region), IsMultiRegionTrail: aws.Bool(true)})
		}, results: "trail-logging unknown, trail-regions unknown, trail-writes unknown, trail-kms unknown, trail-organization warning", says: "TrailNotFoundException"},
		{name: "writes in one trail, KMS in another", make: func(w *world) {
			w.selectors[trailID].EventSelectors[0].ExcludeManagementEventSources = []string{"kms.amazonaws.com"}
			other := "arn:aws:cloudtrail:us-east-1:1:trail/reads"
			w.trails = append(w.trails, cloudtrailtypes.Trail{Name: aws.String("reads"), TrailARN: &other, HomeRegion: aws.String(region)})
			w.status[other] = &cloudtrail.GetTrailStatusOutput{IsLogging: aws.Bool(true)}
			w.selectors[other] = &cloudtrail.GetEventSelectorsOutput{EventSelectors: []cloudtrailtypes.EventSelector{{ReadWriteType: cloudtrailtypes.ReadWriteTypeReadOnly}}}
		}, results: "trail-kms failing", says: "excludes the write events of AWS KMS"},
		{
			name: "KMS excluded", make: basic(func(s *cloudtrailtypes.EventSelector) {
				s.ExcludeManagementEventSources = []string{"rdsdata.amazonaws.com", "kms.amazonaws.com"}
			}),
			results: "trail-kms failing", says: "excludes the write events of AWS KMS", fix: `aws cloudtrail put-event-selectors --trail-name ` + trailID + ` --region us-east-1 --event-selectors '[{"ReadWriteType":"All","IncludeManagementEvents":true,"ExcludeManagementEventSources":["rdsdata.amazonaws.com"]}]'`,
		},
		{name: "writes without KMS", make: basic(func(s *cloudtrailtypes.EventSelector) {
			s.ReadWriteType, s.ExcludeManagementEventSources = cloudtrailtypes.ReadWriteTypeWriteOnly, []string{"kms.amazonaws.com"}
		}), results: "trail-kms failing", fix: `'[{"ReadWriteType":"WriteOnly","IncludeManagementEvents":true}]'`},
		{name: "KMS excluded, and data events", make: basic(func(s *cloudtrailtypes.EventSelector) {
			s.ExcludeManagementEventSources, s.DataResources = []string{"kms.amazonaws.com"}, []cloudtrailtypes.DataResource{{Type: aws.String("AWS::S3::Object")}}
		}), results: "trail-kms failing", fix: "aws cloudtrail get-event-selectors --trail-name " + trailID},
		{name: "rdsdata excluded", make: basic(func(s *cloudtrailtypes.EventSelector) {
			s.ExcludeManagementEventSources = []string{"rdsdata.amazonaws.com"}
		})},
		{name: "write only", make: basic(func(s *cloudtrailtypes.EventSelector) { s.ReadWriteType = cloudtrailtypes.ReadWriteTypeWriteOnly })},
		{name: "read only", make: basic(func(s *cloudtrailtypes.EventSelector) { s.ReadWriteType = cloudtrailtypes.ReadWriteTypeReadOnly }), results: both},
		{name: "data events only", make: basic(func(s *cloudtrailtypes.EventSelector) { s.IncludeManagementEvents = aws.Bool(false) }), results: both},
		{name: "the default", make: basic(func(s *cloudtrailtypes.EventSelector) { *s = cloudtrailtypes.EventSelector{} })},
		{name: "no selectors", make: func(w *world) { w.selectors[trailID] = &cloudtrail.GetEventSelectorsOutput{} }, results: "trail-writes unknown, trail-kms unknown", says: "has no selectors"},
		{name: "advanced: management", make: advanced(management())},
		{name: "advanced: writes", make: advanced(management(), []string{"readOnly", "Equals", "false"})},
		{name: "advanced: reads", make: advanced(management(), []string{"readOnly", "Equals", "true"}), results: both},
		{name: "advanced: data", make: advanced([]string{"eventCategory", "Equals", "Data"}, []string{"resources.type", "Equals", "AWS::S3::Object"}), results: both},
		{name: "advanced: without KMS", make: advanced(management(), []string{"eventSource", "NotEquals", "kms.amazonaws.com", "rdsdata.amazonaws.com"}), results: "trail-kms failing"},
		{name: "advanced: without rdsdata", make: advanced(management(), []string{"eventSource", "NotEquals", "rdsdata.amazonaws.com"})},
		{name: "advanced: without what begins like KMS", make: advanced(management(), []string{"eventSource", "NotStartsWith", "kms."}), results: "trail-kms failing"},
		{name: "advanced: without what ends like KMS", make: advanced(management(), []string{"eventSource", "NotEndsWith", ".amazonaws.com"}), results: "trail-kms failing"},
		{name: "advanced: another source", make: advanced(management(), []string{"eventSource", "StartsWith", "iam."}), results: "trail-kms failing"},
		{name: "advanced: without PutKeyPolicy", make: advanced(management(), []string{"eventName", "NotEquals", "PutKeyPolicy"}), results: "trail-kms failing"},
		{name: "advanced: names that end otherwise", make: advanced(management(), []string{"eventName", "EndsWith", "Key"}), results: "trail-kms failing"},
		{name: "advanced: one caller", make: advanced(management(), []string{"userIdentity.arn", "StartsWith", "arn:aws:iam"}), results: "trail-kms failing"},
	}
}

func ruleFaults() []fault {
	rule := func(change func(*eventbridge.DescribeRuleOutput)) func(*world) {
		return func(w *world) { change(w.rules[prefix+detectorRule]) }
	}
	pattern := func(from, to string) func(*world) {
		return rule(func(r *eventbridge.DescribeRuleOutput) {
			r.EventPattern = aws.String(strings.Replace(soundPattern, from, to, 1))
		})
	}
	target := func(change func(*eventbridgetypes.Target)) func(*world) {
		return func(w *world) { change(&w.targets[0]) }
	}
	return []fault{
		{name: "rolled back", make: func(w *world) { w.stack.StackStatus = cloudformationtypes.StackStatusUpdateRollbackComplete }, results: "stack warning", says: "the previous deployment is running"},
		{name: "being updated", make: func(w *world) { w.stack.StackStatus = cloudformationtypes.StackStatusUpdateInProgress }, results: "stack warning"},
		{name: "failed to roll back", make: func(w *world) { w.stack.StackStatus = cloudformationtypes.StackStatusUpdateRollbackFailed }, results: "stack failing", fix: "describe-stack-events --stack-name kmsentry --region eu-central-1"},
		{name: "being deleted", make: func(w *world) { w.stack.StackStatus = cloudformationtypes.StackStatusDeleteInProgress }, results: "stack failing"},
		{
			name: "the rule is off", make: rule(func(r *eventbridge.DescribeRuleOutput) { r.State = eventbridgetypes.RuleStateDisabled }),
			results: "rule-state failing", says: "is disabled", fix: "aws events enable-rule --name kmsentry-DetectorFunctionKeyPolicyChange --event-bus-name default --region eu-central-1",
		},
		{name: "the rule hears reads too", make: rule(func(r *eventbridge.DescribeRuleOutput) {
			r.State = eventbridgetypes.RuleStateEnabledWithAllCloudtrailManagementEvents
		})},
		{name: "a state that is new", make: rule(func(r *eventbridge.DescribeRuleOutput) { r.State = "PAUSED" }), results: "rule-state unknown"},
		{name: "the rule is gone", make: func(w *world) { delete(w.rules, prefix+detectorRule) }, results: "rule-state failing, rule-pattern failing", says: "has been deleted"},
		{
			name: "one call less", make: pattern(`"CreateKey", `, ""), results: "rule-pattern failing", says: `detail.eventName "CreateKey" is left out`,
			fix: `aws events put-rule --name kmsentry-DetectorFunctionKeyPolicyChange --event-bus-name default --region eu-central-1 --event-pattern '{"detail":{"eventName":["CreateKey","PutKeyPolicy","ReplicateKey"]`,
		},
		{name: "one call more", make: pattern(`"CreateKey"`, `"CreateKey", "DisableKey"`), results: "rule-pattern warning", says: `detail.eventName "DisableKey"`},
		{name: "a source less to check", make: pattern(`"source": ["aws.kms"], `, ""), results: "rule-pattern warning", says: "any source"},
		{name: "a field more", make: pattern(`"source"`, `"account": ["444455556666"], "source"`), results: "rule-pattern failing", says: `it requires account to be one of "444455556666"`},
		{name: "a field of the event more", make: pattern(`"eventSource"`, `"userAgent": [{"prefix": "aws-cli"}], "eventSource"`), results: "rule-pattern failing", says: "detail.userAgent"},
		{name: "a value for a list", make: pattern(`["aws.kms"]`, `[]`), results: "rule-pattern failing", says: `source "aws.kms" is left out`},
		{name: "a pattern that is not JSON", make: rule(func(r *eventbridge.DescribeRuleOutput) { r.EventPattern = aws.String("{") }), results: "rule-pattern failing"},
		{name: "a schedule", make: rule(func(r *eventbridge.DescribeRuleOutput) { r.EventPattern = nil }), results: "rule-pattern failing"},
		{name: "no targets", make: func(w *world) { w.targets = nil }, results: "rule-target failing, rule-retry failing", says: "none of the targets of kmsentry-DetectorFunctionKeyPolicyChange is the function"},
		{name: "another function", make: target(func(t *eventbridgetypes.Target) { t.Arn = aws.String(*t.Arn + "2") }), results: "rule-target failing, rule-retry failing"},
		{name: "an input of its own", make: target(func(t *eventbridgetypes.Target) { t.Input = aws.String("{}") }), results: "rule-target failing", says: "does not get the event as it is"},
		{name: "a part of the event", make: target(func(t *eventbridgetypes.Target) { t.InputPath = aws.String("$.detail") }), results: "rule-target failing"},
		{name: "no dead-letter queue", make: target(func(t *eventbridgetypes.Target) { t.DeadLetterConfig = nil }), results: "rule-retry failing", says: "no dead-letter queue", fix: "create-change-set --stack-name kmsentry --region eu-central-1 --change-set-name kmsentry-doctor --use-previous-template --deployment-mode REVERT_DRIFT"},
		{name: "another's dead-letter queue", make: target(func(t *eventbridgetypes.Target) {
			t.DeadLetterConfig.Arn = aws.String("arn:aws:sqs:eu-central-1:1:other")
		}), results: "rule-retry warning"},
		{name: "fewer attempts", make: target(func(t *eventbridgetypes.Target) { t.RetryPolicy.MaximumRetryAttempts = aws.Int32(0) }), results: "rule-retry warning", says: "after 0 attempts"},
		{name: "the default of attempts", make: target(func(t *eventbridgetypes.Target) { t.RetryPolicy = nil })},
		{name: "no permission", make: func(w *world) { w.policy = `{"Statement":[]}` }, results: "rule-permission failing"},
		{name: "no policy", make: func(w *world) { w.fails["lambda:GetPolicy"] = missing("ResourceNotFoundException") }, results: "rule-permission failing"},
		{name: "the permission of another rule", make: func(w *world) { w.policy = strings.Replace(w.policy, "rule/kms", "rule/x-kms", 1) }, results: "rule-permission failing"},
		{name: "a denied permission", make: func(w *world) { w.policy = strings.Replace(w.policy, "Allow", "Deny", 1) }, results: "rule-permission failing"},
		{name: "a forwarder without a role", make: target(func(t *eventbridgetypes.Target) { t.RoleArn = nil }), results: "rule-target failing", says: "no role", forwards: true},
		{name: "a forwarder to a queue", make: target(func(t *eventbridgetypes.Target) { t.Arn = aws.String(queueARN("UndeliveredEvents")) }), results: "rule-target failing, rule-retry failing", says: "none of the targets of kmsentry-DetectorFunctionKeyPolicyChange is an event bus", forwards: true},
		{
			name: "the organization's rule is off", make: func(w *world) { w.rules[prefix+"OrganizationRule"].State = eventbridgetypes.RuleStateDisabled }, results: "rule-state failing",
			fix: "aws events enable-rule --name kmsentry-OrganizationRule --event-bus-name kmsentry --region eu-central-1",
		},
		{name: "one rule off, another not known", make: func(w *world) {
			w.rules[prefix+"OrganizationRule"].State, w.rules[prefix+detectorRule].State = "PAUSED", eventbridgetypes.RuleStateDisabled
		}, results: "rule-state failing", fix: "--name kmsentry-DetectorFunctionKeyPolicyChange --event-bus-name default"},
		{name: "one rule not known, another off", make: func(w *world) {
			w.rules[prefix+"OrganizationRule"].State, w.rules[prefix+detectorRule].State = eventbridgetypes.RuleStateDisabled, "PAUSED"
		}, results: "rule-state failing", fix: "--name kmsentry-OrganizationRule --event-bus-name kmsentry"},
		{name: "a resource that an update replaced", make: func(w *world) {
			w.resources = append(w.resources, cloudformationtypes.StackResourceSummary{
				LogicalResourceId: aws.String(detectorRule), ResourceType: aws.String("AWS::Events::Rule"), PhysicalResourceId: aws.String("old"),
				ResourceStatus: cloudformationtypes.ResourceStatusDeleteComplete,
			})
		}},
		{name: "no permission for the organization's rule", make: func(w *world) { w.policy = strings.Replace(w.policy, "OrganizationRule", "x", 1) }, results: "rule-permission failing", says: "kmsentry-OrganizationRule"},
		{name: "a bus without access", make: func(w *world) { w.busPolicy = "" }, results: "bus failing", says: "no organization may put events on the bus kmsentry"},
		{name: "a bus for everyone", make: func(w *world) {
			w.busPolicy = `{"Statement":[{"Effect":"Allow","Principal":{"AWS":"*"},"Action":"events:PutEvents"}]}`
		}, results: "bus warning", says: "anybody may put events"},
		{name: "a bus with a policy that is not JSON", make: func(w *world) { w.busPolicy = "{" }, results: "bus unknown"},
		{name: "no bus", make: func(w *world) { takeOut(w, "OrganizationBus") }},
		{name: "a forwarder without an alarm", make: func(w *world) { takeOut(w, "ErrorsAlarm") }, forwards: true},
		{name: "a forwarder's alarm that notifies nobody", make: func(w *world) { w.alarms = w.alarms[1:]; w.alarms[0].AlarmActions = nil }, forwards: true},
		{name: "a forwarder's alarm going off", make: func(w *world) { w.alarms = w.alarms[1:]; w.alarms[0].StateValue = cloudwatchtypes.StateValueAlarm }, results: "alarms warning", forwards: true},
		{name: "a tamper rule off", make: func(w *world) { w.rules[prefix+"TamperWatch"].State = eventbridgetypes.RuleStateDisabled }, results: "tamper failing", says: "TamperWatch (off)", fix: "enable-rule --name kmsentry-TamperWatch"},
		{name: "a tamper rule gone", make: func(w *world) { delete(w.rules, prefix+"TamperWatchTrail") }, results: "tamper failing", says: "TamperWatchTrail (deleted)"},
		{name: "no tamper rule", make: func(w *world) { takeOut(w, "TamperWatch", "TamperWatchTrail") }, results: "tamper warning", fix: "TamperRule=true"},
	}
}

// takeOut removes resources from the stack.
func takeOut(w *world, logical ...string) {
	var left []cloudformationtypes.StackResourceSummary
	for _, r := range w.resources {
		if !strings.Contains(strings.Join(logical, " "), *r.LogicalResourceId) {
			left = append(left, r)
		}
	}
	w.resources = left
}

func functionFaults() []fault {
	const gone = "function-state failing, function-topic failing, topic-key-policy unknown"
	return []fault{
		{name: "failed", make: func(w *world) {
			w.function.State, w.function.StateReason = lambdatypes.StateFailed, aws.String("the role is gone")
		}, results: "function-state failing", says: "the role is gone"},
		{name: "failed to update", make: func(w *world) { w.function.LastUpdateStatus = lambdatypes.LastUpdateStatusFailed }, results: "function-state failing"},
		{name: "being updated", make: func(w *world) { w.function.LastUpdateStatus = lambdatypes.LastUpdateStatusInProgress }, results: "function-state warning"},
		{name: "idle", make: func(w *world) { w.function.State = lambdatypes.StateInactive }},
		{name: "no state", make: func(w *world) { w.function.State = "" }, results: "function-state unknown"},
		{name: "the function is gone", make: func(w *world) { w.fails[functionConfig] = missing("ResourceNotFoundException") }, results: gone, says: "has been deleted"},
		{name: "another topic", make: func(w *world) { w.function.Environment.Variables["TOPIC_ARN"] += "2" }, results: "function-topic failing", says: "TOPIC_ARN"},
		{name: "no environment", make: func(w *world) { w.function.Environment = nil }, results: "function-topic unknown"},
		{name: "concurrency 0", make: func(w *world) { w.reserved = aws.Int32(0) }, results: "function-concurrency failing", fix: "aws lambda delete-function-concurrency --function-name kmsentry-DetectorFunction"},
		{name: "concurrency 5", make: func(w *world) { w.reserved = aws.Int32(5) }},
		{name: "no destination", make: func(w *world) { w.invoke.DestinationConfig.OnFailure = nil }, results: "function-retries failing"},
		{name: "no configuration", make: func(w *world) { w.fails["lambda:GetFunctionEventInvokeConfig"] = missing("ResourceNotFoundException") }, results: "function-retries failing"},
		{name: "another destination", make: func(w *world) {
			w.invoke.DestinationConfig.OnFailure.Destination = aws.String("arn:aws:sqs:eu-central-1:1:other")
		}, results: "function-retries warning"},
		{name: "fewer attempts", make: func(w *world) { w.invoke.MaximumRetryAttempts = aws.Int32(0) }, results: "function-retries warning"},
		{name: "less time", make: func(w *world) { w.invoke.MaximumEventAgeInSeconds = aws.Int32(60) }, results: "function-retries warning"},
		{name: "an error", make: count("AWS/Lambda/Errors", 3*time.Hour, 1), results: "function-errors warning", says: "12 calls, 1 errors", fix: "sam logs"},
		{name: "nothing but errors", make: count("AWS/Lambda/Errors", 3*time.Hour, 12), results: "function-errors failing", says: "last error in the hour from 2026-11-26T00:00:00Z"},
		{name: "an error two days ago", make: count("AWS/Lambda/Errors", 48*time.Hour, 1)},
		{name: "throttled", make: count("AWS/Lambda/Throttles", time.Hour, 2), results: "function-errors warning"},
		{name: "given up", make: count("AWS/Lambda/AsyncEventsDropped", time.Hour, 1), results: "function-errors failing"},
		{name: "lost", make: count("AWS/Lambda/DestinationDeliveryFailures", time.Hour, 1), results: "function-errors failing"},
		{name: "metrics in part", make: func(w *world) { w.partial = true }, results: "function-errors unknown, queue-age unknown, canary unknown, delivery unknown", says: "InternalError"},
		{
			name: "events in a queue", make: func(w *world) { w.queues[queueURL("FailedEvents")]["ApproximateNumberOfMessages"] = "3" }, results: "queues failing", says: "FailedEvents holds 3 events",
			fix: "kmsentry redrive --send --function kmsentry-DetectorFunction " + queueURL("FailedEvents"),
		},
		{name: "events in two queues", make: func(w *world) {
			w.queues[queueURL("FailedEvents")]["ApproximateNumberOfMessages"], w.queues[queueURL("UndeliveredEvents")]["ApproximateNumberOfMessages"] = "1", "1"
		}, results: "queues failing", fix: "kmsentry-DetectorFunction " + queueURL("FailedEvents") + " " + queueURL("UndeliveredEvents")},
		{name: "events in flight", make: func(w *world) { w.queues[queueURL("UndeliveredEvents")]["ApproximateNumberOfMessagesNotVisible"] = "1" }, results: "queues failing", says: "UndeliveredEvents holds 1 event"},
		{name: "events that are put off", make: func(w *world) {
			w.queues[queueURL("FailedEvents")]["ApproximateNumberOfMessagesDelayed"] = "1"
		}, results: "queues failing"},
		{name: "metrics in pages", make: func(w *world) { w.pages = true }},
		{name: "times without values", make: func(w *world) { w.ragged = true }, results: "function-errors unknown, canary unknown, delivery unknown"},
		{name: "a queue that does not say", make: func(w *world) { delete(w.queues[queueURL("FailedEvents")], "ApproximateNumberOfMessages") }, results: "queues unknown"},
		{name: "a queue is gone", make: func(w *world) { delete(w.queues, queueURL("FailedEvents")) }, results: "queues failing", says: "has been deleted"},
		{name: "an old event", make: count("AWS/SQS/ApproximateAgeOfOldestMessage/FailedEvents", 4*time.Minute, 3*86400), results: "queue-age warning", says: "the oldest event in FailedEvents is 3d 0h old", fix: "kmsentry redrive " + queueURL("FailedEvents")},
		{name: "a very old event", make: count("AWS/SQS/ApproximateAgeOfOldestMessage/FailedEvents", 4*time.Minute, 11*86400), results: "queue-age failing"},
		{name: "an old event that is gone", make: func(w *world) {
			count("AWS/SQS/ApproximateAgeOfOldestMessage/FailedEvents", 30*time.Minute, 9)(w)
			w.metrics["AWS/SQS/ApproximateAgeOfOldestMessage/FailedEvents"][w.now.Add(-4*time.Minute)] = 0
		}},
		{name: "no canary heard", make: func(w *world) { w.metrics["kmsentry/Canary"] = nil }, results: "canary failing", says: "not arrived for 1d 2h", fix: "aws cloudtrail lookup-events"},
		{name: "a canary of yesterday", make: func(w *world) { w.metrics["kmsentry/Canary"] = map[time.Time]float64{w.now.Add(-27 * time.Hour): 1} }, results: "canary failing"},
		{name: "a young stack", make: func(w *world) {
			w.metrics["kmsentry/Canary"], w.stack.CreationTime = nil, aws.Time(w.now.Add(-time.Hour))
		}, results: "canary warning", says: "the stack is 1h 0m old"},
		{name: "no canary", make: func(w *world) { takeOut(w, "CanarySchedule") }, results: "canary warning", fix: "Canary=true"},
	}
}

// count adds a value of a metric.
func count(metric string, ago time.Duration, value float64) func(*world) {
	return func(w *world) { w.metrics[metric] = map[time.Time]float64{w.now.Add(-ago): value} }
}

func topicFaults() []fault {
	state := func(s kmstypes.KeyState) func(*world) { return func(w *world) { w.key.KeyState = s } }
	policy := func(from, to string) func(*world) {
		return func(w *world) { w.keyPolicy = strings.Replace(w.keyPolicy, from, to, 1) }
	}
	guard := func(change func(*chatbottypes.SlackChannelConfiguration)) func(*world) {
		return func(w *world) { change(&w.slack[0]) }
	}
	return []fault{
		{name: "key disabled", make: state(kmstypes.KeyStateDisabled), results: "topic-key failing", fix: "aws kms enable-key --key-id " + keyARN},
		{name: "key to be deleted", make: state(kmstypes.KeyStatePendingDeletion), results: "topic-key failing", says: "is pending deletion", fix: "aws kms cancel-key-deletion"},
		{name: "key gone", make: func(w *world) { w.fails["kms:DescribeKey"] = missing("NotFoundException") }, results: "topic-key failing"},
		{name: "a topic without a key", make: func(w *world) { w.topics[topicARN("OpsTopic")] = map[string]string{} }, results: "topic-key warning, topic-key-policy warning", says: "not encrypted: OpsTopic"},
		{name: "the topic is gone", make: func(w *world) { delete(w.topics, topicARN("AlertTopic")) }, results: "topic-key failing, topic-key-policy failing"},
		{name: "no CloudWatch in the policy", make: policy(`"cloudwatch.amazonaws.com",`, ""), results: "topic-key-policy failing", says: "does not let cloudwatch.amazonaws.com call kms:GenerateDataKey"},
		{name: "no EventBridge in the policy", make: policy(`,"events.amazonaws.com"`, ""), results: "topic-key-policy failing", says: "events.amazonaws.com"},
		{name: "another account in the policy", make: policy(`"aws:SourceAccount":"1`, `"aws:SourceAccount":"2`), results: "topic-key-policy failing"},
		{name: "no account in the policy", make: policy(":root", ":role/other"), results: "topic-key-policy failing", says: "the function's role"},
		{name: "encrypt only", make: policy(`"kms:Decrypt",`, ""), results: "topic-key-policy failing", says: "kms:Decrypt"},
		{name: "a condition that cannot be asked", make: policy(`"aws:SourceAccount":"111122223333"`, `"aws:SourceArn":"arn:aws:cloudwatch:eu-central-1:111122223333:alarm:x"`), results: "topic-key-policy unknown", says: "look at its conditions"},
		{name: "the account by conditions", make: policy(`"Principal":{"AWS":"arn:aws:iam::111122223333:root"},"Action":"kms:*"`,
			`"Principal":{"AWS":"*"},"Condition":{"StringEquals":{"kms:CallerAccount":"111122223333","aws:PrincipalAccount":"111122223333","kms:ViaService":"sns.eu-central-1.amazonaws.com"}},"Action":"kms:*"`)},
		{name: "another account by conditions", make: policy(`"Principal":{"AWS":"arn:aws:iam::111122223333:root"},"Action":"kms:*"`,
			`"Principal":{"AWS":"*"},"Condition":{"StringEquals":{"kms:CallerAccount":"444455556666"}},"Action":"kms:*"`), results: "topic-key-policy failing"},
		{name: "a policy that is not JSON", make: func(w *world) { w.keyPolicy = "{" }, results: "topic-key-policy unknown"},
		{
			name: "a mailbox not confirmed", make: func(w *world) {
				w.subscribed[topicARN("AlertTopic")][0].SubscriptionArn = aws.String("PendingConfirmation")
			},
			results: "subscriptions failing", says: "0 subscribers confirmed, 1 required; not confirmed: email x@example.com", fix: "aws sns subscribe --topic-arn " + topicARN("AlertTopic"),
		},
		{name: "one more, not confirmed", make: func(w *world) { w.subscribe("AlertTopic", "email", "y@example.com", "PendingConfirmation") }, results: "subscriptions warning"},
		{name: "one deleted", make: func(w *world) { w.subscribed[topicARN("AlertTopic")][0].SubscriptionArn = aws.String("Deleted") }, results: "subscriptions failing"},
		{name: "two wanted", make: func(w *world) { w.stack.Parameters[0].ParameterValue = aws.String("2") }, results: "subscriptions failing, delivery failing"},
		{name: "a parameter that is not a number", make: func(w *world) { w.stack.Parameters = nil }, results: "subscriptions unknown, delivery unknown"},
		{name: "alarms reach nobody", make: func(w *world) { w.subscribed[topicARN("OpsTopic")] = nil }, results: "subscriptions-ops failing"},
		{name: "an unconfirmed subscriber for alarms", make: func(w *world) { w.subscribe("OpsTopic", "email", "z@example.com", "PendingConfirmation") }, results: "subscriptions-ops warning"},
		{name: "a mailbox for storms", make: func(w *world) { w.subscribe("OverflowTopic", "email-json", "z@example.com", "arn:aws:sns:x") }, results: "subscriptions-overflow warning", says: "a mailbox is subscribed"},
		{name: "nobody for storms", make: func(w *world) { w.subscribed[topicARN("OverflowTopic")] = nil }, results: "subscriptions-overflow warning", says: "nobody is subscribed"},
		{name: "a mailbox that SNS has switched off", make: func(w *world) { delete(w.metrics["AWS/SNS/NumberOfNotificationsDelivered"], w.now.Add(-71*time.Hour)) }, results: "delivery failing", says: "2 alerts, 1 deliveries of 2", fix: "aws sns list-subscriptions-by-topic"},
		{name: "a failed delivery", make: count("AWS/SNS/NumberOfNotificationsFailed", 72*time.Hour, 1), results: "delivery warning"},
		{name: "no alert for long", make: func(w *world) { w.metrics["AWS/SNS/NumberOfMessagesPublished"] = nil }, results: "delivery warning", says: "no alert for 90 days", fix: "aws lambda invoke --function-name kmsentry-DetectorFunction"},
		{name: "no chat", make: func(w *world) { w.slack = nil }},
		{name: "no guardrail", make: guard(func(c *chatbottypes.SlackChannelConfiguration) { c.GuardrailPolicyArns = nil }), results: "chat failing", says: "without a guardrail", fix: "kmsentry-slack --slack-channel-id C0123456789 --guardrail-policy-arns"},
		{name: "an administrator's guardrail", make: guard(func(c *chatbottypes.SlackChannelConfiguration) {
			c.GuardrailPolicyArns = []string{"arn:aws:iam::aws:policy/AdministratorAccess"}
		}), results: "chat failing"},
		{name: "a channel switched off", make: guard(func(c *chatbottypes.SlackChannelConfiguration) {
			c.State, c.StateReason = aws.String("DISABLED"), aws.String("archived")
		}), results: "chat failing", says: "archived"},
		{name: "a channel without storms", make: guard(func(c *chatbottypes.SlackChannelConfiguration) { c.SnsTopicArns = c.SnsTopicArns[:1] }), results: "chat warning"},
		{name: "an open channel of something else", make: guard(func(c *chatbottypes.SlackChannelConfiguration) {
			c.SnsTopicArns, c.GuardrailPolicyArns = []string{"arn:aws:sns:x"}, nil
		})},
		{name: "Teams without a guardrail", make: func(w *world) {
			w.teams = []chatbottypes.TeamsChannelConfiguration{{ConfigurationName: aws.String("teams"), SnsTopicArns: []string{topicARN("AlertTopic")}}}
		}, results: "chat failing"},
		{name: "China", make: func(w *world) {
			w.stack.StackId = aws.String(strings.Replace(*w.stack.StackId, "aws", "aws-cn", 1))
			w.refuse("chatbot:DescribeSlackChannelConfigurations")
		}, results: ""},
		{name: "an alarm going off", make: func(w *world) { w.alarms[0].StateValue = cloudwatchtypes.StateValueAlarm }, results: "alarms warning", says: "going off: CanaryAlarm"},
		{name: "a muted alarm", make: func(w *world) { w.alarms[1].ActionsEnabled = aws.Bool(false) }, results: "alarms failing", says: "notifies nobody: ErrorsAlarm", fix: "enable-alarm-actions --alarm-names kmsentry-ErrorsAlarm"},
		{name: "an alarm without anybody", make: func(w *world) { w.alarms[1].AlarmActions = nil }, results: "alarms failing"},
		{name: "an alarm gone", make: func(w *world) { w.alarms = w.alarms[1:] }, results: "alarms failing", says: "CanaryAlarm has been deleted"},
	}
}

func forwarderFaults() []fault {
	instance := func(change func(*cloudformationtypes.StackInstanceSummary)) func(*world) {
		return func(w *world) { change(&w.instances[1]) }
	}
	return []fault{
		{name: "a stack that failed", make: instance(func(s *cloudformationtypes.StackInstanceSummary) {
			s.Status, s.StatusReason, s.StackInstanceStatus.DetailedStatus = cloudformationtypes.StackInstanceStatusOutdated, aws.String("no such bus"), cloudformationtypes.StackInstanceDetailedStatusFailed
		}), results: "forwarders failing", says: "1 of 2 stacks: 444455556666 in eu-central-1 (FAILED) no such bus", fix: "list-stack-instances --stack-set-name kmsentry-forwarders"},
		{name: "an outdated stack", make: instance(func(s *cloudformationtypes.StackInstanceSummary) {
			s.Status = cloudformationtypes.StackInstanceStatusOutdated
		}), results: "forwarders failing", says: "(OUTDATED)"},
		{name: "a stack without a status", make: instance(func(s *cloudformationtypes.StackInstanceSummary) { s.Status, s.StackInstanceStatus = "", nil }), results: "forwarders failing"},
		{name: "a suspended account", make: instance(func(s *cloudformationtypes.StackInstanceSummary) {
			s.StackInstanceStatus.DetailedStatus = cloudformationtypes.StackInstanceDetailedStatusSkippedSuspendedAccount
		}), results: "forwarders warning"},
		{name: "no stacks", make: func(w *world) { w.instances = nil }, results: "forwarders failing"},
		{name: "no StackSet", make: func(w *world) {
			w.fails["cloudformation:ListStackInstances"] = missing("StackSetNotFoundException")
			w.fails["cloudformation:DescribeStackSet"] = missing("StackSetNotFoundException")
		}, results: "forwarders failing, forwarders-new failing", fix: "list-stack-sets"},
		{name: "no deployment to new accounts", make: func(w *world) { w.auto = false }, results: "forwarders-new warning", fix: "--auto-deployment Enabled=true"},
	}
}

// TestBroken breaks a sound account in one way at a time and checks that exactly the
// checks about it report it.
func TestBroken(t *testing.T) {
	groups := map[string][]fault{"trail": trailFaults(), "rule": ruleFaults(), "function": functionFaults(), "topic": topicFaults(), "forwarders": forwarderFaults()}
	failed := map[string]bool{}
	for group, faults := range groups {
		for _, f := range faults {
			t.Run(group+" "+f.name, func(t *testing.T) {
				w := sound(t)
				if f.forwards {
					w.forwarding()
				}
				f.make(w)
				r := examine(t, w)
				var got []string
				first := Check{}
				for _, c := range r.Checks {
					if c.Result == OK {
						continue
					}
					if len(got) == 0 {
						first = c
					}
					got = append(got, c.ID+" "+c.Result.String())
					if c.Result != Unknown {
						failed[c.ID] = true
					}
					if c.Fix == "" {
						t.Errorf("%s says nothing of how to fix it", c.ID)
					}
				}
				if strings.Join(got, ", ") != f.results || !strings.Contains(first.Found, f.says) || !strings.Contains(first.Fix, f.fix) {
					t.Errorf("not ok: %s\nwant:   %s\nsays %q, want %q\nmend %q, want %q", strings.Join(got, ", "), f.results, first.Found, f.says, first.Fix, f.fix)
				}
			})
		}
	}
	for _, r := range rows() {
		if !failed[r.id] {
			t.Errorf("nothing makes %s anything but ok or unknown", r.id)
		}
	}
}

// TestOtherErrors checks that errors other than refusals are unknown as well, and say
// what went wrong.
func TestOtherErrors(t *testing.T) {
	for _, test := range []struct {
		err  error
		says string
	}{
		{context.DeadlineExceeded, "kms:DescribeKey: no answer in time"},
		{&net.DNSError{Name: "kms.xx-east-9.amazonaws.com", IsNotFound: true}, "kms:DescribeKey: no such host: kms.xx-east-9.amazonaws.com"},
		{&smithy.GenericAPIError{Code: "UnknownOperationException", Message: "not supported"}, "kms:DescribeKey: UnknownOperationException: not supported"},
		{fmt.Errorf("send: %w", errors.New("connection reset")), "kms:DescribeKey: connection reset"},
	} {
		w := sound(t)
		w.fails["kms:DescribeKey"] = test.err
		for _, c := range examine(t, w).Checks {
			if c.ID == "topic-key" && (c.Result != Unknown || !strings.Contains(c.Found, test.says)) || c.ID != "topic-key" && c.Result != OK {
				t.Errorf("%v: %s is %s: %s", test.err, c.ID, c.Result, c.Found)
			}
		}
	}
}

// TestTimeout checks that a call that AWS does not answer is unknown after 20 seconds,
// and that the other calls are made.
func TestTimeout(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := sound(t)
		w.hangs = "kms:GetKeyPolicy"
		for _, c := range examine(t, w).Checks {
			if c.ID == "topic-key-policy" && (c.Result != Unknown || c.Found != "kms:GetKeyPolicy: no answer in time") || c.ID != "topic-key-policy" && c.Result != OK {
				t.Errorf("%s is %s: %s", c.ID, c.Result, c.Found)
			}
		}
	})
}

// TestNoStack checks that an error that makes the examination pointless is one line.
func TestNoStack(t *testing.T) {
	for _, test := range []struct {
		name string
		make func(*world)
		want string
	}{
		{"no such stack", func(w *world) { w.stack.StackName = aws.String("other") }, `no stack "kmsentry" in eu-central-1 of account 111122223333; see --stack, --region and --profile`},
		{"nor the account", func(w *world) { w.stack.StackName = aws.String("other"); w.refuse("sts:GetCallerIdentity") }, `no stack "kmsentry" in eu-central-1; see --stack, --region and --profile`},
		{"expired", func(w *world) {
			w.fails[describeStacks] = &smithy.GenericAPIError{Code: "ExpiredToken", Message: "expired"}
		}, `stack "kmsentry" in eu-central-1: cloudformation:DescribeStacks: ExpiredToken: expired`},
		{"no network", func(w *world) { w.fails[describeStacks] = &net.DNSError{Name: "x", IsNotFound: true} }, `stack "kmsentry" in eu-central-1: cloudformation:DescribeStacks: no such host: x; check the Region and the network`},
		{"another stack", func(w *world) {
			takeOut(w, "DetectorFunction "+detectorRule+" OrganizationRule TamperWatch TamperWatchTrail")
		}, `stack "kmsentry" in eu-central-1: it has neither kmsentry's function nor a forwarder's rule`},
	} {
		w := sound(t)
		test.make(w)
		_, err := Examine(context.Background(), w.config(), options(w))
		var e *StackError
		if !errors.As(err, &e) || err.Error() != test.want {
			t.Errorf("%s: %v, want %s", test.name, err, test.want)
		}
	}
}

// TestHostileNames checks that a name from AWS is one word of a command, whatever it
// holds.
func TestHostileNames(t *testing.T) {
	w := sound(t)
	w.rules[prefix+detectorRule].State = eventbridgetypes.RuleStateDisabled
	for i, r := range w.resources {
		if *r.LogicalResourceId == detectorRule {
			w.resources[i].PhysicalResourceId = aws.String("REGION$(id)'; rm x|r'")
			w.rules["r'"] = w.rules[prefix+detectorRule]
		}
	}
	for _, c := range examine(t, w).Checks {
		if c.ID == "rule-state" && c.Fix != `aws events enable-rule --name 'r'\''' --event-bus-name 'REGION$(id)'\''; rm x' --region eu-central-1` {
			t.Errorf("%s: %s", c.Result, c.Fix)
		}
	}
}

// TestHomeRegion checks that a trail is queried in its home Region, and chat in a Region
// that has its API.
func TestHomeRegion(t *testing.T) {
	w := sound(t)
	examine(t, w)
	for permission, want := range map[string]string{trailStatus: "us-east-1", trailSelectors: "us-east-1", describeTrails: region, "chatbot:DescribeSlackChannelConfigurations": "us-east-2"} {
		if w.asked[permission] != want {
			t.Errorf("%s was asked in %s, want %s", permission, w.asked[permission], want)
		}
	}
}

// TestWorst checks that unknown neither hides a failing check nor is hidden by ok.
func TestWorst(t *testing.T) {
	for _, test := range []struct {
		results []Result
		want    Result
	}{
		{nil, Unknown},
		{[]Result{OK, OK}, OK},
		{[]Result{OK, Warning}, Warning},
		{[]Result{Warning, Unknown, OK}, Unknown},
		{[]Result{Unknown, Failing, OK}, Failing},
	} {
		var checks []Check
		for _, r := range test.results {
			checks = append(checks, Check{Result: r})
		}
		if got := worst(checks); got != test.want {
			t.Errorf("worst(%v) = %s, want %s", test.results, got, test.want)
		}
	}
	if Result(0) != Unknown {
		t.Error("the zero Result is not Unknown")
	}
}
