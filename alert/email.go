package alert

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"github.com/kmsentry/kmsentry/detector"
	"github.com/kmsentry/kmsentry/detector/policy"
)

// Email returns the text that a person reads in the mail: what, who, from
// where, which key and when in the first five lines, then why, the proof, what
// to do, and the details. Lines end in "\n" and take at most 76 columns, but
// for ARNs, URLs and pieces of commands, which are never broken.
func Email(f *detector.Finding, o Options) string {
	m := &mail{f: f, o: o, l: inMail, cmd: commandsFor(f)}
	m.head()
	m.notes()
	m.why()
	m.proof()
	m.section("WHAT IT CAN MEAN", sentence(meaning(f)))
	m.todo()
	m.proposal()
	m.links()
	m.details()
	m.foot()
	return m.String()
}

// A mail is an email being written.
type mail struct {
	strings.Builder
	f   *detector.Finding
	o   Options
	l   limits
	cmd commands
}

// line writes one line as it is.
func (m *mail) line(s string) { m.WriteString(s + "\n") }

// para writes text wrapped, the first line behind first, the others behind rest.
func (m *mail) para(first, rest, text string) { m.line(wrap(first, rest, text)) }

// heading starts a section.
func (m *mail) heading(s string) { m.line("\n" + s) }

// section writes a heading and one paragraph.
func (m *mail) section(heading, text string) {
	m.heading(heading)
	m.para("  ", "  ", text)
}

// head writes the five lines that must be enough.
func (m *mail) head() {
	f := m.f
	m.line(m.headline())
	mfa := ", MFA: " + mfaState(f.Actor)
	if note := mfaNote(f.Actor); note != "" && width(who(f.Actor, 64)+mfa+note)+10 <= columns {
		mfa += " (" + note + ")"
	}
	m.line("Who:   " + trim(who(f.Actor, 64), columns-7-width(mfa)) + mfa)
	m.line(trim("From:  "+from(f.Source), columns))
	m.line(trim("Key:   "+whichKey(f.Key), columns))
	m.line(trim("When:  "+when(f, m.o), columns))
}

// headline is severity, verdict and title. When that is too long the verdict
// goes, which the title says as well.
func (m *mail) headline() string {
	severity := strings.ToUpper(m.f.Severity.String())
	if m.o.Test {
		severity = "[TEST] " + severity
	}
	line := severity + " (" + m.f.Verdict.String() + "): " + title(m.f)
	if width(line) > columns {
		line = severity + ": " + title(m.f)
	}
	return trim(line, columns)
}

// from names the source of the call.
func from(s detector.Source) string {
	text := orUnknown(plain(s.Address, maxName))
	if s.UserAgent != "" {
		text += ", " + plain(s.UserAgent, maxAgent)
	}
	return text
}

// whichKey names the key with its account and Region.
func whichKey(k detector.Key) string {
	text := keyName(k)
	if k.Account != "" {
		text += " in " + plain(k.Account, maxName)
	}
	if k.Region != "" {
		text += ", " + plain(k.Region, maxName)
	}
	return text
}

// when names the instant and the call, and how long the alert took when there
// is room to say it.
func when(f *detector.Finding, o Options) string {
	at := instant(f.Event.Time)
	if at == "" {
		at = "time unknown"
	}
	text := at + " by " + orUnknown(plain(f.Event.Name, maxName))
	if f.Attempted {
		text += ", refused by AWS"
	}
	late := o.Now.Sub(f.Event.Time)
	if f.Event.Time.IsZero() || late < 0 || late > 48*time.Hour {
		return text
	}
	took := ", alert written " + late.Round(time.Second).String() + " later"
	if len("When:  ")+width(text+took) > columns {
		return text
	}
	return text + took
}

