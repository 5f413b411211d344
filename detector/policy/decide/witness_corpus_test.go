package decide

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/kmsentry/kmsentry/detector/policy"
	"github.com/kmsentry/kmsentry/detector/policy/evaluate"
	"github.com/kmsentry/kmsentry/detector/policy/kmsapi"
)

// request turns a witness of the corpus into a request and fills in the keys
// that every request of an IAM principal carries.
func (w *corpusWitness) request(t testing.TB, p *policy.Policy) evaluate.Request {
	t.Helper()
	context := map[string][]string{}
	for key, raw := range w.Context {
		var one string
		var many []string
		if json.Unmarshal(raw, &one) == nil {
			many = []string{one}
		} else if err := json.Unmarshal(raw, &many); err != nil {
			t.Fatalf("witness: %s: %v", key, err)
		}
		if key != "credentials" { // how the corpus says that they are temporary
			context[key] = many
		}
	}
	q := surroundings()
	r := evaluate.Request{Principal: w.Principal, Action: w.Action, Resource: q.KeyARN, Time: q.At, Context: context}
	if role, ok := strings.CutPrefix(w.Principal, "arn:aws:sts::"+w.Account+":assumed-role/"); ok {
		role, _, _ = strings.Cut(role, "/")
		r.Session, r.Principal = w.Principal, "arn:aws:iam::"+w.Account+":role/"+role
	}
	if arn := context["aws:principalarn"]; arn != nil {
		r.Principal = arn[0]
	}
	for _, st := range p.Statements {
		for _, entry := range st.Principals {
			if policy.IsUniqueID(entry.Value) {
				r.UniqueID = entry.Value
			}
		}
	}
	fill := func(key, value string) {
		lower := strings.ToLower(key)
		if context[lower] == nil && value != "" && !slices.Contains(w.Absent, lower) {
			context[lower] = []string{value}
		}
	}
	fill("aws:PrincipalAccount", w.Account)
	fill("kms:CallerAccount", w.Account)
	fill("aws:PrincipalArn", r.Principal)
	fill("aws:PrincipalType", callerType(r.Principal))
	fill("aws:PrincipalIsAWSService", "false")
	fill("aws:SecureTransport", "true")
	fill("aws:ResourceAccount", q.Account)
	fill("aws:ResourceOrgID", q.Key.Org)
	fill("aws:RequestedRegion", "us-east-1")
	fill("aws:CurrentTime", q.At.Format(time.RFC3339))
	fill("kms:KeySpec", q.Key.Spec)
	if w.Org != nil {
		fill("aws:PrincipalOrgID", *w.Org)
	}
	if callerType(r.Principal) == "User" {
		fill("aws:username", r.Principal[strings.LastIndexByte(r.Principal, '/')+1:])
	}
	fill("kms:EncryptionAlgorithm", q.Key.Spec)
	switch {
	case w.Path == "internet":
		fill("aws:ViaAWSService", "false")
		fill("aws:SourceIp", "1.0.0.5")
	case w.Path == "vpc-endpoint":
		fill("aws:ViaAWSService", "false")
		fill("aws:SourceVpce", "vpce-0bad0bad0bad0bad0")
	case strings.HasPrefix(w.Path, "via "):
		fill("aws:ViaAWSService", "true")
		fill("kms:ViaService", strings.Fields(w.Path)[1])
	default:
		t.Fatalf("witness: path %q", w.Path)
	}
	return r
}

func TestAllowsCorpusWitnesses(t *testing.T) {
	witnesses := 0
	for _, c := range readCorpus(t) {
		if c.Witness == nil {
			continue
		}
		witnesses++
		p, err := policy.Parse(c.text())
		if err != nil {
			t.Errorf("%s: %v", c.Name, err)
			continue
		}
		r := c.Witness.request(t, p)
		got := evaluate.Allows(p, r)
		if got != evaluate.Yes && (got != evaluate.Maybe || !c.ambiguous()) {
			t.Errorf("%s: Allows = %v, want yes\n\t%s", c.Name, got, oracleRequest{Request: r}.show())
		}
	}
	if witnesses == 0 {
		t.Error("no case of the corpus has a witness")
	}
}

