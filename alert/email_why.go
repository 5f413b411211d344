package alert

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"strings"

	"github.com/kmsentry/kmsentry/detector/policy/decide"
	"github.com/kmsentry/kmsentry/detector/policy/evaluate"
)

// A reason is one paragraph of why the alert was sent.
type reason struct{ first, rest, text string }

// said is a reason without a bullet, point one with.
func said(text string) reason  { return reason{"  ", "  ", text} }
func point(text string) reason { return reason{"  - ", "    ", text} }

// fitReasons writes the reasons that fit so many lines and returns the others.
// The first one is always written, cut to the lines there are, and returned
// too when it was cut.
func fitReasons(p *page, reasons []reason, lines int) []reason {
	for i, r := range reasons {
		text := wrap(r.first, r.rest, r.text)
		switch n := strings.Count(text, "\n") + 1; {
		case p.lines+n <= lines:
			p.line(text)
		case i == 0:
			kept := strings.SplitN(text, "\n", lines+1)[:lines]
			kept[lines-1] = fit(kept[lines-1], columns-len(cutMark)) + cutMark
			p.line(strings.Join(kept, "\n"))
			return reasons
		default:
			return reasons[i:]
		}
	}
	return nil
}

// why are the reasons, the most telling first.
func (m *mail) why() []reason {
	var all []reason
	if m.f.Problem != "" {
		all = append(all, m.unreadable()...)
	}
	for i, g := range groupGrants(m.f.Decision.Grants) {
		if i == m.l.grants {
			all = append(all, point("There are more ways in; the JSON copy of this alert lists them."))
			break
		}
		all = append(all, m.grant(g)...)
	}
	for i, open := range m.f.Decision.Undecided {
		if i == m.l.grants {
			break
		}
		all = append(all, point(sentence(statementName(open.Statement))+" could not be decided: "+plain(open.Reason, maxText)+". Check by hand whom it lets in."))
	}
	for _, cause := range []string{ownerCause(m.f), guardCause(m.f)} {
		if cause != "" {
			all = append(all, point(cause))
		}
	}
	if len(all) == 0 && len(m.f.Decision.Others) == 0 && m.f.Decision.Future == nil {
		all = append(all, said("The decision has no reason, which is a bug in kmsentry. Read the policy yourself, and please report this."))
	}
	if others := m.f.Decision.Others; len(others) > 0 {
		all = append(all, point("Outsiders can also call "+actionsOf(others, 6)+"."))
	}
	all = append(all, m.dangers()...)
	all = append(all, said(sentence(meaning(m.f))))
	return append(all, m.asides()...)
}

// reasons writes those that did not fit the first lines.
func (m *mail) reasons(rest []reason) {
	if len(rest) == 0 {
		return
	}
	m.heading("WHY, CONTINUED")
	for _, r := range rest {
		m.para(r.first, r.rest, r.text)
	}
}

// unreadable says why the policy could not be read.
func (m *mail) unreadable() []reason {
	switch {
	case notInRecord(m.f):
		return []reason{said("The policy is not in the record: " + plain(m.f.Policy.Missing, maxText) + ". Only the key itself can say what is in force: fetch it.")}
	case m.f.Attempted:
		return []reason{said("The policy could not be read: " + plain(m.f.Problem, maxText))}
	default:
		return []reason{
			said("The policy could not be read: " + plain(m.f.Problem, maxText)),
			said("AWS accepted it all the same, so AWS may read it differently. Check by hand what the key's policy is now and whom it names."),
		}
	}
}

// dangers are the facts besides the grants that make it worse.
func (m *mail) dangers() []reason {
	var all []reason
	if doubt := ownerDoubt(m.f); doubt != "" {
		all = append(all, point(doubt))
	}
	switch {
	case bypassNote(m.f) != "":
		all = append(all, point("Somebody who takes over a key bypasses KMS's lockout check; so do some build tools."))
	case m.f.Event.Bypass:
		all = append(all, point("The caller bypassed KMS's lockout check (BypassPolicyLockoutSafetyCheck)."))
	}
	if m.f.Decision.Future != nil && m.f.Verdict == decide.Private { // else the meaning says so
		all = append(all, point(later(m.f.Decision)))
	}
	return all
}

// grant says what one group of grants gives to whom, and why.
func (m *mail) grant(g grantGroup) []reason {
	end := "."
	if len(g.grants[0].Why) > 0 {
		end = ":"
	}
	all := []reason{said(g.audience() + can(m.f) + "call " + actionsOf(g.grants, 7) + g.letIn() + end)}
	for i, sentence := range g.grants[0].Why {
		if i == m.l.why {
			break
		}
		all = append(all, point(plain(sentence, maxText)))
	}
	return all
}

// asides are what the decision says besides the verdict.
func (m *mail) asides() []reason {
	var all []reason
	d := m.f.Decision
	for i, s := range d.Services {
		if i == m.l.grants {
			break
		}
		if s.ConfusedDeputy {
			all = append(all, point(serviceName(s.Service)+" is let in by "+statementName(s.Statement)+" and no condition limits the account that it works for."))
		}
	}
	if m.f.Verdict != decide.Undecided { // else the reasons name what matters
		for _, part := range m.f.Unreadable {
			all = append(all, point("A part of the policy could not be read; the rest is decided. "+plain(part, maxText)))
		}
	}
	for _, flag := range d.Flags {
		if text := flagText(flag); text != "" {
			all = append(all, point(text))
		}
	}
	return all
}

