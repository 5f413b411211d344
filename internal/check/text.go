package check

import (
	"bytes"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/kmsentry/kmsentry/alert/safe"
	"github.com/kmsentry/kmsentry/detector/policy/decide"
	"github.com/kmsentry/kmsentry/internal/show"
)

// A textPrinter prints for people: a headline per key policy, then the reasons, then the
// proof. Text from files is sanitized as in alerts.
type textPrinter struct {
	w       io.Writer
	style   show.Style
	explain bool
	counts  map[string]int // by verdict, or "accepted" or "unreadable"
}

func (p *textPrinter) document(c Result) error {
	if p.counts == nil {
		p.counts = map[string]int{}
	}
	var b bytes.Buffer
	p.write(&b, c)
	_, err := p.w.Write(b.Bytes())
	return err
}

func (p *textPrinter) write(b *bytes.Buffer, c Result) {
	d := c.Decision
	if c.err != nil {
		p.counts["unreadable"]++
		p.headline(b, "error", c, c.err.Error())
		return
	}
	if c.Accepted.By != "" {
		p.counts["accepted"]++
		p.headline(b, "accepted", c, d.Verdict.String()+", "+headline(c))
		p.line(b, "accepted", show.Safe(c.acceptedLine()))
	} else {
		p.counts[d.Verdict.String()]++
		p.headline(b, d.Verdict.String(), c, headline(c))
	}
	for i, g := range decide.GroupGrants(d.Grants) {
		p.grant(b, g, i > 0 || d.Verdict == decide.Undecided)
	}
	for i, o := range d.Undecided {
		if i > 0 || d.Verdict != decide.Undecided { // the headline has the first one
			p.line(b, "open", show.Safe(openLine(o)))
		}
	}
	var remedies []string
	for _, u := range d.Unknown {
		if u.Name != "" { // otherwise a line "unread" says it
			remedies = append(remedies, c.bounded(u)...)
		}
	}
	slices.Sort(remedies)
	for _, r := range slices.Compact(remedies) {
		p.line(b, "remedy", show.Safe(r))
	}
	for _, note := range c.unread {
		p.line(b, "unread", show.Safe(note))
	}
	for _, g := range decide.GroupGrants(d.Others) {
		p.line(b, "also", summary(g))
	}
	for _, text := range OwnerLines(c) {
		p.line(b, "owner", show.Safe(text))
	}
	if text := GuardLine(d); text != "" {
		p.line(b, "rcp", text)
	}
	for _, text := range serviceLines(d.Services) {
		p.line(b, "service", text)
	}
	if d.Future != nil {
		p.line(b, "later", fmt.Sprintf("%s from %s on", d.Future.Verdict, d.Future.At.UTC().Format(time.RFC3339)))
	}
	for _, n := range append(slices.Clone(c.Notes), flagNotes(d.Flags)...) {
		p.line(b, "note", show.Safe(n))
	}
	if p.explain {
		for _, n := range d.Statements {
			p.line(b, "explain", fmt.Sprintf("%s (%s): %s", statementName(n.Statement), n.Effect, show.Safe(n.Why)))
		}
	}
}

// end prints the number of results by verdict, unless there was only one and no folder.
func (p *textPrinter) end(_ int, t tally) error {
	total := 0
	var parts []string
	for _, word := range []string{"public", "network", "shared", "undecided", "private", "accepted", "unreadable"} {
		if n := p.counts[word]; n > 0 {
			total += n
			parts = append(parts, fmt.Sprintf("%d %s", n, word))
		}
	}
	line := fmt.Sprintf("%d in all", total)
	if t.folders || t.without > 0 || t.grants > 0 {
		line = show.Count(t.files, "file") + ", " + show.Count(t.keys, "key")
		if t.grants > 0 {
			line += ", " + show.Count(t.grants, "grant")
		}
	} else if total < 2 {
		return nil
	}
	if len(parts) > 0 {
		line += ": " + strings.Join(parts, ", ")
	}
	if t.without > 0 {
		line += "; " + show.Count(t.without, "file") + " without a key"
	}
	if t.unknown > 0 {
		line += "; " + show.Count(t.unknown, "file") + " of unknown format"
	}
	_, err := fmt.Fprintln(p.w, line)
	return err
}

// headline prints the first line of a document.
func (p *textPrinter) headline(b *bytes.Buffer, word string, c Result, text string) {
	where := show.Safe(c.where())
	text = strings.Replace(p.style.Hanging(where+"  "+show.Safe(text), show.TextColumn), where, p.style.Bold(where), 1)
	fmt.Fprintf(b, "%s %s\n", p.style.Verdict(fmt.Sprintf("%-10s", word)), text)
}

// line prints one of the lines below the headline.
func (p *textPrinter) line(b *bytes.Buffer, label, text string) {
	fmt.Fprintf(b, "  %s %s\n", p.style.Dim(fmt.Sprintf("%-8s", label)), p.style.Hanging(text, show.TextColumn))
}

