package sweep

import "github.com/kmsentry/kmsentry/detector/policy/decide"

// A Row is a key in JSON, as sweep prints it: one object per key. Members may be
// added; their meaning does not change.
type Row struct {
	Key          string         `json:"key"` // its ARN
	Account      string         `json:"account"`
	Region       string         `json:"region"`
	Verdict      string         `json:"verdict"` // on policy and grants together; "" for a key that is not judged
	Least        string         `json:"least"`
	Most         string         `json:"most"`
	Classes      decide.Classes `json:"classes"`
	Owner        RowOwner       `json:"owner"`
	GrantsOut    []Grant        `json:"grants_out"`
	Severity     string         `json:"severity"` // "" if there is nothing to report
	Title        string         `json:"title"`
	Kinds        []string       `json:"kinds"`       // the kinds of the finding, as in hunt's output
	State        string         `json:"state"`       // KMS's key state; "" if unknown
	Usable       bool           `json:"usable"`      // now; true if the state is unknown
	Managed      bool           `json:"aws_managed"` // not judged
	Gone         bool           `json:"gone"`        // deleted during the sweep: not judged
	Spec         string         `json:"spec"`
	Usage        string         `json:"usage"`
	Origin       string         `json:"origin"`
	MultiRegion  *bool          `json:"multi_region"`
	Aliases      []string       `json:"aliases"` // null if unknown
	Replicas     []RowReplica   `json:"replicas"`
	Material     string         `json:"material"` // the verdict on the key and its replicas together
	PolicySHA256 string         `json:"policy_sha256"`
	Unread       []string       `json:"unread"`
}

// A RowOwner says whether the owner's account can manage the key and decrypt with
// it.
type RowOwner struct {
	Manage  decide.Access `json:"manage"`
	Decrypt decide.Access `json:"decrypt"`
}

// A RowReplica is a Replica in JSON.
type RowReplica struct {
	Key     string         `json:"key"`
	Verdict decide.Verdict `json:"verdict"`
	Read    bool           `json:"read"`
}

// Row returns k as a Row. Its lists are never null, except unknown aliases.
func (k *Key) Row() Row {
	r := Row{
		Key: k.ARN, Account: k.Account, Region: k.Region, GrantsOut: append([]Grant{}, k.GrantsOut...), Kinds: k.Kinds(),
		State: k.State, Usable: k.Usable(), Managed: k.Managed, Gone: k.Gone,
		Spec: k.Facts.Spec, Usage: k.Facts.Usage, Origin: k.Facts.Origin, MultiRegion: k.Facts.MultiRegion, Aliases: k.Facts.Aliases,
		Replicas: []RowReplica{}, PolicySHA256: k.PolicySHA256, Unread: append([]string{}, k.Unread...),
	}
	for _, replica := range k.Replicas {
		r.Replicas = append(r.Replicas, RowReplica{replica.ARN, replica.Verdict.Verdict, replica.Read})
	}
	if !k.Judged() {
		return r
	}
	d := k.Joint()
	r.Verdict, r.Least, r.Most, r.Classes = d.Verdict.String(), d.Least.String(), d.Most.String(), d.Classes
	r.Owner = RowOwner{d.Owner.Manage, d.Owner.Decrypt}
	r.Material, r.Title = k.Material().Verdict.String(), k.Title()
	if severity, ok := k.OwnSeverity(); ok {
		r.Severity = severity.String()
	}
	return r
}

// Kinds returns the kinds of the finding on the key's policy, or an empty list if
// there is none.
func (k *Key) Kinds() []string {
	if k.Finding == nil {
		return []string{}
	}
	return append([]string{}, k.Finding.Kinds()...)
}
