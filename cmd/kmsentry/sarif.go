package main

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/kmsentry/kmsentry/alert"
	"github.com/kmsentry/kmsentry/detector/policy/decide"
	"github.com/kmsentry/kmsentry/internal/awsid"
	"github.com/kmsentry/kmsentry/internal/load"
	"github.com/kmsentry/kmsentry/internal/version"
)

// The parts of SARIF 2.1.0 that kmsentry writes.
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

// A sarifPrinter collects results and prints one log at the end.
type sarifPrinter struct {
	w, stderr     io.Writer
	folder        string // the working folder, to which file names are made relative
	results       []sarifResult
	notifications []sarifNotification
}

func newSARIF(w, stderr io.Writer) *sarifPrinter {
	folder, err := os.Getwd()
	if err != nil {
		folder = "" // absolute names stay absolute
	}
	return &sarifPrinter{w: w, stderr: stderr, folder: folder, results: []sarifResult{}, notifications: []sarifNotification{}}
}

// document adds the result of one document. A private one has none. A file
// that could not be read is a notification, and a line on standard error,
// because the log usually goes into a file.
func (p *sarifPrinter) document(c checked) error {
	if c.err != nil {
		text := safe(c.source()) + ": " + safe(c.err.Error())
		p.notifications = append(p.notifications, sarifNotification{
			Level: "error", Message: sarifMessage{text}, Locations: []sarifLocation{p.location(c, c.at)},
		})
		_, err := fmt.Fprintln(p.stderr, "kmsentry check:", text)
		return err
	}
	p.add(c, ruleID(c.decision.Verdict), p.message(c), offending(c.decision))
	if c.locked() {
		p.add(c, lockedRule, p.sentences(c, ownerLines(c)...), []decide.StatementRef{c.decision.Owner.ManageBlame.Statement})
	}
	if c.decision.Verdict == decide.Private && guardLine(c.decision) != "" {
		p.add(c, guardedRule, p.sentences(c, guardLine(c.decision)), offending(*c.decision.Unguarded))
	}
	return nil
}

// add adds the result of a rule, if there is one: a private verdict has none.
func (p *sarifPrinter) add(c checked, id, message string, refs []decide.StatementRef) {
	for i, r := range sarifRules() {
		if r.ID == id {
			p.results = append(p.results, p.result(c, i, r, message, refs))
		}
	}
}

func (p *sarifPrinter) result(c checked, rule int, of sarifRule, message string, refs []decide.StatementRef) sarifResult {
	r := sarifResult{RuleID: of.ID, RuleIndex: rule, Level: of.Default.Level, Message: sarifMessage{message}, Locations: []sarifLocation{p.location(c, c.at)}}
	if at, ok := c.line(refs, 0); ok {
		r.Locations = []sarifLocation{p.location(c, at)}
	}
	for i := 1; i < len(refs); i++ {
		if at, ok := c.line(refs, i); ok {
			l := p.location(c, at)
			n := i
			l.ID, l.Message = &n, &sarifMessage{statementName(refs[i])}
			r.Related = append(r.Related, l)
		}
	}
	if c.accepted.By != "" {
		r.Suppressions = []sarifSuppression{{"external", "accepted", "Accepted " + c.acceptedLine()}}
	}
	r.Fingerprints = map[string]string{"kmsentry/v1": fingerprint(of.ID, p.artifact(c.file).URI, c, refs)}
	return r
}

// line is where the i-th of refs stands; not ok when that is not known.
func (c checked) line(refs []decide.StatementRef, i int) (load.Region, bool) {
	if i >= len(refs) || refs[i].Index < 0 || refs[i].Index >= len(c.lines) {
		return load.Region{}, false
	}
	at := c.lines[refs[i].Index]
	return at, at.Line > 0
}

