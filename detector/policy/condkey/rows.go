package condkey

import "slices"

func allRows() []Row {
	return slices.Concat(
		principalRows(), callerRows(), sessionRows(), sourceRows(), centerRows(), claimRows(), networkRows(), throughRows(),
		keyRows(), requestRows(), grantRows(), attestationRows(), controlRows(),
	)
}

// allRules returns what AWS documents about keys that occur together or exclude
// each other. Keys that a tie groups have no rules.
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
