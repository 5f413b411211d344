package chat

import (
	"testing"

	"github.com/kmsentry/kmsentry/alert/internal/alerttest"
	"github.com/kmsentry/kmsentry/detector"
)

func TestChatFits(t *testing.T) {
	for _, client := range []string{"slack", "teams"} {
		o := alerttest.Options()
		o.ChatClient, o.RunbookURL, o.Test, o.Expired = client, "https://wiki.example.com/kms?a=1&b=2", true, []string{"old-one"}
		if client == "slack" {
			o.Mention = "S012AB3CD4"
		}
		t.Run(client, func(t *testing.T) {
			alerttest.EachFinding(t, func(t *testing.T, f *detector.Finding) {
				raw, err := Compose(f, o)
				if err != nil {
					t.Fatal(err)
				}
				alerttest.CheckChat(t, raw, client)
			})
		})
	}
}