// notes writes what changes how the rest is to be read.
func (m *mail) notes() {
	var notes []string
	if m.o.Test {
		notes = append(notes, "This is a test of the alert path. No key was opened; nothing is to be done.")
	}
	if m.f.Attempted {
		notes = append(notes, "AWS refused this call ("+orUnknown(plain(m.f.Event.ErrorCode, maxName))+"): nothing is in force, and there is nothing to contain. Somebody tried.")
	}
	for _, name := range m.o.Expired {
		notes = append(notes, `The exception "`+plain(name, maxName)+`" would have held this alert back, but it has expired.`)
	}
	if note := plain(m.f.Key.Note, maxText); note != "" {
		notes = append(notes, note)
	}
	if len(notes) > 0 {
		m.line("")
	}
	for _, note := range notes {
		m.para("Note:  ", "       ", note)
	}
}

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
	m.asides()
	if m.f.Problem == "" && len(m.f.Decision.Grants)+len(m.f.Decision.Undecided) == 0 && m.f.Decision.Future == nil {
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
	m.para("  ", "  ", g.audience()+" can call "+actionsOf(g.grants, 7)+", let in by "+g.through()+end)
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
		m.para("  - ", "    ", "Strangers also reach "+actionsOf(d.Others, 6)+".")
	}
	for i, s := range d.Services {
		if i == m.l.grants {
			break
		}
		if s.ConfusedDeputy {
			m.para("  - ", "    ", "The service "+plain(s.Service, maxName)+" is let in by "+statementName(s.Statement)+" and nothing pins whose account it works for.")
		}
	}
	if d.Future != nil {
		m.para("  - ", "    ", later(d))
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
		name := sentence(statementName(policy.StatementRef{Index: s.Index, Sid: s.Sid}))
		m.line("")
		m.para("  ", "  ", fmt.Sprintf("%s (of %d), as written:", name, s.Count))
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
		line = strings.ReplaceAll(strings.TrimLeft(line, " "), "://", `:\/\/`)
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

// pretty indents a JSON text; text that is no JSON comes back as it is.
func pretty(text string) string {
	var b bytes.Buffer
	if json.Indent(&b, []byte(text), "", "  ") != nil {
		return text
	}
	return b.String()
}

// proof writes the witness as a request in words.
func (m *mail) proof() {
	if len(m.f.Decision.Grants) == 0 {
		return
	}
	g := m.f.Decision.Grants[0]
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
	if g.Audience == policy.Public {
		m.para("  ", "  ", "The account and the names are made up: any outside account whose own IAM policy permits the call will do.")
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

// links writes the console pages, each on a line of its own.
func (m *mail) links() {
	event, key := eventLink(m.f), keyLink(m.f)
	if event == "" && key == "" && m.o.RunbookURL == "" {
		return
	}
	m.heading("LINKS")
	if event != "" || key != "" {
		m.para("  ", "  ", "The console opens in the account where your browser is signed in; this key's account is "+orUnknown(plain(m.f.Key.Account, maxName))+".")
	}
	for _, link := range []struct{ name, url string }{{"CloudTrail event", event}, {"Key", key}, {"Your runbook", m.o.RunbookURL}} {
		if link.url != "" {
			m.line("  " + link.name + ":\n  " + link.url)
		}
	}
}

// details writes every fact of the record, one a line; unknown ones are left out.
func (m *mail) details() {
	f := m.f
	m.heading("DETAILS")
	rows := []struct{ name, value string }{
		{"Verdict", f.Verdict.String() + attemptedWord(f)},
		{"Key ARN", plain(f.Key.ARN, maxARN)},
		{"Key alias", plain(f.Key.Alias, maxARN)},
		{"Key kind", keyKind(f.Key)},
		{"Caller type", plain(f.Actor.Type, maxName)},
		{"Caller ARN", plain(f.Actor.ARN, maxARN)},
		{"Role ARN", plain(f.Actor.RoleARN, maxARN)},
		{"Caller account", plain(f.Actor.Account, maxName)},
		{"Access key", accessKeyText(f.Actor)},
		{"MFA", strings.TrimSuffix(mfaState(f.Actor)+"; "+mfaNote(f.Actor), "; ")},
		{"Signed in", instant(f.Actor.SessionStart)},
		{"Source", plain(f.Source.Address, maxName)},
		{"VPC endpoint", plain(f.Source.VPCEndpoint, maxName)},
		{"User agent", plain(f.Source.UserAgent, maxAgent)},
		{"Error", strings.TrimSuffix(plain(f.Event.ErrorCode, maxName)+": "+plain(f.Event.ErrorMessage, maxText), ": ")},
		{"Recorded in", plain(f.Event.Account, maxName) + " " + plain(f.Event.Region, maxName)},
		{"Event id", plain(f.Event.ID, maxName)},
		{"Request id", plain(f.Event.RequestID, maxName)},
	}
	if f.Event.Bypass {
		rows = append(rows, struct{ name, value string }{"Lockout check", "switched off by the caller (BypassPolicyLockoutSafetyCheck)"})
	}
	for _, row := range rows {
		if strings.TrimSpace(row.value) != "" {
			m.para(fmt.Sprintf("  %-15s ", row.name+":"), strings.Repeat(" ", 18), row.value)
		}
	}
	if f.Policy.SHA256 != "" {
		m.line("  SHA-256 of the policy text:\n    " + Sanitize(f.Policy.SHA256, 64))
	}
}

// attemptedWord follows the verdict where people read it.
func attemptedWord(f *detector.Finding) string {
	if f.Attempted {
		return ", refused by AWS and not in force"
	}
	return ""
}

// keyKind says what the record tells of the key itself; "" for nothing.
func keyKind(k detector.Key) string {
	var words []string
	for _, word := range []string{k.Spec, k.Usage, k.Origin} {
		if word != "" {
			words = append(words, plain(word, maxName))
		}
	}
	if k.MultiRegion != nil && *k.MultiRegion {
		words = append(words, "multi-Region")
	}
	return strings.Join(words, ", ")
}

// accessKeyText names the access key and its kind; "" when there is none.
func accessKeyText(a detector.Actor) string {
	if a.AccessKeyID == "" {
		return ""
	}
	kind := "temporary"
	if a.LongTermKey {
		kind = "long-term"
	}
	return plain(a.AccessKeyID, maxName) + " (" + kind + ")"
}

// foot writes how to find this finding again and how to accept it.
func (m *mail) foot() {
	if m.f.Policy.SHA256 != "" {
		m.section("FALSE ALARM?", "Accept this policy on this key in exceptions.yaml, with a reason, an owner and an expiry (docs/exceptions.md). The condition:")
		condition := "    policy_sha256 ==\n      \"" + Sanitize(m.f.Policy.SHA256, 64) + `"`
		if isKeyARN(m.f.Key.ARN) {
			condition += " &&\n    key_arn ==\n      \"" + m.f.Key.ARN + `"`
		}
		m.line(condition)
	}
	m.line("\nkmsentry " + version(m.o) + ", Splunk rule " + detector.RuleID)
	m.line("Finding " + orUnknown(Sanitize(m.f.UID, 64)))
}

// version names this build.
func version(o Options) string {
	if o.Version == "" {
		return "devel"
	}
	return Sanitize(o.Version, 64)
}
