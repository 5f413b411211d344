package sweep

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"slices"
	"strconv"
	"strings"

	"github.com/kmsentry/kmsentry/detector"
	"github.com/kmsentry/kmsentry/detector/policy/decide"
	"github.com/kmsentry/kmsentry/detector/policy/kmsapi"
)

// A Key holds what a sweep found out about one key.
type Key struct {
	ARN, Account, Region string
	State                string // "Enabled", "Disabled", "PendingDeletion" ...; "" if unknown
	Managed              bool   // an AWS managed key: not judged
	Gone                 bool   // deleted during the sweep: not judged
	Facts                kmsapi.KeyFacts
	Replicas             []Replica // the other keys with the same material, sorted by ARN; nil for single-Region keys
	PolicySHA256         string    // hex; "" if the policy was not read
	// Decision is the decision on the key policy alone. It is decide.Unread() if
	// the policy could not be read.
	Decision decide.Decision
	// Finding is the finding on the key policy alone. It is nil if the policy
	// gives outsiders no access and the owner keeps the key, and for keys that
	// are not judged.
	Finding *detector.Finding
	// GrantsOut lists the grants to outsiders. GrantsRead reports whether all
	// grants were read.
	GrantsOut  []Grant
	GrantsRead bool
	// Unread lists what could not be read, one line each.
	Unread []string

	trust bool // principals other than the owner's count as inside
}

// A Replica is another key with the same material as a multi-Region key.
type Replica struct {
	ARN string
	// Verdict is the verdict on its policy and grants: undecided between private
	// and public if it was not read.
	Verdict decide.Bounds
	Read    bool // the sweep read its policy and grants
}

// ID returns the key's id, which is the same for all replicas of a key.
func (k *Key) ID() string { return k.ARN[strings.LastIndex(k.ARN, "/")+1:] }

// Usable reports whether the key can be used now. It is true if the state is
// unknown.
func (k *Key) Usable() bool {
	return !k.Gone && (k.State == "" || k.State == "Enabled" || k.State == "Updating")
}

// Judged reports whether the sweep judges the key: it is not an AWS managed key
// and was not deleted during the sweep.
func (k *Key) Judged() bool { return !k.Managed && !k.Gone }

// Read reports whether the policy and all grants were read.
func (k *Key) Read() bool { return k.PolicySHA256 != "" && k.GrantsRead }

// Bounds returns the verdict on policy and grants together.
func (k *Key) Bounds() decide.Bounds {
	d := k.Joint()
	return decide.Bounds{Verdict: d.Verdict, Least: d.Least, Most: d.Most}
}

// Joint returns the decision on policy and grants together: that on the policy,
// with its verdicts raised by the grants. Grants that were not read may give
// access to named principals, but never to everyone.
func (k *Key) Joint() decide.Decision {
	d := k.Decision
	raise := func(class kmsapi.Class, least decide.Verdict) {
		b := d.Classes.Of(class)
		d.Classes.Set(class, decide.Between(max(b.Least, least), max(b.Most, decide.Shared)))
	}
	if !k.GrantsRead {
		for _, class := range kmsapi.Deciding() {
			raise(class, decide.Private)
		}
	}
	for _, g := range k.GrantsOut {
		least := decide.Private
		if g.Audience == decide.Shared {
			least = decide.Shared
		}
		for _, class := range g.classes() {
			raise(class, least)
		}
	}
	least, most := d.Least, d.Most
	for _, class := range kmsapi.Deciding() {
		b := d.Classes.Of(class)
		least, most = max(least, b.Least), max(most, b.Most)
	}
	all := decide.Between(least, most)
	d.Verdict, d.Least, d.Most = all.Verdict, all.Least, all.Most
	return d
}

// Material returns the verdict on the key's material: the worst of those on the
// key and its replicas.
func (k *Key) Material() decide.Bounds {
	b := k.Bounds()
	for _, r := range k.Replicas {
		b = decide.Between(max(b.Least, r.Verdict.Least), max(b.Most, r.Verdict.Most))
	}
	return b
}

// OwnSeverity returns the severity of the key's current state, as lowered by
// [Key.Lowered]. ok is false if there is nothing to report: outsiders have no
// access and the owner keeps the key.
func (k *Key) OwnSeverity() (severity detector.Severity, ok bool) {
	if !k.Judged() {
		return 0, false
	}
	if k.Finding != nil {
		severity, ok = k.Finding.Severity, true
	}
	if joint := k.Joint(); joint.Classes != k.Decision.Classes {
		if f := detector.InForce(k.Subject(), joint, k.trust); f != nil {
			severity, ok = max(severity, f.Severity), true
		}
	}
	return k.Lowered(severity), ok
}

