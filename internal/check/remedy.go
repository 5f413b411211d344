package check

import (
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/kmsentry/kmsentry/detector/policy/decide"
)

// appliedValue is load's name for a value that Terraform knows only after apply.
const appliedValue = "the value after apply"

// The remedies for an unknown value that no flag can set.
const (
	remedyDeployed = "check the policy of the deployed key: aws kms get-key-policy --key-id ID --output json"
	remedyApplied  = "check the state after apply: terraform show -json"
)

// subVariable matches a variable that Fn::Sub replaces.
var subVariable = regexp.MustCompile(`\$\{([^!{}][^{}]*)\}`)

// remedies returns how to give check the unknown values on which u depends, one remedy
// for each; at least one.
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

// remedy returns how to give check one value, by load's name for it.
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

// flagsFor returns the remedies for u as one text, separated by spaces if all are flags
// and by "; " otherwise.
func (c *Result) flagsFor(u decide.UnknownPart) string {
	list := c.remedies(u)
	if slices.ContainsFunc(list, func(r string) bool { return !strings.HasPrefix(r, "--") }) {
		return strings.Join(list, "; ")
	}
	return strings.Join(list, " ")
}

// bounded returns the remedies for people. For a parameter that may open the key to
// everyone, they add that the template can restrict its values.
func (c *Result) bounded(u decide.UnknownPart) []string {
	list := c.remedies(u)
	if name, isRef := strings.CutPrefix(u.Name, "!Ref "); isRef && c.Decision.Most == decide.Public && slices.Contains(c.parameters, name) {
		list[0] += ", or an AllowedPattern without wildcards in the template"
	}
	return list
}
