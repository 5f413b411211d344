package doctor

import (
	"context"
	"fmt"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch/types"
)

// askAlarms asks whether an alarm is going off, and whether each alarm notifies somebody.
func askAlarms(ctx context.Context, d *deployment) (answer, error) {
	all, err := d.resources(ctx)
	if err != nil {
		return answer{}, err
	}
	logical := map[string]string{} // by the alarm's name
	in := &cloudwatch.DescribeAlarmsInput{AlarmTypes: []types.AlarmType{types.AlarmTypeMetricAlarm}}
	for _, name := range all.of("AWS::CloudWatch::Alarm") {
		logical[all[name].id] = name
		in.AlarmNames = append(in.AlarmNames, all[name].id)
	}
	if len(in.AlarmNames) == 0 && d.kind(ctx) == forwarder {
		return answer{OK, "the stack has no alarm (Alarm=false)", ""}, nil
	}
	if len(in.AlarmNames) == 0 {
		return answer{}, fmt.Errorf("an alarm: %w", errMissing)
	}
	if len(in.AlarmNames) > 100 {
		return answer{}, fmt.Errorf("%d alarms, expected at most 100", len(in.AlarmNames))
	}
	in.MaxRecords = aws.Int32(100)
	out, err := call(ctx, d.watch.DescribeAlarms, in)
	if err != nil {
		return answer{}, err
	}
	var ringing, mute []string
	for _, a := range out.MetricAlarms {
		name := logical[aws.ToString(a.AlarmName)]
		delete(logical, aws.ToString(a.AlarmName))
		lonely := len(a.AlarmActions) == 0 && d.kind(ctx) == withFunction // a forwarder's alarm may need no action
		if !aws.ToBool(a.ActionsEnabled) || lonely {
			d.known["ALARM_NAME"] = aws.ToString(a.AlarmName)
			mute = append(mute, name)
		}
		if a.StateValue == types.StateValueAlarm {
			ringing = append(ringing, name)
		}
	}
	for _, name := range all.of("AWS::CloudWatch::Alarm") {
		if _, left := logical[all[name].id]; left {
			return gone("the alarm " + name), nil
		}
	}
	var found []string
	if len(ringing) > 0 {
		found = append(found, "going off: "+few(ringing))
	}
	if len(mute) > 0 {
		found = append(found, "notifies nobody: "+few(mute))
	}
	switch {
	case len(mute) > 0:
		return answer{Failing, strings.Join(found, "; "), ""}, nil
	case len(ringing) > 0:
		return answer{Warning, strings.Join(found, "; "), "aws cloudwatch describe-alarms --state-value ALARM --region REGION"}, nil
	}
	return answer{OK, fmt.Sprintf("none of %d is going off", len(in.AlarmNames)), ""}, nil
}
