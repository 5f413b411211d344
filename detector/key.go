package detector

import (
	"cmp"
	"strings"

	"github.com/kmsentry/kmsentry/detector/policy/kmsapi"
	"github.com/kmsentry/kmsentry/internal/awsid"
)

// readKey returns the key that the call is about, by the ARN in the response or
// in resources, or else by one made of the request's key id, account and Region.
// For ReplicateKey it is the replica. A refused CreateKey or ReplicateKey has no
// key.
func (r *record) readKey() Key {
	k := Key{Region: r.event.Region}
	named := r.requestKey()
	k.PrimaryARN = r.primary(named)
	arn, ok := r.recordedARN(named)
	switch {
	case ok && !(r.event.makesKey() && r.event.Outcome == Refused):
		k.ARN, k.ID = arn.String(), arn.id
		k.Region, k.Account, k.Partition = arn.region, arn.account, arn.partition
	default:
		r.buildKey(&k, named)
	}
	if r.event.Name == replicateKey && r.event.Outcome == OutcomeUnknown {
		k.Note = cmp.Or(k.Note, "The record does not say whether the replica was created.")
	}
	k.Alias = named.alias
	r.readFacts(&k)
	return k
}

// primary returns the ARN of the key that ReplicateKey replicated, which is in
// the Region where the call was made; "" for other calls, and when the record
// does not name that key.
// Source: KMS Developer Guide, ct-replicate-key.html.
func (r *record) primary(named keyARN) string {
	if r.event.Name != replicateKey {
		return ""
	}
	if a, ok := parseKeyARN(r.primaryKey.text("arn")); ok && a.id != "" {
		return a.String()
	}
	if a, ok := r.resourceKey(named); ok {
		return a.String()
	}
	named.region = cmp.Or(named.region, r.event.Region)
	named.account = firstAccount(named.account, r.metadata.text("aWSAccountId"), r.resourceAccount(), r.event.Account, r.identity.text("accountId"))
	if named.id == "" || named.account == "" || !awsid.IsRegion(named.region) {
		return ""
	}
	named.partition = r.partition(named.partition, named.region)
	return named.String()
}

// recordedARN returns the ARN of the key as AWS recorded it. It looks first at
// the key's metadata in the response of CreateKey and ReplicateKey, then at
// keyId in the response, where KMS names the key of every management call, then
// at resources[]. named is the key that the request named.
// Source: KMS Developer Guide, logging-using-cloudtrail.html.
func (r *record) recordedARN(named keyARN) (keyARN, bool) {
	if a, ok := parseKeyARN(r.metadata.text("arn")); ok && a.id != "" {
		return a, true
	}
	if a, ok := parseKeyARN(r.response.text("keyId")); ok && a.id != "" {
		return r.replicaOf(a)
	}
	if a, ok := r.resourceKey(named); ok {
		return r.replicaOf(a)
	}
	return keyARN{}, false
}

// resourceKey returns the ARN in resources[] of the key that the request named
// or, when the request gave no key id, of the only key in resources[].
func (r *record) resourceKey(named keyARN) (keyARN, bool) {
	var found []keyARN
	for _, resource := range r.resources {
		a, ok := parseKeyARN(resource.text("ARN"))
		if !ok || a.id == "" || len(found) > 0 && a == found[0] {
			continue
		}
		if a.id == named.id {
			return a, true
		}
		found = append(found, a)
	}
	if named.id != "" || len(found) != 1 {
		return keyARN{}, false
	}
	return found[0], true
}

// replicaOf returns, for ReplicateKey, the ARN of the replica of a primary key,
// which has the same key id; for the other calls it returns the ARN unchanged.
// Source: KMS Developer Guide, multi-region-keys-overview.html.
func (r *record) replicaOf(primary keyARN) (keyARN, bool) {
	if r.event.Name != replicateKey {
		return primary, true
	}
	primary.region = r.request.text("replicaRegion")
	return primary, awsid.IsRegion(primary.region)
}

// requestKey reads requestParameters.keyId: a key id, a key ARN, an alias name
// or an alias ARN. The parts that it does not have are "".
// Source: KMS API Reference, DescribeKey, KeyId.
func (r *record) requestKey() keyARN {
	text := r.request.text("keyId")
	if a, ok := parseKeyARN(text); ok {
		return a
	}
	switch {
	case isAlias(text):
		return keyARN{alias: text}
	case isKeyID(text):
		return keyARN{id: text}
	default:
		return keyARN{}
	}
}

