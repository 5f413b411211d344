package load

import (
	"bytes"
	"slices"
)

// A shape identifies a format without key policies by members of its top level, and says
// what to do instead.
type shape struct {
	members []string
	advice  string
}

// shapes returns formats that people try, the more specific ones first.
func shapes() []shape {
	return []shape{
		{[]string{"KeyMetadata"}, "an answer of describe-key; run aws kms get-key-policy --key-id ID --output json"},
		{[]string{"PolicyNames"}, "an answer of list-key-policies; run aws kms get-key-policy --key-id ID --output json"},
		{[]string{"Keys"}, "an answer of list-keys; run aws kms get-key-policy --key-id ID --output json for each"},
		{[]string{"Grants"}, "an answer of list-grants, which are not judged; run aws kms get-key-policy --key-id ID --output json"},
		{[]string{"PolicyVersion"}, "an IAM policy; a key policy comes from aws kms get-key-policy --key-id ID --output json"},
		{[]string{"StackResources"}, "the resources of a stack; run aws cloudformation get-template --stack-name NAME"},
		{[]string{"Stacks"}, "an answer of describe-stacks; run aws cloudformation get-template --stack-name NAME"},
		{[]string{"ParameterKey", "ParameterValue"}, "template parameters; give them with --parameter-file FILE"},
		{[]string{"apiVersion", "kind"}, "a Kubernetes manifest"},
		{[]string{"service", "provider"}, "a Serverless Framework service; run serverless package and check .serverless/"},
		{[]string{"app", "context"}, "the settings of a CDK app; run cdk synth and check cdk.out/"},
		{[]string{"artifacts", "version"}, "a manifest of the CDK; check the templates next to it"},
		{[]string{"deployment", "version"}, "a stack of Pulumi; run aws kms get-key-policy --key-id ID --output json"},
		{[]string{"runs", "version"}, "a SARIF log"},
	}
}

// guess returns, in parentheses, what an input may be and which command to run; "" when
// its format is not known.
func guess(root *node) string {
	if root.kind == listKind {
		if len(root.items) == 0 {
			return ""
		}
		root = root.items[0]
	}
	for _, s := range shapes() {
		if !slices.ContainsFunc(s.members, func(name string) bool { return !root.has(name) }) {
			return " (it looks like " + s.advice + ")"
		}
	}
	return ""
}

// binary returns a text that says what data that is not text is, and what to do.
func binary(data []byte) string {
	switch {
	case bytes.HasPrefix(data, []byte("PK\x03\x04")):
		return "binary data (it looks like a ZIP archive, such as terraform plan -out writes; run terraform show -json FILE > plan.json and check that)"
	case bytes.HasPrefix(data, []byte("\x1f\x8b")):
		return "binary data (it looks like gzip; run gunzip first)"
	default:
		return "binary data"
	}
}
