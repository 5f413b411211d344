package sweep

import (
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/kms/types"

	"github.com/kmsentry/kmsentry/detector/policy/decide"
	"github.com/kmsentry/kmsentry/detector/policy/kmsapi"
	"github.com/kmsentry/kmsentry/internal/awsid"
)

// A Grant lets one named party of another account, or one that is not known,
// use a key besides its policy. A grant is never public: the worst is shared.
type Grant struct {
	ID         string   `json:"id"`
	Grantee    string   `json:"grantee"`
	Account    string   `json:"account,omitempty"` // the grantee's; "" when it is not known
	Operations []string `json:"operations"`
	// SourceARN and the encryption contexts narrow what the grantee can do, not who it is.
	SourceARN     string            `json:"source_arn,omitempty"`
	ContextEquals map[string]string `json:"encryption_context_equals,omitempty"`
	ContextSubset map[string]string `json:"encryption_context_subset,omitempty"`
	// Audience is shared, or undecided when AWS does not say whose the grantee is.
	Audience decide.Verdict `json:"audience"`
}

// Decides reports whether the grant counts for the key's verdict: one that only
// describes or verifies does not.
func (g Grant) Decides() bool {
	return g.classes() != nil
}

// classes lists the classes that decide a verdict of which the grant lets its
// grantee do something. CreateGrant passes on the grant's other operations; alone,
// which AWS does not say what it comes to, it counts as all of them, and so does an
// operation that is not known.
func (g Grant) classes() []kmsapi.Class {
	var list []kmsapi.Class
	handsOn := false
	for _, op := range g.Operations {
		a, known := kmsapi.FindAction("kms:" + op)
		switch {
		case op == "CreateGrant":
			handsOn = true
		case !known:
			return kmsapi.Deciding()
		case a.Class.Decides() && !slices.Contains(list, a.Class):
			list = append(list, a.Class)
		}
	}
	if handsOn && list == nil {
		return kmsapi.Deciding()
	}
	return list
}

// outside returns the grant when its grantee is, or may be, neither of the
// owner's account nor of a trusted one; ok is false when it is one of theirs.
func outside(e *types.GrantListEntry, owner string, trusted []string) (g Grant, ok bool) {
	g = Grant{ID: aws.ToString(e.GrantId), Grantee: aws.ToString(e.GranteePrincipal), Audience: decide.Shared}
	if g.Grantee == "" {
		g.Grantee = aws.ToString(e.GranteeServicePrincipal)
	}
	for _, op := range e.Operations {
		g.Operations = append(g.Operations, string(op))
	}
	if c := e.Constraints; c != nil {
		g.SourceARN, g.ContextEquals, g.ContextSubset = aws.ToString(c.SourceArn), c.EncryptionContextEquals, c.EncryptionContextSubset
	}
	inside := func(account string) bool { return account == owner || slices.Contains(trusted, account) }
	if isService(g.Grantee) {
		// EBS, RDS and others act for the account that issued the grant.
		g.Account = accountIn(aws.ToString(e.IssuingAccount))
	} else {
		g.Account = accountIn(g.Grantee)
	}
	if g.Account == "" {
		g.Audience = decide.Undecided
		return g, true
	}
	return g, !inside(g.Account)
}

// isService reports whether a principal is an AWS service's.
func isService(principal string) bool {
	return !strings.Contains(principal, ":") && (strings.HasSuffix(principal, ".amazonaws.com") || strings.HasSuffix(principal, ".amazonaws.com.cn"))
}

// accountIn returns the account id that a principal's ARN has, or that the text
// is; "" when there is none.
func accountIn(principal string) string {
	id := principal
	if a, ok := awsid.ParseARN(principal); ok && (a.Service == "iam" || a.Service == "sts") {
		id = a.Account
	}
	if !awsid.IsAccount(id) {
		return ""
	}
	return id
}
