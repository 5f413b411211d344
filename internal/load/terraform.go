package load

import (
	"bytes"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/kmsentry/kmsentry/detector/policy/kmsapi"
	"github.com/kmsentry/kmsentry/internal/awsid"
)

// fromTerraform finds the KMS keys, and the grants on keys, in a plan or state
// as printed by terraform show -json.
// Source: developer.hashicorp.com/terraform/internals/json-format.
func fromTerraform(root *node) ([]Document, error) {
	if err := root.duplicate(); err != nil {
		return nil, err
	}
	changes := changesIn(root)
	docs := planned(root, changes)
	grants := grantsIn(changes)
	if !root.has("resource_changes") {
		for _, name := range []string{"planned_values", "values"} {
			module := root.get(name).get("root_module")
			docs = append(docs, stateKeys(module, docs)...)
			grants = append(grants, stateGrants(module)...)
		}
	}
	if docs = append(docs, grants...); len(docs) == 0 {
		return nil, withoutKey("expected a plan or state with a KMS key, found no resource with a key policy in it")
	}
	return docs, nil
}

// changesIn returns the changes of a plan: those that it makes, those that it
// defers, and those made outside Terraform to resources that it does not change.
// Terraform omits a list that is empty.
func changesIn(root *node) []*node {
	var changes []*node
	seen := map[string]bool{}
	add := func(c *node) {
		if address := c.str("address"); c != nil && (c.has("deposed") || !seen[address]) {
			seen[address] = seen[address] || !c.has("deposed")
			changes = append(changes, c)
		}
	}
	for _, c := range root.get("resource_changes").list() {
		add(c)
	}
	for _, c := range root.get("deferred_changes").list() {
		add(c.get("resource_change"))
	}
	for _, c := range root.get("resource_drift").list() {
		add(c)
	}
	return changes
}

// keyTypes maps each resource type with a key policy to the attribute that
// holds the policy.
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

// planned reads the keys among the changes that exist once the plan is applied.
func planned(root *node, changes []*node) []Document {
	setsPolicy := map[string]bool{}
	policyExpressions(root.get("configuration").get("root_module"), "", setsPolicy)
	var docs []Document
	for _, c := range changes {
		after, attribute := c.get("change").get("after"), keyTypes[c.str("type")]
		if attribute == "" || c.str("mode") == "data" || c.has("deposed") || after == nil || after.kind != objectKind {
			continue // of another type, or destroyed
		}
		unknown := c.get("change").get("after_unknown")
		d := terraformKey(c.str("address"), c.str("type"), after, unknown)
		if unknown.get(attribute).isTrue() {
			// For a key without a policy in its configuration, a plan shows the
			// policy as known after apply too: it is AWS's default policy.
			if sets, known := setsPolicy[withoutIndex(c.str("address"))]; known && !sets && c.str("type") != "aws_kms_key_policy" {
				d.Default = true
			} else {
				d.Unknown = []Unknown{{Statement: -1, Path: attribute, What: "the value after apply"}}
			}
		}
		docs = append(docs, d)
	}
	return docs
}

// stateKeys reads the keys of a module and its child modules that are not
// already among known.
func stateKeys(module *node, known []Document) []Document {
	var docs []Document
	for _, r := range module.get("resources").list() {
		values, address := r.get("values"), r.str("address")
		is := func(d Document) bool { return d.Place == address }
		if keyTypes[r.str("type")] != "" && r.str("mode") != "data" && values != nil && !slices.ContainsFunc(known, is) {
			docs = append(docs, terraformKey(address, r.str("type"), values, nil))
		}
	}
	for _, m := range module.get("child_modules").list() {
		docs = append(docs, stateKeys(m, known)...)
	}
	return docs
}

// terraformKey reads one key. unknown marks the attributes that are known only
// after apply; nil means none.
func terraformKey(address, kind string, values, unknown *node) Document {
	d := Document{Place: address, At: values.at, Key: terraformFacts(kind, values, unknown)}
	for _, name := range []string{"arn", "key_id"} {
		if arn := values.str(name); keyARN.MatchString(arn) {
			named, _ := awsid.ParseARN(arn)
			d.KeyARN, d.Account = arn, named.Account
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
			d.Err = errors.New("policy: expected the key policy, found none")
		}
	case p.kind == objectKind && attribute == "key_policy": // as the awscc provider's own type shows it
		d.At, d.Statements = p.at, statementRegions(p)
		var text bytes.Buffer
		p.write(&text)
		d.Readings = []Reading{{Text: text.Bytes()}}
	case p.kind != textKind:
		d.At = p.at
		d.Err = fmt.Errorf("%s: expected a string with the key policy, found %s at line %d", attribute, p.kind, p.at.Line)
	default:
		d.At = p.at
		text := []byte(strings.TrimSpace(p.text))
		d.Readings = []Reading{{Text: text}}
	}
	return d
}

// terraformFacts returns what the attributes say about the key.
func terraformFacts(kind string, values, unknown *node) kmsapi.KeyFacts {
	if kind == "aws_kms_key_policy" {
		return kmsapi.KeyFacts{}
	}
	f := kmsapi.KeyFacts{Usage: values.str("key_usage"), Spec: values.str("customer_master_key_spec")}
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

// terraformTags returns the tags in tags_all, which includes the provider's
// default tags, or nil when any of them is unknown.
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

// policyExpressions adds to into, by address without indexes, whether the
// configuration of each resource sets a policy.
func policyExpressions(module *node, prefix string, into map[string]bool) {
	if module == nil {
		return
	}
	if list := module.get("resources"); list != nil {
		for _, r := range list.items {
			e := r.get("expressions")
			into[prefix+r.str("address")] = e.has("policy") || e.has("key_policy")
		}
	}
	if calls := module.get("module_calls"); calls != nil {
		for _, c := range calls.members {
			policyExpressions(c.value.get("module"), prefix+"module."+c.name+".", into)
		}
	}
}

var index = regexp.MustCompile(`\[("([^"\\]|\\.)*"|[0-9]+)\]`)

// withoutIndex turns module.a["x"].aws_kms_key.k[0] into module.a.aws_kms_key.k.
func withoutIndex(address string) string { return index.ReplaceAllString(address, "") }
