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

// A channel is a chat channel of the account, with the topics that it is subscribed to.
type channel struct {
	name, arn, state, reason string
	slack, teams             string // the channel's id; one of them is ""
	topics, guardrails       []string
}

// askChat asks whether the channels that get the alerts have guardrail policies, without
// which a channel has AdministratorAccess.
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
	return d.guarded(channels, alert, overflow), nil
}

// guarded returns the answer for the channels that are subscribed to one of the two
// topics.
func (d *deployment) guarded(channels []channel, alert, overflow string) answer {
	var open, off, deaf, good []string
	fix := ""
	for _, c := range channels {
		hearsAlerts, hearsOverflow := slices.Contains(c.topics, alert), slices.Contains(c.topics, overflow)
		switch {
		case !hearsAlerts && !hearsOverflow:
		case c.open():
			open = append(open, c.name)
			d.known["CHANNEL_ARN"] = c.arn
			if fix = guardSlack; c.teams != "" {
				fix, d.known["TEAMS_CHANNEL_ID"] = guardTeams, c.teams
			} else {
				d.known["SLACK_CHANNEL_ID"] = c.slack
			}
		case c.state == "DISABLED":
			off = append(off, strings.TrimSpace(c.name+" "+c.reason))
		case !hearsAlerts || !hearsOverflow:
			deaf = append(deaf, c.name)
		default:
			good = append(good, c.name)
		}
	}
	switch {
	case len(open) > 0:
		return answer{Failing, "without a guardrail, or with AdministratorAccess as one: " + few(open), fix}
	case len(off) > 0:
		return answer{Failing, "switched off: " + few(off), ""}
	case len(deaf) > 0:
		return answer{Warning, "gets only one of the alert topic and the overflow topic: " + few(deaf), ""}
	case len(good) == 0:
		return answer{OK, "no chat channel of this account gets the alerts", ""}
	}
	return answer{OK, fmt.Sprintf("guarded: %s", few(good)), ""}
}

// The commands that add a guardrail to a channel. The API requires the channel's id in
// every update.
// Source: AWS Chatbot API reference, UpdateSlackChannelConfiguration.
const (
	guardSlack = "aws chatbot update-slack-channel-configuration --chat-configuration-arn CHANNEL_ARN --slack-channel-id SLACK_CHANNEL_ID " + guard
	guardTeams = "aws chatbot update-microsoft-teams-channel-configuration --chat-configuration-arn CHANNEL_ARN --channel-id TEAMS_CHANNEL_ID " + guard
	guard      = "--guardrail-policy-arns arn:aws:iam::aws:policy/job-function/ViewOnlyAccess --region " + chatRegion
)

// open reports whether nothing limits what members of the channel can do.
func (c channel) open() bool {
	return len(c.guardrails) == 0 || slices.ContainsFunc(c.guardrails, func(p string) bool { return strings.HasSuffix(p, ":policy/AdministratorAccess") })
}

// channels returns the account's channels in Slack and Teams.
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
			all = append(all, channel{aws.ToString(c.ConfigurationName), aws.ToString(c.ChatConfigurationArn), aws.ToString(c.State), aws.ToString(c.StateReason), aws.ToString(c.SlackChannelId), "", c.SnsTopicArns, c.GuardrailPolicyArns})
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
			all = append(all, channel{aws.ToString(c.ConfigurationName), aws.ToString(c.ChatConfigurationArn), aws.ToString(c.State), aws.ToString(c.StateReason), "", aws.ToString(c.ChannelId), c.SnsTopicArns, c.GuardrailPolicyArns})
		}
		if teams.NextToken = out.NextToken; aws.ToString(out.NextToken) == "" {
			return all, nil
		}
	}
}
