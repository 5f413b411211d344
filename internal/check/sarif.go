package check

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
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/kmsentry/kmsentry/alert/safe"
	"github.com/kmsentry/kmsentry/detector/policy/decide"
	"github.com/kmsentry/kmsentry/detector/policy/kmsapi"
	"github.com/kmsentry/kmsentry/internal/awsid"
	"github.com/kmsentry/kmsentry/internal/load"
	"github.com/kmsentry/kmsentry/internal/show"
	"github.com/kmsentry/kmsentry/internal/version"
)

// A SARIF collects results and prints one log at the end. NewSARIF returns one.
type SARIF struct {
	w, stderr     io.Writer
	folder        string // the working directory, to which file names are made relative; "" when unknown
	results       []sarifResult
	notifications []sarifNotification
}

// NewSARIF returns a SARIF that prints the log to w, and what could not be read to stderr
// as well.
func NewSARIF(w, stderr io.Writer) *SARIF {
	folder, err := os.Getwd()
	if err != nil {
		folder = "" // absolute names stay absolute
	}
	return &SARIF{w: w, stderr: stderr, folder: folder, results: []sarifResult{}, notifications: []sarifNotification{}}
}

// document adds the results of one document. A private one may have none. A file that
// could not be read gives a notification, and a line on stderr, since the log usually
// goes to a file.
func (p *SARIF) document(c Result) error {
	if c.err != nil {
		text := show.Safe(c.source()) + ": " + show.Safe(c.err.Error())
		p.notifications = append(p.notifications, sarifNotification{
			Level: "error", Message: sarifMessage{text}, Locations: []sarifLocation{p.location(c, c.at)},
		})
		_, err := fmt.Fprintln(p.stderr, "kmsentry check:", text)
		return err
	}
	p.add(c, ruleID(c.Decision.Verdict), p.message(c), offending(c.Decision))
	if c.Locked() {
		p.add(c, lockedRule, p.sentences(c, OwnerLines(c)...), []decide.StatementRef{c.Decision.Owner.ManageBlame.Statement})
	}
	if c.Decision.Verdict == decide.Private && GuardLine(c.Decision) != "" {
		p.add(c, guardedRule, p.sentences(c, GuardLine(c.Decision)), offending(*c.Decision.Unguarded))
	}
	return nil
}

// add adds the result of the rule with the given id, if there is one: a private verdict
// has no rule.
func (p *SARIF) add(c Result, id, message string, refs []decide.StatementRef) {
	for i, r := range sarifRules() {
		if r.ID == id {
			p.results = append(p.results, p.result(c, i, r, message, refs))
		}
	}
}

func (p *SARIF) result(c Result, rule int, of sarifRule, message string, refs []decide.StatementRef) sarifResult {
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
	if c.Accepted.By != "" {
		r.Suppressions = []sarifSuppression{{"external", "accepted", "Accepted " + c.acceptedLine()}}
	}
	r.Fingerprints = map[string]string{"kmsentry/v1": fingerprint(of.ID, p.artifact(c.File).URI, c, refs)}
	return r
}

// line returns where the i-th of refs is in the file; ok is false when that is not known.
func (c Result) line(refs []decide.StatementRef, i int) (load.Region, bool) {
	if i >= len(refs) || refs[i].Index < 0 || refs[i].Index >= len(c.lines) {
		return load.Region{}, false
	}
	at := c.lines[refs[i].Index]
	return at, at.Line > 0
}

// offending returns the statements that the decision blames for the verdict, without
// those that it does not name.
func offending(d decide.Decision) []decide.StatementRef {
	refs := d.Blamed(func(g decide.Grant) bool { return g.Class != kmsapi.ClassOther })
	return slices.DeleteFunc(refs, func(ref decide.StatementRef) bool { return ref.Index < 0 })
}

// message returns the finding in a few sentences.
func (p *SARIF) message(c Result) string {
	d := c.Decision
	parts := []string{capital(headline(c)) + "."}
	if c.granted == nil && c.place != "" {
		parts[0] = "Key " + safe.Sanitize(c.place, 200) + ": " + headline(c) + "."
	}
	for _, g := range decide.GroupGrants(d.Grants) {
		parts = append(parts, g[0].Why...)
		parts = append(parts, "Proof: "+inWords(g[0].Witness)+".")
	}
	if d.Verdict == decide.Undecided && len(d.Undecided) > 1 {
		for _, o := range d.Undecided[1:] {
			parts = append(parts, capital(openLine(o))+".")
		}
	}
	for _, name := range c.Accepted.Expired {
		parts = append(parts, capital(ExpiredNote(name))+".")
	}
	return joined(parts)
}

// sentences returns a message about c of the given clauses.
func (p *SARIF) sentences(c Result, parts ...string) string {
	for i := range parts {
		parts[i] = capital(parts[i]) + "."
	}
	if c.place != "" {
		parts[0] = "Key " + safe.Sanitize(c.place, 200) + ": " + parts[0]
	}
	return joined(parts)
}

func joined(parts []string) string {
	for i := range parts {
		parts[i] = strings.ReplaceAll(show.Safe(parts[i]), "](", "] (") // [x](y) is a link in SARIF
	}
	return safe.Sanitize(strings.Join(parts, " "), 1000)
}

func capital(s string) string {
	r, size := utf8.DecodeRuneInString(s)
	return string(unicode.ToUpper(r)) + s[size:]
}

func (p *SARIF) location(c Result, at load.Region) sarifLocation {
	l := sarifLocation{Physical: sarifPhysical{Artifact: p.artifact(c.File)}}
	line := max(at.Line, 1)
	l.Physical.Region = &sarifRegion{StartLine: line, StartColumn: at.Column, EndLine: at.EndLine, EndColumn: at.EndColumn}
	if c.place != "" {
		l.Logical = []sarifLogical{{safe.Sanitize(c.place, 300), "resource"}}
	}
	return l
}

// artifact returns the file as a URI, relative to the working directory if it is in it.
// GitHub takes that directory as the root of the repository.
func (p *SARIF) artifact(file string) sarifArtifact {
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

// fingerprint returns an id of the finding that does not change when lines move.
func fingerprint(rule, uri string, c Result, refs []decide.StatementRef) string {
	h := sha256.New()
	fmt.Fprintf(h, "%q%q%q", rule, uri, c.place)
	for _, ref := range refs {
		if ref.Index >= 0 && ref.Index < len(c.texts) {
			fmt.Fprintf(h, "%q", c.texts[ref.Index])
		}
	}
	return hex.EncodeToString(h.Sum(nil)[:16])
}

// Swept adds the result for a key that a sweep found, accepted or not. parts describes
// it, one clause each.
func (p *SARIF) Swept(c Result, parts ...string) {
	rule := ruleID(c.Decision.Verdict)
	switch {
	case c.Locked():
		rule = lockedRule
	case c.Decision.Verdict == decide.Private && GuardLine(c.Decision) != "":
		rule = guardedRule
	}
	p.add(c, rule, p.sentences(c, parts...), nil)
}

// Fault adds a notification that something could not be read. text must be sanitized.
func (p *SARIF) Fault(text string) {
	p.notifications = append(p.notifications, sarifNotification{Level: "error", Message: sarifMessage{text}, Locations: []sarifLocation{}})
}

func (p *SARIF) end(status int, _ tally) error { return p.WriteLog(status) }

// WriteLog prints the log of everything that was added, for a run with the given exit
// status.
func (p *SARIF) WriteLog(status int) error {
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
	text, err := show.JSON(log)
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
