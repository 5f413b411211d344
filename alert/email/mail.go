package email

import (
	"strings"
	"time"

	"github.com/kmsentry/kmsentry/alert/internal/wrap"
	"github.com/kmsentry/kmsentry/alert/playbook"
	"github.com/kmsentry/kmsentry/alert/safe"
	"github.com/kmsentry/kmsentry/alert/words"
	"github.com/kmsentry/kmsentry/detector"
	"github.com/kmsentry/kmsentry/internal/awsid"
)

// topLines is the number of lines that must be enough to act on: what, who, from
// where, which key, when, why, the first two commands and the link. It is about
// what a screen shows without scrolling.
const topLines = 40

// topNotes is the most notes that are among the first lines.
const topNotes = 2

// maxAgent is the most of a user agent that is shown, in runes; CloudTrail keeps
// up to 1 KB.
const maxAgent = 300

// Compose returns the text of the mail about f. Its first 40 lines say what is in
// force, who did it, from where, to which key and when, why that is bad, and what
// to do: the first two commands, and the link to the event. The further steps, the
// proposed policy, the statements as written, the proof, the details and an
// exceptions entry follow.
//
// Lines end in "\n" and have at most 72 columns, except for ARNs, URLs and parts
// of commands, which are never broken. Nothing is aligned with spaces, because
// phones show mail in a proportional font. Compose returns an error when o is
// invalid.
func Compose(f *detector.Finding, o words.Options) (string, error) {
	if err := o.Check(); err != nil {
		return "", err
	}
	proposed := proposalFor(f)
	p := playbook.For(f, proposed != "")
	m := &mail{f: f, o: o, proposed: proposed, plan: p, steps: stepLines(p)}
	m.text.Grow(8 << 10)
	why, acted := m.top()
	m.then(acted)
	m.proposal()
	m.reasons(why)
	m.statements()
	m.proof()
	m.details()
	m.links()
	m.foot()
	return m.text.String(), nil
}

// A mail is an email being written.
type mail struct {
	page
	f        *detector.Finding
	o        words.Options
	proposed string // the repaired policy; "" when it is not in the mail
	plan     playbook.Plan
	steps    []string // each step of the plan as lines, without the final "\n"
}

// top writes the first 40 lines and returns what did not fit: the remaining reasons
// and the index of the first remaining step. The first two commands are always
// there. The urgent steps are, if they leave leastWhy lines for the reasons, and
// further steps are if all reasons fit.
func (m *mail) top() (rest []reason, acted int) {
	const (
		around   = 2 // the heading of the reasons and the blank line before it
		leastWhy = 7
		fewWhy   = 3 // always kept, even if a storm's lead then makes the top longer
	)
	head, link, why, acts := &page{}, m.eventLink(), &page{}, m.actHeading()
	m.head(head)
	left := topLines - head.lines - link.lines - around
	least := m.plan.Through(2)
	acts.texts(m.steps[:least])
	if now := max(m.plan.Urgent, least); acts.lines+lineCount(m.steps[least:now])+leastWhy <= left {
		acts.texts(m.steps[least:now])
		least = now
	}
	rest = fitReasons(why, m.why(), max(left-acts.lines, fewWhy))
	for len(rest) == 0 && least < m.plan.LastResort && why.lines+acts.lines+lineCount(m.steps[least:least+1]) <= left {
		acts.texts(m.steps[least : least+1])
		least++
	}
	m.add(head)
	m.heading("WHY")
	m.add(why)
	m.add(acts)
	m.add(link)
	return rest, least
}

// actHeading returns a page that holds the heading of the first steps.
func (m *mail) actHeading() *page {
	p := &page{}
	heading := "DO NOW"
	if awsid.IsAccount(m.plan.Account) {
		heading += ", SIGNED IN TO ACCOUNT " + m.plan.Account
	}
	p.heading(heading)
	return p
}

// eventLink returns the section with the link to the event; an empty page when
// there is none.
func (m *mail) eventLink() *page {
	p := &page{}
	if url := words.EventLink(m.f); url != "" {
		p.heading("Event (the console must be signed in to " + safe.OrUnknown(safe.Plain(m.f.Event.Account, 12)) + "):")
		p.line(url)
	}
	return p
}

