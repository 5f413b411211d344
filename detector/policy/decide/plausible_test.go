package decide

import (
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/kmsentry/kmsentry/detector/policy"
	"github.com/kmsentry/kmsentry/detector/policy/condkey"
	"github.com/kmsentry/kmsentry/detector/policy/evaluate"
)

// implausible says which rule of AWS no request of an outsider could break the
// way r does; "" when r can be. It judges witnesses: they must not only be
// allowed by the policy, somebody must be able to send them. Only keys that
// the policy mentions need to be in the context.
func implausible(r evaluate.Request, o *oracle) string {
	q := o.q
	get := func(key string) (string, bool) {
		readings := evaluate.ContextValues(r, key)
		if len(readings) == 0 {
			return "", false
		}
		return readings[0][0], true
	}
	missing := func(key string) bool {
		_, ok := get(key)
		return o.asks(key) && !ok
	}
	parts := strings.SplitN(r.Principal, ":", 6)
	kind := callerType(r.Principal)
	if kind == "" {
		return "the principal is none"
	}
	account := parts[4]
	switch {
	case account == q.Account || slices.Contains(q.TrustedAccounts, account):
		return "the caller is no outsider"
	case r.Resource != q.KeyARN:
		return "the resource is not the key"
	case !r.Time.Equal(q.At):
		return "the time is not the question's"
	}
	name := parts[5][strings.LastIndexByte(parts[5], '/')+1:]
	for key, want := range map[string]string{
		"aws:PrincipalAccount": account, "kms:CallerAccount": account, "aws:PrincipalArn": r.Principal, "aws:PrincipalType": kind,
		"aws:PrincipalIsAWSService": "false", "aws:SecureTransport": "true", "aws:ResourceAccount": q.Account,
		"aws:RequestedRegion": strings.Split(q.KeyARN, ":")[3], "kms:KeySpec": q.Key.Spec, "kms:KeyUsage": q.Key.Usage, "kms:KeyOrigin": q.Key.Origin,
	} {
		if missing(key) {
			return key + " is absent"
		}
		if got, ok := get(key); ok && want != "" && got != want { // "" is a fact of the key that is not known
			return key + " is " + strconv.Quote(got) + " and should be " + strconv.Quote(want)
		}
	}
	for _, rule := range []func() string{
		func() string { return implausibleIdentity(r, o, kind, account, name) },
		func() string { return implausibleOrg(r, o) },
		func() string { return implausibleLogin(r, o, kind) },
		func() string { return implausibleNetwork(r, o) },
		func() string { return implausibleParameters(r, o) },
	} {
		if why := rule(); why != "" {
			return why
		}
	}
	return ""
}

// first returns the first value of a key, "" when it is absent.
func first(r evaluate.Request, key string) string {
	if readings := evaluate.ContextValues(r, key); len(readings) > 0 {
		return readings[0][0]
	}
	return ""
}

func has(r evaluate.Request, key string) bool { return len(evaluate.ContextValues(r, key)) > 0 }

func implausibleIdentity(r evaluate.Request, o *oracle, kind, account, name string) string {
	wantID := map[string]string{"User": r.UniqueID, "AssumedRole": r.UniqueID + ":" + r.Session[strings.LastIndexByte(r.Session, '/')+1:], "FederatedUser": account + ":" + name, "Account": account}[kind]
	prefix := map[string]string{"User": "AIDA", "AssumedRole": "AROA"}[kind]
	session := map[string]string{"AssumedRole": "arn:aws:sts::" + account + ":assumed-role/" + name + "/", "FederatedUser": r.Principal}[kind]
	switch {
	case r.Service != "":
		return "a service calls for itself"
	case (kind == "User") != has(r, "aws:username") && o.asks("aws:username"):
		return "aws:username does not go with the type of principal"
	case has(r, "aws:username") && first(r, "aws:username") != name:
		return "aws:username is not the user's name"
	case has(r, "aws:userid") && first(r, "aws:userid") != wantID:
		return "aws:userid is not " + strconv.Quote(wantID)
	case o.asks("aws:userid") && !has(r, "aws:userid"):
		return "aws:userid is absent"
	case r.UniqueID != "" && (prefix == "" || !strings.HasPrefix(r.UniqueID, prefix)):
		return "the unique id is not of the principal's type"
	case !strings.HasPrefix(r.Session, session) || session == "" && r.Session != "":
		return "the session is not the principal's"
	case kind == "AssumedRole" && !sessionShape.MatchString(strings.TrimPrefix(r.Session, session)):
		return "the session has no valid name"
	case r.Parent != "" && (kind != "FederatedUser" || callerType(r.Parent) != "User" || strings.Split(r.Parent, ":")[4] != account):
		return "the parent is not a user of the account"
	case has(r, "aws:SourceArn") || has(r, "aws:SourceAccount") || has(r, "aws:SourceOrgID") || has(r, "aws:SourceOrgPaths") || has(r, "aws:PrincipalServiceName"):
		return "a key of service principals is there"
	}
	return ""
}

