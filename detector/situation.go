package detector

import (
	"strings"

	"github.com/kmsentry/kmsentry/internal/awsid"
)

// NoKey reports whether the call is a refused CreateKey or ReplicateKey, so that
// there is no key to inspect, repair or disable.
func (f *Finding) NoKey() bool { return f.Event.makesKey() && f.Event.Outcome == Refused }

// MaybeNoKey reports whether the call is a CreateKey or ReplicateKey of unknown
// outcome, so that the record does not say whether there is a key.
func (f *Finding) MaybeNoKey() bool {
	return f.Event.makesKey() && f.Event.Outcome == OutcomeUnknown
}

// makesKey reports whether the call creates a key, if it is accepted.
func (e Event) makesKey() bool { return e.Name == createKey || e.Name == replicateKey }

// Deployer returns the deployment service that made the call for the actor, e.g.
// "cloudformation.amazonaws.com"; "" when none did. The actor is then whoever
// started the deployment, and the service's template would set the policy again.
func (f *Finding) Deployer() string {
	name := strings.TrimSuffix(f.Actor.InvokedBy, ".cn")
	for _, service := range deployers {
		if name == service || strings.HasSuffix(name, "."+service) {
			return f.Actor.InvokedBy
		}
	}
	return ""
}

// deployers lists the services that create keys from templates that they keep. A
// prefix such as "member.org.stacksets." may precede the name.
// Source: CloudFormation User Guide, stacksets-orgs-enable-trusted-access.html.
var deployers = []string{
	"cloudformation.amazonaws.com",
	"servicecatalog.amazonaws.com",
}

// KeyElsewhere reports whether the key's account differs from the account whose
// trail holds the event: links and commands for the key need Key.Account, those
// for the event Event.Account. It is false when either is unknown.
func (f *Finding) KeyElsewhere() bool {
	return awsid.IsAccount(f.Key.Account) && awsid.IsAccount(f.Event.Account) && f.Key.Account != f.Event.Account
}

// ForeignKey reports whether the caller's account is known and does not own the
// key. KMS lets nobody change the key policy of another account's key, so such a
// call is an attempt on somebody else's key.
// Source: KMS API Reference, PutKeyPolicy, "Cross-account use: No".
func (f *Finding) ForeignKey() bool {
	return awsid.IsAccount(f.Key.Account) && awsid.IsAccount(f.Actor.Account) && f.Key.Account != f.Actor.Account
}

// OutsideMaterial returns where key material that KMS does not generate and keep by
// itself comes from or is kept, since an intruder may hold or destroy it there:
// "imported key material", "an external key store", "a CloudHSM key store" or "a
// custom key store". It returns "" for other keys, and if the record does not say.
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
