package condkey

// A Row is what AWS documents about one condition key, or about a family of keys
// whose names differ in a free part.
type Row struct {
	// Name is the documented spelling. For a family it is the fixed part, such as
	// "aws:PrincipalTag/" before the free part or ":sub" after it.
	Name   string
	Old    []string // earlier names of the same key
	Family Family
	// Parts lists the free parts that exist; nil for all that Part allows.
	Parts []string
	// Part is the shape of the free part of a Prefix family, and the prefix of
	// that of a Suffix family; "" for any. No request has a key with another
	// free part.
	Part string
	// Reserved is the prefix of free parts that only AWS assigns; "" for none.
	// AWS does not say whether any request has a key with such a part.
	Reserved string

	Types Types // the types of operators that AWS documents for the key
	Multi bool  // the key holds a set of values
	Tie   Tie   // its role in a group of keys that depend on each other
	Cases []Case
	Names Names // what a value names
	Reads Fact  // the facts of the KMS key on which its values depend
	Say   Say
}

// A Family says where the free part of a name is.
type Family uint8

// The families; the zero Family is a single key.
const (
	Single Family = iota
	Prefix        // Row.Name is a prefix of the keys' names
	Suffix        // Row.Name is a suffix of the keys' names; the free part is a host
)

// Types is a set of types of values. The empty set means that the type is
// unknown: operators of all these types fit it.
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

// Names says what a value names, and so whom a condition that requires one value
// keeps out.
type Names uint8

// What values name. Nobody is for values that a stranger can have as well, so
// that the key keeps no stranger out.
const (
	Nobody           Names = iota
	TheCaller              // the caller's account, principal or organization
	Image                  // what runs in an enclave or instance
	Person                 // a user whose id AWS assigns
	Subject                // somebody whom an identity provider knows
	Audience               // perhaps somebody: with some providers anybody can request an audience
	Issuer                 // the owner of an identity provider of its own
	NetworkAddress         // public addresses
	NetworkID              // a VPC or VPC endpoint
	NetworkAccount         // the account of a VPC endpoint
	NetworkOrg             // the organization of that account
	ServicePrincipal       // an AWS service that calls for itself
	CustomerAccount        // the account for which such a service calls
	CustomerARN            // the resource for which it calls
	CustomerOrg            // the organization for which it calls
	CustomerOrgPath        // an organization path of that
	Owner                  // the KMS key's owner, or the KMS key
)

// Where reports whether a value names a network or its owner rather than a
// caller.
func (n Names) Where() bool { return NetworkAddress <= n && n <= NetworkOrg }

// Customer reports whether a value names the customer for whom a service calls.
func (n Names) Customer() bool { return CustomerAccount <= n && n <= CustomerOrgPath }

// A Case says whether requests of some kinds have a key, and with which values.
// The first case of a row that covers a request applies; if none does, the key
// is absent.
type Case struct {
	Callers Callers     // zero: People, so not services
	Paths   Paths       // zero: all
	Creds   Credentials // zero: all
	Actions []string    // full names; nil: all
	Is      Presence
	Values
}

// A Presence says whether requests of one kind have a key. There are two
// questions, whether some request has it and whether some request lacks it, and
// AWS may leave either open.
type Presence uint8

// The presences.
const (
	Never   Presence = iota // no request has it
	Always                  // every request has it
	Chosen                  // the caller, or the caller's account, decides
	MayLack                 // some have it; AWS does not say whether any lacks it
	MayHave                 // some lack it; AWS does not say whether any has it
	Unsaid                  // AWS does not say whether any has it or any lacks it
)

// Without returns patterns of values that the key never has; nil for none.
func (r *Row) Without() []string {
	for i := range r.Cases {
		if not := r.Cases[i].Not; not != nil {
			return not
		}
	}
	return nil
}

// Undocumented reports whether AWS leaves one of the two questions open.
func (p Presence) Undocumented() bool { return p >= MayLack }

// Callers is a set of kinds of callers.
type Callers uint8

// The kinds of callers.
const (
	Role    Callers = 1 << iota // a session of a role
	User                        // an IAM user
	Root                        // an account's root user
	Fed                         // a session that GetFederationToken created
	Service                     // an AWS service that calls for itself

	People = Role | User | Root | Fed
	Anyone = People | Service
)

// Paths is a set of paths by which requests reach KMS.
type Paths uint8

// The paths.
const (
	Public   Paths = 1 << iota // over a public endpoint
	Endpoint                   // through a VPC endpoint
	Via                        // by an AWS service on the caller's behalf (forward access session)
	MCP                        // by an AWS-managed MCP server on the caller's behalf

	Direct  = Public | Endpoint
	Through = Via | MCP
)

// Credentials says to which credentials a case applies.
type Credentials uint8

// The credentials; the zero value is any.
const (
	AnyCredentials Credentials = iota
	Temporary
	LongTerm
)

// Values describes the values of a present key. It uses at most one of texts,
// shapes, numbers, addresses, and the time of the request. It uses none for a key
// whose values follow from another key in its group, or are not documented.
type Values struct {
	// Of lists the values that can occur.
	Of []string
	// Shapes describes text values; see [Shape]. The plainest shape comes first.
	Shapes []string
	// MaybeOf and MaybeShapes describe further values; AWS does not say whether
	// they occur.
	MaybeOf     []string
	MaybeShapes []string
	// Doubtful lists values of Shapes; AWS does not say whether they occur.
	Doubtful []string
	// Not lists patterns of values of Shapes that do not occur.
	Not []string
	// Numbers says that the values are the whole numbers from Lo to Hi or, with
	// FromNow, the seconds from Lo to Hi after the time of the request.
	Numbers, FromNow bool
	Lo, Hi           int64
	Addresses        Addresses
	Now              bool // the time of the request
	// Fact is the fact of the KMS key that is the value. If it is not known, the
	// other fields describe the value.
	Fact Fact
	// First is a readable value of Shapes; "" for none.
	First string
	// Known lists the values of Shapes that certainly occur, such as the names of
	// AWS services; nil if all do. {keyregion} and {partition} are filled in here
	// and in First.
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

// Fact is a set of facts of the KMS key.
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
	FactKeyType // primary or replica; a single-Region key is neither
	FactAliases
)

// Tie is a key's role in a group of keys that depend on each other. TieAccount to
// TieOrgPaths are for the caller's own keys.
type Tie uint8

// The ties; the zero Tie is for independent keys.
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
	Ties // the number of ties
)

// Say is how explanations for people describe a key.
type Say struct {
	// Absent says why a request lacks the key; the first sentence that covers
	// the request applies.
	Absent []Sentence
	// Present says why a present key does not keep the caller out; %s is the
	// value. Shared and Network replace it, unless they are "", for a verdict of
	// shared or network, and Negated under a negated operator.
	Present, Shared, Network, Negated string
}

// A Sentence is a text about some kinds of requests.
type Sentence struct {
	Paths Paths       // zero: all
	Creds Credentials // zero: all
	Text  string
}
