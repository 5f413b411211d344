package load

import (
	"bytes"
	"errors"
	"fmt"
	"regexp"
	"strings"

	"github.com/kmsentry/kmsentry/detector/policy"
)

// fromTerraform finds the KMS keys in a plan or a state as terraform show
// -json prints them.
// Source: developer.hashicorp.com/terraform/internals/json-format.
func fromTerraform(root *node) ([]Document, error) {
	if err := root.duplicate(); err != nil {
		return nil, err
	}
	var docs []Document
	if changes := root.get("resource_changes"); changes != nil {
		docs = planned(root, changes.items)
		if deferred := root.get("deferred_changes"); deferred != nil {
			for _, c := range deferred.items {
				docs = append(docs, planned(root, []*node{c.get("resource_change")})...)
			}
		}
	} else {
		for _, name := range []string{"planned_values", "values"} {
			docs = append(docs, stateKeys(root.get(name).get("root_module"))...)
		}
	}
	if len(docs) == 0 {
		return nil, errors.New("want a plan or state with a KMS key, got no resource with a key policy in it")
	}
	return docs, nil
}

// keyTypes are the resource types with a key policy, and the attribute that
// holds it.
// Source: registry.terraform.io/providers/hashicorp, aws and awscc, resources kms_*.
var keyTypes = map[string]string{
	"aws_kms_key":                  "policy",
	"aws_kms_key_policy":           "policy",
	"aws_kms_replica_key":          "policy",
	"aws_kms_external_key":         "policy",
	"aws_kms_replica_external_key": "policy",
	"awscc_kms_key":                "key_policy",
	"awscc_kms_replica_key":        "key_policy",
}

// planned reads the keys that exist once the plan is applied.
func planned(root *node, changes []*node) []Document {
	configured := map[string]bool{}
	complete := policyExpressions(root.get("configuration").get("root_module"), "", configured)
	var docs []Document
	for _, c := range changes {
		after, attribute := c.get("change").get("after"), keyTypes[c.str("type")]
		if attribute == "" || c.str("mode") == "data" || c.has("deposed") || after == nil || after.kind != objectKind {
			continue // of another type, or destroyed
		}
		unknown := c.get("change").get("after_unknown")
		d := terraformKey(c.str("address"), c.str("type"), after, unknown)
		if unknown.get(attribute).isTrue() {
			// A key without a policy in its configuration shows one that is
			// known after apply too: AWS's default policy.
			if complete && c.str("type") != "aws_kms_key_policy" && !configured[withoutIndex(c.str("address"))] {
				d.Default = true
			} else {
				d.Unknown = []Unknown{{Statement: -1, Path: attribute, What: "the value after apply"}}
			}
		}
		docs = append(docs, d)
	}
	return docs
}

// stateKeys reads the keys of a module and of the modules in it.
func stateKeys(module *node) []Document {
	if module == nil {
		return nil
	}
	var docs []Document
	if list := module.get("resources"); list != nil {
		for _, r := range list.items {
			values := r.get("values")
			if keyTypes[r.str("type")] != "" && r.str("mode") != "data" && values != nil {
				docs = append(docs, terraformKey(r.str("address"), r.str("type"), values, nil))
			}
		}
	}
	if list := module.get("child_modules"); list != nil {
		for _, m := range list.items {
			docs = append(docs, stateKeys(m)...)
		}
	}
	return docs
}

// terraformKey reads one key. unknown marks the attributes known after apply; nil none.
func terraformKey(address, kind string, values, unknown *node) Document {
	d := Document{Place: address, At: values.at, Key: terraformFacts(kind, values, unknown)}
	for _, name := range []string{"arn", "key_id"} {
		if arn := values.str(name); keyARN.MatchString(arn) {
			d.KeyARN = arn
			d.Account = strings.Split(arn, ":")[4]
			break
		}
	}
	attribute := keyTypes[kind]
	d.Bypass = values.get("bypass_policy_lockout_safety_check").isTrue() || unknown.get("bypass_policy_lockout_safety_check").isTrue()
	p := values.get(attribute)
	switch {
	case unknown.get(attribute).isTrue():
		return d // the caller knows what that means
	case p == nil || p.kind == nullKind || (p.kind == textKind && strings.TrimSpace(p.text) == ""):
		d.Default = kind != "aws_kms_key_policy"
		if !d.Default {
			d.Err = errors.New("policy: want the key policy, got none")
		}
	case p.kind == objectKind && attribute == "key_policy": // what the awscc provider's own type shows
		d.At, d.Statements = p.at, statementRegions(p)
		var text bytes.Buffer
		p.write(&text)
		d.Readings = []Reading{{Text: text.Bytes()}}
	case p.kind != textKind:
		d.At = p.at
		d.Err = fmt.Errorf("%s: want a string that holds the key policy, got %s", attribute, p.kind)
	default:
		d.At = p.at
		text := []byte(strings.TrimSpace(p.text))
		d.Readings = []Reading{{Text: text}}
	}
	return d
}

// terraformFacts returns what the attributes say of the key.
func terraformFacts(kind string, values, unknown *node) policy.KeyFacts {
	if kind == "aws_kms_key_policy" {
		return policy.KeyFacts{}
	}
	f := policy.KeyFacts{Usage: values.str("key_usage"), Spec: values.str("customer_master_key_spec")}
	if strings.HasPrefix(kind, "awscc_") {
		f.Spec, f.Origin = values.str("key_spec"), values.str("origin")
	}
	if strings.HasSuffix(kind, "external_key") {
		f.Origin = "EXTERNAL"
		f.Spec = values.str("key_spec")
	}
	if m := values.get("multi_region"); m != nil && m.kind == boolKind {
		is := m.isTrue()
		f.MultiRegion = &is
	}
	if strings.Contains(kind, "replica") {
		is := true
		f.MultiRegion = &is
	}
	f.Tags = terraformTags(values.get("tags_all"), unknown.get("tags_all"))
	return f
}

// terraformTags returns tags_all, which holds the provider's default tags as
// well; nil when any of it is unknown.
func terraformTags(all, unknown *node) map[string]string {
	if all == nil || all.kind != objectKind || (unknown != nil && (unknown.isTrue() || len(unknown.members) > 0)) {
		return nil
	}
	tags := map[string]string{}
	for _, m := range all.members {
		if m.value.kind != textKind {
			return nil
		}
		tags[m.name] = m.value.text
	}
	return tags
}

// policyExpressions notes the addresses, without indexes, of the resources
// whose configuration sets a policy. It reports whether there is a configuration.
func policyExpressions(module *node, prefix string, into map[string]bool) bool {
	if module == nil {
		return false
	}
	if list := module.get("resources"); list != nil {
		for _, r := range list.items {
			if e := r.get("expressions"); e.has("policy") || e.has("key_policy") {
				into[prefix+r.str("address")] = true
			}
		}
	}
	if calls := module.get("module_calls"); calls != nil {
		for _, c := range calls.members {
			policyExpressions(c.value.get("module"), prefix+"module."+c.name+".", into)
		}
	}
	return true
}

var index = regexp.MustCompile(`\[("([^"\\]|\\.)*"|[0-9]+)\]`)

// withoutIndex turns module.a["x"].aws_kms_key.k[0] into module.a.aws_kms_key.k.
func withoutIndex(address string) string { return index.ReplaceAllString(address, "") }
