package decide

import (
	"math/rand/v2"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/kmsentry/kmsentry/detector/policy"
	"github.com/kmsentry/kmsentry/detector/policy/evaluate"
	"github.com/kmsentry/kmsentry/internal/awsid"
)

// docNamed lets one service in under conditions.
func docNamed(service, condition string) string {
	return strings.Replace(docService(condition), "s3.amazonaws.com", service, 1)
}

// docServices wants exactly these services, each "NAME" when the conditions pin
// its customer and "NAME!" when they do not.
func docServices(want ...string) func(Decision) bool {
	return func(d Decision) bool {
		if len(d.Services) != len(want) {
			return false
		}
		for i, g := range d.Services {
			name := g.Service
			if g.ConfusedDeputy {
				name += "!"
			}
			if name != want[i] {
				return false
			}
		}
		return true
	}
}

// serviceCases are about services that call for themselves, and about the
// partition of an unknown key.
func serviceCases() []questionCase {
	unknownKey := func(q *Question) { q.KeyARN = "" }
	ownARN := "arn:aws:cloudtrail:*:111122223333:trail/*"
	return []questionCase{
		// Names: the IAM and the services' guides show all of these forms.
		{"service-of-a-region", docNamed("logs.us-east-1.amazonaws.com", ``), nil, Private, docServices("logs.us-east-1.amazonaws.com!")},
		{"service-of-two-labels", docNamed("delivery.logs.amazonaws.com", ``), nil, Private, docServices("delivery.logs.amazonaws.com!")},
		{"service-of-china", docNamed("ec2.amazonaws.com.cn", ``), nil, Private, docServices("ec2.amazonaws.com.cn!")},
		{"service-of-another-domain", docNamed("internal.amazon.com", ``), nil, Private, docServices("internal.amazon.com!")},

		// Keys that are in every request, with values that AWS does not document for services.
		{"service-user-agent", docService(`"Null":{"aws:UserAgent":"false"}`), nil, Private, docServices("s3.amazonaws.com!")},
		{"service-account-key", docService(`"Null":{"aws:PrincipalAccount":"false"}`), nil, Private, docServices("s3.amazonaws.com!")},
		{"service-type-denied", docService(``) + "," + docDeny(`"StringNotEquals":{"aws:PrincipalType":"AssumedRole"}`), nil, Private, docServices("s3.amazonaws.com!")},
		{"service-no-organization", docService(`"Null":{"aws:PrincipalOrgID":"false"}`), nil, Private, docServices()},

		// Principal "*" and NotPrincipal cover services.
		{"star-for-services", docAllow(`"Bool":{"aws:PrincipalIsAWSService":"true"}`), nil, Private, docServices(AnyService + "!")},
		{"star-for-services-of-the-owner", docAllow(`"StringEquals":{"aws:SourceAccount":"111122223333"}`), nil, Private, docServices(AnyService)},
		{"star-for-services-of-a-partner", docAllow(`"StringEquals":{"aws:SourceAccount":"444455556666"}`), nil, Private, docServices(AnyService)},
		{"star-for-named-services", docAllow(`"StringEquals":{"aws:PrincipalServiceName":["sns.amazonaws.com","sqs.amazonaws.com"]}`), nil, Private, docServices("sns.amazonaws.com!", "sqs.amazonaws.com!")},
		{"star-for-services-by-list", docAllow(`"ForAnyValue:StringEquals":{"aws:PrincipalServiceNamesList":"logs.us-east-1.amazonaws.com"},"ArnLike":{"aws:SourceArn":"arn:aws:logs:us-east-1:111122223333:*"}`), nil, Private, docServices("logs.us-east-1.amazonaws.com")},
		{"star-for-services-by-pattern", docAllow(`"StringLike":{"aws:PrincipalServiceName":"s*.amazonaws.com"}`), nil, Private, docServices(AnyService + "!")},
		{"star-for-services-denied", docAllow(`"Bool":{"aws:PrincipalIsAWSService":"true"}`) + "," + docDeny(`"Bool":{"aws:PrincipalIsAWSService":"true"}`), nil, Private, docServices()},
		{"star-public-lists-no-service", docAll, nil, Public, docServices()},
		{"allow-notprincipal-services", `{"Effect":"Allow","NotPrincipal":{"Service":"s3.amazonaws.com"},"Action":"kms:*","Resource":"*","Condition":{"Bool":{"aws:PrincipalIsAWSService":"true"}}}`, nil, Private, docServices(AnyService + "!")},

		// A statement without Resource or Action, or about another key, lets no service in, by name or by "*".
		{"service-without-resource", `{"Effect":"Allow","Principal":{"Service":"s3.amazonaws.com"},"Action":"kms:*"}`, nil, Private, docServices()},
		{"service-without-action", `{"Effect":"Allow","Principal":{"Service":"s3.amazonaws.com"},"Resource":"*"}`, nil, Private, docServices()},
		{"star-without-resource", `{"Effect":"Allow","Principal":"*","Action":"kms:*"}`, nil, Private, docServices()},
		{"star-without-action", `{"Effect":"Allow","Principal":"*","Resource":"*"}`, nil, Private, docServices()},
		{"service-on-another-key", `{"Effect":"Allow","Principal":{"Service":"s3.amazonaws.com"},"Action":"kms:*","Resource":"arn:aws:kms:us-east-1:111122223333:key/other"}`, nil, Private, docServices()},

		// Who is the customer?
		{"service-source-arn-of-no-account", docService(`"ArnLike":{"aws:SourceArn":"arn:aws:sns:us-east-1:1234:topic"}`), nil, Private, docServices()},
		{"service-source-arn-of-a-bucket", docService(`"ArnLike":{"aws:SourceArn":"arn:aws:s3:::my-bucket"}`), nil, Private, docServices("s3.amazonaws.com")},
		{"service-source-arn-of-any-bucket", docService(`"ArnLike":{"aws:SourceArn":"arn:aws:s3:::my-*"}`), nil, Private, docServices("s3.amazonaws.com!")},
		{"service-source-arn-as-text", docNamed("cloudtrail.amazonaws.com", `"StringLike":{"aws:SourceArn":"`+ownARN+`"}`), nil, Private, docServices("cloudtrail.amazonaws.com")},
		{"service-trail-context", docNamed("cloudtrail.amazonaws.com", `"StringLike":{"kms:EncryptionContext:aws:cloudtrail:arn":"`+ownARN+`"}`), nil, Private, docServices("cloudtrail.amazonaws.com")},
		{"service-trail-context-any", docNamed("cloudtrail.amazonaws.com", `"StringLike":{"kms:EncryptionContext:aws:cloudtrail:arn":"arn:aws:cloudtrail:*:*:trail/*"}`), nil, Private, docServices("cloudtrail.amazonaws.com!")},
		{"service-other-context", docNamed("cloudtrail.amazonaws.com", `"StringLike":{"kms:EncryptionContext:owner":"`+ownARN+`"}`), nil, Private, docServices("cloudtrail.amazonaws.com!")},
		{"service-pinned-organization-path", docService(`"ForAnyValue:StringLike":{"aws:SourceOrgPaths":"o-mycorp0001/*"}`), nil, Private, docServices("s3.amazonaws.com")},

		// The partition: a key of a known ARN, and one of an unknown.
		{"known-key-other-partition", docAllow(`"ArnLike":{"aws:PrincipalArn":"arn:aws-cn:iam::*:role/x"}`), nil, Private, nil},
		{"unknown-key-other-partition", docAllow(`"ArnLike":{"aws:PrincipalArn":"arn:aws-cn:iam::*:role/x"}`), unknownKey, Public, docFlag(FlagKeyDependent)},
		{"unknown-key-one-partition-denied", docAll + "," + docDeny(`"ArnLike":{"aws:PrincipalArn":["arn:aws:iam::*:*","arn:aws:sts::*:*"]}`), unknownKey, Public, docFlag(FlagKeyDependent)},
		{"unknown-key-principal-of-another-partition", `{"Effect":"Allow","Principal":{"AWS":"arn:aws-us-gov:iam::444455556666:role/x"},"Action":"kms:*","Resource":"*"}`, unknownKey, Shared, docFlag(FlagKeyDependent)},
		{"unknown-key-every-partition-denied", docAll + "," + docDeny(`"ArnLike":{"aws:PrincipalArn":"arn:aws*:*:*:*:*"}`), unknownKey, Private, nil},

		// Operators spelled twice.
		{"operator-in-two-spellings", docAllow(`"StringEquals":{"aws:PrincipalAccount":"111122223333"}`, `"stringequals":{"aws:PrincipalType":"AssumedRole"}`), nil, Undecided, nil},
		{"operator-in-two-spellings-denies", docAll + "," + docDeny(`"StringEquals":{"aws:SecureTransport":"true"}`, `"stringEquals":{"aws:PrincipalType":"User"}`), nil, Undecided, nil},

		// Equations on the caller's organization.
		{"own-organization-path", docAllow(`"ForAnyValue:StringLike":{"aws:PrincipalOrgPaths":"${aws:PrincipalOrgID}/*"}`), nil, Public, nil},
		{"owners-organization-path", docAllow(`"ForAnyValue:StringLike":{"aws:PrincipalOrgPaths":"${aws:ResourceOrgID}/*"}`), nil, Shared, nil},
		{"owners-organization-path-unknown", docAllow(`"ForAnyValue:StringLike":{"aws:PrincipalOrgPaths":"${aws:ResourceOrgID}/*"}`), docUnknownFacts, Shared, nil},
		{"owners-organization-path-denied", docAll + "," + docDeny(`"ForAllValues:StringNotLike":{"aws:PrincipalOrgPaths":"${aws:ResourceOrgID}/*"}`), nil, Shared, nil},
	}
}

