package load

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"regexp"
	"strings"
	"unicode/utf16"
	"unicode/utf8"

	"github.com/kmsentry/kmsentry/detector/policy"
	"github.com/kmsentry/kmsentry/detector/policy/kmsapi"
)

// A Scope is what the caller knows about where a template will be deployed. In the zero
// Scope nothing is known.
type Scope struct {
	Account    string            // AWS::AccountId, 12 digits; "" when unknown
	Region     string            // AWS::Region; "" when unknown
	Partition  string            // AWS::Partition; "" when unknown
	Parameters map[string]string // values of template parameters, by name
	Defaults   bool              // use the default of a parameter that is not in Parameters
	Imports    map[string]string // values of exports for Fn::ImportValue, by name
	References map[string]string // values of dynamic references, by their text including the braces
}

// A Document is one key policy, or one grant, in an input.
type Document struct {
	// Place is the key inside the input: a logical id or a Terraform address; ""
	// when the input is the policy itself.
	Place string
	// Readings has the policies that the document can turn out to have. A single
	// reading without open values is exact. There is none when nothing is known
	// about the policy (see Unknown), when there is no policy (see Default), and
	// when it could not be read (see Err).
	Readings []Reading
	// Unknown has the values that are not known; empty when the reading is exact.
	Unknown []Unknown
	// Turns has, for each condition that the policy uses, the unknown values on
	// which it depends, by the names that Unknown uses.
	Turns map[string][]string
	// Parameters has the names of the template's parameters.
	Parameters []string
	// Default is set when the key is created without a policy: AWS then attaches
	// its default policy, which names only the owner's account.
	// Source: KMS Developer Guide, key-policy-default.html.
	Default bool
	// Never is the condition of the template that keeps the key from ever being
	// created; "" when the key can be created.
	Never string
	// Bypass is set when the lockout check is, or may be, switched off for the key:
	// then its policy says nothing about who owns it.
	Bypass bool
	// Grant is set when the document is a grant on a key instead of a key policy.
	Grant *Grant
	// Accept is the resource's Metadata.kmsentry.accept; nil when there is none.
	Accept *Accept
	// Notes says how anything odd was treated, one sentence each.
	Notes []string
	// Err is why this document could not be read; it does not affect the others in
	// the input.
	Err error

	Account  string          // the owner, 12 digits; "" when the input does not say
	StandsIn bool            // Account is a made-up id used for AWS::AccountId
	KeyARN   string          // "" when unknown
	Key      kmsapi.KeyFacts // what the input says about the key

	At         Region   // where the policy is in the input
	Statements []Region // where each statement is; empty when they cannot be distinguished
}

// Exact reports whether the policy is fully known.
func (d *Document) Exact() bool {
	return len(d.Unknown) == 0 && len(d.Readings) == 1
}

// An Accept is what the author of a template accepts about a key, as written.
type Accept struct{ Verdict, Reason, Expires string }

// A Reading is one policy that a document can turn out to have: its text, with marks for
// the values that are not known, for policy.ParseOpen. The statements have the same indexes
// in all readings.
type Reading struct {
	Text []byte
	Open []policy.Unknown // nil when everything is known
}

// An Unknown is a value that is known only at deployment.
type Unknown struct {
	Statement int    // index, from 0; -1 when it is not in one statement
	Sid       string // of the statement; "" when absent
	// Path is the path inside the statement, e.g. "Principal.AWS[1]", or otherwise
	// inside the key, e.g. "KeyPolicy"; "" for a condition of the template.
	Path string
	What string // the construct, e.g. `!Ref Partner`, "condition IsProd"
}

// A Region is a range in the input. Lines and columns, in characters, are counted from 1;
// 0 is unknown.
type Region struct {
	Line, Column       int
	EndLine, EndColumn int
}

// MaxSize is the largest input that Documents reads, in bytes. Plans of large Terraform
// configurations reach tens of megabytes.
const MaxSize = 64 << 20

