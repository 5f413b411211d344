package condkey

import "slices"

func allRows() []Row {
	return slices.Concat(
		principalRows(), callerRows(), sessionRows(), sourceRows(), centerRows(), claimRows(), networkRows(), throughRows(),
		keyRows(), requestRows(), grantRows(), attestationRows(), controlRows(),
	)
}

// allRules are what AWS documents of keys that come, or do not come, together;
// those of ties come together by their group.
// Sources: IAM global; KMS API, CreateGrant.
func allRules() []Rule {
	return []Rule{
		{Together, []string{"aws:Ec2InstanceSourceVpc", "aws:Ec2InstanceSourcePrivateIPv4", "ec2:RoleDelivery", "ec2:SourceInstanceArn"}},
		{AtMostOne, []string{"ec2:SourceInstanceArn", "ssm:SourceInstanceArn"}},
		{AtMostOne, []string{"glue:RoleAssumedBy", "glue:CredentialIssuingService"}},
		{ExactlyOne, []string{"kms:GranteePrincipal", "kms:GranteeServicePrincipal"}},
		{AtMostOne, []string{"kms:RetiringPrincipal", "kms:RetiringServicePrincipal"}},
		{Needs, []string{"kms:GranteeServicePrincipal", "kms:GrantConstraintSourceArn"}},
		{Needs, []string{"kms:GranteeServicePrincipal", "kms:RetiringPrincipal", "kms:RetiringServicePrincipal"}},
	}
}
