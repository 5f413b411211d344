package chat

import (
	"strings"
	"unicode/utf8"

	"github.com/kmsentry/kmsentry/alert/safe"
	"github.com/kmsentry/kmsentry/alert/words"
	"github.com/kmsentry/kmsentry/detector"
	"github.com/kmsentry/kmsentry/detector/policy/decide"
)

// description returns the facts that begin the mail, the reasons and the links. A
// line that no longer fits is left out whole, so that no markup is cut.
func description(f *detector.Finding, o words.Options) string {
	var lines []string
	if o.Mention != "" {
		lines = append(lines, "<!subteam^"+o.Mention+">")
	}
	lines = append(lines, stormLead(o.Storm)...)
	if o.Test {
		lines = append(lines, "This is a test of the alert path. No key was opened.")
	}
	lines = append(lines,
		"What: "+bare(words.Title(f), safe.MaxName),
		"Who: "+bare(words.Who(f.Actor), safe.MaxText),
		"MFA: "+bare(words.MFAText(f.Actor), safe.MaxName),
		"From: "+source(f),
		"Key: "+whichKey(f),
	)
	if text := words.Material(f.Key); text != "" {
		lines = append(lines, "Material: "+bare(text, safe.MaxName))
	}
	lines = append(lines, "When: "+when(f))
	lines = append(lines, reasons(f)...)
	for _, name := range o.Expired {
		lines = append(lines, "The exception "+code(name, safe.MaxName)+" has expired; it would have held this alert back.")
	}
	links := consoleLinks(f, o)
	return joinLines(lines, maxDescription-utf8.RuneCountInString(links)-1) + "\n" + links
}

// joinLines joins lines with "\n", leaving out each one that would make the text
// longer than limit characters.
func joinLines(lines []string, limit int) string {
	var b strings.Builder
	left := limit
	for _, line := range lines {
		n := utf8.RuneCountInString(line) + 1
		if n > left {
			continue
		}
		if b.Len() > 0 {
			b.WriteByte('\n')
		}
		b.WriteString(line)
		left -= n
	}
	return b.String()
}

// source returns the address, user agent and, for a console session, that fact.
func source(f *detector.Finding) string {
	s := f.Source
	text := code(safe.OrUnknown(s.Address), 64)
	if f.Event.FromConsole {
		text += " in the console"
	}
	if s.UserAgent != "" && s.UserAgent != s.Address {
		text += " " + code(s.UserAgent, 160)
	}
	return text
}

// whichKey returns the key with its account and Region.
func whichKey(f *detector.Finding) string {
	name := code(words.KeyName(f.Key), safe.MaxName)
	if f.NoKey() {
		name = "none was made"
	}
	text := name + " in account " + bare(safe.OrUnknown(f.Key.Account), 12) + ", " + bare(safe.OrUnknown(f.Key.Region), 32)
	if f.KeyElsewhere() {
		text += "; the event is in the trail of account " + bare(f.Event.Account, 12)
	}
	return text
}

// when returns the time, the call and its outcome.
func when(f *detector.Finding) string {
	at := words.Instant(f.Event.Time)
	if at == "" {
		at = "time unknown"
	}
	return at + " by " + bare(safe.OrUnknown(f.Event.Name), 64) + "; " + bare(words.InForce(f), safe.MaxName)
}

// reasons returns the reasons for the alert in their shortest form, one per line.
func reasons(f *detector.Finding) []string {
	var lines []string
	switch {
	case words.NotInRecord(f):
		lines = append(lines, "Why: the policy is not in the record: "+code(f.Policy.Missing, 300))
	case f.Problem != "":
		lines = append(lines, "Why: the policy could not be read: "+code(f.Problem, 300))
	}
	for i, g := range decide.GroupGrants(f.Decision.Grants) {
		if i == 2 {
			break
		}
		lines = append(lines, "Why: "+code(words.Whom(g)+words.Can(f)+"call "+words.ActionsOf(g, 3)+words.LetIn(g), 300))
		for _, why := range g[0].Why[:min(len(g[0].Why), 2)] {
			lines = append(lines, "- "+code(why, 300))
		}
	}
	if f.Decision.Future != nil {
		lines = append(lines, "Why: "+words.Later(f.Decision))
	}
	if words.NotInRecord(f) {
		return append(lines, "Only KMS can say which policy is in force: fetch it.")
	}
	if f.Verdict == decide.Public || f.Verdict != decide.Undecided && len(f.Decision.Undecided) == 0 {
		return lines // the verdict cannot get worse
	}
	for _, open := range f.Decision.Undecided[:min(len(f.Decision.Undecided), 2)] {
		lines = append(lines, "Why: not decided: "+code(words.StatementName(open.Statement)+": "+open.Reason, 300))
	}
	return append(lines, "Check by hand whom this policy lets in.")
}

// consoleLinks returns the links to the console and the runbook in the markup of
// the chat client; those that cannot be built are left out.
func consoleLinks(f *detector.Finding, o words.Options) string {
	var links []string
	for _, link := range []struct{ name, url string }{{"CloudTrail event", words.EventLink(f)}, {"Key", words.KeyLink(f)}, {"Runbook", o.RunbookURL}} {
		switch {
		case link.url == "":
		case o.ChatClient == "teams":
			links = append(links, link.name+": "+link.url)
		default:
			links = append(links, "<"+strings.ReplaceAll(link.url, "&", "&amp;")+"|"+link.name+">")
		}
	}
	if o.ChatClient == "teams" {
		return strings.Join(links, "\n")
	}
	return strings.Join(links, " | ")
}