// Documents returns the key policies in data. An error means that there is none to judge;
// a fault in a single one is in its Err. A UTF-8 byte order mark at the start is ignored.
func Documents(data []byte, scope Scope) ([]Document, error) {
	data = bytes.TrimPrefix(data, []byte("\xef\xbb\xbf"))
	if err := checkText(data); err != nil {
		return nil, err
	}
	trimmed := bytes.TrimSpace(data)
	switch trimmed[0] {
	case '{', '[', '"':
		return fromJSON(data, trimmed, scope)
	default:
		return fromYAML(data, scope)
	}
}

// checkText returns an error unless data is UTF-8 text of an acceptable size. The error
// says what the data is.
func checkText(data []byte) error {
	switch {
	case len(data) > MaxSize:
		return fmt.Errorf("expected at most %d MiB, found more", MaxSize>>20)
	case len(bytes.TrimSpace(data)) == 0:
		return errors.New("expected a key policy, found an empty file")
	case IsUTF16(data):
		return errors.New("expected UTF-8, found UTF-16; convert it with iconv -f UTF-16 -t UTF-8")
	case bytes.IndexByte(data, 0) >= 0, !utf8.Valid(data):
		return errors.New("expected UTF-8 text, found " + binary(data))
	}
	return nil
}

// IsUTF16 reports whether data is probably UTF-16: it begins with a byte order mark, or
// with a character that begins JSON.
func IsUTF16(data []byte) bool {
	switch {
	case len(data) < 2:
		return false
	case bytes.HasPrefix(data, []byte("\xff\xfe")), bytes.HasPrefix(data, []byte("\xfe\xff")):
		return true
	}
	for _, u := range utf16.Encode([]rune("{[\"")) {
		if (data[0] == byte(u) && data[1] == 0) || (data[0] == 0 && data[1] == byte(u)) { // #nosec G115 -- u is an ASCII character
			return true
		}
	}
	return false
}

// textTail matches what aws kms get-key-policy --output text prints after the policy: a
// tab and the policy's name.
var textTail = regexp.MustCompile(`\}\s*\tdefault$`)

func fromJSON(data, trimmed []byte, scope Scope) ([]Document, error) {
	if at := textTail.FindIndex(trimmed); at != nil {
		trimmed = trimmed[:at[0]+1]
		data = data[:bytes.Index(data, trimmed)+len(trimmed)]
	}
	root, err := parseJSON(data)
	if errors.Is(err, errMore) {
		if docs, err, is := fromStream(data, scope); is {
			return docs, err
		}
	}
	if err != nil {
		if bare(trimmed) {
			return []Document{bareDocument(trimmed, nil)}, nil // the error of policy.Parse is better
		}
		return nil, err
	}
	switch root.kind {
	case textKind: // --query Policy --output json
		return []Document{quotedDocument(root, root)}, nil
	case objectKind:
		return fromObject(root, trimmed, scope)
	default:
		return nil, unrecognized("expected a key policy, an answer of get-key-policy, a template or a plan, found a list at line %d%s", root.at.Line, guess(root))
	}
}

// bare reports whether text that is not JSON was probably meant as a key policy.
func bare(text []byte) bool {
	return bytes.Contains(text, []byte(`"Statement"`)) && !bytes.Contains(text, []byte(`"Resources"`)) &&
		!bytes.Contains(text, []byte(`"format_version"`))
}