// head writes the lines that a reader sees first: a storm's lead, the headline,
// the main facts and the first notes.
func (m *mail) head(p *page) {
	f := m.f
	for line := range strings.Lines(stormLead(m.o.Storm)) {
		p.line(strings.TrimSuffix(line, "\n"))
	}
	p.short("", m.headline(), 2)
	p.short("Who: ", words.Who(f.Actor), 3)
	p.short("MFA: ", words.MFAText(f.Actor), 2)
	p.short("From: ", from(f), 1)
	p.short("Key: ", words.WhichKey(f), 2)
	if text := words.Material(f.Key); text != "" {
		p.short("Material: ", text, 2)
	}
	p.short("When: ", when(f), 2)
	for i, note := range m.notes() {
		if i == topNotes {
			break // the others are in the details
		}
		p.short("Note: ", note, 2)
	}
}

// short writes a labeled fact on at most the given number of lines, cut if need be.
func (p *page) short(label, text string, lines int) {
	all := wrap.Text(label, "  ", text)
	if len(all) <= wrap.Columns && !strings.Contains(all, "\n") {
		p.line(all)
		return
	}
	kept := strings.SplitN(all, "\n", lines+1)
	if len(kept) > lines {
		last := kept[lines-1]
		kept[lines-1] = strings.TrimRight(wrap.Fit(last, wrap.Columns-len(safe.CutMark)), " ") + safe.CutMark
		kept = kept[:lines]
	}
	for i, line := range kept {
		kept[i] = wrap.Trim(line, wrap.Columns) // wrapping never breaks an ARN, so cut it here
	}
	p.line(strings.Join(kept, "\n"))
}

// headline returns severity, verdict and title. When that is longer than a line it
// leaves out the verdict, which the title implies.
func (m *mail) headline() string {
	severity := strings.ToUpper(m.f.Severity.String())
	if m.o.Test {
		severity = "[TEST] " + severity
	}
	line := severity + " (" + m.f.Verdict.String() + "): " + words.Title(m.f)
	if wrap.Width(line) > wrap.Columns {
		line = severity + ": " + words.Title(m.f)
	}
	return line
}

// from returns the source of the call.
func from(f *detector.Finding) string {
	s := f.Source
	text := safe.OrUnknown(safe.Plain(s.Address, safe.MaxName))
	if f.Event.FromConsole {
		text += ", in the console"
	}
	if s.UserAgent != "" && s.UserAgent != s.Address { // a service writes its name into both
		text += ", " + safe.Plain(s.UserAgent, maxAgent)
	}
	return text
}

// when returns the time, the call and its outcome.
func when(f *detector.Finding) string {
	at := words.Instant(f.Event.Time)
	if at == "" {
		at = "time unknown"
	}
	return at + " by " + safe.OrUnknown(safe.Plain(f.Event.Name, 32)) + "; " + words.InForce(f)
}

// notes returns what affects how the rest must be read, the most important first.
func (m *mail) notes() []string {
	var notes []string
	if m.o.Test {
		notes = append(notes, "This is a test of the alert path. No key was opened; there is nothing to do.")
	}
	if m.f.KeyElsewhere() {
		notes = append(notes, "The key is in account "+safe.Plain(m.f.Key.Account, 12)+", the event in the trail of account "+safe.Plain(m.f.Event.Account, 12)+".")
	}
	if note := safe.Plain(m.f.Key.Note, safe.MaxText); note != "" && !m.f.NoKey() {
		notes = append(notes, note)
	}
	if note := words.BypassNote(m.f); note != "" {
		notes = append(notes, note)
	}
	for _, name := range m.o.Expired {
		notes = append(notes, `The exception "`+safe.Plain(name, safe.MaxName)+`" would have held this alert back, but it has expired.`)
	}
	return notes
}

// delay returns a text that says how long after the call the alert was written, or
// "" if that is unknown, negative or more than 48 hours.
func delay(f *detector.Finding, o words.Options) string {
	late := o.Now.Sub(f.Event.Time)
	if f.Event.Time.IsZero() || late < 0 || late > 48*time.Hour {
		return ""
	}
	return late.Round(time.Second).String() + " after the call"
}