// offending returns the statements that the worst grants or the open questions
// are about, each once.
func offending(d decide.Decision) []decide.StatementRef {
	var refs []decide.StatementRef
	seen := map[int]bool{}
	add := func(ref decide.StatementRef) {
		if ref.Index >= 0 && !seen[ref.Index] {
			seen[ref.Index] = true
			refs = append(refs, ref)
		}
	}
	if d.Verdict == decide.Undecided {
		for _, o := range d.Undecided {
			add(o.Statement)
		}
	}
	for _, g := range groupGrants(d.Grants) {
		for _, ref := range g.grants[0].Statements {
			add(ref)
		}
	}
	return refs
}

// message is the finding in a few plain sentences.
func (p *sarifPrinter) message(c checked) string {
	d := c.decision
	parts := []string{capital(headline(c)) + "."}
	if c.granted == nil && c.place != "" {
		parts[0] = "Key " + alert.Sanitize(c.place, 200) + ": " + headline(c) + "."
	}
	for _, g := range groupGrants(d.Grants) {
		parts = append(parts, g.grants[0].Why...)
		parts = append(parts, "Proof: "+inWords(g.grants[0].Witness)+".")
	}
	if d.Verdict == decide.Undecided && len(d.Undecided) > 1 {
		for _, o := range d.Undecided[1:] {
			parts = append(parts, capital(openLine(o))+".")
		}
	}
	for _, name := range c.accepted.Expired {
		parts = append(parts, capital(expiredNote(name))+".")
	}
	return joined(parts)
}

// sentences is a message of its own about c.
func (p *sarifPrinter) sentences(c checked, parts ...string) string {
	for i := range parts {
		parts[i] = capital(parts[i]) + "."
	}
	if c.place != "" {
		parts[0] = "Key " + alert.Sanitize(c.place, 200) + ": " + parts[0]
	}
	return joined(parts)
}

func joined(parts []string) string {
	for i := range parts {
		parts[i] = strings.ReplaceAll(safe(parts[i]), "](", "] (") // [x](y) is a link in SARIF
	}
	return alert.Sanitize(strings.Join(parts, " "), 1000)
}

func capital(s string) string {
	r, size := utf8.DecodeRuneInString(s)
	return string(unicode.ToUpper(r)) + s[size:]
}

func (p *sarifPrinter) location(c checked, at load.Region) sarifLocation {
	l := sarifLocation{Physical: sarifPhysical{Artifact: p.artifact(c.file)}}
	line := max(at.Line, 1)
	l.Physical.Region = &sarifRegion{StartLine: line, StartColumn: at.Column, EndLine: at.EndLine, EndColumn: at.EndColumn}
	if c.place != "" {
		l.Logical = []sarifLogical{{alert.Sanitize(c.place, 300), "resource"}}
	}
	return l
}

// artifact is the file as a URI, relative to the working folder when it lies
// in it. GitHub takes that folder for the root of the repository.
func (p *sarifPrinter) artifact(file string) sarifArtifact {
	if file == "-" {
		return sarifArtifact{URI: "stdin"}
	}
	if _, swept := awsid.ParseKeyARN(file); swept { // an ARN is a URI
		return sarifArtifact{URI: file}
	}
	name := filepath.Clean(file)
	if filepath.IsAbs(name) {
		rel, err := filepath.Rel(p.folder, name)
		if p.folder == "" || err != nil || rel == ".." || strings.HasPrefix(rel, ".."+string(filepath.Separator)) {
			u := url.URL{Scheme: "file", Path: filepath.ToSlash(name)}
			return sarifArtifact{URI: u.String()}
		}
		name = rel
	}
	u := url.URL{Path: filepath.ToSlash(name)}
	return sarifArtifact{URI: u.String(), URIBaseID: "%SRCROOT%"}
}

