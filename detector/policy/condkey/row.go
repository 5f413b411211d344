package condkey

// A Row is what is documented of one condition key, or of a family of keys
// that differ in a free part of their names. All of it is plain data.
type Row struct {
	// Name is the documented spelling. For a family it is the fixed part:
	// "aws:PrincipalTag/" before, or ":sub" after, the free one.
	Name   string
	Old    []string // earlier names of the same key
	Family Family
	// Parts lists the free parts that exist, nil for any that Part describes.
	Parts []string
	// Part is the shape of the free part; "" for any. No request has a key
	// whose free part is of another shape.
	Part string
	// Reserved is how free parts begin that only AWS gives; "" for none. Of
	// keys with such a part AWS does not say whether any request has them.
	Reserved string

	Types Types // of the operators that AWS documents for the key
	Multi bool  // the key holds a set of values
	Tie   Tie   // its part in a group of keys that depend on each other
	Cases []Case
	Names Names
	Reads Fact // facts of the key, the resource, that its values depend on
	Say   Say
}

// A Family says how the free part of a name stands to the fixed one.
type Family uint8

// The families; the zero Family is a single key.
const (
	Single Family = iota
	Prefix        // the name is how the keys begin
	Suffix        // the name is how the keys end; the free part is a host
)

// Types is a set of types of values. The empty set is a type that nobody
// knows: operators of every family fit it.
type Types uint8

// The types of condition keys.
const (
	String Types = 1 << iota
	ARN
	Bool
	Date
	Numeric
	IP
)

// Names says whom a value tells apart: who is stopped by a condition that asks
// for one value.
type Names uint8

// What values name. Nobody is for values that a stranger can have as well:
// such a key keeps no stranger out.
const (
	Nobody           Names = iota
	TheCaller              // the caller's account, principal or organization
	Image                  // what runs in an enclave or instance
	Person                 // a user whose id AWS gives out
	Subject                // somebody whom an identity provider knows
	Audience               // perhaps somebody: at some providers anybody can ask for an audience
	Issuer                 // the owner of an identity provider of its own
	NetworkAddress         // public addresses
	NetworkID              // a VPC or VPC endpoint
	NetworkAccount         // the account of a VPC endpoint
	NetworkOrg             // the organization of that account
	ServicePrincipal       // an AWS service that acts for itself
	CustomerAccount        // for whom such a service acts: an account
	CustomerARN            // ... a resource
	CustomerOrg            // ... an organization
	CustomerOrgPath        // ... a path in it
	Owner                  // the key's owner, or the key
)

// Where reports whether the value tells networks apart, not callers.
func (n Names) Where() bool { return NetworkAddress <= n && n <= NetworkOrg }

// Customer reports whether the value names for whom a service acts.
func (n Names) Customer() bool { return CustomerAccount <= n && n <= CustomerOrgPath }

// A Case says what holds of a key in some kinds of requests. The first case
// of a row that covers a request counts; where none does the key is absent.
type Case struct {
	Callers Callers     // zero: all people, no services
	Paths   Paths       // zero: all
	Creds   Credentials // zero: all
	Actions []string    // full names; nil: all
	Is      Presence
	Values
}

// A Presence says whether requests of one kind carry a key. There are two
// questions, whether some request has it and whether some lacks it, and AWS
// may leave either open.
type Presence uint8

// The answers.
const (
	Never   Presence = iota // no request has it
	Always                  // every request has it
	Chosen                  // the caller, or its account, decides
	MayLack                 // some have it; AWS does not say whether any lacks it
	MayHave                 // some lack it; AWS does not say whether any has it
	Unsaid                  // AWS says neither
)

// Without returns patterns of the values that no case of the row has.
func (r *Row) Without() []string {
	for i := range r.Cases {
		if not := r.Cases[i].Not; not != nil {
			return not
		}
	}
	return nil
}

// Undocumented reports whether AWS leaves something open.
func (p Presence) Undocumented() bool { return p >= MayLack }

// Callers is a set of kinds of callers.
type Callers uint8

