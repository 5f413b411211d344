package check

import (
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/kmsentry/kmsentry/detector/policy/decide"
)

// appliedValue is how load names what Terraform knows after apply.
const appliedValue = "the value after apply"

// How an unknown value that no flag can give becomes known.
const (
	remedyDeployed = "check the policy of the deployed key: aws kms get-key-policy --key-id ID --output json"
	remedyApplied  = "check the state after apply: terraform show -json"
)

// subVariable is what Fn::Sub replaces.
var subVariable = regexp.MustCompile(`\$\{([^!{}][^{}]*)\}`)

// remedies say how to give check the unknown values behind u, one for each
// value; never none.
func (c *Result) remedies(u decide.UnknownPart) []string {
	if u.Name == "" {
		return []string{fmt.Sprintf("correct line %d of the policy", u.Line)}
	}
	name := u.Name
	for _, function := range []string{"!FindInMap by ", "!Select by ", "!Join of ", "!Select of ", "!Split of ", "!ImportValue of "} {
		name = strings.TrimPrefix(name, function) // the value that the function needs
	}
	condition, isCondition := strings.CutPrefix(name, "condition ")
	if !isCondition {
		condition, isCondition = strings.CutPrefix(name, "!If ")
	}
	behind := []string{name}
	switch {
	case isCondition:
		behind = c.turns[condition]
	case strings.HasPrefix(name, "!Sub "):
		behind = nil
		for _, m := range subVariable.FindAllStringSubmatch(name, -1) {
			behind = append(behind, m[1])
		}
	}
	var list []string
	for _, of := range behind {
		if r := c.remedy(of); !slices.Contains(list, r) {
			list = append(list, r)
		}
	}
	if list == nil {
		list = []string{remedyDeployed}
	}
	return list
}

// remedy says how to give one value, by the name that load has for it.
func (c *Result) remedy(name string) string {
	if reference := strings.Index(name, "{{resolve:"); reference >= 0 {
		if end := strings.Index(name[reference:], "}}"); end >= 0 {
			return "--resolve '" + name[reference:reference+end] + "}}=VALUE'"
		}
	}
	if export, is := strings.CutPrefix(name, "!ImportValue "); is {
		return "--import " + export + "=VALUE"
	}
	switch name = strings.TrimPrefix(name, "!Ref "); {
	case name == "AWS::Region", name == "AWS::Partition", name == "AWS::URLSuffix":
		return "--key-arn ARN"
	case name == "AWS::AccountId", strings.HasSuffix(name, "depends on the owner's account"):
		return "--account ID"
	case slices.Contains(c.parameters, name):
		return "--parameter " + name + "=VALUE"
	case name == appliedValue:
		return remedyApplied
	default:
		return remedyDeployed
	}
}

// flagsFor is what remedies say of u as one text: as flags after each other
// where each value has one.
func (c *Result) flagsFor(u decide.UnknownPart) string {
	list := c.remedies(u)
	if slices.ContainsFunc(list, func(r string) bool { return !strings.HasPrefix(r, "--") }) {
		return strings.Join(list, "; ")
	}
	return strings.Join(list, " ")
}

// bounded are the remedies for people: a parameter that may open the key to
// everybody alone can be bounded in the template as well.
func (c *Result) bounded(u decide.UnknownPart) []string {
	list := c.remedies(u)
	if name, isRef := strings.CutPrefix(u.Name, "!Ref "); isRef && c.Decision.Most == decide.Public && slices.Contains(c.parameters, name) {
		list[0] += ", or an AllowedPattern without wildcards in the template"
	}
	return list
}
