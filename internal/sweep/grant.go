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

// A Grant is a KMS grant that lets a principal in another account, or in an
// unknown one, use a key independently of the key policy. A grant is at worst
// shared, never public.
type Grant struct {
	ID         string   `json:"id"`
	Grantee    string   `json:"grantee"`
	Account    string   `json:"account,omitempty"` // the grantee's; "" if unknown
	Operations []string `json:"operations"`
	// SourceARN and the encryption contexts limit what the grantee can do, not
	// who it is.
	SourceARN     string            `json:"source_arn,omitempty"`
	ContextEquals map[string]string `json:"encryption_context_equals,omitempty"`
	ContextSubset map[string]string `json:"encryption_context_subset,omitempty"`
	// Audience is shared, or undecided if the grantee's account is unknown.
	Audience decide.Verdict `json:"audience"`
}

// Decides reports whether the grant affects the key's verdict. A grant that only
// allows describing or verifying does not.
func (g Grant) Decides() bool {
	return g.classes() != nil
}

// classes returns those classes of the grant's operations that decide a verdict.
// CreateGrant passes on the grant's other operations; on its own, for which AWS
// documents no effect, it counts as all of these classes, as does an unknown
// operation.
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

// outside returns the grant. ok is true if the grantee is, or may be, in an
// account that is neither the owner's nor trusted.
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
		// EBS, RDS and others act on behalf of the account that issued the grant.
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

// isService reports whether a principal is an AWS service principal.
func isService(principal string) bool {
	return !strings.Contains(principal, ":") && (strings.HasSuffix(principal, ".amazonaws.com") || strings.HasSuffix(principal, ".amazonaws.com.cn"))
}

// accountIn returns the account id in a principal's ARN, or principal itself if it
// is an account id, or else "".
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
