package email

import (
	"strings"

	"github.com/kmsentry/kmsentry/alert/internal/wrap"
	"github.com/kmsentry/kmsentry/alert/safe"
	"github.com/kmsentry/kmsentry/alert/words"
	"github.com/kmsentry/kmsentry/detector/policy/decide"
)

// The most reasons that the mail shows.
const (
	maxWays = 3 // of each: groups of grants, undecided constructs, services
	maxWhy  = 6 // sentences for one group of grants
)

// A reason is one paragraph that says why the alert was sent.
type reason struct{ first, rest, text string }

// said returns a reason without a bullet, point one with a bullet.
func said(text string) reason  { return reason{"  ", "  ", text} }
func point(text string) reason { return reason{"  - ", "    ", text} }

// fitReasons writes the reasons that fit into the given number of lines and returns
// the others. It always writes the first one, cut if necessary; when it is cut, it
// is among those returned.
func fitReasons(p *page, reasons []reason, lines int) []reason {
	for i, r := range reasons {
		text := wrap.Text(r.first, r.rest, r.text)
		switch n := strings.Count(text, "\n") + 1; {
		case p.lines+n <= lines:
			p.line(text)
		case i == 0:
			kept := strings.SplitN(text, "\n", lines+1)[:lines]
			kept[lines-1] = wrap.Fit(kept[lines-1], wrap.Columns-len(safe.CutMark)) + safe.CutMark
			p.line(strings.Join(kept, "\n"))
			return reasons
		default:
			return reasons[i:]
		}
	}
	return nil
}

// why returns the reasons, the most important first.
func (m *mail) why() []reason {
	var all []reason
	if m.f.Problem != "" {
		all = append(all, m.unreadable()...)
	}
	for i, g := range decide.GroupGrants(m.f.Decision.Grants) {
		if i == maxWays {
			all = append(all, point("There are more ways in; the JSON copy of this alert lists them."))
			break
		}
		all = append(all, m.grant(g)...)
	}
	for i, open := range m.f.Decision.Undecided {
		if i == maxWays {
			break
		}
		all = append(all, point(words.Capitalized(words.StatementName(open.Statement))+" could not be decided: "+safe.Plain(open.Reason, safe.MaxText)+". Check by hand whom it lets in."))
	}
	for _, cause := range []string{words.OwnerCause(m.f), words.GuardCause(m.f)} {
		if cause != "" {
			all = append(all, point(cause))
		}
	}
	if len(all) == 0 && len(m.f.Decision.Others) == 0 && m.f.Decision.Future == nil {
		all = append(all, said("The decision has no reason, which is a bug in kmsentry. Read the policy yourself, and please report this."))
	}
	if others := m.f.Decision.Others; len(others) > 0 {
		all = append(all, point("Outsiders can also call "+words.ActionsOf(others, 6)+"."))
	}
	all = append(all, m.dangers()...)
	all = append(all, said(words.Capitalized(words.Meaning(m.f))))
	return append(all, m.asides()...)
}

// reasons writes the reasons that did not fit into the first lines.
func (m *mail) reasons(rest []reason) {
	if len(rest) == 0 {
		return
	}
	m.heading("WHY, CONTINUED")
	for _, r := range rest {
		m.para(r.first, r.rest, r.text)
	}
}

// unreadable returns the reasons why the policy could not be read.
func (m *mail) unreadable() []reason {
	switch {
	case words.NotInRecord(m.f):
		return []reason{said("The policy is not in the record: " + safe.Plain(m.f.Policy.Missing, safe.MaxText) + ". Only KMS can say which policy is in force: fetch it.")}
	case m.f.Attempted:
		return []reason{said("The policy could not be read: " + safe.Plain(m.f.Problem, safe.MaxText))}
	default:
		return []reason{
			said("The policy could not be read: " + safe.Plain(m.f.Problem, safe.MaxText)),
			said("AWS accepted it all the same, so AWS may read it differently. Check by hand what the key's policy is now and whom it names."),
		}
	}
}

// dangers returns the facts besides the grants that make the finding worse.
func (m *mail) dangers() []reason {
	var all []reason
	if doubt := words.OwnerDoubt(m.f); doubt != "" {
		all = append(all, point(doubt))
	}
	switch {
	case words.BypassNote(m.f) != "":
		all = append(all, point("Somebody who takes over a key bypasses KMS's lockout check; so do some build tools."))
	case m.f.Event.Bypass:
		all = append(all, point("The caller bypassed KMS's lockout check (BypassPolicyLockoutSafetyCheck)."))
	}
	if m.f.Decision.Future != nil && m.f.Verdict == decide.Private { // else the meaning says so
		all = append(all, point(words.Later(m.f.Decision)))
	}
	return all
}

// grant returns who gets what from one group of grants, and why.
func (m *mail) grant(g decide.GrantGroup) []reason {
	end := "."
	if len(g[0].Why) > 0 {
		end = ":"
	}
	all := []reason{said(words.Whom(g) + words.Can(m.f) + "call " + words.ActionsOf(g, 7) + words.LetIn(g) + end)}
	for i, sentence := range g[0].Why {
		if i == maxWhy {
			break
		}
		all = append(all, point(safe.Plain(sentence, safe.MaxText)))
	}
	return all
}

// asides returns what the decision says besides the verdict.
func (m *mail) asides() []reason {
	var all []reason
	d := m.f.Decision
	for i, s := range d.Services {
		if i == maxWays {
			break
		}
		if s.ConfusedDeputy {
			all = append(all, point(serviceName(s.Service)+" is let in by "+words.StatementName(s.Statement)+" and no condition limits the account that it works for."))
		}
	}
	if m.f.Verdict != decide.Undecided { // else the reasons name what matters
		for _, part := range m.f.Unreadable {
			all = append(all, point("A part of the policy could not be read; the rest is decided. "+safe.Plain(part, safe.MaxText)))
		}
	}
	for _, flag := range d.Flags {
		if text := flagText(flag); text != "" {
			all = append(all, point(text))
		}
	}
	return all
}

// flagText explains a flag that nothing else in the mail explains; "" for the other
// flags.
func flagText(flag decide.Flag) string {
	switch flag {
	case decide.FlagViaService:
		return "Strangers get in only through an AWS service that acts on their behalf."
	case decide.FlagKeyDependent:
		return "Some facts about the key are not known here (its spec, tags or aliases), so the worst was assumed."
	case decide.FlagUniqueIDUnknown:
		return "The policy names a unique id (AIDA..., AROA...) whose account the text does not give."
	case decide.FlagAmbiguous:
		return "The answer depends on a construct that AWS does not document."
	default:
		return ""
	}
}

// serviceName returns the name of a service that a policy lets in, for the start of
// a sentence.
func serviceName(service string) string {
	if service == decide.AnyService {
		return "Any AWS service that meets the conditions"
	}
	return "The service " + safe.Plain(service, safe.MaxName)
}
