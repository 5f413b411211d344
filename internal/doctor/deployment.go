package doctor

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/arn"
	"github.com/aws/aws-sdk-go-v2/service/cloudformation"
	"github.com/aws/aws-sdk-go-v2/service/cloudformation/types"
	"github.com/aws/aws-sdk-go-v2/service/cloudtrail"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch/schemas"
	"github.com/aws/aws-sdk-go-v2/service/eventbridge"
	"github.com/aws/aws-sdk-go-v2/service/kms"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
	"github.com/aws/aws-sdk-go-v2/service/sns"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/aws/aws-sdk-go-v2/service/sts"
	"github.com/aws/smithy-go/transport/http/protocol/awsquery"
)

// A deployment is one stack and what AWS says about it. What several rows need is
// requested once, and its answer or error is the same for all of them.
type deployment struct {
	Options
	cfg   aws.Config
	known map[string]string // values by the placeholder of a command that they replace

	formation *cloudformation.Client
	trail     *cloudtrail.Client
	events    *eventbridge.Client
	lambda    *lambda.Client
	sqs       *sqs.Client
	sns       *sns.Client
	kms       *kms.Client
	watch     *cloudwatch.Client
	sts       *sts.Client

	stack     func(context.Context) (stackFacts, error)
	resources func(context.Context) (resources, error)
	trails    func(context.Context) ([]trailFacts, error)
	selectors func(context.Context) ([]trailFacts, error)
	function  func(context.Context) (*lambda.GetFunctionConfigurationOutput, error)
	topicKeys func(context.Context) ([]string, error)
	queues    func(context.Context) ([]queueFacts, error)
	rules     map[rule]func(context.Context) (*eventbridge.DescribeRuleOutput, error)
	targets   map[rule]func(context.Context) ([]target, error)
}

func newDeployment(cfg aws.Config, o Options) *deployment {
	d := &deployment{
		Options: o, cfg: cfg, known: map[string]string{"REGION": cfg.Region, "STACK": o.Stack},
		formation: cloudformation.NewFromConfig(cfg), trail: cloudtrail.NewFromConfig(cfg), events: eventbridge.NewFromConfig(cfg), lambda: lambda.NewFromConfig(cfg),
		sqs: sqs.NewFromConfig(cfg), sns: sns.NewFromConfig(cfg), kms: kms.NewFromConfig(cfg), watch: cloudwatch.NewFromConfig(cfg, spokenAt(cfg)), sts: sts.NewFromConfig(cfg),
	}
	d.stack, d.resources = once(d.askStack), once(d.askResources)
	d.trails, d.selectors = once(d.askTrails), once(d.askSelectors)
	d.rules, d.targets = map[rule]func(context.Context) (*eventbridge.DescribeRuleOutput, error){}, map[rule]func(context.Context) ([]target, error){}
	d.function, d.topicKeys, d.queues = once(d.askFunction), once(d.askTopicKeys), once(d.askQueues)
	return d
}

// spokenAt makes CloudWatch's client use its older protocol when the endpoint is not
// AWS's own, since moto does not support CBOR.
// Source: smithy.io, aws-query-protocol.html.
func spokenAt(cfg aws.Config) func(*cloudwatch.Options) {
	return func(o *cloudwatch.Options) {
		if cfg.BaseEndpoint != nil {
			o.Protocol = awsquery.New(schemas.GraniteServiceVersion20100801)
		}
	}
}

// once returns a function that calls ask at its first call only and returns the same
// result each time.
func once[T any](ask func(context.Context) (T, error)) func(context.Context) (T, error) {
	var value T
	var err error
	asked := false
	return func(ctx context.Context) (T, error) {
		if !asked {
			value, err = ask(ctx)
			asked = true
		}
		return value, err
	}
}

// maxWait is the longest time that one call to AWS may take, including the SDK's retries.
const maxWait = 20 * time.Second

// call calls a method of a client with a time limit, as in
// call(ctx, d.sns.ListTopics, in).
func call[In, Out, Opt any](ctx context.Context, method func(context.Context, In, ...func(Opt)) (Out, error), in In, options ...func(Opt)) (Out, error) {
	ctx, cancel := context.WithTimeout(ctx, maxWait)
	defer cancel()
	return method(ctx, in, options...)
}

// stackFacts holds what CloudFormation says about the stack.
type stackFacts struct {
	account, partition, status, reason string
	created                            time.Time
	parameters                         map[string]string
}

