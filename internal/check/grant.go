package check

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/kmsentry/kmsentry/alert/safe"
	"github.com/kmsentry/kmsentry/detector/policy"
	"github.com/kmsentry/kmsentry/detector/policy/decide"
	"github.com/kmsentry/kmsentry/detector/policy/evaluate"
	"github.com/kmsentry/kmsentry/detector/policy/kmsapi"
	"github.com/kmsentry/kmsentry/internal/load"
)

// grant decides whether a grant on a key lets an outsider in. The verdict is private
// when the grantee is in the owner's account or a trusted one or is an AWS service, and
// otherwise shared: a grant has one grantee, so it is never public.
// Source: KMS API Reference, CreateGrant; KMS Developer Guide, grants.html.
func (c *Result) grant(g *load.Grant, trusted []string) {
	c.granted = g
	found, why := decide.Between(decide.Shared, decide.Shared), ""
	switch account := granteeAccount(g.Grantee); {
	case g.Grantee == "":
		found, why = decide.Between(decide.Private, decide.Shared), "the grantee is not known"
	case strings.HasSuffix(g.Grantee, ".amazonaws.com"), strings.HasSuffix(g.Grantee, ".amazonaws.com.cn"):
		found = decide.Between(decide.Private, decide.Private)
	case account == "":
		found, why = decide.Between(decide.Private, decide.Shared), "the grantee's account is not known"
	case account == c.Account, slices.Contains(trusted, account):
		found = decide.Between(decide.Private, decide.Private)
	case c.Account == "":
		found, why = decide.Between(decide.Private, decide.Shared), "whether "+account+" owns the key is not known"
	}
	closed := decide.Between(decide.Private, decide.Private)
	d := decide.Decision{
		Classes: decide.AllClasses(closed),
		Owner:   decide.Owner{Manage: decide.AccessNotApplicable, Decrypt: decide.AccessNotApplicable},
	}
	for _, class := range grantClasses(g.Operations) {
		d.Classes.Set(class, found)
	}
	if found.Least == decide.Shared && g.Operations == nil { // the class is not known
		maybe := decide.Between(decide.Private, decide.Shared)
		d.Classes, why = decide.AllClasses(maybe), "the operations are not known"
	}
	all := d.Classes.Worst()
	d.Verdict, d.Least, d.Most = all.Verdict, all.Least, all.Most
	if d.Least != d.Most {
		open := decide.StatementRef{Index: -1}
		d.Undecided = []decide.Doubt{{Statement: open, Reason: why}}
		d.Unknown = []decide.UnknownPart{{Statement: open, Name: unknownOfGrant(why), Reason: why}}
		c.between = between(d.Least, d.Most)
	}
	if found.Least == decide.Shared {
		c.grantActions(&d, g)
	}
	c.Decision = d
}

// unknownOfGrant returns the name of the unknown value in a grant, for remedies.
func unknownOfGrant(why string) string {
	if strings.HasPrefix(why, "whether ") {
		return "AWS::AccountId"
	}
	return appliedValue
}

// grantActions adds to d what the grantee can do.
func (c *Result) grantActions(d *decide.Decision, g *load.Grant) {
	for _, operation := range slices.Sorted(slices.Values(g.Operations)) {
		class := classOfOperation(operation)
		request := evaluate.Request{Principal: g.Grantee, Action: "kms:" + operation, Resource: c.KeyARN, Context: map[string][]string{}}
		for name, value := range g.Context {
			request.Context["kms:EncryptionContext:"+name] = []string{value}
		}
		grant := decide.Grant{
			Class: class, Action: "kms:" + operation, Audience: decide.Shared, Named: []string{g.Grantee}, Witness: request,
			Why: []string{"A grant lets its grantee in, whoever the key policy names."},
		}
		if class.Decides() {
			d.Grants = append(d.Grants, grant)
			continue
		}
		d.Others = append(d.Others, grant)
	}
}

// classOfOperation returns the class of a grant operation. An undocumented one counts
// as use.
func classOfOperation(operation string) kmsapi.Class {
	switch a, ok := kmsapi.FindAction("kms:" + operation); {
	case !ok:
		return kmsapi.ClassUse
	case a.Class.Index() >= 0:
		return a.Class // ClassOther for CreateGrant, which only passes on the other operations
	default:
		return kmsapi.ClassOther
	}
}

// grantClasses returns the classes of operations; all when operations is nil, not
// known.
func grantClasses(operations []string) []kmsapi.Class {
	if operations == nil {
		return kmsapi.Classes()
	}
	var list []kmsapi.Class
	for _, o := range operations {
		list = append(list, classOfOperation(o))
	}
	return list
}

// granteeAccount returns the account of a grantee; "" when grantee does not name one.
func granteeAccount(grantee string) string {
	return accountNamed(policy.Principal{Kind: policy.KindAWS, Value: grantee})
}

// grantLine returns the headline of a grant: the grantee and the operations.
func grantLine(c Result) string {
	operations := "operations that are not known"
	if c.granted.Operations != nil {
		operations = strings.Join(slices.Sorted(slices.Values(c.granted.Operations)), ", ")
	}
	text := fmt.Sprintf("a grant to %s: %s", safe.Sanitize(cmp.Or(c.granted.Grantee, "a principal that is not known"), 200), operations)
	if c.between != "" {
		text = c.between + ": " + text + "; " + c.Decision.Undecided[0].Reason
	}
	return text
}
