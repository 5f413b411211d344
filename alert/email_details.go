package alert

import (
	"strings"

	"github.com/kmsentry/kmsentry/alert/exceptions"
	"github.com/kmsentry/kmsentry/detector"
)

// links writes the pages that are not among the first lines.
func (m *mail) links() {
	key := keyLink(m.f)
	if key == "" && m.o.RunbookURL == "" {
		return
	}
	m.heading("LINKS")
	if key != "" {
		m.line("  Key (the console must be signed in to " + orUnknown(plain(m.f.Key.Account, 12)) + "):\n  " + key)
	}
	if m.o.RunbookURL != "" {
		m.line("  Your runbook:\n  " + m.o.RunbookURL)
	}
}

// details writes every fact of the record, one a line; unknown ones are left out.
func (m *mail) details() {
	f := m.f
	m.heading("DETAILS")
	for i, note := range m.notes() {
		if i >= topNotes {
			m.fact("Note", note)
		}
	}
	m.fact("Verdict", f.Verdict.String()+outcomeWord(f))
	m.fact("Key ARN", plain(f.Key.ARN, maxARN))
	m.fact("Key alias", plain(f.Key.Alias, maxARN))
	m.fact("Primary key", plain(f.Key.PrimaryARN, maxARN))
	m.fact("Key kind", keyKind(f.Key))
	m.fact("Key store", plain(f.Key.CustomKeyStore, maxName))
	m.fact("External key", plain(f.Key.ExternalKey, maxName))
	m.fact("Caller type", plain(f.Actor.Type, maxName))
	m.fact("Caller ARN", plain(f.Actor.ARN, maxARN))
	m.fact("Role ARN", plain(f.Actor.RoleARN, maxARN))
	m.fact("Caller account", plain(f.Actor.Account, maxName))
	m.fact("Access key", accessKeyText(f.Actor))
	m.callerDetails(f.Actor)
	m.fact("Signed in", instant(f.Actor.SessionStart))
	m.fact("Source", plain(f.Source.Address, maxName))
	m.fact("VPC endpoint", plain(f.Source.VPCEndpoint, maxName))
	m.fact("User agent", plain(f.Source.UserAgent, maxAgent))
	m.fact("Error", strings.TrimSuffix(plain(f.Event.ErrorCode, maxName)+": "+plain(f.Event.ErrorMessage, maxText), ": "))
	m.fact("Alert written", delay(f, m.o))
	m.fact("Recorded in", strings.Trim(plain(f.Event.Account, maxName)+", "+plain(f.Event.Region, maxName), ", "))
	m.fact("Event id", plain(f.Event.ID, maxName))
	m.fact("Request id", plain(f.Event.RequestID, maxName))
	for i, note := range f.Notes {
		if i == 8 {
			break
		}
		m.fact("Odd in the record", plain(note, maxText))
	}
	if f.Policy.SHA256 != "" {
		m.line("  SHA-256 of the policy text:\n  " + Sanitize(f.Policy.SHA256, 64))
	}
}

// callerDetails writes where the caller's credentials come from.
func (m *mail) callerDetails(a detector.Actor) {
	m.fact("Service", plain(a.InvokedBy, maxName))
	m.fact("Credentials of", plain(a.InScopeOf.IssuedTo, maxARN))
	m.fact("On account of", plain(a.InScopeOf.SourceARN, maxARN))
	m.fact("Federated by", plain(a.Broker, maxARN))
	m.fact("Identity provider", plain(a.FederatedProvider, maxARN))
	m.fact("Identity Center user", plain(a.OnBehalfOf.UserID, maxName))
	m.fact("Identity store", plain(a.OnBehalfOf.StoreARN, maxARN))
	m.fact("Source identity", plain(a.SourceIdentity, maxName))
	if m.f.Event.FromConsole {
		m.fact("Session", "of the AWS console")
	}
}

// fact writes one fact, nothing when it is empty.
func (m *mail) fact(name, value string) {
	if strings.TrimSpace(value) != "" {
		m.para("  "+name+": ", "    ", value)
	}
}

// outcomeWord follows the verdict where people read it.
func outcomeWord(f *detector.Finding) string {
	switch {
	case f.Attempted:
		return ", refused by AWS and not in force"
	case outcomeUnknown(f):
		return ", outcome of the call unknown"
	default:
		return ""
	}
}

// keyKind is what the record says of the key itself; "" for nothing.
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

// foot writes how to accept this finding and how to find it again. A policy
// that was not read has no hash, and so no form.
func (m *mail) foot() {
	if form := strings.TrimSuffix(exceptions.Form(exceptions.Of(m.f), m.o.Now), "\n"); form != "" {
		m.heading("FALSE ALARM?")
		m.para("  ", "  ", `Accept this policy on this key: put this into exceptions.yaml under "exceptions:", and fill in the reason and the owner (docs/exceptions.md).`)
		m.line(form)
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