// The kinds of callers.
const (
	Role    Callers = 1 << iota // a session of a role
	User                        // an IAM user
	Root                        // an account's root user
	Fed                         // a session that GetFederationToken made
	Service                     // an AWS service that acts for itself

	People = Role | User | Root | Fed
	Anyone = People | Service
)

// Paths is a set of ways into KMS.
type Paths uint8

// The ways into KMS.
const (
	Public   Paths = 1 << iota // over a public endpoint
	Endpoint                   // through a VPC endpoint
	Via                        // by an AWS service on the caller's behalf (forward access session)
	MCP                        // by an AWS-managed MCP server on the caller's behalf

	Direct  = Public | Endpoint
	Through = Via | MCP
)

// Credentials says which credentials a case is about.
type Credentials uint8

// The credentials; the zero value is any.
const (
	AnyCredentials Credentials = iota
	Temporary
	LongTerm
)

// Values says what a present key holds. At most one of the ways to say it is
// used: texts, shapes, numbers, addresses, or the instant of the request. None
// is for keys whose values those of another key in their group decide.
type Values struct {
	// Of lists the values; more than one is a choice.
	Of []string
	// Shapes describe text; see [Shape]. The first is the plainest.
	Shapes []string
	// MaybeOf and MaybeShapes are more values, of which AWS does not say
	// whether they occur.
	MaybeOf     []string
	MaybeShapes []string
	// Doubtful are values of the Shapes of which AWS does not say whether
	// they occur.
	Doubtful []string
	// Not are patterns of values of the Shapes that do not occur.
	Not []string
	// Lo and Hi bound whole numbers; with FromNow they are seconds counted
	// from the instant of the request.
	Numbers, FromNow bool
	Lo, Hi           int64
	Addresses        Addresses
	Now              bool // the instant of the request
	// Fact is what the key, the resource, fixes. Where it is not known the
	// other values count.
	Fact Fact
	// First is a pleasant value of the shapes.
	First string
	// Known are values that are sure to occur, when others of the Shapes need
	// not: names of AWS services. nil: all occur. {keyregion} and {partition}
	// are filled in here as in First.
	Known []string

	shapes, maybeShapes []Shape
}

// Addresses says which addresses a key can hold.
type Addresses uint8

// The sets of addresses; the zero value is for keys that hold none.
const (
	NoAddresses     Addresses = iota
	PublicAddresses           // what aws:SourceIp can hold
	AllAddresses
	IPv4Addresses
)

// Fact is a set of facts of the key, the resource.
type Fact uint16

// The facts.
const (
	FactRegion Fact = 1 << iota
	FactOwner
	FactOrg
	FactOrgPath // never known
	FactTags
	FactSpec
	FactUsage
	FactOrigin
	FactMultiRegion
	FactKeyType // primary or replica; follows from FactMultiRegion in part
	FactAliases
)

// Tie is a key's part in a group of keys that depend on each other. Those of
// TieAccount to TieOrgPaths are the caller's own.
type Tie uint8

// The parts; the zero Tie is for keys that stand alone.
const (
	TieNone Tie = iota
	TieAccount
	TieARN
	TieUserID
	TieOrgID
	TieOrgPaths
	TieUsername
	TieVpc
	TieVpcARN
	TieVpceOrgID
	TieVpceOrgPaths
	TieCalled
	TieCalledFirst
	TieCalledLast
	TieContext
	TieContextKeys
	TieMFA
	TieMFAAge
	TieSpec
	TieUsage
	TieAlgorithm
	TieMessage
	TieConstraint
	TieSourceIP
	TieTime
	TieOwner
	TieOwnerOrg
	TieOwnerOrgPaths
	TieBuild
	TieProject
	TieService
	TieGrantOps
	Ties // how many there are
)

// Say is what people read of a key in an explanation.
type Say struct {
	// Absent says why a request lacks the key; the first that covers the
	// request counts.
	Absent []Sentence
	// Present says why a present key keeps the caller out of nothing; %s is
	// the value. Shared, Network and Negated replace it, when they are set,
	// for a verdict of shared or network, and under a negated operator.
	Present, Shared, Network, Negated string
}

// A Sentence is a text for some kinds of requests.
type Sentence struct {
	Paths Paths       // zero: all
	Creds Credentials // zero: all
	Text  string
}
