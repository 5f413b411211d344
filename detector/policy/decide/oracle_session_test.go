package decide

import (
	"maps"
	"net/netip"
	"regexp"
	"slices"
	"strings"

	"github.com/kmsentry/kmsentry/detector/policy"
	"github.com/kmsentry/kmsentry/detector/policy/evaluate"
)

// An origin is a way in which a role's session comes about, with the keys that
// such sessions carry all at once. ACCOUNT in a shape or value is the caller's.
type origin []originKey

type originKey struct {
	key   string
	shape string // of values, as a regular expression
	fresh string // a value that no policy names
}

func origins() []origin {
	const region = `[a-z]+(-[a-z]+){1,2}-\d`
	claims := func(host string) origin {
		return origin{
			{"aws:FederatedProvider", `arn:aws:iam::ACCOUNT:oidc-provider/.+`, "arn:aws:iam::ACCOUNT:oidc-provider/" + host},
			{host + ":sub", `(?s).{6,255}`, "some-stranger-0815"},
			{host + ":aud", `(?s).{1,255}`, "some-audience-0815"},
		}
	}
	list := []origin{
		{
			{"aws:Ec2InstanceSourceVpc", `vpc-[0-9a-f]{8,17}`, "vpc-0bad0bad0bad0bad0"},
			{"aws:Ec2InstanceSourcePrivateIPv4", `IPv4`, "10.0.0.5"},
			{"ec2:RoleDelivery", `[12]`, "2"},
			{"ec2:SourceInstanceArn", `arn:aws:ec2:` + region + `:ACCOUNT:instance/i-[0-9a-f]{8,17}`, "arn:aws:ec2:us-east-1:ACCOUNT:instance/i-0bad0bad0bad0bad0"},
		},
		{
			{"codebuild:BuildArn", `arn:aws:codebuild:` + region + `:ACCOUNT:build/[\w+=,.@-]{2,150}:[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}`, "arn:aws:codebuild:us-east-1:ACCOUNT:build/stranger:00000000-0000-0000-0000-000000000000"},
			{"codebuild:ProjectArn", `arn:aws:codebuild:` + region + `:ACCOUNT:project/[\w+=,.@-]{2,150}`, "arn:aws:codebuild:us-east-1:ACCOUNT:project/stranger"},
		},
		{{"lambda:SourceFunctionArn", `arn:aws:lambda:` + region + `:ACCOUNT:function:[\w+=,.@-]{1,140}`, "arn:aws:lambda:us-east-1:ACCOUNT:function:stranger"}},
		{{"ssm:SourceInstanceArn", `arn:aws:ssm:` + region + `:ACCOUNT:managed-instance/mi-[0-9a-f]{17}`, "arn:aws:ssm:us-east-1:ACCOUNT:managed-instance/mi-0bad0bad0bad0bad0"}},
		{{"aws:ChatbotSourceArn", `arn:aws:chatbot::ACCOUNT:chat-configuration/.+`, "arn:aws:chatbot::ACCOUNT:chat-configuration/slack-channel/stranger"}},
		{{"aws:SignInSessionArn", `arn:aws:signin:` + region + `:ACCOUNT:session/.+`, "arn:aws:signin:us-east-1:ACCOUNT:session/stranger"}},
		{{"glue:RoleAssumedBy", `glue\.amazonaws\.com`, "glue.amazonaws.com"}},
		{{"glue:CredentialIssuingService", `glue\.amazonaws\.com`, "glue.amazonaws.com"}},
		{{"saml:namequalifier", `[A-Za-z0-9+/]{27}=`, "0000000000000000000000000000="[1:]}, {"saml:sub", `(?s).+`, "some-stranger"}, {"saml:sub_type", `persistent|transient|urn:.+`, "persistent"}},
		claims("accounts.google.com"), claims("token.actions.githubusercontent.com"),
	}
	for _, p := range []string{"cognito-identity.amazonaws.com", "www.amazon.com", "graph.facebook.com", "accounts.google.com"} {
		list = append(list, origin{{"aws:FederatedProvider", regexp.QuoteMeta(p), p}})
	}
	return list
}

// originKeys lists all keys of sessions.
func originKeys() []string {
	var keys []string
	for _, o := range origins() {
		for _, k := range o {
			keys = append(keys, k.key)
		}
	}
	return keys
}

// sessionsOf returns, for callers of a kind and account, the sets of session
// keys that they may have.
func (o *oracle) sessionsOf(kind, account string) []map[string][]string {
	list := []map[string][]string{{}}
	if kind != "AssumedRole" {
		return list
	}
	for _, origin := range origins() {
		if !slices.ContainsFunc(origin, func(k originKey) bool { return o.asks(k.key) }) {
			continue
		}
		sets := []map[string][]string{{}}
		for _, k := range origin {
			if !o.asks(k.key) {
				continue
			}
			var next []map[string][]string
			for _, have := range sets {
				for _, v := range o.originValues(k, account) {
					c := maps.Clone(have)
					o.set(c, k.key, v)
					if sameProject(c) {
						next = append(next, c)
					}
				}
			}
			sets = next
		}
		list = append(list, sets...)
	}
	return list
}

