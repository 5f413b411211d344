package doctor

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudformation"
	"github.com/aws/aws-sdk-go-v2/service/cloudformation/types"

	"github.com/kmsentry/kmsentry/internal/show"
)

// callAs returns the role in which StackSets is called.
func (d *deployment) callAs() types.CallAs {
	if d.Delegated {
		return types.CallAsDelegatedAdmin
	}
	return types.CallAsSelf
}

// askForwarders asks whether the StackSet's stacks are in place in its accounts and
// Regions. It does not see accounts that are not targets of the StackSet.
func askForwarders(ctx context.Context, d *deployment) (answer, error) {
	d.known["STACKSET"] = d.StackSet
	in := &cloudformation.ListStackInstancesInput{StackSetName: &d.StackSet, CallAs: d.callAs()}
	var bad, suspended []string
	accounts, regions, total := map[string]bool{}, map[string]bool{}, 0
	for {
		out, err := call(ctx, d.formation.ListStackInstances, in)
		switch {
		case isMissing(err):
			return answer{Failing, fmt.Sprintf("no StackSet %q in %s of this account", d.StackSet, d.cfg.Region), "aws cloudformation list-stack-sets --status ACTIVE --region REGION"}, nil
		case err != nil:
			return answer{}, err
		}
		for _, s := range out.Summaries {
			total++
			accounts[aws.ToString(s.Account)], regions[aws.ToString(s.Region)] = true, true
			place := fmt.Sprintf("%s in %s", aws.ToString(s.Account), aws.ToString(s.Region))
			switch state := instanceState(s); state {
			case "":
			case string(types.StackInstanceDetailedStatusSkippedSuspendedAccount):
				suspended = append(suspended, place)
			default:
				bad = append(bad, strings.TrimSpace(fmt.Sprintf("%s (%s) %s", place, state, aws.ToString(s.StatusReason))))
			}
		}
		if in.NextToken = out.NextToken; aws.ToString(out.NextToken) == "" {
			break
		}
	}
	slices.Sort(bad)
	switch {
	case total == 0:
		return answer{Failing, fmt.Sprintf("StackSet %s has no stacks", d.StackSet), ""}, nil
	case len(bad) > 0:
		return answer{Failing, fmt.Sprintf("%d of %s: %s", len(bad), show.Count(total, "stack"), few(bad)), ""}, nil
	case len(suspended) > 0:
		return answer{Warning, "left out, the account is suspended: " + few(suspended), ""}, nil
	}
	return answer{OK, fmt.Sprintf("%s in %s and %s, all current", show.Count(total, "stack"), show.Count(len(accounts), "account"), show.Count(len(regions), "Region")), ""}, nil
}

// instanceState returns what is wrong with a stack of a StackSet; "" when nothing is.
// Source: CloudFormation API reference, StackInstanceSummary.
func instanceState(s types.StackInstanceSummary) string {
	if s.StackInstanceStatus != nil {
		switch state := s.StackInstanceStatus.DetailedStatus; state {
		case types.StackInstanceDetailedStatusSucceeded, "":
		default:
			return string(state)
		}
	}
	switch s.Status {
	case types.StackInstanceStatusCurrent:
		return ""
	case "":
		return "no status"
	}
	return string(s.Status)
}

// askNewAccounts asks whether an account that joins the organization gets a forwarder
// automatically.
func askNewAccounts(ctx context.Context, d *deployment) (answer, error) {
	d.known["STACKSET"] = d.StackSet
	out, err := call(ctx, d.formation.DescribeStackSet, &cloudformation.DescribeStackSetInput{StackSetName: &d.StackSet, CallAs: d.callAs()})
	switch {
	case isMissing(err):
		return answer{Failing, fmt.Sprintf("no StackSet %q in %s of this account", d.StackSet, d.cfg.Region), "aws cloudformation list-stack-sets --status ACTIVE --region REGION"}, nil
	case err != nil:
		return answer{}, err
	case out.StackSet == nil:
		return answer{}, fmt.Errorf("cloudformation:DescribeStackSet: an empty answer")
	}
	if a := out.StackSet.AutoDeployment; a == nil || !aws.ToBool(a.Enabled) {
		return answer{Warning, fmt.Sprintf("StackSet %s does not deploy automatically to accounts that join the organization", d.StackSet), ""}, nil
	}
	return answer{OK, "accounts that join the organization get a forwarder", ""}, nil
}