// TestOracleCorpus holds the verdicts of the corpus against requests that the
// oracle makes: in what is private nobody gets in, in what is shared no
// stranger. It finds somebody in what is open, so that its silence says something.
func TestOracleCorpus(t *testing.T) {
	closed := 0
	for _, c := range readCorpus(t) {
		if c.Malformed {
			continue
		}
		p, err := policy.Parse(c.text())
		if err != nil {
			t.Errorf("%s: %v", c.Name, err)
			continue
		}
		if c.Key != nil && c.Key.Spec == "" {
			continue // the oracle has one key to ask about
		}
		o := newOracle(p, c.question(t), 1)
		encrypt := c.Verdict
		if c.Encrypt != nil {
			encrypt = *c.Encrypt
		}
		for _, a := range kmsapi.Asks(kmsapi.ClassEncrypt) {
			verdict := c.Verdict
			if a.Action == "kms:Encrypt" {
				verdict = encrypt
			}
			o.verdictHolds(t, c.Name, a, verdict, 3000)
		}
		for class, verdict := range map[kmsapi.Class]*Verdict{kmsapi.ClassUse: c.Use, kmsapi.ClassOther: c.Other} {
			if verdict == nil {
				continue
			}
			for _, a := range kmsapi.Asks(class) {
				o.verdictHolds(t, c.Name, a, *verdict, 3000)
			}
			if *verdict > Private && !o.finds(class, *verdict) {
				t.Errorf("%s: %s is %v, but the oracle finds nobody who proves it", c.Name, class, *verdict)
			}
		}
		if c.Manage != nil {
			said := Owner{Manage: *c.Manage}
			if c.Decrypt != nil {
				said.Decrypt = *c.Decrypt
			}
			ownerHolds(t, c.Name, p, c.question(t), said, 1, 3000)
		}
		if c.Verdict == Private {
			closed++
		}
		if c.Verdict != Private && c.Verdict != Undecided && !c.ambiguous() && oracleBlind[c.Name] == "" && !o.finds(kmsapi.ClassEncrypt, c.Verdict) {
			t.Errorf("%s is %v, but the oracle finds nobody who proves it", c.Name, c.Verdict)
		}
	}
	if closed == 0 {
		t.Error("no case of the corpus is private")
	}
}

// oracleBlind are open cases of which the oracle does not make the proof; the
// case itself holds it.
var oracleBlind = map[string]string{
	"context-in-two-spellings-of-what-may-be-absent": "names no pair of a context in two spellings",
	"letter-case-of-the-kelvin-sign":                 "spells a letter in its upper and its lower case alone",
	"user-named-like-the-owner-account":              "takes no account id for a user's name",
	"blocklist-behind-a-service":                     "puts an address into every call through a service",
	"key-mfa-user-through":                           "makes no calls through services of policies that ask for MFA",
	"key-owner-paths-none":                           "puts the owner's account into an organization",
	"key-claim-cluster-sub":                          "knows no issuers of clusters",
	"key-claim-cluster-aud":                          "knows no issuers of clusters",
	"vpc-named-by-a-statement-on-another-action":     "takes a named VPC for possible in every call through a service",
	"vpc-named-by-a-deny-on-another-action":          "takes a named VPC for possible in every call through a service",
	"tag-around-another-tag":                         "puts no text around a variable",
	"tag-chain-whose-end-is-known":                   "follows one variable, not two",
}

// finds reports whether some action of a class has a request that only a
// policy with this verdict, or a worse one, lets in.
func (o *oracle) finds(class kmsapi.Class, v Verdict) bool {
	for _, a := range kmsapi.Asks(class) {
		if _, ok := o.search(a.Action, 20000, func(r oracleRequest) bool {
			if !o.counts(r, a) {
				return false
			}
			switch v {
			case Public:
				return r.stranger
			case Network:
				return r.stranger && !r.unnamed
			default:
				return !r.stranger
			}
		}); ok {
			return true
		}
	}
	return false
}

// TestOracleRequests keeps the oracle itself in order: what it makes must be
// requests that can be.
func TestOracleRequests(t *testing.T) {
	n := 0
	for _, c := range readCorpus(t) {
		p, err := policy.Parse(c.text())
		if err != nil {
			continue
		}
		o := newOracle(p, surroundings(), 2)
		o.search("kms:Encrypt", 300, func(r oracleRequest) bool {
			n++
			if why := implausible(r.Request, o); why != "" {
				t.Errorf("%s: the oracle makes a request in which %s\n\t%s", c.Name, why, r.show())
			}
			return false
		})
	}
	if n == 0 {
		t.Error("the oracle makes no requests")
	}
}