// TestServicesThatGetIn: whenever the evaluator lets a service in, the decision
// lists it, or a statement that lets everybody in covers it.
func TestServicesThatGetIn(t *testing.T) {
	got := 0
	hold := func(text []byte, rng *rand.Rand) {
		p, err := policy.Parse(text)
		if err != nil {
			return
		}
		q := surroundings()
		d := Decide(p, q)
		for range 40 {
			r := serviceRequest(p, q, rng)
			if evaluate.Allows(p, r) != evaluate.Yes {
				continue
			}
			got++
			listed := slices.ContainsFunc(d.Services, func(g ServiceGrant) bool { return g.Service == AnyService || g.Service == r.Service })
			names := r.Context["aws:PrincipalServiceName"]
			listed = listed || slices.ContainsFunc(d.Services, func(g ServiceGrant) bool { return slices.Contains(names, g.Service) })
			if !listed && d.Verdict != Public {
				t.Fatalf("%s\n\tlets in %+v, but lists the services %v", text, r, d.Services)
			}
		}
	}
	for _, c := range readCorpus(t) {
		hold(c.text(), rand.New(rand.NewPCG(1, 2)))
	}
	for seed := range uint64(1500) {
		hold(newGenerator(seed).policy(), rand.New(rand.NewPCG(seed, 3)))
	}
	for _, c := range serviceCases() {
		hold([]byte(`{"Version":"2012-10-17","Statement":[`+c.statements+`]}`), rand.New(rand.NewPCG(4, 5)))
	}
	if got == 0 {
		t.Error("no service got in anywhere")
	}
}

