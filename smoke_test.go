package kmsentry

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// fakeAWS is a script that answers the AWS CLI calls of deploy/smoke and logs them.
const fakeAWS = `#!/bin/sh
echo "$@" >> "$CALLS"
case "$*" in
  *describe-stacks*FunctionName*) echo kmsentry-DetectorFunction-AbC ;;
  *describe-stacks*LogGroupName*) echo /aws/lambda/kmsentry-detector-1 ;;
  *"lambda invoke"*) for last; do :; done; echo "$ANSWER" > "$last" ;;
  *get-caller-identity*) echo 444455556666 ;;
  *create-key*) echo 1234abcd-12ab-34cd-56ef-1234567890ab ;;
  *schedule-key-deletion*) exit "$DELETION" ;;
  *filter-log-events*) echo "$FOUND" ;;
  *) echo "unexpected: $*" >&2; exit 9 ;;
esac
`

// TestSmoke checks that deploy/smoke schedules the open key for deletion whatever
// happens, and that its exit status says whether the drill succeeded. It uses fakeAWS
// as the AWS CLI.
func TestSmoke(t *testing.T) {
	published := `{"outcome":"published"}`
	tests := []struct {
		name, answer, found, deletion string
		key                           bool // a key was created
		status                        int
		says                          string
	}{
		{"goes well", published, "1", "0", true, 0, "the path from KMS through CloudTrail and the rule works"},
		{"no trail", published, "0", "0", true, 1, "no event reached the function"},
		{"the function fails", `{"errorType":"publishError"}`, "1", "0", false, 1, "expected an alert to be published"},
		{"the logs cannot be read", published, "None", "0", true, 1, "no event reached the function"},
		{"the key stays", published, "1", "1", true, 1, "IS OPEN"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			dir := t.TempDir()
			if err := os.WriteFile(filepath.Join(dir, "aws"), []byte(fakeAWS), 0o755); err != nil {
				t.Fatal(err)
			}
			calls := filepath.Join(dir, "calls")
			cmd := exec.Command("deploy/smoke", "kmsentry")
			cmd.Env = append(os.Environ(), "PATH="+dir+":"+os.Getenv("PATH"), "CALLS="+calls, "ANSWER="+test.answer, "FOUND="+test.found, "DELETION="+test.deletion, "WAIT=0", "TRIES=2")
			out, _ := cmd.CombinedOutput()
			if status := cmd.ProcessState.ExitCode(); status != test.status || !strings.Contains(string(out), test.says) {
				t.Errorf("status %d, want %d with %q:\n%s", status, test.status, test.says, out)
			}
			made := strings.Contains(document(t, calls), "create-key")
			deleted := strings.Contains(document(t, calls), "schedule-key-deletion --key-id 1234abcd-12ab-34cd-56ef-1234567890ab")
			if made != test.key || deleted != test.key {
				t.Errorf("a key was made: %t, scheduled for deletion: %t, want %t:\n%s", made, deleted, test.key, document(t, calls))
			}
		})
	}
}
