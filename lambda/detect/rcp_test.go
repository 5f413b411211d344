package detect

import (
	"strings"
	"testing"
)

const insideOnly = `{"Version":"2012-10-17","Statement":[{"Effect":"Deny","Principal":"*","Action":"kms:*","Resource":"*","Condition":{"StringNotEquals":{"aws:PrincipalAccount":"111122223333"}}}]}`

// RCP_FILE names a file next to the binary; an invalid one makes the start fail.
func TestRCPFile(t *testing.T) {
	files := map[string]string{
		"/var/task/rcp.json": insideOnly, "/etc/rcp.json": insideOnly, "/var/task/broken.json": `{`,
		"/var/task/allow.json": strings.Replace(insideOnly, "Deny", "Allow", 1),
	}
	for file, want := range map[string]int{"": 0, "rcp.json": 1, "/etc/rcp.json": 1} {
		s, err := read(map[string]string{"RCP_FILE": file}, files)
		if err != nil || len(s.detector.RCPs) != want {
			t.Errorf("RCP_FILE=%q: %d policies, %v, want %d", file, len(s.detector.RCPs), err, want)
		}
	}
	for _, file := range []string{"none.json", "broken.json", "allow.json"} {
		if _, err := read(map[string]string{"RCP_FILE": file}, files); err == nil || !strings.Contains(err.Error(), "RCP_FILE") || !strings.Contains(err.Error(), file) {
			t.Errorf("RCP_FILE=%q: %v, want an error that names both", file, err)
		}
	}
}
