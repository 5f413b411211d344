package alert

import (
	"strings"
	"time"

	"github.com/kmsentry/kmsentry/detector"
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
	if s.UserAgent != "" && s.UserAgent != s.Address { // a service writes its name into both
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
	if note := bypassNote(m.f); note != "" {
		notes = append(notes, note)
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