// sameProject reports whether a build is one of its project.
func sameProject(c map[string][]string) bool {
	build, project := c["codebuild:BuildArn"], c["codebuild:ProjectArn"]
	if build == nil || project == nil {
		return true
	}
	head := build[0][:strings.LastIndexByte(build[0], ':')]
	return strings.Replace(head, ":build/", ":project/", 1) == project[0]
}

// originValues returns values for a key of a session.
func (o *oracle) originValues(k originKey, account string) []string {
	list := []string{strings.ReplaceAll(k.fresh, "ACCOUNT", account), "1"}
	for _, constant := range o.constants[strings.ToLower(k.key)] {
		constant = strings.NewReplacer("${aws:PrincipalAccount}", account, "${aws:ResourceAccount}", o.q.Account).Replace(constant)
		list = append(list, constant, constant+"a")
		list = append(list, fillStars(constant, account, "eu-west-1", "us-east-1", "x1", "7", "00000000-0000-0000-0000-000000000000", "i-0123abcd")...)
		if strings.HasPrefix(k.key, "codebuild:") {
			list = append(list, o.buildValues(account)...)
		}
		if p, ok := policy.ParsePrefix(constant); ok {
			list = append(list, p.Addr().String(), p.Addr().Next().String())
		}
	}
	if k.shape == "IPv4" {
		list = append(list, "10.9.9.9")
		return keep(list, func(s string) bool { a, err := netip.ParseAddr(s); return err == nil && a.Is4() })
	}
	shape := regexp.MustCompile(`^(?:` + strings.ReplaceAll(k.shape, "ACCOUNT", account) + `)$`)
	return keep(list, shape.MatchString)
}

// buildValues returns ARNs of builds and projects after each other's patterns.
func (o *oracle) buildValues(account string) []string {
	var list []string
	for _, key := range []string{"codebuild:buildarn", "codebuild:projectarn"} {
		for _, constant := range o.constants[key] {
			parts := strings.SplitN(constant, ":", 6)
			if len(parts) < 6 {
				continue
			}
			_, name, _ := strings.Cut(parts[5], "/")
			name, _, _ = strings.Cut(strings.ReplaceAll(name, "*", "x1"), ":")
			for _, region := range []string{"us-east-1", parts[3]} {
				list = append(list, "arn:aws:codebuild:"+region+":"+account+":project/"+name,
					"arn:aws:codebuild:"+region+":"+account+":build/"+name+":00000000-0000-0000-0000-000000000000")
			}
		}
	}
	return list
}

// namesCaller reports whether a session key of the request names somebody whom
// the policy spells out.
func (o *oracle) namesCaller(c map[string][]string) bool {
	for key, values := range c {
		lower := strings.ToLower(key)
		named := strings.HasSuffix(lower, ":sub") && lower != "saml:sub" || strings.HasSuffix(lower, ":aud") || lower == "saml:namequalifier" ||
			strings.HasPrefix(lower, "kms:recipientattestation:")
		if named && o.named(values[0]) {
			return true
		}
	}
	return false
}

// grantCanBe reports whether CreateGrant takes the parameters: as far as the
// policy asks for them.
// Source: KMS API reference, CreateGrant.
func (o *oracle) grantCanBe(r evaluate.Request) bool {
	there := func(key string) bool { return has(r, key) }
	missing := func(key string) bool { return o.asks(key) && !has(r, key) }
	const grantee, service = "kms:GranteePrincipal", "kms:GranteeServicePrincipal"
	const retiring, retiringService = "kms:RetiringPrincipal", "kms:RetiringServicePrincipal"
	switch ofService := there(service) || missing(grantee); {
	case there(grantee) && there(service), missing(grantee) && missing(service), there(retiring) && there(retiringService):
		return false
	case ofService && (missing("kms:GrantConstraintSourceArn") || missing(retiring) && missing(retiringService)):
		return false
	}
	const constraint = "kms:GrantConstraintType"
	context := false
	for key := range r.Context {
		context = context || strings.HasPrefix(key, "kms:EncryptionContext")
	}
	ofContext := strings.HasPrefix(first(r, constraint), "EncryptionContext")
	switch {
	case context && o.asks(constraint) && !ofContext, missing("kms:EncryptionContextKeys") && ofContext:
		return false
	case ofContext && o.q.Key.Spec != "" && o.q.Key.Spec != "SYMMETRIC_DEFAULT":
		return false
	}
	return true
}
