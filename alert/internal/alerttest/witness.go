package alerttest

import "github.com/kmsentry/kmsentry/detector/policy/evaluate"

// Federated returns a request from a session that a user created with
// GetFederationToken.
func Federated() evaluate.Request {
	return evaluate.Request{
		Principal: "arn:aws:sts::999988887777:federated-user/stranger", UniqueID: "999988887777:stranger",
		Parent: "arn:aws:iam::999988887777:user/maker", Action: "kms:Encrypt", Resource: KeyInUSWest, Time: At,
		Context: map[string][]string{"aws:SourceIp": {"198.51.100.23"}},
	}
}