// grant prints the reasons for a group of grants, and the proof. It prints a summary only
// if summarize is set: the headline may already have that of the first group.
func (p *textPrinter) grant(b *bytes.Buffer, g decide.GrantGroup, summarize bool) {
	if summarize {
		p.line(b, "opens", summary(g))
	}
	for _, why := range g[0].Why {
		p.line(b, "why", show.Safe(why))
	}
	w := g[0].Witness
	p.line(b, "proof", inWords(w))
	if len(w.Context) > 0 {
		p.line(b, "", "with "+carried(w))
	}
	if command := replay(w); command != "" {
		p.line(b, "replay", command)
	}
}

// headline returns the result c in a few words.
func headline(c Result) string {
	d := c.Decision
	switch {
	case c.granted != nil:
		return grantLine(c)
	case d.Verdict == decide.Private:
		return closedLine(c)
	case c.between != "":
		return c.between + ": " + openLine(d.Undecided[0])
	case d.Verdict == decide.Undecided && len(d.Undecided) > 0:
		return openLine(d.Undecided[0])
	case d.Verdict == decide.Undecided:
		return "not decided"
	default:
		return summary(decide.GroupGrants(d.Grants)[0])
	}
}

// openLine returns one reason for which a decision is undecided.
func openLine(o decide.Doubt) string { return statementPrefix(o.Statement) + o.Reason }

// Ways returns how outsiders get in, each way followed by the proof, and then what could
// not be decided; nil when there is neither.
func Ways(d decide.Decision) []string {
	var all []string
	for _, g := range decide.GroupGrants(d.Grants) {
		all = append(all, summary(g), "proof: "+inWords(g[0].Witness))
	}
	for _, open := range d.Undecided {
		all = append(all, openLine(open))
	}
	return all
}

// summary returns one line about a group: who can do what, by which statements.
func summary(g decide.GrantGroup) string {
	first := g[0]
	var names []string
	for _, s := range first.Statements {
		names = append(names, statementName(s))
	}
	text := audience(first) + " can " + actions(g)
	if len(names) > 0 {
		text += ": " + strings.Join(names, ", ")
	}
	return text
}

// audience returns who gets in.
func audience(g decide.Grant) string {
	switch g.Audience {
	case decide.Public:
		return "anyone"
	case decide.Network:
		return "anyone from " + named(g.Named, "the named networks")
	default:
		return named(g.Named, "named outsiders")
	}
}

// named returns a text that lists at most three names and counts the others, or none if
// there are no names.
func named(names []string, none string) string {
	const most = 3
	if len(names) == 0 {
		return none
	}
	var shown []string
	for _, n := range names[:min(most, len(names))] {
		shown = append(shown, safe.Sanitize(n, 100))
	}
	text := strings.Join(shown, ", ")
	if more := len(names) - most; more > 0 {
		text += fmt.Sprintf(" and %d more", more)
	}
	return text
}

// actions names the first action and counts the others.
func actions(grants []decide.Grant) string {
	text := safe.Sanitize(grants[0].Action, 64)
	if more := len(grants) - 1; more > 0 {
		text += fmt.Sprintf(" and %d more", more)
	}
	return text
}

// statementName returns the name of a statement by its position, counting from 1 as the
// sentences of the decision do.
func statementName(ref decide.StatementRef) string {
	if ref.Index < 0 {
		return "the policy"
	}
	name := fmt.Sprintf("statement %d", ref.Index+1)
	if ref.Sid != "" {
		name += ` "` + safe.Sanitize(ref.Sid, 60) + `"`
	}
	return name
}

// statementPrefix returns the statement's name to precede a sentence about it; "" for the
// policy as a whole.
func statementPrefix(ref decide.StatementRef) string {
	if ref.Index < 0 {
		return ""
	}
	return statementName(ref) + ": "
}

// serviceLines returns which services may use the key: one line for those that a
// condition limits to named customers, another for those that may do so for any customer.
func serviceLines(services []decide.ServiceGrant) []string {
	var pinned, open []string
	for _, s := range services {
		name := safe.Sanitize(s.Service, 100)
		if s.Service == decide.AnyService {
			name = "any AWS service"
		}
		if name += " (" + statementName(s.Statement) + ")"; s.ConfusedDeputy {
			open = append(open, name)
		} else {
			pinned = append(pinned, name)
		}
	}
	var lines []string
	if len(pinned) > 0 {
		lines = append(lines, "may use the key: "+strings.Join(pinned, ", "))
	}
	if len(open) > 0 {
		lines = append(lines, "may use the key for any customer: "+strings.Join(open, ", ")+"; no aws:SourceAccount, aws:SourceArn or aws:SourceOrgID says for whom")
	}
	return lines
}

// flagNotes returns the flags in words, except those that other lines already explain.
func flagNotes(flags []decide.Flag) []string {
	var notes []string
	for _, f := range flags {
		switch f {
		case decide.FlagKeyDependent:
			notes = append(notes, "the verdict depends on facts about the key that are not known; give them with --key-arn, --key-spec, --key-usage, --key-tag and others")
		case decide.FlagUniqueIDUnknown:
			notes = append(notes, "a principal is named by its unique id; the policy does not name its account")
		case decide.FlagAmbiguous:
			notes = append(notes, "something that AWS does not document may open the key further; check it by hand")
		case decide.FlagViaService:
			notes = append(notes, "strangers get in through an AWS service that acts on their behalf")
		}
	}
	return notes
}
