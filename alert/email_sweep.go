package alert

import (
	"strconv"
	"strings"
)

// maxSweptKeys is how many keys of a sweep the mail names, the worst first.
const maxSweptKeys = 20

// sweepMail is the sweep for a person: what a digest is, then the keys, the
// worst first, each with what to do about it.
func sweepMail(s Sweep, o Options) (string, error) {
	if err := o.Check(); err != nil {
		return "", err
	}
	p := &page{}
	severity := strings.ToUpper(s.worst().Severity.String())
	if o.Test {
		severity = "[TEST] " + severity
	}
	p.para(severity+": ", "  ", s.brief())
	p.para("", "", s.comparedWith())
	if n := s.missing(); n > 0 {
		p.para("", "", "For "+keys(n)+" no event ever came: see docs/deploy.md, When an event never came.")
	}
	for i, k := range s.Keys {
		if i == maxSweptKeys {
			p.heading("AND " + strings.ToUpper(keys(len(s.Keys)-i)) + " MORE")
			p.para("", "", "They are in the finding that queues and functions get, and in the log of the sweep's function: filter on news.")
			break
		}
		sweptInto(p, i, k)
	}
	if s.Quiet > 0 {
		p.para("\n", "", "Not told: news about "+keys(s.Quiet)+" that exceptions hold back or that is below MIN_SEVERITY. It is in the log.")
	}
	p.line("")
	if o.RunbookURL != "" {
		p.line("Runbook: " + o.RunbookURL)
	}
	p.line("kmsentry " + version(o) + ", scheduled sweep. Id: " + orUnknown(Sanitize(s.UID, 64)))
	return p.text.String(), nil
}

// sweptInto writes one key of the mail.
func sweptInto(p *page, i int, k SweptKey) {
	p.para("\n"+strconv.Itoa(i+1)+". "+strings.ToUpper(k.Severity.String())+" ("+k.verdict().String()+"): ", "   ", k.title())
	p.para("Key: ", "  ", orUnknown(plain(k.Key.ARN, maxARN)))
	if k.State != "" && k.State != "Enabled" {
		p.para("State: ", "  ", plain(k.State, 64)+". It cannot be used now; one call changes that.")
	}
	for _, way := range k.ways(6) {
		p.para("- ", "  ", way)
	}
	for _, part := range k.Unread {
		p.para("Not read: ", "  ", plain(part, maxText))
	}
	if text := k.Call.sentence(k.Heard); text != "" {
		p.para("Event: ", "  ", text)
	}
	for _, name := range k.Expired {
		p.para("Note: ", "  ", `The exception "`+plain(name, maxName)+`" would have held this back, but it has expired.`)
	}
	for _, c := range k.commands() {
		writeCommand(&p.text, "  ", c)
		p.line("")
	}
}
