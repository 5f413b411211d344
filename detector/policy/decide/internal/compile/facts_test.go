package compile

import (
	"testing"

	"github.com/kmsentry/kmsentry/detector/policy"
	"github.com/kmsentry/kmsentry/detector/policy/condkey"
	"github.com/kmsentry/kmsentry/detector/policy/decide/internal/textsolve"
	"github.com/kmsentry/kmsentry/detector/policy/kmsapi"
)

// asking compiles an Allow under a condition on one key, which has any value.
func asking(t *testing.T, key string, about About) *Policy {
	t.Helper()
	p, err := policy.Parse([]byte(`{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":"*","Action":"*","Resource":"*","Condition":{"StringLike":{"` + key + `":"*"}}}]}`))
	if err != nil {
		t.Fatal(err)
	}
	return New(p, condkey.Default(), about, textsolve.NewBudget(1_000_000, nil))
}

// TestUnknownFact: which conditions turn on what the question does not say of the key.
func TestUnknownFact(t *testing.T) {
	for _, row := range []struct {
		name, key string
		forget    func(*About)
		want      bool
	}{
		{"a known Region", "aws:RequestedRegion", func(*About) {}, false},
		{"an unknown Region", "aws:RequestedRegion", func(a *About) { a.KeyARN = "" }, true},
		{"an unknown owner", "aws:ResourceAccount", func(a *About) { a.KeyARN, a.Account = "", "" }, true},
		{"an owner without a key", "aws:ResourceAccount", func(a *About) { a.KeyARN = "" }, false},
		{"an unknown organization", "aws:ResourceOrgID", func(a *About) { a.Key.Org = "" }, true},
		{"no path is ever known", "aws:ResourceOrgPaths", func(*About) {}, true},
		{"no tags", "aws:ResourceTag/x", func(*About) {}, false},
		{"unknown tags", "aws:ResourceTag/x", func(a *About) { a.Key.Tags = nil }, true},
		{"an unknown spec", "kms:KeySpec", func(a *About) { a.Key.Spec = "" }, true},
		{"an unknown usage", "kms:KeyUsage", func(a *About) { a.Key.Usage = "" }, true},
		{"an unknown origin", "kms:KeyOrigin", func(a *About) { a.Key.Origin = "" }, true},
		{"unknown aliases", "kms:RequestAlias", func(a *About) { a.Key.Aliases = nil }, true},
		{"a key of one Region, by its ARN", "kms:MultiRegion", func(a *About) { a.Key.MultiRegion = nil }, false},
		{"one Region or several, without an ARN", "kms:MultiRegionKeyType", func(a *About) { a.Key.MultiRegion, a.KeyARN = nil, "" }, true},
		{"nothing of the key", "aws:userid", func(a *About) { *a = About{Partition: "aws"} }, false},
	} {
		about := here()
		row.forget(&about)
		c := asking(t, row.key, about)
		if got := c.UnknownFact(); got != row.want {
			t.Errorf("%s: %s turns on what is not known: %v, want %v", row.name, row.key, got, row.want)
		}
	}
}

// Source: KMS Developer Guide, multi-region-keys-overview.html: ids begin with "mrk-".
func TestMultiRegion(t *testing.T) {
	yes := true
	for _, row := range []struct {
		name, arn string
		said      *bool
		want      string
	}{
		{"by its id", "arn:aws:kms:us-east-1:111122223333:key/mrk-1234abcd12ab34cd56ef1234567890ab", nil, "yes"},
		{"another id", "arn:aws:kms:us-east-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab", nil, "no"},
		{"as the caller says", "arn:aws:kms:us-east-1:111122223333:key/1234", &yes, "yes"},
		{"an alias says nothing", "arn:aws:kms:us-east-1:111122223333:alias/mrk-", nil, "unknown"},
		{"no ARN", "", nil, "unknown"},
	} {
		got := "unknown"
		if m := (&Policy{About: About{KeyARN: row.arn, Key: kmsapi.KeyFacts{MultiRegion: row.said}}}).MultiRegion(); m != nil {
			got = map[bool]string{true: "yes", false: "no"}[*m]
		}
		if got != row.want {
			t.Errorf("%s: %s, want %s", row.name, got, row.want)
		}
	}
}