// fingerprint stays the same while the finding does, also when lines move.
func fingerprint(rule, uri string, c checked, refs []decide.StatementRef) string {
	h := sha256.New()
	fmt.Fprintf(h, "%q%q%q", rule, uri, c.place)
	for _, ref := range refs {
		if ref.Index >= 0 && ref.Index < len(c.texts) {
			fmt.Fprintf(h, "%q", c.texts[ref.Index])
		}
	}
	return hex.EncodeToString(h.Sum(nil)[:16])
}

func (p *sarifPrinter) end(status int, _ tally) error {
	log := sarifLog{
		Schema:  "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json",
		Version: "2.1.0",
		Runs: []sarifRun{{
			Tool: sarifTool{sarifDriver{
				Name: "kmsentry", Version: version.String(),
				InformationURI: "https://github.com/kmsentry/kmsentry", Rules: sarifRules(),
			}},
			Invocations: []sarifInvocation{{Successful: len(p.notifications) == 0, ExitCode: status, Notifications: p.notifications}},
			ColumnKind:  "unicodeCodePoints",
			Results:     p.results,
		}},
	}
	text, err := encodeASCII(log)
	if err != nil {
		return err
	}
	var out bytes.Buffer
	if err := json.Indent(&out, text, "", " "); err != nil {
		return err
	}
	out.WriteByte('\n')
	_, err = p.w.Write(out.Bytes())
	return err
}

func ruleID(v decide.Verdict) string { return "kms-key-" + v.String() }

// The rules that go with no verdict.
const (
	lockedRule  = "kms-key-locked"
	guardedRule = "kms-key-rcp-only"
)

// sarifRules has one rule a verdict, the worst first, and those that go with
// none; private needs none.
// security-severity: GitHub reads over 9.0 as critical, 7.0 to 8.9 as high,
// 4.0 to 6.9 as medium.
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
			"The key policy lets principals of any AWS account use this key; the message says for what. With a key that anyone can encrypt under, whoever gets into a bucket can lock its objects so that only the key's owner can unlock them (MITRE ATT&CK T1486); with one that anyone can decrypt or sign with, data and signatures are not the owner's alone.",
			"Name the accounts or the organization that need the key in Principal, or add a condition on kms:CallerAccount or aws:PrincipalOrgID that applies to every caller. kmsentry check --explain says why the present conditions do not.",
			"error", "very-high", "9.3"),
		rule(ruleID(decide.Network), "NetworkKMSKey", "KMS key open to everyone in a named network",
			"The key policy lets principals of any AWS account encrypt, decrypt or sign with this key when they call from a named network, VPC or VPC endpoint.",
			"Name the accounts or the organization in the policy as well: a network says where a call comes from and not who makes it.",
			"warning", "very-high", "7.5"),
		rule(ruleID(decide.Undecided), "UndecidedKMSKey", "KMS key policy could not be decided",
			"Whether the key policy keeps outsiders out turns on something that is not known here.",
			"The message names the value or the construct. --parameter, --account and --key-arn tell kmsentry what a template leaves open.",
			"warning", "medium", "5.0"),
		rule(ruleID(decide.Shared), "SharedKMSKey", "KMS key shared with named outsiders",
			"The key policy lets accounts or organizations that it names encrypt, decrypt or sign with this key.",
			"If they are yours, name them with --trusted-account or --trusted-org. If nobody knows them, remove them.",
			"note", "very-high", "3.0"),
		rule(lockedRule, "LockedKMSKey", "KMS key that its owner cannot manage",
			"The key policy leaves nobody of the owner's account a way to change it again, not even the root user. Once it is in force, only AWS Support can mend that.",
			"Allow kms:* to the owner's account, as AWS's default key policy does, and let no Deny stop kms:PutKeyPolicy for the account's administrators.",
			"error", "very-high", "8.5"),
		rule(guardedRule, "GuardedKMSKey", "KMS key closed only by a resource control policy",
			"The key policy lets outsiders in; only a resource control policy of the organization keeps them out.",
			"Close the key policy as well: a resource control policy can be detached, and the account can leave the organization.",
			"note", "very-high", "3.0"),
	}
}