func implausibleOrg(r evaluate.Request, o *oracle) string {
	org, path := first(r, "aws:PrincipalOrgID"), first(r, "aws:PrincipalOrgPaths")
	both := o.asks("aws:PrincipalOrgID") && o.asks("aws:PrincipalOrgPaths")
	switch {
	case org != "" && !orgShape.MatchString(org):
		return "aws:PrincipalOrgID is none"
	case path != "" && !isOrgPath(path):
		return "aws:PrincipalOrgPaths is none"
	case both && (org == "") != (path == ""):
		return "one of the organization's keys is absent"
	case both && org != "" && !strings.HasPrefix(path, org+"/"):
		return "the organization's path is another's"
	case org != "" && slices.Contains(o.q.TrustedOrgs, org):
		return "the organization is trusted"
	case has(r, "aws:ResourceOrgID") && first(r, "aws:ResourceOrgID") != o.q.Key.Org:
		return "aws:ResourceOrgID is not the owner's"
	}
	return ""
}

// called reports whether a request shows that a service makes it for the
// caller. What such a request keeps of the session AWS leaves open in part.
func called(r evaluate.Request) bool {
	return first(r, "aws:ViaAWSService") == "true" || has(r, "kms:ViaService") || has(r, "aws:CalledVia") || has(r, "aws:CalledViaFirst") ||
		has(r, "aws:CalledViaLast") || has(r, "aws:CalledViaAWSMCP")
}

// seesCalls reports whether a request shows, in what the policy asks for, that
// a service makes it: aws:CalledVia holds some services only. Else any request
// may be one of a service.
func (o *oracle) seesCalls() bool { return o.asks("aws:ViaAWSService", "kms:ViaService") }

func implausibleLogin(r evaluate.Request, o *oracle, kind string) string {
	temporary := has(r, "aws:TokenIssueTime")
	always := kind == "AssumedRole" || kind == "FederatedUser"
	mfa := first(r, "aws:MultiFactorAuthPresent")
	switch {
	case o.asks("aws:TokenIssueTime") && always && !temporary:
		return "temporary credentials lack aws:TokenIssueTime"
	case o.asks("aws:TokenIssueTime") && mfa != "" && !temporary && !called(r) && o.seesCalls():
		return "long-term credentials carry aws:MultiFactorAuthPresent"
	case mfa == "" && kind == "AssumedRole" && o.asks("aws:MultiFactorAuthPresent"):
		return "a role session lacks aws:MultiFactorAuthPresent"
	case mfa != "" && mfa != "true" && mfa != "false":
		return "aws:MultiFactorAuthPresent is no boolean"
	case mfa != "" && kind == "FederatedUser":
		return "a federated user has aws:MultiFactorAuthPresent"
	case has(r, "aws:MultiFactorAuthAge") && o.asks("aws:MultiFactorAuthPresent") && mfa != "true":
		return "aws:MultiFactorAuthAge is there without MFA"
	}
	if temporary {
		at, _, n := policy.ParseDate(first(r, "aws:TokenIssueTime"))
		if n != 1 || at.After(r.Time) || at.Before(r.Time.Add(-36*time.Hour)) {
			return "aws:TokenIssueTime is not within 36 hours"
		}
		if first(r, "aws:TokenIssueTime") != at.Format(time.RFC3339) {
			return "aws:TokenIssueTime is not written as a date"
		}
	}
	for _, key := range []string{"aws:CurrentTime", "aws:EpochTime"} {
		if !has(r, key) {
			if o.asks(key) {
				return key + " is absent"
			}
			continue
		}
		if at, _, n := policy.ParseDate(first(r, key)); n != 1 || !at.Equal(r.Time) {
			return key + " is not the time of the request"
		}
	}
	return ""
}

