package email

import (
	"strings"

	"github.com/kmsentry/kmsentry/alert/exceptions"
	"github.com/kmsentry/kmsentry/alert/safe"
	"github.com/kmsentry/kmsentry/alert/words"
	"github.com/kmsentry/kmsentry/detector"
)

// links writes the links that are not among the first lines.
func (m *mail) links() {
	key := words.KeyLink(m.f)
	if key == "" && m.o.RunbookURL == "" {
		return
	}
	m.heading("LINKS")
	if key != "" {
		m.line("  Key (the console must be signed in to " + safe.OrUnknown(safe.Plain(m.f.Key.Account, 12)) + "):\n  " + key)
	}
	if m.o.RunbookURL != "" {
		m.line("  Your runbook:\n  " + m.o.RunbookURL)
	}
}

// details writes the facts of the record, one per line, without those that are
// unknown.
func (m *mail) details() {
	f := m.f
	m.heading("DETAILS")
	for i, note := range m.notes() {
		if i >= topNotes {
			m.fact("Note", note)
		}
	}
	m.fact("Verdict", f.Verdict.String()+words.OutcomeWord(f))
	m.fact("Key ARN", safe.Plain(f.Key.ARN, safe.MaxARN))
	m.fact("Key alias", safe.Plain(f.Key.Alias, safe.MaxARN))
	m.fact("Primary key", safe.Plain(f.Key.PrimaryARN, safe.MaxARN))
	m.fact("Key kind", keyKind(f.Key))
	m.fact("Key store", safe.Plain(f.Key.CustomKeyStore, safe.MaxName))
	m.fact("External key", safe.Plain(f.Key.ExternalKey, safe.MaxName))
	m.fact("Caller type", safe.Plain(f.Actor.Type, safe.MaxName))
	m.fact("Caller ARN", safe.Plain(f.Actor.ARN, safe.MaxARN))
	m.fact("Role ARN", safe.Plain(f.Actor.RoleARN, safe.MaxARN))
	m.fact("Caller account", safe.Plain(f.Actor.Account, safe.MaxName))
	m.fact("Access key", accessKeyText(f.Actor))
	m.callerDetails(f.Actor)
	m.fact("Signed in", words.Instant(f.Actor.SessionStart))
	m.fact("Source", safe.Plain(f.Source.Address, safe.MaxName))
	m.fact("VPC endpoint", safe.Plain(f.Source.VPCEndpoint, safe.MaxName))
	m.fact("User agent", safe.Plain(f.Source.UserAgent, maxAgent))
	m.fact("Error", strings.TrimSuffix(safe.Plain(f.Event.ErrorCode, safe.MaxName)+": "+safe.Plain(f.Event.ErrorMessage, safe.MaxText), ": "))
	m.fact("Alert written", delay(f, m.o))
	m.fact("Recorded in", strings.Trim(safe.Plain(f.Event.Account, safe.MaxName)+", "+safe.Plain(f.Event.Region, safe.MaxName), ", "))
	m.fact("Event id", safe.Plain(f.Event.ID, safe.MaxName))
	m.fact("Request id", safe.Plain(f.Event.RequestID, safe.MaxName))
	for i, note := range f.Notes {
		if i == 8 {
			break
		}
		m.fact("Odd in the record", safe.Plain(note, safe.MaxText))
	}
	if f.Policy.SHA256 != "" {
		m.line("  SHA-256 of the policy text:\n  " + safe.Sanitize(f.Policy.SHA256, 64))
	}
}

// callerDetails writes where the caller's credentials came from.
func (m *mail) callerDetails(a detector.Actor) {
	m.fact("Service", safe.Plain(a.InvokedBy, safe.MaxName))
	m.fact("Credentials of", safe.Plain(a.InScopeOf.IssuedTo, safe.MaxARN))
	m.fact("On behalf of", safe.Plain(a.InScopeOf.SourceARN, safe.MaxARN))
	m.fact("Federated by", safe.Plain(a.Broker, safe.MaxARN))
	m.fact("Identity provider", safe.Plain(a.FederatedProvider, safe.MaxARN))
	m.fact("Identity Center user", safe.Plain(a.OnBehalfOf.UserID, safe.MaxName))
	m.fact("Identity store", safe.Plain(a.OnBehalfOf.StoreARN, safe.MaxARN))
	m.fact("Source identity", safe.Plain(a.SourceIdentity, safe.MaxName))
	if m.f.Event.FromConsole {
		m.fact("Session", "of the AWS console")
	}
}

// fact writes one labeled fact, or nothing when value is blank.
func (m *mail) fact(name, value string) {
	if strings.TrimSpace(value) != "" {
		m.para("  "+name+": ", "    ", value)
	}
}

// keyKind returns the key's spec, usage, origin and whether it is a multi-Region
// key, as far as they are known; "" when none is.
func keyKind(k detector.Key) string {
	var kinds []string
	for _, word := range []string{k.Spec, k.Usage, k.Origin} {
		if word != "" {
			kinds = append(kinds, safe.Plain(word, safe.MaxName))
		}
	}
	if k.MultiRegion != nil && *k.MultiRegion {
		kinds = append(kinds, "multi-Region")
	}
	return strings.Join(kinds, ", ")
}

// accessKeyText returns the access key id and its kind; "" when there is none.
func accessKeyText(a detector.Actor) string {
	if a.AccessKeyID == "" {
		return ""
	}
	kind := "temporary"
	if a.LongTermKey {
		kind = "long-term"
	}
	return safe.Plain(a.AccessKeyID, safe.MaxName) + " (" + kind + ")"
}

// foot writes the exceptions entry that would accept this finding, and the ids by
// which to find it again. A policy that was not read has no hash, and so no entry.
func (m *mail) foot() {
	if form := strings.TrimSuffix(exceptions.Form(exceptions.Of(m.f), m.o.Now), "\n"); form != "" {
		m.heading("FALSE ALARM?")
		m.para("  ", "  ", `Accept this policy on this key: put this into exceptions.yaml under "exceptions:", and fill in the reason and the owner (docs/exceptions.md).`)
		m.line(form)
	}
	m.line("\nkmsentry " + words.Build(m.o) + ", Splunk rule " + detector.RuleID)
	m.line("Finding " + safe.OrUnknown(safe.Sanitize(m.f.UID, 64)))
}