// flagText explains a flag that the lines above do not; "" for the others.
func flagText(flag decide.Flag) string {
	switch flag {
	case decide.FlagViaService:
		return "Strangers get in only through an AWS service that acts on their behalf."
	case decide.FlagKeyDependent:
		return "Some facts about the key are not known here (its spec, tags or aliases), so the worst was assumed."
	case decide.FlagUniqueIDUnknown:
		return "The policy names a unique id (AIDA..., AROA...) whose account the text does not say."
	case decide.FlagAmbiguous:
		return "The answer depends on a construct that AWS does not document."
	default:
		return ""
	}
}

// statements writes the offending statements as written; the whole policy when
// it could not be read.
func (m *mail) statements() {
	if m.f.Problem != "" && m.f.Policy.Text != "" {
		m.heading("THE POLICY AS THE RECORD HAS IT")
		m.quote(m.f.Policy.Text)
	}
	for i, s := range m.f.Statements {
		if i == m.l.statements {
			m.line("")
			m.para("  ", "  ", fmt.Sprintf("The JSON copy of this alert has %d more offending statements.", len(m.f.Statements)-i))
			return
		}
		m.heading(fmt.Sprintf("STATEMENT %d OF %d, AS WRITTEN", s.Index+1, s.Count))
		m.quote(s.Text)
	}
}

// quote writes a JSON text behind bars, cut to the limit with its hash.
func (m *mail) quote(text string) {
	left := m.l.statement
	for line := range strings.SplitSeq(document(pretty(text)), "\n") {
		line = strings.ReplaceAll(line, "\t", "  ")
		indent := line[:len(line)-len(strings.TrimLeft(line, " "))]
		indent = indent[:min(len(indent), 20)]
		line = linkless(strings.TrimLeft(line, " "))
		if left -= len(line); left < 0 {
			sum := sha256.Sum256([]byte(text))
			m.line("  | " + cutMark)
			m.para("  ", "  ", "Cut here. SHA-256 of the whole:")
			m.line("  " + hex.EncodeToString(sum[:]))
			return
		}
		m.para("  | "+indent, "  |   "+indent, cut(line, maxLine))
	}
}

// maxNesting bounds what is indented: the spaces grow with the square of the
// depth, and no key policy that AWS accepts is deeper than a few levels.
const maxNesting = 32

// pretty indents a JSON text; text that is no JSON, or nested beyond reason,
// comes back as it is.
func pretty(text string) string {
	var b bytes.Buffer
	if nesting(text) > maxNesting || json.Indent(&b, []byte(text), "", "  ") != nil {
		return text
	}
	return b.String()
}

// nesting returns an upper bound of the depth of a JSON text.
func nesting(text string) int {
	depth, most := 0, 0
	for i := range len(text) {
		switch text[i] {
		case '{', '[':
			depth++
			most = max(most, depth)
		case '}', ']':
			depth--
		}
	}
	return most
}

// proof writes the witness of the worst grant as a request in words.
func (m *mail) proof() {
	g := worstGrant(m.f.Decision)
	if g == nil {
		return
	}
	heading := "PROOF: A REQUEST THAT THE KEY POLICY ALLOWS"
	if m.f.Attempted {
		heading = "PROOF: A REQUEST THAT THE KEY POLICY WOULD HAVE ALLOWED"
	}
	m.heading(heading)
	m.para("  ", "  ", witnessText(g.Witness))
	shown := 0
	for _, key := range sortedKeys(g.Witness.Context) {
		if shown == m.l.context {
			m.para("    ", "      ", "and more; the JSON copy of this alert has them all")
			break
		}
		shown++
		var values []string
		for _, v := range g.Witness.Context[key][:min(len(g.Witness.Context[key]), m.l.values)] {
			values = append(values, plain(v, maxARN))
		}
		m.para("    ", "      ", plain(key, maxName)+" = "+strings.Join(values, ", "))
	}
	switch g.Audience {
	case decide.Public:
		m.para("  ", "  ", "The account and the names are made up: any outside account whose own IAM policy permits the call will do.")
	case decide.Network:
		m.para("  ", "  ", "The account and the names are made up: any outside account whose own IAM policy permits the call will do, from that network.")
	}
}

// witnessText is the request in a sentence.
func witnessText(w evaluate.Request) string {
	caller := "A caller"
	switch {
	case w.Service != "":
		caller = "The AWS service " + plain(w.Service, maxName)
	case w.Principal != "":
		caller = "A caller signed in as " + plain(w.Principal, maxARN) + SessionOf(w)
	}
	text := caller + " sends " + Sanitize(w.Action, 64)
	if w.Resource != "" {
		text += " for " + plain(w.Resource, maxARN)
	}
	if at := instant(w.Time); at != "" {
		text += " at " + at
	}
	if len(w.Context) == 0 {
		return text + ". It needs no condition keys."
	}
	return text + ". The request has these condition keys:"
}