// fromObject reads an object, whose format it recognizes by the members of the top level.
func fromObject(root *node, trimmed []byte, scope Scope) ([]Document, error) {
	var found []string
	if root.hasFold("Statement") {
		found = append(found, "a key policy (Statement)")
	}
	if root.has("Resources") {
		found = append(found, "a template (Resources)")
	}
	if p := root.get("Policy"); p != nil {
		found = append(found, "an answer of get-key-policy (Policy)")
	}
	if root.has("configuration") && strings.HasPrefix(root.str("resourceType"), "AWS::") || root.has("configurationItem") || root.has("configurationItems") {
		found = append(found, "an item of AWS Config (configuration)")
	}
	if root.has("lineage") && root.has("serial") {
		return nil, unrecognized("expected the output of terraform show -json, found Terraform's raw state; run terraform show -json > state.json and check that")
	}
	if root.has("format_version") || root.has("planned_values") || root.has("resource_changes") {
		found = append(found, "terraform show -json (format_version)")
	}
	if root.has("eventSource") || root.has("detail-type") || root.has("detail") || root.has("Records") {
		found = append(found, "an event")
	}
	if len(found) > 1 {
		return nil, fmt.Errorf("expected one format, found members of %s", strings.Join(found, " and of "))
	}
	switch {
	case root.hasFold("Statement"):
		return []Document{bareDocument(trimmed, root)}, nil
	case root.has("Resources"):
		return fromTemplate(root, scope)
	case root.has("Policy"):
		return fromAnswer(root)
	case len(found) == 1 && strings.HasPrefix(found[0], "an item"):
		return fromConfig(root)
	case len(found) == 1 && found[0] != "an event":
		return fromTerraform(root)
	case len(found) == 1:
		return nil, unrecognized("expected a key policy, found an event or CloudTrail record; run kmsentry invoke FILE, and kmsentry hunt FILE for log files")
	case strings.HasSuffix(root.str("Version"), "-10-17"):
		return []Document{bareDocument(trimmed, root)}, nil // for policy.Parse to say what is missing
	default:
		return nil, unrecognized("expected a key policy, an answer of get-key-policy, a template or a plan, found an object with %s%s", names(root), guess(root))
	}
}

// names returns a text that lists the first members of an object, for an error.
func names(n *node) string {
	if len(n.members) == 0 {
		return "no members"
	}
	var list []string
	for i, m := range n.members {
		if i == 4 {
			list = append(list, "...")
			break
		}
		list = append(list, fmt.Sprintf("%.40q", m.name))
	}
	return "members " + strings.Join(list, ", ")
}

// bareDocument returns the document of an input that is the policy itself. root is its
// tree; nil when it is not JSON.
func bareDocument(text []byte, root *node) Document {
	d := Document{Readings: []Reading{{Text: text}}, At: Region{Line: 1, Column: 1}}
	if root != nil {
		d.At, d.Statements = root.at, statementRegions(root)
	}
	return d
}

// statementRegions returns where a policy's statements are.
func statementRegions(root *node) []Region {
	st := root.get("Statement")
	if st == nil {
		return nil
	}
	if st.kind != listKind {
		return []Region{st.at}
	}
	var rs []Region
	for _, s := range st.items {
		rs = append(rs, s.at)
	}
	return rs
}

// quotedDocument returns the document of a policy inside a JSON string, at the position of
// n.
func quotedDocument(s, n *node) Document {
	text := []byte(strings.TrimSpace(s.text))
	if len(text) == 0 {
		return Document{Err: errors.New("member Policy: expected a key policy, found an empty string"), At: n.at}
	}
	return Document{Readings: []Reading{{Text: text}}, At: n.at}
}

// fromAnswer reads the output of aws kms get-key-policy, or the input of put-key-policy
// --cli-input-json.
func fromAnswer(root *node) ([]Document, error) {
	if err := root.duplicate(); err != nil {
		return nil, err
	}
	p := root.get("Policy")
	if p.kind != textKind {
		return nil, fmt.Errorf("member Policy: expected a string with the key policy, found %s at line %d", p.kind, p.at.Line)
	}
	d := quotedDocument(p, p)
	if id := root.get("KeyId"); id != nil && keyARN.MatchString(id.text) {
		d.KeyARN = id.text
	}
	return []Document{d}, nil
}

// keyARN matches the ARN of a KMS key.
var keyARN = regexp.MustCompile(`^arn:[a-z-]+:kms:[a-z0-9-]+:[0-9]{12}:key/[A-Za-z0-9-]+$`)

// quote returns s as a JSON string.
func quote(s string) []byte {
	var buf bytes.Buffer
	enc := json.NewEncoder(&buf)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(s); err != nil {
		return []byte(`""`) // strings always encode
	}
	return bytes.TrimSuffix(buf.Bytes(), []byte("\n"))
}
