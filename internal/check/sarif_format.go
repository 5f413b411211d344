package check

import (
	"github.com/kmsentry/kmsentry/detector/policy/decide"
)

// A sarifLog has the parts of SARIF 2.1.0 that kmsentry writes.
// Source: docs.oasis-open.org/sarif/sarif/v2.1.0; the properties that GitHub
// reads: docs.github.com, "SARIF support for code scanning".
type sarifLog struct {
	Schema  string     `json:"$schema"`
	Version string     `json:"version"`
	Runs    []sarifRun `json:"runs"`
}

type sarifRun struct {
	Tool        sarifTool         `json:"tool"`
	Invocations []sarifInvocation `json:"invocations"`
	ColumnKind  string            `json:"columnKind"`
	Results     []sarifResult     `json:"results"`
}

type sarifTool struct {
	Driver sarifDriver `json:"driver"`
}

type sarifDriver struct {
	Name           string      `json:"name"`
	Version        string      `json:"version"`
	InformationURI string      `json:"informationUri"`
	Rules          []sarifRule `json:"rules"`
}

type sarifRule struct {
	ID               string       `json:"id"`
	Name             string       `json:"name"`
	ShortDescription sarifMessage `json:"shortDescription"`
	FullDescription  sarifMessage `json:"fullDescription"`
	Help             sarifMessage `json:"help"`
	HelpURI          string       `json:"helpUri"`
	Default          sarifDefault `json:"defaultConfiguration"`
	Properties       sarifBag     `json:"properties"`
}

type sarifDefault struct {
	Level string `json:"level"`
}

type sarifBag struct {
	Precision        string   `json:"precision"`
	SecuritySeverity string   `json:"security-severity"`
	Tags             []string `json:"tags"`
}

type sarifMessage struct {
	Text string `json:"text"`
}

type sarifResult struct {
	RuleID       string             `json:"ruleId"`
	RuleIndex    int                `json:"ruleIndex"`
	Level        string             `json:"level"`
	Message      sarifMessage       `json:"message"`
	Locations    []sarifLocation    `json:"locations"`
	Related      []sarifLocation    `json:"relatedLocations,omitempty"`
	Fingerprints map[string]string  `json:"partialFingerprints"`
	Suppressions []sarifSuppression `json:"suppressions,omitempty"`
}

type sarifSuppression struct {
	Kind          string `json:"kind"`
	Status        string `json:"status"`
	Justification string `json:"justification"`
}

type sarifLocation struct {
	ID       *int           `json:"id,omitempty"`
	Physical sarifPhysical  `json:"physicalLocation"`
	Logical  []sarifLogical `json:"logicalLocations,omitempty"`
	Message  *sarifMessage  `json:"message,omitempty"`
}

type sarifLogical struct {
	FullyQualifiedName string `json:"fullyQualifiedName"`
	Kind               string `json:"kind"`
}

type sarifPhysical struct {
	Artifact sarifArtifact `json:"artifactLocation"`
	Region   *sarifRegion  `json:"region,omitempty"`
}

type sarifArtifact struct {
	URI       string `json:"uri"`
	URIBaseID string `json:"uriBaseId,omitempty"`
}

type sarifRegion struct {
	StartLine   int `json:"startLine"`
	StartColumn int `json:"startColumn,omitempty"`
	EndLine     int `json:"endLine,omitempty"`
	EndColumn   int `json:"endColumn,omitempty"`
}

type sarifInvocation struct {
	Successful    bool                `json:"executionSuccessful"`
	ExitCode      int                 `json:"exitCode"`
	Notifications []sarifNotification `json:"toolExecutionNotifications"`
}

type sarifNotification struct {
	Level     string          `json:"level"`
	Message   sarifMessage    `json:"message"`
	Locations []sarifLocation `json:"locations"`
}

func ruleID(v decide.Verdict) string { return "kms-key-" + v.String() }

// The rules that do not belong to a verdict.
const (
	lockedRule  = "kms-key-locked"
	guardedRule = "kms-key-rcp-only"
)

// sarifRules returns one rule per verdict, the worst first, except for private, and the
// rules that do not belong to a verdict. GitHub shows a security-severity over 9.0 as
// critical, 7.0 to 8.9 as high, and 4.0 to 6.9 as medium.
func sarifRules() []sarifRule {
	rule := func(id, name, short, full, fix, level, precision, severity string) sarifRule {
		return sarifRule{
			ID: id, Name: name,
			ShortDescription: sarifMessage{short}, FullDescription: sarifMessage{full}, Help: sarifMessage{fix},
			HelpURI: "https://github.com/kmsentry/kmsentry/blob/main/docs/check.md", Default: sarifDefault{level},
			Properties: sarifBag{precision, severity, []string{"security", "aws", "kms", "external/cwe/cwe-732", "external/mitre/T1486"}},
		}
	}
	return []sarifRule{
		rule(ruleID(decide.Public), "PublicKMSKey", "KMS key open to everyone",
			"The key policy lets principals of any AWS account use this key; the message says for what. With a key that anyone can encrypt under, an intruder in a bucket can lock its objects so that only the key's owner can unlock them (MITRE ATT&CK T1486); with a key that anyone can decrypt or sign with, data and signatures are no longer the owner's alone.",
			"Name the accounts or the organization that need the key in Principal, or add a condition on kms:CallerAccount or aws:PrincipalOrgID that applies to every caller. kmsentry check --explain says why the present conditions do not suffice.",
			"error", "very-high", "9.3"),
		rule(ruleID(decide.Network), "NetworkKMSKey", "KMS key open to everyone in a named network",
			"The key policy lets principals of any AWS account encrypt, decrypt or sign with this key when they call from a named network, VPC or VPC endpoint.",
			"Name the accounts or the organization in the policy as well: a network says where a call comes from, not who makes it.",
			"warning", "very-high", "7.5"),
		rule(ruleID(decide.Undecided), "UndecidedKMSKey", "KMS key policy could not be decided",
			"Whether the key policy keeps outsiders out depends on something that is not known here.",
			"The message names the value or the construct. Use --parameter, --account and --key-arn for values that a template leaves open.",
			"warning", "medium", "5.0"),
		rule(ruleID(decide.Shared), "SharedKMSKey", "KMS key shared with named outsiders",
			"The key policy lets accounts or organizations that it names encrypt, decrypt or sign with this key.",
			"If they are yours, name them with --trusted-account or --trusted-org. If nobody knows them, remove them.",
			"note", "very-high", "3.0"),
		rule(lockedRule, "LockedKMSKey", "KMS key that its owner cannot manage",
			"The key policy lets nobody in the owner's account change it again, not even the root user. Once it is in force, only AWS Support can undo that.",
			"Allow kms:* to the owner's account, as AWS's default key policy does, and let no Deny stop kms:PutKeyPolicy for the account's administrators.",
			"error", "very-high", "8.5"),
		rule(guardedRule, "GuardedKMSKey", "KMS key closed only by a resource control policy",
			"The key policy lets outsiders in; only a resource control policy of the organization keeps them out.",
			"Close the key policy as well: a resource control policy can be detached, and the account can leave the organization.",
			"note", "very-high", "3.0"),
	}
}