func (d *deployment) askStack(ctx context.Context) (stackFacts, error) {
	out, err := call(ctx, d.formation.DescribeStacks, &cloudformation.DescribeStacksInput{StackName: &d.Stack})
	if err != nil {
		return stackFacts{}, err
	}
	if len(out.Stacks) != 1 {
		return stackFacts{}, fmt.Errorf("cloudformation:DescribeStacks: %d stacks, expected one", len(out.Stacks))
	}
	s := out.Stacks[0]
	id, err := arn.Parse(aws.ToString(s.StackId))
	if err != nil {
		return stackFacts{}, fmt.Errorf("cloudformation:DescribeStacks: the stack's id %q: %w", aws.ToString(s.StackId), err)
	}
	facts := stackFacts{
		account: id.AccountID, partition: id.Partition, status: string(s.StackStatus), reason: aws.ToString(s.StackStatusReason),
		created: aws.ToTime(s.CreationTime), parameters: map[string]string{},
	}
	for _, p := range s.Parameters {
		facts.parameters[aws.ToString(p.ParameterKey)] = aws.ToString(p.ParameterValue)
	}
	return facts, nil
}

// stackError returns the error that there is nothing to examine, with the account, since
// the most common reason is a wrong profile. GetCallerIdentity needs no permission.
// Source: AWS STS API reference, GetCallerIdentity.
func (d *deployment) stackError(ctx context.Context, err error) *StackError {
	e := &StackError{Stack: d.Stack, Region: d.cfg.Region, Err: err}
	if isNoStack(err) {
		e.Err = nil
		if who, err := call(ctx, d.sts.GetCallerIdentity, &sts.GetCallerIdentityInput{}); err == nil {
			e.Account = aws.ToString(who.Account)
		}
	}
	return e
}

// A resource is a resource of the stack: its type and physical id.
type resource struct{ kind, id string }

// resources holds the resources of the stack by logical id.
type resources map[string]resource

func (d *deployment) askResources(ctx context.Context) (resources, error) {
	all := resources{}
	in := &cloudformation.ListStackResourcesInput{StackName: &d.Stack}
	for {
		page, err := call(ctx, d.formation.ListStackResources, in)
		if err != nil {
			return nil, err
		}
		for _, r := range page.StackResourceSummaries {
			if r.ResourceStatus != types.ResourceStatusDeleteComplete {
				all[aws.ToString(r.LogicalResourceId)] = resource{aws.ToString(r.ResourceType), aws.ToString(r.PhysicalResourceId)}
			}
		}
		if aws.ToString(page.NextToken) == "" {
			break
		}
		in.NextToken = page.NextToken
	}
	for word, logical := range map[string]string{
		"FUNCTION": "DetectorFunction", "ALERT_TOPIC_ARN": "AlertTopic", "OVERFLOW_TOPIC_ARN": "OverflowTopic", "OPS_TOPIC_ARN": "OpsTopic",
	} {
		if all[logical].id != "" {
			d.known[word] = all[logical].id
		}
	}
	return all, nil
}

// id returns the physical id of a resource. It is an error when the stack does not have
// the resource, which somebody may have removed from the template.
func (d *deployment) id(ctx context.Context, logical string) (string, error) {
	all, err := d.resources(ctx)
	if err != nil {
		return "", err
	}
	if all[logical].id == "" {
		return "", fmt.Errorf("%s: %w", logical, errMissing)
	}
	return all[logical].id, nil
}

// of returns the logical ids of the resources of a type, sorted.
func (r resources) of(kind string) []string {
	var logical []string
	for name, resource := range r {
		if resource.kind == kind && resource.id != "" {
			logical = append(logical, name)
		}
	}
	slices.Sort(logical)
	return logical
}

// A kind is a kind of stack; kinds can be combined.
type kind int

const (
	withFunction kind = 1 << iota // the function and its alerts
	forwarder                     // a rule that sends the events of an account to the bus of another
)

func (k kind) String() string {
	if k == forwarder {
		return "forwarder"
	}
	return "detector"
}

// kind returns the kind of the stack. A forwarder's stack is one with a rule but no
// function. When the resources cannot be listed, the stack counts as the detector's,
// which has more checks.
func (d *deployment) kind(ctx context.Context) kind {
	all, err := d.resources(ctx)
	if err == nil && len(all.of("AWS::Lambda::Function")) == 0 && len(all.of("AWS::Events::Rule")) > 0 {
		return forwarder
	}
	return withFunction
}
