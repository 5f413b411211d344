package condkey

// networkRows returns the rows of keys that say where a request comes from.
// Sources: IAM global; KMS keys; AWS PrivateLink,
// aws-services-cross-region-privatelink-support.html: a VPC may be in another
// Region than the KMS key.
func networkRows() []Row {
	away := []Sentence{
		{Paths: Through, Text: "a request that a service makes for the caller does not carry this condition key"},
		{Paths: Endpoint, Text: "a request through an endpoint of an account in no organization does not carry this condition key"},
		{Text: "a request over a public endpoint does not carry this condition key"},
	}
	say := Say{Absent: away, Present: "a stranger's own network can have %s", Network: "it admits everyone behind a named network: %s"}
	atEndpoint := func(p Presence, v Values) []Case { return []Case{{Paths: Endpoint, Is: p, Values: v}} }
	return []Row{
		{
			Name: "aws:SourceIp", Types: IP, Tie: TieSourceIP, Names: NetworkAddress,
			Cases: []Case{
				{Paths: Public, Is: Always, Values: Values{Addresses: PublicAddresses}},
				{Paths: Through, Is: Unsaid, Values: Values{Addresses: PublicAddresses}}, // the documents differ: kept, replaced by the service's, or left out
				{Callers: Service, Is: Unsaid, Values: Values{Addresses: PublicAddresses}},
			},
			Say: Say{
				Absent:  absent("a request through a VPC endpoint does not carry this condition key"),
				Present: "the addresses that strangers get in from are more than a named network (an IPv4 /8 or IPv6 /32), e.g. %s",
				Network: "the addresses that it admits are a named network, e.g. %s",
			},
		},
		{Name: "aws:SourceVpc", Types: String, Tie: TieVpc, Names: NetworkID, Cases: atEndpoint(Always, Values{}), Say: say},
		{Name: "aws:SourceVpcArn", Types: ARN | String, Tie: TieVpcARN, Names: NetworkID, Cases: atEndpoint(Always, Values{Shapes: []string{"arn:{partition}:ec2:{region}:{account}:vpc/{}" + vpcShape}}), Say: say},
		{Name: "aws:SourceVpce", Types: String, Names: NetworkID, Cases: atEndpoint(Always, Values{Shapes: []string{vpceShape}, First: "vpce-0123456789abcdef0"}), Say: say},
		{
			Name: "aws:VpcSourceIp", Types: IP, Cases: atEndpoint(Always, Values{Addresses: AllAddresses}),
			Say: Say{Absent: away, Present: "private addresses are free to choose: a stranger's own VPC can have %s"},
		},
		{Name: "aws:VpceAccount", Types: String, Names: NetworkAccount, Cases: atEndpoint(Always, Values{Shapes: []string{"{account}"}, First: "999988887777"}), Say: say},
		{Name: "aws:VpceOrgID", Types: String, Tie: TieVpceOrgID, Names: NetworkOrg, Cases: atEndpoint(Chosen, Values{}), Say: say},
		{Name: "aws:VpceOrgPaths", Types: String, Multi: true, Tie: TieVpceOrgPaths, Names: NetworkOrg, Cases: atEndpoint(Chosen, Values{Shapes: orgPaths()}), Say: say},
	}
}
