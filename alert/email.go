package alert

import (
	"strings"
	"time"

	"github.com/kmsentry/kmsentry/detector"
)

// topLines is how many lines of the mail are enough to act on: what, who, from
// where, which key, when, why, the first two commands and the link. What a
// screen shows without scrolling is about that.
const topLines = 40

// topNotes is how many notes are among them.
const topNotes = 2

// Email returns the text that a person reads in the mail. Its first 40 lines
// say what is in force, who did it from where, to which key and when, why that
// is bad, and what to do: the first two commands, and the link to the event.
// The steps after these, the proposed policy, the statements as written, the
// proof, the details and the form of an exception follow.
//
// Lines end in "\n" and take at most 72 columns, but for ARNs, URLs and pieces
// of commands, which are never broken. Nothing is aligned by spaces: phones
// show mail in a proportional font.
func Email(f *detector.Finding, o Options) string {
	proposed := proposalFor(f)
	return email(f, o, planFor(f, proposed != ""), proposed)
}

// email writes the mail. proposed is the repaired policy.
func email(f *detector.Finding, o Options, p plan, proposed string) string {
	m := &mail{f: f, o: o, l: inMail, proposed: proposed, plan: p.writeOut()}
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
	return m.text.String()
}

// A mail is an email being written.
type mail struct {
	page
	f        *detector.Finding
	o        Options
	l        limits
	proposed string // the repaired policy; "" when it is not in the mail
	plan     plan
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
	least := m.plan.through(2)
	acts.steps(m.plan, 0, least)
	if now := max(m.plan.now, least); acts.lines+m.plan.lines(least, now)+leastWhy <= left {
		acts.steps(m.plan, least, now)
		least = now
	}
	rest = fitReasons(why, m.why(), max(left-acts.lines, fewWhy))
	for len(rest) == 0 && least < m.plan.last && why.lines+acts.lines+m.plan.lines(least, least+1) <= left {
		acts.steps(m.plan, least, least+1)
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
	if isAccount(m.plan.account) {
		heading += ", SIGNED IN TO ACCOUNT " + m.plan.account
	}
	p.heading(heading)
	return p
}

// eventLink is the section with the link to the event; empty when there is none.
func (m *mail) eventLink() *page {
	p := &page{}
	if url := eventLink(m.f); url != "" {
		p.heading("Event (the console must be signed in to " + orUnknown(plain(m.f.Event.Account, 12)) + "):")
		p.line(url)
	}
	return p
}

// head writes the lines that must be enough at a glance.
func (m *mail) head(p *page) {
	f := m.f
	for line := range strings.Lines(mailLead(m.o.Storm)) {
		p.line(strings.TrimSuffix(line, "\n"))
	}
	p.short("", m.headline(), 2)
	p.short("Who: ", who(f.Actor), 3)
	p.short("MFA: ", mfaText(f.Actor), 2)
	p.short("From: ", from(f), 1)
	p.short("Key: ", whichKey(f), 2)
	if text := material(f.Key); text != "" {
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
	all := wrap(label, "  ", text)
	if len(all) <= columns && !strings.Contains(all, "\n") {
		p.line(all)
		return
	}
	kept := strings.SplitN(all, "\n", lines+1)
	if len(kept) > lines {
		last := kept[lines-1]
		kept[lines-1] = strings.TrimRight(fit(last, columns-len(cutMark)), " ") + cutMark
		kept = kept[:lines]
	}
	for i, line := range kept {
		kept[i] = trim(line, columns) // an ARN is not broken, but here it is cut
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
	line := severity + " (" + m.f.Verdict.String() + "): " + title(m.f)
	if width(line) > columns {
		line = severity + ": " + title(m.f)
	}
	return line
}

// from names the source of the call.
func from(f *detector.Finding) string {
	s := f.Source
	text := orUnknown(plain(s.Address, maxName))
	if f.Event.FromConsole {
		text += ", in the console"
	}
	if s.UserAgent != "" && s.UserAgent != s.Address { // a service writes its name into both
		text += ", " + plain(s.UserAgent, maxAgent)
	}
	return text
}

// whichKey names the key with its account and Region.
func whichKey(f *detector.Finding) string {
	k, text := f.Key, keyName(f.Key)
	if f.NoKey() {
		text = "none was made"
	}
	if k.Account != "" {
		text += " in " + plain(k.Account, maxName)
	}
	if k.Region != "" {
		text += ", " + plain(k.Region, maxName)
	}
	return text
}

// when names the instant, the call, and what came of it.
func when(f *detector.Finding) string {
	at := instant(f.Event.Time)
	if at == "" {
		at = "time unknown"
	}
	return at + " by " + orUnknown(plain(f.Event.Name, 32)) + "; " + inForce(f)
}

// notes are what changes how the rest is to be read, the most important first.
func (m *mail) notes() []string {
	var notes []string
	if m.o.Test {
		notes = append(notes, "This is a test of the alert path. No key was opened; there is nothing to do.")
	}
	if m.f.KeyElsewhere() {
		notes = append(notes, "The key is in account "+plain(m.f.Key.Account, 12)+", the event in the trail of account "+plain(m.f.Event.Account, 12)+".")
	}
	if note := plain(m.f.Key.Note, maxText); note != "" && !m.f.NoKey() {
		notes = append(notes, note)
	}
	if note := bypassNote(m.f); note != "" {
		notes = append(notes, note)
	}
	for _, name := range m.o.Expired {
		notes = append(notes, `The exception "`+plain(name, maxName)+`" would have held this alert back, but it has expired.`)
	}
	return notes
}

// delay is how long after the call the alert was written; "" when that is not
// known or beyond sense.
func delay(f *detector.Finding, o Options) string {
	late := o.Now.Sub(f.Event.Time)
	if f.Event.Time.IsZero() || late < 0 || late > 48*time.Hour {
		return ""
	}
	return late.Round(time.Second).String() + " after the call"
}
