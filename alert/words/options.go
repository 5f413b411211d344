package words

import (
	"fmt"
	"net/url"
	"strings"
	"time"

	"github.com/kmsentry/kmsentry/alert/safe"
)

// Options controls how findings are written.
type Options struct {
	Now        time.Time // when the alert is composed, which is the finding's creation time
	Version    string    // of kmsentry, e.g. "v1.0.0"; "" reads as "devel"
	RunbookURL string    // https URL shown in every alert; "" none
	ChatClient string    // "slack" (default when empty) or "teams"
	Mention    string    // Slack user group id to mention (S...), validated; "" none
	HTTPSBody  string    // "chat" (default when empty) or "finding": what https subscribers get
	Test       bool      // a canary: marked [TEST] in the subject
	Expired    []string  // names of expired exceptions that would have held this finding back
	Storm      *Storm    // the alerts held back by a storm, with which every channel begins; nil when there is no storm
}

// Check returns an error that says what is wrong with o; nil when it is valid.
func (o Options) Check() error {
	if o.Now.IsZero() {
		return fmt.Errorf("now: expected the time of the alert, found none")
	}
	if o.RunbookURL != "" {
		u, err := url.Parse(o.RunbookURL)
		if err != nil || u.Scheme != "https" || u.Host == "" || u.User != nil || o.RunbookURL != safe.Sanitize(o.RunbookURL, 512) || strings.ContainsAny(o.RunbookURL, " <>|`\"'\\") {
			return fmt.Errorf("runbook URL: expected an https URL of at most 512 plain characters, found %q", o.RunbookURL)
		}
	}
	switch o.ChatClient {
	case "", "slack":
	case "teams":
		if o.Mention != "" {
			return fmt.Errorf("mention: expected none with chat client \"teams\", found %q", o.Mention)
		}
	default:
		return fmt.Errorf("chat client: expected \"slack\" or \"teams\", found %q", o.ChatClient)
	}
	if o.Mention != "" && !safe.IsSlackGroup(o.Mention) {
		return fmt.Errorf("mention: expected a Slack user group id (S...), found %q", o.Mention)
	}
	switch o.HTTPSBody {
	case "", "chat", "finding":
		return nil
	default:
		return fmt.Errorf("https body: expected \"chat\" or \"finding\", found %q", o.HTTPSBody)
	}
}

// Build returns the version of kmsentry as it is shown.
func Build(o Options) string {
	if o.Version == "" {
		return "devel"
	}
	return safe.Sanitize(o.Version, 64)
}