// endpointKeys are there for requests through a VPC endpoint only.
var endpointKeys = [...]string{"aws:SourceVpc", "aws:SourceVpce", "aws:SourceVpcArn", "aws:VpcSourceIp", "aws:VpceAccount", "aws:VpceOrgID", "aws:VpceOrgPaths"}

func implausibleNetwork(r evaluate.Request, o *oracle) string {
	endpoint := ""
	for _, key := range endpointKeys {
		if has(r, key) {
			endpoint = key
		}
	}
	via := first(r, "aws:ViaAWSService")
	byService := called(r) || has(r, "kms:GrantIsForAWSResource") // of direct calls nobody knows
	switch {
	case endpoint != "" && has(r, "aws:SourceIp"):
		return "aws:SourceIp goes with " + endpoint
	case endpoint != "" && (byService || via == "true"):
		return endpoint + " goes with a calling service"
	case has(r, "aws:SourceIp") && !isPublicAddress(first(r, "aws:SourceIp")):
		return "aws:SourceIp is not public"
	case o.asks("aws:ViaAWSService") && via == "":
		return "aws:ViaAWSService is absent"
	case o.asks("aws:ViaAWSService") && byService && via != "true":
		return "a service calls, but aws:ViaAWSService is false"
	case via == "true" && o.asks("kms:ViaService") && !has(r, "kms:ViaService"):
		return "a service calls without kms:ViaService"
	case has(r, "kms:ViaService") && !viaShape.MatchString(first(r, "kms:ViaService")):
		return "kms:ViaService is none"
	case has(r, "kms:ViaService") && strings.Split(first(r, "kms:ViaService"), ".")[1] != strings.Split(o.q.KeyARN, ":")[3]:
		return "kms:ViaService is in another Region"
	case !has(r, "aws:SourceIp") && endpoint == "" && !byService && via != "true" && o.asks("aws:SourceIp") && o.asksEndpoint() && o.seesCalls():
		return "the request comes from nowhere"
	}
	for _, name := range r.Context["aws:CalledVia"] {
		if !serviceShape.MatchString(name) {
			return "aws:CalledVia holds no service"
		}
	}
	return ""
}

// asksEndpoint reports whether the policy asks for a key that every request
// through an endpoint has; the organization's two it may lack.
func (o *oracle) asksEndpoint() bool { return o.asks(endpointKeys[:5]...) }

func implausibleParameters(r evaluate.Request, o *oracle) string {
	const prefix = "kms:EncryptionContext:"
	var names []string
	for _, values := range evaluate.ContextValues(r, "kms:EncryptionContextKeys") {
		names = append(names, values...)
	}
	for key, values := range r.Context {
		info, known := condkey.Default().Lookup(key)
		lower := strings.ToLower(key)
		switch {
		case len(values) > 1 && !info.Multi:
			return key + " has several values"
		case strings.HasPrefix(lower, "aws:principaltag/") && rootARN.MatchString(r.Principal):
			return "the root user has a tag"
		case strings.HasPrefix(lower, "aws:principaltag/") && !tagShape.MatchString(values[0]):
			return key + " is no tag value"
		case strings.HasPrefix(key, prefix) && o.asks("kms:EncryptionContextKeys") &&
			!slices.ContainsFunc(names, func(n string) bool { return strings.EqualFold(n, key[len(prefix):]) }):
			return key + " is not in kms:EncryptionContextKeys"
		case lower == "kms:grantisforawsresource" && (r.Action == "kms:ListGrants" || r.Action == "kms:RevokeGrant"):
		case strings.HasPrefix(lower, "kms:grant") && r.Action != "kms:CreateGrant":
			return key + " goes with CreateGrant only"
		case lower == "kms:encryptionalgorithm" && values[0] != o.q.Key.Spec:
			return key + " is not the key's"
		case strings.HasPrefix(lower, "aws:resourcetag/"):
			return key + " is there, but the key has no tags"
		case lower == "kms:requestalias" || lower == "kms:resourcealiases":
			return key + " is there, but the key has no aliases"
		case !known:
			return key + " is never in a request to KMS"
		}
	}
	for _, name := range names {
		if o.asks(prefix+name) && !has(r, prefix+name) {
			return name + " is in kms:EncryptionContextKeys, but not in the encryption context"
		}
	}
	return ""
}
