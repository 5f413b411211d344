package doctor

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/chatbot"
)

// chatRegion is one of the four Regions with an API of Amazon Q Developer in chat
// applications; its configurations are global in an account.
// Source: AWS Chatbot API reference, Welcome.
const chatRegion = "us-east-2"

// A channel is one that hears a topic of the stack.
type channel struct {
	name, arn, state, reason string
	topics, guardrails       []string
}

// askChat asks whether the channels that hear the alerts are guarded: without
// guardrail policies a channel has AdministratorAccess.
// Source: CloudFormation user guide, AWS::Chatbot::SlackChannelConfiguration.
func askChat(ctx context.Context, d *deployment) (answer, error) {
	stack, err := d.stack(ctx)
	if err != nil {
		return answer{}, err
	}
	alert, err := d.id(ctx, "AlertTopic")
	if err != nil {
		return answer{}, err
	}
	overflow, err := d.id(ctx, "OverflowTopic")
	if err != nil {
		return answer{}, err
	}
	if stack.partition != "aws" {
		return answer{OK, "does not apply: AWS has no chat applications in " + stack.partition, ""}, nil
	}
	channels, err := d.channels(ctx)
	if err != nil {
		return answer{}, err
	}
	var open, off, deaf, good []string
	for _, c := range channels {
		if !slices.Contains(c.topics, alert) && !slices.Contains(c.topics, overflow) {
			continue
		}
		d.known["CHANNEL_ARN"] = c.arn
		switch {
		case c.open():
			open = append(open, c.name)
		case c.state == "DISABLED":
			off = append(off, c.name+" "+c.reason)
		case !slices.Contains(c.topics, alert) || !slices.Contains(c.topics, overflow):
			deaf = append(deaf, c.name)
		default:
			good = append(good, c.name)
		}
	}
	switch {
	case len(open) > 0:
		return answer{Failing, "without a guardrail, or with AdministratorAccess as one: " + few(open), ""}, nil
	case len(off) > 0:
		return answer{Failing, "switched off: " + few(off), ""}, nil
	case len(deaf) > 0:
		return answer{Warning, "hears only one of the alert topic and the overflow topic: " + few(deaf), ""}, nil
	case len(good) == 0:
		return answer{OK, "no chat channel of this account hears the alerts", ""}, nil
	}
	return answer{OK, fmt.Sprintf("guarded: %s", few(good)), ""}, nil
}

// open reports whether members of the channel may do what they like.
func (c channel) open() bool {
	return len(c.guardrails) == 0 || slices.ContainsFunc(c.guardrails, func(p string) bool { return strings.HasSuffix(p, ":policy/AdministratorAccess") })
}

// channels lists the account's channels in Slack and Teams.
func (d *deployment) channels(ctx context.Context) ([]channel, error) {
	cfg := d.cfg.Copy()
	cfg.Region = chatRegion
	client := chatbot.NewFromConfig(cfg)
	var all []channel
	slack := &chatbot.DescribeSlackChannelConfigurationsInput{}
	for {
		out, err := call(ctx, client.DescribeSlackChannelConfigurations, slack)
		if err != nil {
			return nil, err
		}
		for _, c := range out.SlackChannelConfigurations {
			all = append(all, channel{aws.ToString(c.ConfigurationName), aws.ToString(c.ChatConfigurationArn), aws.ToString(c.State), aws.ToString(c.StateReason), c.SnsTopicArns, c.GuardrailPolicyArns})
		}
		if slack.NextToken = out.NextToken; aws.ToString(out.NextToken) == "" {
			break
		}
	}
	teams := &chatbot.ListMicrosoftTeamsChannelConfigurationsInput{}
	for {
		out, err := call(ctx, client.ListMicrosoftTeamsChannelConfigurations, teams)
		if err != nil {
			return nil, err
		}
		for _, c := range out.TeamChannelConfigurations {
			all = append(all, channel{aws.ToString(c.ConfigurationName), aws.ToString(c.ChatConfigurationArn), aws.ToString(c.State), aws.ToString(c.StateReason), c.SnsTopicArns, c.GuardrailPolicyArns})
		}
		if teams.NextToken = out.NextToken; aws.ToString(out.NextToken) == "" {
			return all, nil
		}
	}
}
