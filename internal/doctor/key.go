package doctor

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/kms"
	"github.com/aws/aws-sdk-go-v2/service/kms/types"

	"github.com/kmsentry/kmsentry/detector/policy"
	"github.com/kmsentry/kmsentry/detector/policy/evaluate"
)

// askKeyState asks whether the topics' key can be used. If not, no alert and no alarm is
// delivered.
func askKeyState(ctx context.Context, d *deployment) (answer, error) {
	keys, err := d.topicKeys(ctx)
	plain, some := isPlain(err)
	switch {
	case isMissing(err):
		return gone("a topic"), nil
	case err != nil && !some:
		return answer{}, err
	}
	for _, key := range keys {
		d.known["KEY_ID"] = key
		out, err := call(ctx, d.kms.DescribeKey, &kms.DescribeKeyInput{KeyId: &key})
		switch {
		case isMissing(err):
			return answer{Failing, "the topics' key " + key + " does not exist", revert}, nil
		case err != nil:
			return answer{}, err
		case out.KeyMetadata == nil:
			return answer{}, fmt.Errorf("kms:DescribeKey: an empty answer for %q", key)
		}
		switch out.KeyMetadata.KeyState {
		case types.KeyStateEnabled:
		case types.KeyStatePendingDeletion:
			return answer{Failing, "the topics' key " + key + " is pending deletion", "aws kms cancel-key-deletion --key-id KEY_ID --region REGION && aws kms enable-key --key-id KEY_ID --region REGION"}, nil
		default:
			return answer{Failing, fmt.Sprintf("the topics' key %s is %s", key, out.KeyMetadata.KeyState), ""}, nil
		}
	}
	if some {
		return plain, nil
	}
	return answer{OK, "key " + strings.Join(keys, ", ") + " is enabled", ""}, nil
}

// askKeyPolicy evaluates the key policy with kmsentry's own evaluator to find out whether
// everyone that publishes may use the key.
func askKeyPolicy(ctx context.Context, d *deployment) (answer, error) {
	keys, err := d.topicKeys(ctx)
	plain, some := isPlain(err)
	switch {
	case isMissing(err):
		return gone("a topic"), nil
	case err != nil && !some:
		return answer{}, err
	}
	users, err := d.keyUsers(ctx)
	if err != nil {
		return answer{}, err
	}
	for _, key := range keys {
		d.known["KEY_ID"] = key
		out, err := call(ctx, d.kms.GetKeyPolicy, &kms.GetKeyPolicyInput{KeyId: &key, PolicyName: aws.String("default")})
		if err != nil {
			return answer{}, err
		}
		if a, err := mayUse(aws.ToString(out.Policy), users); err != nil || a.result != OK {
			return a, err
		}
	}
	if some {
		return plain, nil
	}
	var all []string
	for _, u := range users {
		all = append(all, u.name)
	}
	return answer{OK, "its policy lets them in: " + strings.Join(all, ", "), ""}, nil
}

// A keyUser is a principal that publishes to an encrypted topic.
type keyUser struct {
	name    string
	request evaluate.Request
}

// keyUsers returns the function's role, CloudWatch, whose alarms go to the ops topic,
// and EventBridge, if a rule sends there.
// Source: SNS developer guide, sns-key-management.html.
func (d *deployment) keyUsers(ctx context.Context) ([]keyUser, error) {
	stack, err := d.stack(ctx)
	if err != nil {
		return nil, err
	}
	all, err := d.resources(ctx)
	if err != nil {
		return nil, err
	}
	f, err := d.function(ctx)
	if err != nil {
		return nil, err
	}
	suffix := "amazonaws.com"
	if stack.partition == "aws-cn" {
		suffix = "amazonaws.com.cn"
	}
	users := []keyUser{{"the function's role", evaluate.Request{Principal: aws.ToString(f.Role), Context: map[string][]string{
		"kms:ViaService": {"sns." + d.cfg.Region + "." + suffix}, "kms:CallerAccount": {stack.account}, "aws:PrincipalAccount": {stack.account},
	}}}}
	services := []string{"cloudwatch.amazonaws.com"}
	if slices.ContainsFunc(all.of("AWS::Events::Rule"), watches) {
		services = append(services, "events.amazonaws.com")
	}
	for _, service := range services {
		users = append(users, keyUser{service, evaluate.Request{Service: service, Context: map[string][]string{"aws:SourceAccount": {stack.account}}}})
	}
	for i := range users {
		users[i].request.Time = d.Now
	}
	return users, nil
}

// mayUse returns whether a key policy lets every user publish an encrypted message. A
// refusal that may depend on something that the request leaves out is unknown.
func mayUse(text string, users []keyUser) (answer, error) {
	p, err := policy.Parse([]byte(text))
	if err != nil {
		return answer{}, fmt.Errorf("kms:GetKeyPolicy: %w", err)
	}
	for _, u := range users {
		for _, action := range []string{"kms:GenerateDataKey", "kms:Decrypt"} {
			request := u.request
			request.Action = action
			switch answered := evaluate.Allows(p, request); {
			case answered == evaluate.Yes:
			case answered == evaluate.No && !asksMore(text, request):
				return answer{Failing, fmt.Sprintf("the key policy does not let %s call %s", u.name, action), ""}, nil
			default:
				return answer{Unknown, fmt.Sprintf("whether the key policy lets %s call %s depends on more than doctor can read; look at its conditions", u.name, action), ""}, nil
			}
		}
	}
	return answer{result: OK}, nil
}

// asksMore reports whether the policy has a condition on a key that the request lacks, so
// that the value in a real request may change the answer.
func asksMore(text string, request evaluate.Request) bool {
	var document struct {
		Statement json.RawMessage
	}
	if json.Unmarshal([]byte(text), &document) != nil {
		return true
	}
	type statement struct {
		Condition map[string]map[string]any
	}
	var many []statement
	var one statement
	if json.Unmarshal(document.Statement, &many) != nil {
		if json.Unmarshal(document.Statement, &one) != nil {
			return true
		}
		many = []statement{one}
	}
	for _, s := range many {
		for _, keys := range s.Condition {
			for key := range keys {
				if !isKnown(key, request) {
					return true
				}
			}
		}
	}
	return false
}

// isKnown reports whether the request has a condition key, or real requests certainly
// lack it: only a service that calls on its own behalf sends aws:Source keys.
// Source: IAM user guide, reference_policies_condition-keys.html.
func isKnown(key string, request evaluate.Request) bool {
	for name := range request.Context {
		if strings.EqualFold(name, key) {
			return true
		}
	}
	lower := strings.ToLower(key)
	return lower == "aws:principalarn" || request.Service == "" && strings.HasPrefix(lower, "aws:source") && lower != "aws:sourceip" && lower != "aws:sourcevpc" && lower != "aws:sourcevpce" && lower != "aws:sourceidentity"
}
