package email

import (
	"strconv"
	"strings"

	"github.com/kmsentry/kmsentry/alert/playbook"
	"github.com/kmsentry/kmsentry/alert/safe"
	"github.com/kmsentry/kmsentry/alert/words"
)

// maxSweptKeys is the number of keys of a sweep that the mail names, the worst first.
const maxSweptKeys = 20

// ComposeSweep returns the mail about a sweep of at least one key, sorted with the
// worst first. It says what the sweep was compared with, then describes each key and
// what to do about it. It returns an error when o is invalid.
func ComposeSweep(s words.Sweep, o words.Options) (string, error) {
	if err := o.Check(); err != nil {
		return "", err
	}
	p := &page{}
	severity := strings.ToUpper(s.WorstKey().Severity.String())
	if o.Test {
		severity = "[TEST] " + severity
	}
	p.para(severity+": ", "  ", s.Brief())
	p.para("", "", s.ComparedWith())
	if n := s.WithoutEvent(); n > 0 {
		p.para("", "", "For "+words.CountKeys(n)+" no event ever came: see docs/deploy.md, When an event never came.")
	}
	for i, k := range s.Keys {
		if i == maxSweptKeys {
			p.heading("AND " + strings.ToUpper(words.CountKeys(len(s.Keys)-i)) + " MORE")
			p.para("", "", "They are in the finding that queues and functions get, and in the log of the sweep's function: filter on news.")
			break
		}
		sweptKey(p, i, k)
	}
	if s.Quiet > 0 {
		p.para("\n", "", "Not reported: changes to "+words.CountKeys(s.Quiet)+" that exceptions accept or that are below MIN_SEVERITY. They are in the log.")
	}
	p.line("")
	if o.RunbookURL != "" {
		p.line("Runbook: " + o.RunbookURL)
	}
	p.line("kmsentry " + words.Build(o) + ", scheduled sweep. Id: " + safe.OrUnknown(safe.Sanitize(s.UID, 64)))
	return p.text.String(), nil
}

// sweptKey writes the section about one key.
func sweptKey(p *page, i int, k words.SweptKey) {
	p.para("\n"+strconv.Itoa(i+1)+". "+strings.ToUpper(k.Severity.String())+" ("+k.Verdict().String()+"): ", "   ", k.Title())
	p.para("Key: ", "  ", safe.OrUnknown(safe.Plain(k.Key.ARN, safe.MaxARN)))
	if k.State != "" && k.State != "Enabled" {
		p.para("State: ", "  ", safe.Plain(k.State, 64)+". It cannot be used now; one call changes that.")
	}
	for _, way := range k.Ways(6) {
		p.para("- ", "  ", way)
	}
	for _, part := range k.Unread {
		p.para("Not read: ", "  ", safe.Plain(part, safe.MaxText))
	}
	if text := k.Call.Sentence(k.Heard); text != "" {
		p.para("Event: ", "  ", text)
	}
	for _, name := range k.Expired {
		p.para("Note: ", "  ", `The exception "`+safe.Plain(name, safe.MaxName)+`" would have held this back, but it has expired.`)
	}
	for _, c := range playbook.FirstCommands(k) {
		writeCommand(&p.text, "  ", c)
		p.line("")
	}
}
