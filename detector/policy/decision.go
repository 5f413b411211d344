package policy

import "time"

// A Decision is the answer to a Question.
type Decision struct {
	// Verdict is the worst over the encrypt class.
	Verdict Verdict
	// Grants has one entry for each action of the encrypt class that outsiders
	// reach, in the order of EncryptActions; empty when the verdict is private.
	Grants []Grant
	// Undecided names what kept the decision open. It may stand beside Grants:
	// then the grants are sure and something worse was not ruled out.
	Undecided []Open
	// TooIntricate says that the bound of work, or Question.Stop, cut the
	// decision short. Then it may be worse than the verdict says, up to public.
	TooIntricate bool
	// Others are the actions outside the encrypt class that strangers reach.
	// They never decide the verdict.
	Others []Grant
	// Services are service principals that the policy lets in.
	Services []ServiceGrant
	// Future is set when a later instant has a worse verdict than At; nil when none.
	Future *Exposure
	// Flags say what the decision turned on, sorted, without repetition.
	Flags []Flag
	// Statements has one entry a statement: what it does about outsiders. Nil
	// unless the question asked for it.
	Statements []StatementNote
}

// A Flag names something that a reader of the decision should know.
type Flag string

// The flags; policy/semantics names are kept.
const (
	FlagServicePrincipal Flag = "service-principal"       // a service principal is let in, or the policy asks for one
	FlagViaService       Flag = "via-service"             // strangers get in only through an AWS service that acts for them
	FlagOrgNamed         Flag = "org-named"               // a named organization or organization path gets in
	FlagNetworkNamed     Flag = "network-named"           // a named network gets in
	FlagFutureExposure   Flag = "future-exposure"         // a later instant is worse
	FlagKeyDependent     Flag = "key-dependent"           // unknown facts of the key were taken at their worst
	FlagUniqueIDUnknown  Flag = "unique-id-owner-unknown" // a unique id is named; its account is not in the text
	FlagAmbiguous        Flag = "ambiguous"               // AWS does not document a construct that the answer turned on
)

// A Grant is an action that outsiders reach, with the proof.
type Grant struct {
	Action     string         // "kms:Encrypt"
	Audience   Verdict        // Public, Network or Shared; never another
	Statements []StatementRef // the Allow statements that let the witness in
	Named      []string       // for Network and Shared: the named networks, accounts, organizations, ARNs; sorted
	Witness    Request        // Allows answers Yes to it
	Why        []string       // one sentence a line, for people
}

// A StatementRef names a statement of the document.
type StatementRef struct {
	Index int    `json:"index"` // from 0
	Sid   string `json:"sid"`
}

// An Open names a construct that kept a decision open.
type Open struct {
	Statement StatementRef // Index -1 when it is not one statement
	Reason    string
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
	Effect    Effect
	Opens     Verdict // what the statement alone would open: Private for a Deny or when it opens nothing
	Why       string  // a sentence
}

// EncryptActions returns the encrypt class: the actions with which a caller
// makes ciphertext that only this key opens, and CreateGrant, which hands them on.
func EncryptActions() []string {
	return []string{
		"kms:Encrypt",
		"kms:GenerateDataKey",
		"kms:GenerateDataKeyWithoutPlaintext",
		"kms:GenerateDataKeyPair",
		"kms:GenerateDataKeyPairWithoutPlaintext",
		"kms:ReEncryptTo",
		"kms:CreateGrant",
	}
}