// buildKey fills k from what the request named, and sets Note when that does
// not give an ARN.
func (r *record) buildKey(k *Key, named keyARN) {
	k.ID = r.request.text("keyId")
	if primary, ok := parseKeyARN(k.PrimaryARN); ok {
		named = primary
	}
	if named.id != "" {
		k.ID = named.id
	}
	if named.region != "" && r.event.Name != replicateKey {
		k.Region = named.region
	}
	if r.event.Name == replicateKey {
		k.Region = r.request.text("replicaRegion")
	}
	k.Account = firstAccount(named.account, r.metadata.text("aWSAccountId"), r.resourceAccount(), r.event.Account, r.identity.text("accountId"))
	k.Partition = r.partition(named.partition, k.Region)
	switch {
	case r.event.Name == createKey && r.event.Outcome == Refused:
		k.Note = "The call was refused, so no key was created."
	case r.event.Name == replicateKey && r.event.Outcome == Refused:
		k.Note = "The call was refused, so no replica was created."
	case r.event.Name == createKey && r.event.Outcome == OutcomeUnknown:
		k.Note = "The record does not say whether a key was created, or which."
	case named.alias != "":
		k.Note = "The record names the key only by an alias, and does not say which key that was."
	case named.id == "" && k.ID != "":
		k.Note = "What the request named is not a key id, so the key's ARN is not known."
	case named.id == "":
		k.Note = "The record does not name the key."
	case k.Account == "":
		k.Note = "The record does not say whose account the key is in, so its ARN is not known."
	case r.event.Name == replicateKey && !awsid.IsRegion(k.Region):
		k.Note = "The record names the primary key, but not the Region of its replica, so the replica's ARN is not known."
	case !awsid.IsRegion(k.Region):
		k.Note = "The record does not say in which Region the key is, so its ARN is not known."
	default:
		k.ARN = keyARN{partition: k.Partition, region: k.Region, account: k.Account, id: named.id}.String()
	}
}

// resourceAccount returns the account of the first resource; "" when there is none.
func (r *record) resourceAccount() string {
	if len(r.resources) == 0 {
		return ""
	}
	return r.resources[0].text("accountId")
}

// partition returns named or, when it is "", the partition of the Region, that
// of the caller's ARN, or "aws", the first that is known.
func (r *record) partition(named, region string) string {
	if named != "" {
		return named
	}
	if p := awsid.PartitionOf(region); p != "" {
		return p
	}
	if p := awsid.PartitionIn(r.identity.text("arn")); isName(p, "-") {
		return p
	}
	return "aws"
}

// readFacts reads what the record says about the kind of key.
func (r *record) readFacts(k *Key) {
	k.Spec = cmp.Or(
		r.metadata.text("keySpec"), r.metadata.text("customerMasterKeySpec"),
		r.request.text("keySpec"), r.request.text("customerMasterKeySpec"))
	k.Usage = cmp.Or(r.metadata.text("keyUsage"), r.request.text("keyUsage"))
	k.Origin = cmp.Or(r.metadata.text("origin"), r.request.text("origin"))
	k.CustomKeyStore = cmp.Or(r.metadata.text("customKeyStoreId"), r.request.text("customKeyStoreId"))
	k.ExternalKey = cmp.Or(r.externalKey.text("id"), r.request.text("xksKeyId"))
	k.MultiRegion = r.multiRegion(k.ID)
}

// multiRegion reports whether the key is a multi-Region key, by what the record
// says, by the form of its id, or because it was replicated; nil when none of
// these decides it.
// Source: KMS Developer Guide, multi-region-keys-overview.html: their ids
// begin with "mrk-", and only they can be replicated.
func (r *record) multiRegion(id string) *bool {
	said := cmp.Or(r.metadata.text("multiRegion"), r.request.text("multiRegion"))
	yes := said == "true" || strings.HasPrefix(id, "mrk-") || r.event.Name == replicateKey
	if yes || said == "false" || isUUID(id) {
		return &yes
	}
	return nil
}

// facts returns the facts about the key that a decision may use.
func (k Key) facts() kmsapi.KeyFacts {
	return kmsapi.KeyFacts{Spec: k.Spec, Usage: k.Usage, Origin: k.Origin, MultiRegion: k.MultiRegion}
}

// firstAccount returns the first text that is an account id; "" when none is.
func firstAccount(texts ...string) string {
	for _, t := range texts {
		if awsid.IsAccount(t) {
			return t
		}
	}
	return ""
}
