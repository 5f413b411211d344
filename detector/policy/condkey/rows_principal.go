package condkey

// Sentences that several rows share.
const (
	theCallers   = "a stranger can have %s, which it admits"
	namedCallers = "it admits an outsider that the policy names: %s"
	notTheListed = "it only shuts the listed ones out; a stranger has %s"
	ownChoice    = "the caller's own account chooses it: %s"
	inRequest    = "the caller chooses it in the request: %s"
	keysOwn      = "the key's own property (%s) says nothing about the caller"
	strangerHas  = "a stranger's request carries %s"
	ownSession   = "a stranger's own session can have %s; it says nothing about whose account it is"
	onlyServices = "only AWS services that call for themselves carry this condition key"
	noOrg        = "a request from an account in no organization does not carry this condition key"
	notForKey    = "a request for this key does not carry this condition key"
	noRequest    = "no request to KMS carries this condition key"
)

func absent(text string) []Sentence { return []Sentence{{Text: text}} }

func sayCaller(missing ...Sentence) Say {
	return Say{Absent: missing, Present: theCallers, Shared: namedCallers, Network: theCallers, Negated: notTheListed}
}

// anything returns the values of a key for which AWS documents no form.
func anything() Values {
	return Values{Shapes: []string{"{text 1 512}"}, First: "x"}
}

// orgPaths returns the shapes of an organization path, which is up to five units
// deep. The id of a unit contains the id of its root.
// Sources: IAM global, aws:PrincipalOrgPaths; IAM API, OrganizationalUnit, Id;
// Organizations quotas.
func orgPaths() []string {
	path := "o-{org 10 32}/r-{=root org 4 32}/"
	list := []string{path}
	for range 5 {
		path += "ou-{=root org 4 32}-{org 8 32}/"
		list = append(list, path)
	}
	return list
}

const orgShape = "o-{org 10 32}"

// services returns the shapes of an AWS service principal. Documented ones have
// up to three labels before the suffix.
// Sources: IAM global, aws:PrincipalServiceNamesList; AWS Support User Guide,
// authorization (us-east-1.supportauthz.amazonaws.com).
func services() []string {
	return []string{
		"{host 1 60}.amazonaws.com", "{host 1 60}.{host 1 60}.amazonaws.com", "{host 1 60}.{host 1 60}.{host 1 60}.amazonaws.com",
		"{host 1 60}.amazonaws.com.cn", "{host 1 60}.{host 1 60}.amazonaws.com.cn", "{host 1 60}.{host 1 60}.{host 1 60}.amazonaws.com.cn",
	}
}

func serviceNames() Values {
	return Values{Shapes: services(), First: "service.amazonaws.com"}
}

// tagValues returns the values of a tag. The empty value comes last, since AWS
// does not say whether conditions treat it as an absent tag.
// Source: IAM API, Tag, Value.
func tagValues() Values {
	return Values{Shapes: []string{"{tag 1 256}", ""}, First: "x"}
}

const tagKey = "{tag 1 128}"

