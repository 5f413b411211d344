package alert

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"strings"

	"github.com/kmsentry/kmsentry/detector/policy"
)

// why writes the decision's own reasons and the statements as written.
func (m *mail) why() {
	if m.f.Verdict == policy.Undecided {
		m.heading("WHY THIS WAS SENT")
	} else {
		m.heading("WHY IT FIRED")
	}
	if m.f.Problem != "" {
		m.unreadable()
	}
	for i, g := range groupGrants(m.f.Decision.Grants) {
		if i == m.l.grants {
			m.para("  - ", "    ", "More ways in stand in the JSON copy of this alert.")
			break
		}
		m.grant(g)
	}
	for i, open := range m.f.Decision.Undecided {
		if i == m.l.grants {
			break
		}
		m.para("  - ", "    ", sentence(statementName(open.Statement))+" could not be decided: "+plain(open.Reason, maxText)+". Check by hand whom it lets in.")
	}
	for _, cause := range []string{ownerCause(m.f), guardCause(m.f)} {
		if cause != "" {
			m.para("  - ", "    ", cause)
		}
	}
	m.asides()
	if m.f.Problem == "" && len(m.f.Decision.Grants)+len(m.f.Decision.Undecided)+len(m.f.Decision.Others) == 0 && m.f.Decision.Future == nil && ownerCause(m.f)+guardCause(m.f) == "" {
		m.para("  - ", "    ", "The decision came without a reason, which is a fault of kmsentry. Read the policy by hand and report this.")
	}
	m.statements()
}

// unreadable writes why the policy could not be read, and the policy.
func (m *mail) unreadable() {
	m.para("  ", "  ", "The policy could not be read: "+plain(m.f.Problem, maxText))
	if !m.f.Attempted {
		m.para("  ", "  ", "AWS accepted it all the same, so it may mean something else to AWS than to its readers. Check by hand what the key's policy is now (step 1) and whom it names.")
	}
	if m.f.Policy.Text != "" {
		m.line("\n  The policy as the record has it:")
		m.quote(m.f.Policy.Text)
	}
}

// grant writes one group of grants.
func (m *mail) grant(g grantGroup) {
	end := "."
	if len(g.grants[0].Why) > 0 {
		end = ":"
	}
	m.para("  ", "  ", g.audience()+" can call "+actionsOf(g.grants, 7)+g.letIn()+end)
	for i, sentence := range g.grants[0].Why {
		if i == m.l.why {
			break
		}
		m.para("  - ", "    ", plain(sentence, maxText))
	}
}

// asides writes what the decision says beside the verdict.
func (m *mail) asides() {
	d := m.f.Decision
	if len(d.Others) > 0 {
		m.para("  - ", "    ", "Outsiders also reach "+actionsOf(d.Others, 6)+".")
	}
	for i, s := range d.Services {
		if i == m.l.grants {
			break
		}
		if s.ConfusedDeputy {
			m.para("  - ", "    ", serviceName(s.Service)+" is let in by "+statementName(s.Statement)+" and nothing pins whose account it works for.")
		}
	}
	if d.Future != nil {
		m.para("  - ", "    ", later(d))
	}
	if m.f.Verdict != policy.Undecided { // else the reasons name what matters
		for _, part := range m.f.Unreadable {
			m.para("  - ", "    ", "A part of the policy could not be read; the rest is decided. "+plain(part, maxText))
		}
	}
	for _, flag := range d.Flags {
		if text := flagText(flag); text != "" {
			m.para("  - ", "    ", text)
		}
	}
}

// flagText explains a flag that the lines above do not; "" for the others.
func flagText(flag policy.Flag) string {
	switch flag {
	case policy.FlagViaService:
		return "Strangers get in only through an AWS service that acts for them."
	case policy.FlagKeyDependent:
		return "Some facts of the key are not known here (its spec, tags or aliases) and were taken at their worst."
	case policy.FlagUniqueIDUnknown:
		return "The policy names a unique id (AIDA..., AROA...) whose account the text does not tell."
	case policy.FlagAmbiguous:
		return "The answer turns on a construct that AWS does not document."
	default:
		return ""
	}
}

// statements writes the offending statements as written.
func (m *mail) statements() {
	for i, s := range m.f.Statements {
		if i == m.l.statements {
			m.line("")
			m.para("  ", "  ", fmt.Sprintf("%d more offending statements stand in the JSON copy of this alert.", len(m.f.Statements)-i))
			return
		}
		m.line(fmt.Sprintf("\n  Statement %d of %d, as written:", s.Index+1, s.Count))
		m.quote(s.Text)
	}
}

// quote writes a JSON text behind bars, cut to the limit with its hash.
func (m *mail) quote(text string) {
	lines := strings.Split(document(pretty(text)), "\n")
	left := m.l.statement
	for _, line := range lines {
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
	m.section(heading, witnessText(g.Witness))
	shown := 0
	for _, key := range sortedKeys(g.Witness.Context) {
		if shown == m.l.context {
			m.para("    ", "      ", "and more, in the JSON copy of this alert")
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
	case policy.Public:
		m.para("  ", "  ", "The account and the names are made up: any outside account whose own IAM policy permits the call will do.")
	case policy.Network:
		m.para("  ", "  ", "The account and the names are made up: any outside account whose own IAM policy permits the call will do, from that network.")
	}
}

// witnessText is the request in a sentence.
func witnessText(w policy.Request) string {
	caller := "A caller"
	switch {
	case w.Service != "":
		caller = "The AWS service " + plain(w.Service, maxName)
	case w.Principal != "":
		caller = "A caller signed in as " + plain(w.Principal, maxARN)
	}
	text := caller + " sends " + Sanitize(w.Action, 64)
	if w.Resource != "" {
		text += " for " + plain(w.Resource, maxARN)
	}
	if at := instant(w.Time); at != "" {
		text += " at " + at
	}
	if len(w.Context) == 0 {
		return text + ". It need not carry any condition key."
	}
	return text + ". What the policy asks about, the request carries:"
}
