package words_test

import (
	"strings"
	"testing"

	"github.com/kmsentry/kmsentry/alert/internal/alerttest"
	"github.com/kmsentry/kmsentry/alert/words"
)

func TestOptionsCheck(t *testing.T) {
	for name, c := range map[string]struct {
		edit func(*words.Options)
		want string // "" valid
	}{
		"plain": {func(*words.Options) {}, ""},
		"everything": {func(o *words.Options) {
			o.RunbookURL, o.ChatClient, o.Mention, o.HTTPSBody = "https://w.example.com/x?y=1", "slack", "S012AB3CD4", "finding"
		}, ""},
		"no time":              {func(o *words.Options) { o.Now = o.Now.AddDate(-9999, 0, 0); *o = words.Options{} }, "now: "},
		"runbook over http":    {func(o *words.Options) { o.RunbookURL = "http://w.example.com" }, "runbook URL: "},
		"runbook with markup":  {func(o *words.Options) { o.RunbookURL = "https://w.example.com/|x>" }, "runbook URL: "},
		"runbook with newline": {func(o *words.Options) { o.RunbookURL = "https://w.example.com/\n" }, "runbook URL: "},
		"unknown client":       {func(o *words.Options) { o.ChatClient = "irc" }, "chat client: "},
		"mention of all":       {func(o *words.Options) { o.Mention = "!channel" }, "mention: "},
		"mention in Teams":     {func(o *words.Options) { o.ChatClient, o.Mention = "teams", "S012AB3CD4" }, "mention: "},
		"unknown body":         {func(o *words.Options) { o.HTTPSBody = "xml" }, "https body: "},
	} {
		o := alerttest.Options()
		c.edit(&o)
		err := o.Check()
		if (err == nil) != (c.want == "") || err != nil && !strings.HasPrefix(err.Error(), c.want) {
			t.Errorf("%s: Check() = %v, want prefix %q", name, err, c.want)
		}
	}
}