// Lowered returns the severity s, one step lower, but not below Low, for a key
// that cannot be used now. It is not lowered further, because a single call can
// make the key usable again.
func (k *Key) Lowered(s detector.Severity) detector.Severity {
	if !k.Usable() && s > detector.Low {
		return s - 1
	}
	return s
}

// Title returns one line on what is wrong with the key, or "" if nothing is.
func (k *Key) Title() string {
	var texts []string
	if k.Finding != nil && k.PolicySHA256 != "" {
		texts = append(texts, k.Finding.Title)
	}
	if k.Judged() && k.PolicySHA256 == "" {
		texts = append(texts, "The policy of this KMS key could not be read")
	}
	if slices.ContainsFunc(k.GrantsOut, Grant.Decides) {
		texts = append(texts, "Outsiders have grants on this KMS key")
	}
	if k.Judged() && !k.GrantsRead {
		texts = append(texts, "The grants of this KMS key could not be read")
	}
	return strings.Join(texts, "; ")
}

// GrantsSHA256 returns a hash of the grants to outsiders, in hex, or "" if there
// are none. It changes when one of them is added, removed or differs.
func (k *Key) GrantsSHA256() string {
	if len(k.GrantsOut) == 0 {
		return ""
	}
	grants := slices.SortedFunc(slices.Values(k.GrantsOut), func(a, b Grant) int { return cmp.Compare(a.ID, b.ID) })
	text, err := json.Marshal(grants)
	if err != nil {
		panic(err) // texts always marshal
	}
	sum := sha256.Sum256(text)
	return hex.EncodeToString(sum[:])
}

// UID returns an identifier of the key in its current state. It covers the key,
// its policy, its grants to outsiders, its state, the verdict and whether the key
// was read.
func (k *Key) UID() string {
	parts := []string{detector.RuleID, "sweep", k.ARN, k.PolicySHA256, k.GrantsSHA256(), k.State, k.Bounds().Verdict.String(), strconv.FormatBool(k.Read())}
	sum := sha256.Sum256([]byte(strings.Join(parts, "\n")))
	return hex.EncodeToString(sum[:])
}

// finding sets the finding on the policy.
func (k *Key) finding(trust bool) {
	k.trust = trust
	k.Finding = detector.InForce(k.Subject(), k.Decision, trust)
}

// Subject returns the key as the detector's type.
func (k *Key) Subject() detector.Key {
	partition := "aws"
	if parts := strings.SplitN(k.ARN, ":", 3); len(parts) == 3 {
		partition = parts[1]
	}
	return detector.Key{
		ARN: k.ARN, ID: k.ID(), Account: k.Account, Region: k.Region, Partition: partition,
		Spec: k.Facts.Spec, Usage: k.Facts.Usage, Origin: k.Facts.Origin, MultiRegion: k.Facts.MultiRegion,
	}
}

// replica adds a key with the same material, unless it is k itself.
func (k *Key) replica(arn string) {
	if arn == k.ARN || arn == "" {
		return
	}
	at, have := slices.BinarySearchFunc(k.Replicas, arn, func(r Replica, arn string) int { return cmp.Compare(r.ARN, arn) })
	if !have {
		k.Replicas = slices.Insert(k.Replicas, at, Replica{ARN: arn, Verdict: decide.Between(decide.Private, decide.Public)})
	}
}

// join fills in the replicas of each key and their verdicts. Replicas have the
// same account and key id. It sorts all.
func join(all []Key) {
	slices.SortFunc(all, func(a, b Key) int {
		return cmp.Or(cmp.Compare(a.Account, b.Account), cmp.Compare(a.ID(), b.ID()), cmp.Compare(a.ARN, b.ARN))
	})
	same := func(a, b *Key) bool { return a.Account == b.Account && a.ID() == b.ID() }
	for from := 0; from < len(all); {
		to := from + 1
		for to < len(all) && same(&all[from], &all[to]) {
			to++
		}
		group := all[from:to]
		for i := range group {
			for j := range group {
				group[i].replica(group[j].ARN)
			}
			group[i].Replicas = slices.Clone(group[i].Replicas)
		}
		for i := range group {
			for r := range group[i].Replicas {
				for j := range group {
					if group[j].ARN == group[i].Replicas[r].ARN && group[j].Judged() {
						group[i].Replicas[r].Verdict, group[i].Replicas[r].Read = group[j].Bounds(), group[j].Read()
					}
				}
			}
		}
		from = to
	}
}
