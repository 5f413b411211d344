package decide

import (
	"time"

	"github.com/kmsentry/kmsentry/detector/policy"
	"github.com/kmsentry/kmsentry/detector/policy/evaluate"
	"github.com/kmsentry/kmsentry/detector/policy/kmsapi"
)

// A Decision is the answer to a Question.
type Decision struct {
	// Verdict is the worst verdict of the classes encrypt and use. Least is how
	// far outsiders certainly get in, Most how far is not ruled out. If they are
	// equal, Verdict is the same. Otherwise, because AWS leaves something open, a
	// part of the policy is unknown or the budget ran out, Most is worse and
	// Verdict is Undecided.
	Verdict, Least, Most Verdict
	// Classes has the same for each class of actions.
	Classes Classes
	// Owner says who in the owner's account keeps access to the key.
	Owner Owner
	// Grants has one entry for each action of the classes encrypt and use that
	// outsiders certainly reach, in the order of kmsapi.Weighty. CreateGrant has
	// one for each of the classes of which a grant can carry an operation.
	Grants []Grant
	// Undecided says what kept the classes encrypt and use open. If there are
	// Grants as well, these are certain and something worse was not ruled out.
	Undecided []Doubt
	// Unknown lists the unknown parts of the policy on which the verdict of the
	// class encrypt or use turns; nil if there are none.
	Unknown []UnknownPart
	// TooIntricate says that the bound of work, or Question.Stop, cut the
	// decision about the verdict or Future short.
	TooIntricate bool `json:",omitempty"`
	// Others is like Grants, for the class other.
	Others []Grant
	// Services lists the service principals that the policy lets in.
	Services []ServiceGrant
	// Future is the first later instant found with a worse verdict; nil if there
	// is none.
	Future *Exposure
	// Unguarded is the decision about the key policy alone, if the resource
	// control policies of the question change the classes or the owner; else nil.
	Unguarded *Decision
	// Opens lists the Allow statements each of which lets outsiders get as far
	// as Least by itself. It is nil if Least is private, if it takes several
	// statements together, or if the question did not set Blame.
	Opens []StatementRef `json:",omitempty"`
	// Steps is the work that the decision took; see MaxSteps.
	Steps int `json:"-"`
	// Flags says what the decision turned on, sorted and without duplicates.
	Flags []Flag
	// Statements says what each statement does about outsiders, one entry per
	// statement. It is nil if the question did not set Explain.
	Statements []StatementNote
}

// An Owner says who in the key owner's account keeps access to the key.
type Owner struct {
	// Manage is about changing the key policy (kms:PutKeyPolicy), Decrypt about
	// kms:Decrypt. Both are undecided if the owner is not known.
	Manage, Decrypt Access
	// ManageBlame and DecryptBlame say why an access is not AccessYes, and which
	// statement is to blame, such as the Deny that locks the account out. The
	// statement's Index is -1 if there is none, such as when no Allow names the
	// account.
	ManageBlame, DecryptBlame Doubt
	// Named lists the principals that can change the policy if Manage is
	// AccessNamed, sorted; else nil.
	Named []string
	// Witness is a request of the owner's account for kms:PutKeyPolicy that the
	// policy allows; nil unless Manage is AccessYes or AccessNamed.
	Witness *evaluate.Request
}

// An Access says who in the owner's account may use an action. The zero Access
// is AccessUndecided.
type Access int

// The accesses, as in JSON: undecided, no, named, yes, n/a.
const (
	AccessUndecided     Access = iota // not decided
	AccessNo                          // nobody in the account
	AccessNamed                       // only principals that the policy lists, while they exist
	AccessYes                         // the account, through its IAM policies
	AccessNotApplicable               // the key's usage has no such action
)

// A Flag names something that a reader of the decision should know.
type Flag string

// The flags.
const (
	FlagServicePrincipal Flag = "service-principal"       // the policy lets a service principal in or tests for one
	FlagViaService       Flag = "via-service"             // strangers get in only through an AWS service that acts for them
	FlagOrgNamed         Flag = "org-named"               // a named organization or organization path gets in
	FlagNetworkNamed     Flag = "network-named"           // a named network gets in
	FlagFutureExposure   Flag = "future-exposure"         // a later instant is worse
	FlagKeyDependent     Flag = "key-dependent"           // the worst was assumed of unknown facts of the key
	FlagUniqueIDUnknown  Flag = "unique-id-owner-unknown" // a unique id gets in whose account the policy does not give
	FlagAmbiguous        Flag = "ambiguous"               // the answer turned on a construct that AWS does not document
	FlagUnknownPart      Flag = "unknown-part"            // the answer turned on an unknown part of the policy
)

// A Grant is an action that outsiders reach, with the proof.
type Grant struct {
	Class      kmsapi.Class   // the class that the action belongs to, or for CreateGrant an operation of the grant
	Action     string         // "kms:Encrypt"
	Audience   Verdict        // Public, Network or Shared; never another
	Statements []StatementRef // the Allow statements that let the witness in
	Named      []string       // for Network and Shared: the named networks, accounts, organizations, ARNs; sorted
	// Witness is a request that the policy allows. The evaluator's answer to it
	// is Yes, for the policy or for its Policy.Apart. If the decision turns on
	// the key's unknown ARN, the answer may be Maybe.
	Witness evaluate.Request
	Why     []string // one sentence per line, for people
}

// A StatementRef names a statement of the document.
type StatementRef struct {
	Index int    `json:"index"` // from 0
	Sid   string `json:"sid"`
}

// A Doubt names a construct that kept a decision open.
type Doubt struct {
	Statement StatementRef // Index -1 if it is not one statement
	Reason    string       // for people
}

// An UnknownPart is a part of the policy that is not known.
type UnknownPart struct {
	Statement StatementRef // Index -1 if it is not one statement
	Path      string       // "Statement[1].Principal.AWS"
	Line      int          // in the text, from 1; 0 for a value that the caller left open
	Name      string       // the name that the caller of ParsePartial gave it; "" for text that cannot be read
	Reason    string       // why it is not known
}

// A ServiceGrant is an AWS service principal that may use an action of the
// encrypt class for itself.
type ServiceGrant struct {
	Service        string // "cloudtrail.amazonaws.com", or AnyService
	Statement      StatementRef
	ConfusedDeputy bool // no condition restricts the customer for whom the service calls
}

// An Exposure is a later instant with a worse verdict.
type Exposure struct {
	At      time.Time
	Verdict Verdict
}

// A StatementNote says what one statement does about outsiders and the classes
// encrypt and use.
type StatementNote struct {
	Statement StatementRef
	Effect    policy.Effect
	Opens     Verdict // what the statement alone would open; Private for a Deny or if it opens nothing
	Why       string  // for people; one or two sentences
}
