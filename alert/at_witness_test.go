package alert

import "github.com/kmsentry/kmsentry/detector/policy/evaluate"

// federated is a request of a session that a user has made with GetFederationToken.
func federated() evaluate.Request {
	return evaluate.Request{
		Principal: "arn:aws:sts::999988887777:federated-user/stranger", UniqueID: "999988887777:stranger",
		Parent: "arn:aws:iam::999988887777:user/maker", Action: "kms:Encrypt", Resource: keyInUSWest, Time: at,
		Context: map[string][]string{"aws:SourceIp": {"198.51.100.23"}},
	}
}
