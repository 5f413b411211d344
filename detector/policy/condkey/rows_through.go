package condkey

// throughRows returns the rows of keys that say which service makes a request for
// the caller, or for which customer a service calls. Sources: IAM global; KMS
// keys.
func throughRows() []Row {
	say := Say{
		Absent:  absent("a direct request does not carry this condition key"),
		Present: "a stranger can use that service with its own credentials: %s",
	}
	yes, no := Values{Of: []string{"true"}}, Values{Of: []string{"false"}}
	called := []Case{{Paths: Through, Is: Chosen, Values: Values{
		Shapes: services()[:3], MaybeShapes: services()[3:], First: "cloudformation.amazonaws.com", Known: calledServices(),
	}}}
	customer := func(v Values) []Case { return []Case{{Callers: Service, Is: Chosen, Values: v}} }
	sayCustomer := Say{Absent: absent(onlyServices), Present: inRequest}
	return []Row{
		{
			// KMS keys has the suffix .amazonaws.com for all partitions, and only
			// services with one label. Its table is not a closed list:
			// CloudFormation, for example, is in no list of services with the key.
			Name: "kms:ViaService", Types: String, Reads: FactRegion,
			Cases: []Case{{Paths: Through, Is: MayLack, Values: Values{
				Shapes: []string{"{host 1 60}.{keyregion}.amazonaws.com"}, First: "ssm.{keyregion}.amazonaws.com", Known: viaServices(),
				MaybeShapes: []string{"{host 1 60}.{host 1 60}.{keyregion}.amazonaws.com", "{host 1 60}.{keyregion}.amazonaws.com.cn"},
			}}},
			Say: say,
		},
		{
			Name: "aws:ViaAWSService", Types: Bool,
			Cases: []Case{{Paths: Through, Is: Always, Values: yes}, {Callers: Anyone, Is: Always, Values: no}},
			Say:   Say{Present: strangerHas},
		},
		{Name: "aws:CalledVia", Types: String, Multi: true, Tie: TieCalled, Cases: called, Say: say},
		{Name: "aws:CalledViaFirst", Types: String, Tie: TieCalledFirst, Cases: called, Say: say},
		{Name: "aws:CalledViaLast", Types: String, Tie: TieCalledLast, Cases: called, Say: say},
		{
			Name: "aws:CalledViaAWSMCP", Types: String,
			Cases: []Case{{Paths: MCP, Is: Always, Values: Values{Shapes: services(), First: "aws-mcp.amazonaws.com"}}},
			Say:   say,
		},
		{
			// "Returns false" and "included when an MCP server makes a request".
			Name: "aws:ViaAWSMCPService", Types: Bool,
			Cases: []Case{{Paths: MCP, Is: Always, Values: yes}, {Is: Unsaid, Values: no}},
			Say:   say,
		},
		// For actions of the MCP service itself only.
		{Name: "aws:IsMcpServiceAction", Types: Bool, Say: Say{Absent: absent(noRequest)}},
		{Name: "aws:SourceAccount", Types: String, Names: CustomerAccount, Cases: customer(Values{Shapes: []string{"{account}"}, First: "999988887777"}), Say: sayCustomer},
		{Name: "aws:SourceArn", Types: ARN | String, Names: CustomerARN, Cases: customer(Values{Shapes: sourceARNs(), First: "arn:{partition}:s3:::stranger"}), Say: sayCustomer},
		{Name: "aws:SourceOrgID", Types: String, Names: CustomerOrg, Cases: customer(Values{Shapes: []string{orgShape}, First: "o-stranger00"}), Say: sayCustomer},
		{Name: "aws:SourceOrgPaths", Types: String, Multi: true, Names: CustomerOrgPath, Cases: customer(Values{Shapes: orgPaths(), First: "o-stranger00/r-root/"}), Say: sayCustomer},
		// An old key of SNS and S3, which occurs only in lists; no page has it for KMS.
		{Name: "aws:SourceOwner", Types: String, Names: CustomerAccount, Cases: []Case{{Callers: Service, Is: Unsaid, Values: Values{Shapes: []string{"{account}"}, First: "999988887777"}}}, Say: sayCustomer},
	}
}

// sourceARNs returns the shapes of the ARN of any resource for which a service
// calls. Some ARNs, such as those of buckets, contain no account.
func sourceARNs() []string {
	const head = "arn:{partition}:{host 1 40}:{host 0 30}:"
	return []string{head + ":{path 1 600}", head + "{account}:{path 1 600}"}
}