// TestServing: what a key can serve turns on its spec and usage.
// Source: KMS Developer Guide, symm-asymm-compare.html.
func TestServing(t *testing.T) {
	for _, row := range []struct {
		name, spec, usage, action string
		class                     kmsapi.Class
		want                      kmsapi.KeySet
	}{
		{"a symmetric key encrypts", "SYMMETRIC_DEFAULT", "", "kms:Encrypt", kmsapi.ClassEncrypt, kmsapi.SymmetricKey},
		{"and signs nothing", "SYMMETRIC_DEFAULT", "", "kms:Sign", kmsapi.ClassUse, 0},
		{"an RSA key may do either", "RSA_2048", "", "kms:Sign", kmsapi.ClassUse, kmsapi.SigningKey},
		{"by its usage it does one", "RSA_2048", "ENCRYPT_DECRYPT", "kms:Sign", kmsapi.ClassUse, 0},
		{"an RSA key makes no data keys", "RSA_2048", "", "kms:GenerateDataKey", kmsapi.ClassEncrypt, 0},
		{"an elliptic curve may agree on secrets", "ECC_NIST_P256", "", "kms:DeriveSharedSecret", kmsapi.ClassUse, kmsapi.AgreementKey},
		{"a grant on an HMAC key encrypts nothing", "HMAC_256", "", kmsapi.CreateGrant, kmsapi.ClassEncrypt, 0},
		{"a grant on an HMAC key makes MACs", "HMAC_256", "", kmsapi.CreateGrant, kmsapi.ClassUse, kmsapi.MacKey},
		{"a key of which nothing is known", "", "", "kms:Decrypt", kmsapi.ClassUse, kmsapi.SymmetricKey | kmsapi.AsymmetricKey},
		{"an action newer than the table", "HMAC_256", "", "kms:NewAction", "", kmsapi.MacKey},
	} {
		about := here()
		about.Key = kmsapi.KeyFacts{Spec: row.spec, Usage: row.usage}
		ask := kmsapi.Ask{Action: row.action, Class: row.class}
		c := asking(t, "aws:userid", about)
		if got := c.Serving(ask); got != row.want || c.Supported(ask) != (row.want != 0) {
			t.Errorf("%s: kinds %b, supported %v; want %b", row.name, got, c.Supported(ask), row.want)
		}
	}
}

// TestSlots: the caller's keys have slots of their own; others get one when a
// condition names them, in whatever letter case.
func TestSlots(t *testing.T) {
	c := asking(t, `aws:SourceVpc":"*","AWS:principalARN":"*","kms:CallerAccount":"*","aws:sourcevpce`, here())
	for _, row := range []struct {
		name string
		want int
	}{
		{"aws:SourceVpc", FirstSlot}, {"aws:sourceVPCE", FirstSlot + 1}, {"aws:PrincipalArn", SlotARN}, {"aws:PrincipalAccount", SlotAccount}, {"kms:callerACCOUNT", SlotAccount},
	} {
		if got := c.intern(row.name); got != row.want {
			t.Errorf("%s has slot %d, want %d", row.name, got, row.want)
		}
	}
	if got := asking(t, "AWS:principaltag/Team", here()).Mentions; len(got) != 1 || got[0].Name != "aws:PrincipalTag/Team" {
		t.Errorf("the tag is mentioned as %+v, want aws:PrincipalTag/Team", got)
	}
	if len(c.Slots) != FirstSlot+2 || !c.HasTie(FirstSlot, condkey.TieVpc) || c.SlotWith(condkey.TieVpc) != FirstSlot || c.SlotWith(condkey.TieMFA) != -1 {
		t.Errorf("%d slots, that of the VPC %d, of MFA %d", len(c.Slots), c.SlotWith(condkey.TieVpc), c.SlotWith(condkey.TieMFA))
	}
	if c.SlotWith(condkey.TieARN) != -1 { // it is mentioned, and has no slot of its own
		t.Errorf("the caller's ARN has slot %d beyond the first", c.SlotWith(condkey.TieARN))
	}
	if !c.MentionsAny(condkey.TieMFA, condkey.TieVpc) || c.MentionsAny(condkey.TieMFA, condkey.TieBuild) {
		t.Error("the VPC is not mentioned, or MFA is")
	}
}

func TestAsksForServices(t *testing.T) {
	for key, want := range map[string]bool{
		"aws:SourceArn": true, "aws:SourceOrgID": true, "aws:PrincipalServiceName": true, "aws:SourceVpc": false, "kms:ViaService": false, "aws:PrincipalArn": false,
	} {
		if got := asking(t, key, here()).AsksForServices(); got != want {
			t.Errorf("%s asks for a service or its customer: %v, want %v", key, got, want)
		}
	}
}
