package load

import "github.com/kmsentry/kmsentry/internal/awsid"

// A Grant is a grant on a key, which lets its grantee in regardless of the key policy.
// Source: KMS Developer Guide, grants.html; registry.terraform.io/providers/
// hashicorp/aws, resource kms_grant.
type Grant struct {
	Grantee    string            // the principal's ARN; "" when unknown
	Operations []string          // as in the API, e.g. "Decrypt"; nil when unknown
	Context    map[string]string // the encryption context that its constraints require
}

const grantType = "aws_kms_grant"

// grantsIn returns the grants that exist after changes.
func grantsIn(changes []*node) []Document {
	var docs []Document
	for _, c := range changes {
		after := c.get("change").get("after")
		if c.str("type") == grantType && c.str("mode") != "data" && !c.has("deposed") && after != nil && after.kind == objectKind {
			docs = append(docs, grantDocument(c.str("address"), after, c.get("change").get("after_unknown")))
		}
	}
	return docs
}

// stateGrants returns the grants in a module of a state and the modules in it.
func stateGrants(module *node) []Document {
	var docs []Document
	for _, r := range module.get("resources").list() {
		if values := r.get("values"); r.str("type") == grantType && r.str("mode") != "data" && values != nil {
			docs = append(docs, grantDocument(r.str("address"), values, nil))
		}
	}
	for _, m := range module.get("child_modules").list() {
		docs = append(docs, stateGrants(m)...)
	}
	return docs
}

// grantDocument reads one grant. unknown marks the attributes that are known only after
// apply; nil when there are none.
func grantDocument(address string, values, unknown *node) Document {
	g := &Grant{Grantee: values.str("grantee_principal")}
	for _, o := range values.get("operations").list() {
		if o.kind != textKind {
			g.Operations = nil
			break
		}
		g.Operations = append(g.Operations, o.text)
	}
	if open := unknown.get("operations"); open.isTrue() || anyTrue(open) {
		g.Operations = nil
	}
	for _, c := range values.get("constraints").list() {
		for _, kind := range []string{"encryption_context_equals", "encryption_context_subset"} {
			for _, m := range c.get(kind).memberList() {
				if g.Context == nil {
					g.Context = map[string]string{}
				}
				g.Context[m.name] = m.value.text
			}
		}
	}
	d := Document{Place: address, At: values.at, Grant: g}
	if arn := values.str("key_id"); keyARN.MatchString(arn) {
		named, _ := awsid.ParseARN(arn)
		d.KeyARN, d.Account = arn, named.Account
	}
	return d
}

// anyTrue reports whether an item of a list is the boolean true.
func anyTrue(n *node) bool {
	for _, i := range n.list() {
		if i.isTrue() {
			return true
		}
	}
	return false
}