// plausibleSource reports whether AWS could put the text into a source key.
func plausibleSource(key, text string) bool {
	switch parts := strings.SplitN(text, ":", 6); {
	case strings.ContainsAny(text, "*?$"):
		return false
	case key == "aws:SourceAccount":
		return awsid.IsAccount(text)
	case key == "aws:SourceOrgID":
		return len(text) == 12 && strings.HasPrefix(text, "o-")
	default:
		return len(parts) == 6 && parts[0] == "arn" && parts[1] == "aws" && (parts[4] == "" || awsid.IsAccount(parts[4]))
	}
}

// serviceRequest makes up a call of a service for itself.
func serviceRequest(p *policy.Policy, q Question, rng *rand.Rand) evaluate.Request {
	one := func(choices ...string) string { return choices[rng.IntN(len(choices))] }
	services := []string{"s3.amazonaws.com", "logs.us-east-1.amazonaws.com"}
	values := map[string][]string{
		"aws:SourceAccount": {"999988887777", q.Account},
		"aws:SourceArn":     {"arn:aws:s3:::some-bucket", "arn:aws:sns:us-east-1:" + q.Account + ":t", "arn:aws:sns:us-east-1:999988887777:t"},
		"aws:SourceOrgID":   {q.Key.Org, "o-stranger00"},
	}
	for i := range p.Statements {
		for _, entry := range p.Statements[i].Principals {
			if entry.Kind == policy.KindService {
				services = append(services, entry.Value)
			}
		}
		for _, c := range p.Statements[i].Conditions {
			for name := range values {
				for _, v := range c.Values {
					if strings.EqualFold(name, c.Key) && plausibleSource(name, v) {
						values[name] = append(values[name], v)
					}
				}
			}
		}
	}
	service := one(services...)
	r := evaluate.Request{Service: service, Action: one("kms:Encrypt", "kms:GenerateDataKey"), Resource: q.KeyARN, Time: q.At}
	r.Context = map[string][]string{
		"aws:PrincipalIsAWSService": {"true"}, "aws:PrincipalServiceName": {service}, "aws:PrincipalServiceNamesList": {service},
		"aws:SecureTransport": {"true"}, "aws:ViaAWSService": {"false"}, "aws:ResourceAccount": {q.Account}, "aws:ResourceOrgID": {q.Key.Org},
		"aws:RequestedRegion": {"us-east-1"}, "aws:CurrentTime": {q.At.Format(time.RFC3339)}, "aws:EpochTime": {strconv.FormatInt(q.At.Unix(), 10)}, "kms:KeySpec": {q.Key.Spec}, "kms:CustomerMasterKeySpec": {q.Key.Spec},
		"kms:KeyUsage": {q.Key.Usage}, "kms:CustomerMasterKeyUsage": {q.Key.Usage}, "kms:KeyOrigin": {q.Key.Origin}, "kms:MultiRegion": {"false"},
		"kms:EncryptionAlgorithm": {"SYMMETRIC_DEFAULT"}, "aws:UserAgent": {service},
	}
	if q.Key.Org != "" {
		r.Context["aws:ResourceOrgPaths"] = []string{q.Key.Org + "/r-ab12/ou-ab12-11111111/"}
	}
	for name, choices := range values {
		if rng.IntN(3) > 0 {
			r.Context[name] = []string{one(choices...)}
		}
	}
	return r
}
