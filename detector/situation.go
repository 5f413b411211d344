package detector

import (
	"strings"

	"github.com/kmsentry/kmsentry/internal/awsid"
)

// NoKey reports whether the call made no key: a CreateKey or ReplicateKey that
// was refused. There is nothing to fetch, mend or disable then.
func (f *Finding) NoKey() bool { return f.Event.makesKey() && f.Event.Outcome == Refused }

// MaybeNoKey reports whether nobody can tell from the record if the call made a
// key: a CreateKey or ReplicateKey of unknown outcome.
func (f *Finding) MaybeNoKey() bool {
	return f.Event.makesKey() && f.Event.Outcome == OutcomeUnknown
}

// makesKey reports whether the call is one that makes a key.
func (e Event) makesKey() bool { return e.Name == createKey || e.Name == replicateKey }

// Deployer returns the service that keeps what was called for in a template
// and will put it back from there, e.g. "cloudformation.amazonaws.com"; "" when
// the call was not made by one. The actor is then who started the deployment.
func (f *Finding) Deployer() string {
	name := strings.TrimSuffix(f.Actor.InvokedBy, ".cn")
	for _, service := range deployers {
		if name == service || strings.HasSuffix(name, "."+service) {
			return f.Actor.InvokedBy
		}
	}
	return ""
}

// deployers are the services that make keys from templates which they keep; a
// prefix such as "member.org.stacksets." may precede the name.
// Source: CloudFormation User Guide, stacksets-orgs-enable-trusted-access.html.
var deployers = []string{
	"cloudformation.amazonaws.com",
	"servicecatalog.amazonaws.com",
}

// KeyElsewhere reports whether the key's account is another one than the
// account whose trail holds the event: links and commands for the key belong in
// Key.Account, those for the event in Event.Account. False when either is unknown.
func (f *Finding) KeyElsewhere() bool {
	return awsid.IsAccount(f.Key.Account) && awsid.IsAccount(f.Event.Account) && f.Key.Account != f.Event.Account
}

// ForeignKey reports whether the caller's account is certainly not the key's
// owner. KMS lets nobody change another account's key policy, so such a call
// is an attempt on somebody else's key.
// Source: KMS API Reference, PutKeyPolicy, "Cross-account use: No".
func (f *Finding) ForeignKey() bool {
	return awsid.IsAccount(f.Key.Account) && awsid.IsAccount(f.Actor.Account) && f.Key.Account != f.Actor.Account
}

// OutsideMaterial says where the key's material is kept when that is not with
// AWS alone, so that an intruder may hold it or destroy it there: "imported key
// material", "an external key store", "a CloudHSM key store", "a custom key
// store"; "" when AWS makes and keeps it, or the record does not say.
// Source: KMS API Reference, KeyMetadata, Origin and CustomKeyStoreId.
func (k Key) OutsideMaterial() string {
	switch {
	case k.Origin == "EXTERNAL_KEY_STORE", k.ExternalKey != "":
		return "an external key store"
	case k.Origin == "EXTERNAL":
		return "imported key material"
	case k.Origin == "AWS_CLOUDHSM":
		return "a CloudHSM key store"
	case k.CustomKeyStore != "":
		return "a custom key store"
	default:
		return ""
	}
}