// principalRows returns the rows of keys that say who the caller is. Sources: IAM
// global, IAM variables, KMS keys. AWS does not document the values of
// aws:PrincipalAccount, aws:PrincipalArn, aws:PrincipalType and aws:userid for a
// service, though IAM global says that they are in "all requests".
func principalRows() []Row {
	iam := "arn:{partition}:iam::{caller}:"
	unsaid := Case{Callers: Service, Is: Unsaid}
	return []Row{
		{
			Name: "aws:PrincipalAccount", Types: String, Tie: TieAccount, Names: TheCaller,
			Cases: []Case{{Is: Always}, unsaid}, // the account in the caller's ARN
			Say:   sayCaller(),
		},
		{
			Name: "kms:CallerAccount", Types: String, Tie: TieAccount, Names: TheCaller,
			Cases: []Case{{Is: Always}, unsaid}, // the account in the caller's ARN
			Say:   sayCaller(),
		},
		{
			Name: "aws:PrincipalArn", Types: ARN | String, Tie: TieARN, Names: TheCaller,
			Cases: []Case{
				{Callers: Role, Is: Always, Values: Values{
					Shapes: []string{iam + "role/{name 1 64}", iam + "role/{path 1 510}/{name 1 64}"},
					// AWS's own roles, which every account has. Sources: KMS
					// Developer Guide, CloudTrail, "EC2 example two"; EBS User
					// Guide, ebs-encryption-requirements.html.
					MaybeShapes: []string{iam + "role/aws:{name 1 60}"},
				}},
				{Callers: User, Is: Always, Values: Values{Shapes: []string{iam + "user/{name 1 64}", iam + "user/{path 1 510}/{name 1 64}"}}},
				{Callers: Root, Is: Always, Values: Values{Shapes: []string{iam + "root"}}},
				{Callers: Fed, Is: Always, Values: Values{Shapes: []string{"arn:{partition}:sts::{caller}:{}federated-user/{name 2 32}"}}},
				unsaid,
			},
			Say: sayCaller(),
		},
		{
			Name: "aws:PrincipalOrgID", Types: String, Tie: TieOrgID, Names: TheCaller,
			Cases: []Case{{Is: Chosen}}, // the start of the path
			Say:   sayCaller(Sentence{Text: noOrg}),
		},
		{
			Name: "aws:PrincipalOrgPaths", Types: String, Multi: true, Tie: TieOrgPaths, Names: TheCaller,
			Cases: []Case{{Is: Chosen, Values: Values{Shapes: orgPaths()}}},
			Say:   sayCaller(Sentence{Text: noOrg}),
		},
		{
			Name: "aws:PrincipalTag/", Family: Prefix, Part: tagKey, Reserved: "aws:", Types: String,
			Cases: []Case{
				{Callers: Role | User | Fed, Is: Chosen, Values: tagValues()},
				{Callers: Root, Is: MayHave, Values: tagValues()}, // AWS documents tags of users, roles and sessions, not of the root user
			},
			Say: Say{Absent: absent("a caller without this tag does not carry this condition key"), Present: ownChoice},
		},
	}
}

// callerRows returns the rows of keys that hold the caller's kind and ids.
// Sources: as for principalRows.
func callerRows() []Row {
	return []Row{
		{
			Name: "aws:PrincipalType", Types: String,
			Cases: []Case{
				{Callers: Role, Is: Always, Values: Values{Of: []string{"AssumedRole"}}},
				{Callers: User, Is: Always, Values: Values{Of: []string{"User"}}},
				{Callers: Root, Is: Always, Values: Values{Of: []string{"Account"}}},
				{Callers: Fed, Is: Always, Values: Values{Of: []string{"FederatedUser"}}},
				{Callers: Service, Is: Unsaid, Values: anything()},
			},
			Say: Say{Present: strangerHas},
		},
		{
			Name: "aws:PrincipalIsAWSService", Types: Bool, Names: ServicePrincipal,
			Cases: []Case{{Is: Always, Values: Values{Of: []string{"false"}}}, {Callers: Service, Is: Always, Values: Values{Of: []string{"true"}}}},
			Say:   Say{Present: strangerHas},
		},
		{
			Name: "aws:PrincipalServiceName", Types: String, Names: ServicePrincipal, Tie: TieService,
			Cases: []Case{{Callers: Service, Is: Chosen, Values: serviceNames()}},
			Say:   Say{Absent: absent(onlyServices), Present: inRequest},
		},
		{
			Name: "aws:PrincipalServiceNamesList", Types: String, Multi: true, Names: ServicePrincipal, Tie: TieService,
			Cases: []Case{{Callers: Service, Is: Chosen, Values: serviceNames()}},
			Say:   Say{Absent: absent(onlyServices), Present: inRequest},
		},
		{
			Name: "aws:userid", Types: String, Tie: TieUserID, Names: TheCaller,
			Cases: []Case{
				{Callers: Role, Is: Always, Values: Values{Shapes: []string{"AROA{id 12 124}:{name 2 64}"}}},
				{Callers: User, Is: Always, Values: Values{Shapes: []string{"AIDA{id 12 124}"}}},
				{Callers: Root | Fed, Is: Always}, // the account in the caller's ARN; for Fed, also the name
				{Callers: Service, Is: Unsaid},
			},
			Say: sayCaller(),
		},
		{
			Name: "aws:username", Types: String, Tie: TieUsername,
			Cases: []Case{{Callers: User, Is: Always}}, // the last part of the user's ARN
			Say:   Say{Absent: absent("only IAM users carry this condition key"), Present: ownChoice},
		},
	}
}
