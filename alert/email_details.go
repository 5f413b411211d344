package alert

import (
	"fmt"
	"strings"

	"github.com/kmsentry/kmsentry/alert/exceptions"
	"github.com/kmsentry/kmsentry/detector"
)

// links writes the console pages, each on a line of its own.
func (m *mail) links() {
	event, key := eventLink(m.f), keyLink(m.f)
	if event == "" && key == "" && m.o.RunbookURL == "" {
		return
	}
	m.heading("LINKS")
	if event != "" || key != "" {
		m.para("  ", "  ", "The console opens in the account where your browser is signed in; this key's account is "+orUnknown(plain(m.f.Key.Account, maxName))+".")
	}
	for _, link := range []struct{ name, url string }{{"CloudTrail event", event}, {"Key", key}, {"Your runbook", m.o.RunbookURL}} {
		if link.url != "" {
			m.line("  " + link.name + ":\n  " + link.url)
		}
	}
}

// details writes every fact of the record, one a line; unknown ones are left out.
func (m *mail) details() {
	f := m.f
	m.heading("DETAILS")
	rows := []struct{ name, value string }{
		{"Verdict", f.Verdict.String() + attemptedWord(f)},
		{"Key ARN", plain(f.Key.ARN, maxARN)},
		{"Key alias", plain(f.Key.Alias, maxARN)},
		{"Key kind", keyKind(f.Key)},
		{"Caller type", plain(f.Actor.Type, maxName)},
		{"Caller ARN", plain(f.Actor.ARN, maxARN)},
		{"Role ARN", plain(f.Actor.RoleARN, maxARN)},
		{"Caller account", plain(f.Actor.Account, maxName)},
		{"Access key", accessKeyText(f.Actor)},
		{"MFA", strings.TrimSuffix(mfaState(f.Actor)+"; "+mfaNote(f.Actor), "; ")},
		{"Signed in", instant(f.Actor.SessionStart)},
		{"Source", plain(f.Source.Address, maxName)},
		{"VPC endpoint", plain(f.Source.VPCEndpoint, maxName)},
		{"User agent", plain(f.Source.UserAgent, maxAgent)},
		{"Error", strings.TrimSuffix(plain(f.Event.ErrorCode, maxName)+": "+plain(f.Event.ErrorMessage, maxText), ": ")},
		{"Recorded in", strings.Trim(plain(f.Event.Account, maxName)+", "+plain(f.Event.Region, maxName), ", ")},
		{"Event id", plain(f.Event.ID, maxName)},
		{"Request id", plain(f.Event.RequestID, maxName)},
	}
	if f.Event.Bypass {
		rows = append(rows, struct{ name, value string }{"Lockout check", "switched off by the caller (BypassPolicyLockoutSafetyCheck)"})
	}
	for _, row := range rows {
		if strings.TrimSpace(row.value) != "" {
			m.para(fmt.Sprintf("  %-15s ", row.name+":"), strings.Repeat(" ", 18), row.value)
		}
	}
	if f.Policy.SHA256 != "" {
		m.line("  SHA-256 of the policy text:\n    " + Sanitize(f.Policy.SHA256, 64))
	}
}

// attemptedWord follows the verdict where people read it.
func attemptedWord(f *detector.Finding) string {
	if f.Attempted {
		return ", refused by AWS and not in force"
	}
	return ""
}

// keyKind says what the record tells of the key itself; "" for nothing.
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

// foot writes how to find this finding again and how to accept it.
func (m *mail) foot() {
	if form := strings.TrimSuffix(exceptions.Form(exceptions.Of(m.f), m.o.Now), "\n"); form != "" {
		m.section("FALSE ALARM?", "Accept this policy on this key: put this into exceptions.yaml under \"exceptions:\", and fill in why it is right and who answers for it (docs/exceptions.md).")
		m.line("\n" + form)
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
