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

// topLines is how many lines of the mail are enough to act on: what, who, from
// where, which key, when, why, the first two commands and the link. What a
// screen shows without scrolling is about that.
const topLines = 40

// topNotes is how many notes are among them.
const topNotes = 2

// maxAgent bounds user agents, in runes; CloudTrail keeps up to 1 KB.
const maxAgent = 300

// Compose returns the text that a person reads in the mail. Its first 40 lines
// say what is in force, who did it from where, to which key and when, why that
// is bad, and what to do: the first two commands, and the link to the event.
// The steps after these, the proposed policy, the statements as written, the
// proof, the details and the form of an exception follow.
//
// Lines end in "\n" and take at most 72 columns, but for ARNs, URLs and pieces
// of commands, which are never broken. Nothing is aligned by spaces: phones
// show mail in a proportional font. It fails when o is invalid.
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
	steps    []string // each step of the plan as lines, without the last one's end
}

// top writes the first 40 lines and returns what did not fit: the reasons, and
// the place of the first step that is not among them. The first two commands
// always fit, and the steps for now when they leave the reasons leastWhy lines;
// further steps do when all reasons fit.
func (m *mail) top() (rest []reason, acted int) {
	const (
		around   = 2 // the heading of the reasons and the empty line before it
		leastWhy = 7
		fewWhy   = 3 // even if that makes the top longer, as a storm's lead can
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

// actHeading begins the section of the first steps.
func (m *mail) actHeading() *page {
	p := &page{}
	heading := "DO NOW"
	if awsid.IsAccount(m.plan.Account) {
		heading += ", SIGNED IN TO ACCOUNT " + m.plan.Account
	}
	p.heading(heading)
	return p
}

// eventLink is the section with the link to the event; empty when there is none.
func (m *mail) eventLink() *page {
	p := &page{}
	if url := words.EventLink(m.f); url != "" {
		p.heading("Event (the console must be signed in to " + safe.OrUnknown(safe.Plain(m.f.Event.Account, 12)) + "):")
		p.line(url)
	}
	return p
}

// head writes the lines that must be enough at a glance.
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

// short writes a labeled fact on at most so many lines.
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
		kept[i] = wrap.Trim(line, wrap.Columns) // an ARN is not broken, but here it is cut
	}
	p.line(strings.Join(kept, "\n"))
}

// headline is severity, verdict and title. When that is too long the verdict
// goes, which the title says as well.
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

// from names the source of the call.
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

// when names the instant, the call, and what came of it.
func when(f *detector.Finding) string {
	at := words.Instant(f.Event.Time)
	if at == "" {
		at = "time unknown"
	}
	return at + " by " + safe.OrUnknown(safe.Plain(f.Event.Name, 32)) + "; " + words.InForce(f)
}

// notes are what changes how the rest is to be read, the most important first.
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

// delay is how long after the call the alert was written; "" when that is not
// known or beyond sense.
func delay(f *detector.Finding, o words.Options) string {
	late := o.Now.Sub(f.Event.Time)
	if f.Event.Time.IsZero() || late < 0 || late > 48*time.Hour {
		return ""
	}
	return late.Round(time.Second).String() + " after the call"
}
