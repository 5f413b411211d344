package decide

import (
	"time"

	"github.com/kmsentry/kmsentry/detector/policy"
	"github.com/kmsentry/kmsentry/detector/policy/evaluate"
	"github.com/kmsentry/kmsentry/detector/policy/kmsapi"
)

// A Decision is the answer to a Question.
type Decision struct {
	// Verdict is the worst of the classes that decide: encrypt and use. Least is how far
	// outsiders get in for sure, Most how far is not ruled out: where AWS leaves
	// something open, or the budget ran out, Most is worse than Least. Equal
	// ones are the verdict; else it is Undecided between them.
	Verdict, Least, Most Verdict
	// Classes has the same for each class of actions.
	Classes Classes
	// Owner says who of the owner's account keeps the key.
	Owner Owner
	// Grants has one entry for each action of the classes encrypt and use that
	// outsiders reach, in the order of Actions; empty when none is reached for
	// sure. CreateGrant has one for each class of which it can grant an operation.
	Grants []Grant
	// Undecided names what kept the classes encrypt and use open. It may come with
	// Grants: then the grants are sure and something worse was not ruled out.
	Undecided []Doubt
	// Unknown lists the unknown parts of the policy that the verdict or the
	// verdict of the class encrypt or use turns on; nil when all is known, or
	// when what is not known does not matter.
	Unknown []UnknownPart
	// TooIntricate says that the bound of work, or Question.Stop, cut the
	// decision short: of the verdict, or of Future.
	TooIntricate bool `json:",omitempty"`
	// Others are the same for the classes that do not decide: other.
	Others []Grant
	// Services are service principals that the policy lets in.
	Services []ServiceGrant
	// Future is set when a later instant has a worse verdict than At; nil when none.
	Future *Exposure
	// Unguarded is the decision about the key policy alone, when the resource
	// control policies of the question change the classes or the owner; nil
	// when they do not.
	Unguarded *Decision
	// Opens are the Allow statements by which outsiders surely get as far as
	// Least, each by itself. Nil when Least is private, when it takes several
	// statements together, and when the question did not ask for it.
	Opens []StatementRef `json:",omitempty"`
	// Steps is the work that the decision took; see MaxSteps.
	Steps int `json:"-"`
	// Flags say what the decision turned on, sorted, without repetition.
	Flags []Flag
	// Statements has one entry per statement: what it does about outsiders. Nil
	// unless the question asked for it.
	Statements []StatementNote
}

// An Owner says who of the key owner's account keeps the key.
type Owner struct {
	// Manage is about changing the key policy (kms:PutKeyPolicy), Decrypt about
	// kms:Decrypt. Both are undecided when the owner is not known.
	Manage, Decrypt Access
	// ManageBlame and DecryptBlame say why an access is not AccessYes. Their
	// statement is the Deny that locks the account out; its Index is -1 when
	// there is none, such as when no Allow names the account.
	ManageBlame, DecryptBlame Doubt
	// Named are the principals that can change the policy when Manage is
	// AccessNamed; sorted.
	Named []string
	// Witness is a request of the owner's account for kms:PutKeyPolicy that the
	// policy allows; nil unless Manage is AccessYes or AccessNamed.
	Witness *evaluate.Request
}

// An Access says who of the owner's account may use an action. The zero Access
// is AccessUndecided.
type Access int

// The accesses, as in JSON: undecided, no, named, yes, n/a.
const (
	AccessUndecided     Access = iota // not decided
	AccessNo                          // nobody of the account
	AccessNamed                       // only principals whom the policy lists, while they exist
	AccessYes                         // the account, through its IAM policies
	AccessNotApplicable               // the key's usage has no such action
)

// A Flag names something that a reader of the decision should know.
type Flag string

// The flags; policy/semantics names are kept.
const (
	FlagServicePrincipal Flag = "service-principal"       // a service principal is let in, or the policy asks for one
	FlagViaService       Flag = "via-service"             // strangers get in only through an AWS service that acts for them
	FlagOrgNamed         Flag = "org-named"               // a named organization or organization path gets in
	FlagNetworkNamed     Flag = "network-named"           // a named network gets in
	FlagFutureExposure   Flag = "future-exposure"         // a later instant is worse
	FlagKeyDependent     Flag = "key-dependent"           // for unknown facts of the key the worst was assumed
	FlagUniqueIDUnknown  Flag = "unique-id-owner-unknown" // a unique id is named; its account is not in the text
	FlagAmbiguous        Flag = "ambiguous"               // AWS does not document a construct that the answer turned on
	FlagUnknownPart      Flag = "unknown-part"            // the answer turned on a part of the policy that is not known
)

// A Grant is an action that outsiders reach, with the proof.
type Grant struct {
	Class      kmsapi.Class     // the class that the action belongs to, or for CreateGrant an operation of the grant
	Action     string           // "kms:Encrypt"
	Audience   Verdict          // Public, Network or Shared; never another
	Statements []StatementRef   // the Allow statements that let the witness in
	Named      []string         // for Network and Shared: the named networks, accounts, organizations, ARNs; sorted
	Witness    evaluate.Request // Allows answers Yes to it, or Allows of Policy.Apart does
	Why        []string         // one sentence per line, for people
}

// A StatementRef names a statement of the document.
type StatementRef struct {
	Index int    `json:"index"` // from 0
	Sid   string `json:"sid"`
}

// A Doubt names a construct that kept a decision open.
type Doubt struct {
	Statement StatementRef // Index -1 when it is not one statement
	Reason    string
}

// An UnknownPart is a part of the policy that is not known.
type UnknownPart struct {
	Statement StatementRef // Index -1 when it is not one statement
	Path      string       // "Statement[1].Principal.AWS"
	Line      int          // in the text, from 1; 0 when only the caller can tell
	Name      string       // what the caller of ParsePartial calls it; "" for text that cannot be read
	Reason    string       // why it is not known
}

// A ServiceGrant is an AWS service principal that may use an action of the
// encrypt class for itself.
type ServiceGrant struct {
	Service        string // "cloudtrail.amazonaws.com"
	Statement      StatementRef
	ConfusedDeputy bool // no condition pins the customer for whom the service calls
}

// An Exposure is a later instant with a worse verdict.
type Exposure struct {
	At      time.Time
	Verdict Verdict
}

// A StatementNote says what one statement does about outsiders and the encrypt class.
type StatementNote struct {
	Statement StatementRef
	Effect    policy.Effect
	Opens     Verdict // what the statement alone would open: Private for a Deny or when it opens nothing
	Why       string  // a sentence
}
