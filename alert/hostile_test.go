package alert

import (
	"encoding/json"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/kmsentry/kmsentry/alert/internal/alerttest"
	"github.com/kmsentry/kmsentry/alert/internal/wrap"
	"github.com/kmsentry/kmsentry/alert/playbook"
	"github.com/kmsentry/kmsentry/detector"
)

// Whatever text is anywhere in a record, every channel shows harmless text, and the
// finding is still reported.
func TestHostileRecords(t *testing.T) {
	seen := map[string]bool{".eventName": true, ".eventSource": true} // these would make it another call
	for _, path := range []string{
		"../events/put-key-policy-public.json", alerttest.ShapeFile(t, "identity-center-role"), alerttest.ShapeFile(t, "identity-center-user"),
		alerttest.ShapeFile(t, "function"), alerttest.ShapeFile(t, "instance"), alerttest.ShapeFile(t, "federated-user"), alerttest.ShapeFile(t, "web-identity"),
		alerttest.ShapeFile(t, "console-with-source-identity"), alerttest.ShapeFile(t, "service-linked-role"), alerttest.ShapeFile(t, "external-key-store"),
		alerttest.ShapeFile(t, "unknown-put-timeout"), alerttest.ShapeFile(t, "unknown-replicate-unavailable"), alerttest.ShapeFile(t, "policy-hidden"),
		alerttest.ShapeFile(t, "parameters-omitted"), alerttest.ShapeFile(t, "refused-foreign-key"),
	} {
		holdPlaces(t, path, seen)
	}
	if len(seen) < 50 {
		t.Errorf("%d places in the records, want 50 and more", len(seen))
	}
}

// holdPlaces puts every attack, or a few with -short, into every place of one
// record. It skips places in seen, except those in userIdentity, and adds the places
// to seen.
func holdPlaces(t *testing.T, path string, seen map[string]bool) {
	t.Helper()
	schemas := alerttest.FindingSchemas(t)
	detail := readDetail(t, path)
	eachText(detail, func(place string, get func() string, put func(string)) {
		if seen[place] && !strings.HasPrefix(place, ".userIdentity.") { // whose meaning depends on its type
			return
		}
		all := alerttest.Attacks()
		if seen[place] || testing.Short() {
			all = map[string]string{"everything": alerttest.Attack, "blank": " \t\u00a0", "one long word": strings.Repeat("W", 5000), "an ARN and more": all["an ARN and more"]}
		}
		seen[place] = true
		before := get()
		for name, text := range all {
			put(text)
			holdHostile(t, filepath.Base(path)+place+", "+name, detail, schemas)
		}
		put(before)
	})
}

// readDetail returns the record of an event as JSON values.
func readDetail(t *testing.T, path string) map[string]any {
	t.Helper()
	raw, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	var event struct{ Detail map[string]any }
	if err := json.Unmarshal(raw, &event); err != nil {
		t.Fatal(err)
	}
	return event.Detail
}

// The same for a statement's Sid, with text that KMS accepts in a policy.
func TestHostileSids(t *testing.T) {
	schemas := alerttest.FindingSchemas(t)
	detail := readDetail(t, "../events/put-key-policy-public.json")
	request, _ := detail["requestParameters"].(map[string]any)
	open, _ := request["policy"].(string)
	for name, text := range alerttest.Attacks() {
		kept := strings.Map(func(r rune) rune {
			if r < ' ' || r > 0xff || r >= 0x7f && r < 0xa0 {
				return -1
			}
			return r
		}, text)
		sid, _ := json.Marshal(kept)
		request["policy"] = strings.Replace(open, `"Allow use of the key"`, string(sid[:min(len(sid), 4000)-1])+`"`, 2)
		holdHostile(t, "Sid, "+name, detail, schemas)
	}
}

// safeCommand matches a command that a shell runs as it reads: the only shell syntax
// in it is our own quotes, the loop over keys and the redirection to a file.
var safeCommand = regexp.MustCompile(`^(for k in \$\(aws kms list-keys --region [a-z0-9-]+ --query 'Keys\[\]\.KeyId' --output text\); do aws kms describe-key --region [a-z0-9-]+ --key-id \$k --query 'KeyMetadata\.\[CreationDate,KeyId\]' --output text; done \| sort \| tail -3|` +
	`(aws|kmsentry) [A-Za-z0-9 .,:/=_+@-]+( > before\.json|--query "Events\[(\]\.\[EventTime,EventName,Username\]|\?contains\(CloudTrailEvent, '[a-z0-9-]+'\)\]\.CloudTrailEvent)"( [A-Za-z0-9 .,:/=_-]+)?)?)$`)

// consoleLink matches a line that begins with a console link.
var consoleLink = regexp.MustCompile(`^ *https://[a-z0-9-]+\.console\.aws\.amazon\.com/`)

// holdHostile judges one record and checks the invariants of every channel.
func holdHostile(t *testing.T, name string, record map[string]any, schemas []alerttest.Schema) {
	t.Helper()
	text, err := json.Marshal(record)
	if err != nil {
		t.Fatal(err)
	}
	result, err := detector.Detector{}.Detect(text)
	if err != nil {
		return // not silent: the event is retried
	}
	f := result.Finding
	if f == nil {
		if result.Event.Outcome != detector.Refused { // a refused call without a policy that can be read is quiet
			t.Errorf("%s: quiet: %s", name, result.Quiet)
		}
		return
	}
	m, err := Compose(f, alerttest.Options())
	if err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	bodies := checkMessage(t, m)
	if strings.HasSuffix(name, ", everything") || strings.HasSuffix(name, ", blank") { // the others differ only in their letters
		alerttest.CheckFinding(t, bodies["default"], schemas)
	}
	alerttest.CheckChat(t, bodies["https"], "slack")
	lines := strings.Split(bodies["email"], "\n")
	for i, line := range lines {
		if r, bad := alerttest.UnsafeRune(line); bad || !alerttest.IsMailLine(line) {
			t.Errorf("%s: line %d of the mail is %q (%U)", name, i+1, line, r)
		}
		if wrap.Width(line) > 72 && !strings.Contains(line, "arn:") && !strings.Contains(line, "https://") {
			t.Errorf("%s: line %d has %d columns: %.120q", name, i+1, wrap.Width(line), line)
		}
		if low := strings.ReplaceAll(strings.ToLower(line), "file://fixed.json", ""); strings.Contains(low, "://") && !consoleLink.MatchString(low) || strings.Contains(low, "www.") {
			t.Errorf("%s: line %d would become a link: %.120q", name, i+1, line)
		}
	}
	alerttest.CheckFirstLines(t, bodies["email"], f)
	for _, s := range playbook.For(f, false).Steps {
		if line := s.Command.String(); s.Command != nil && !safeCommand.MatchString(line) {
			t.Errorf("%s: command %.200q", name, line)
		}
	}
	for _, heading := range []string{"WHY", "DETAILS", "DO NOW", "When: ", "MFA: "} {
		if n := countLines(lines, heading); n != 1 && !(heading == "WHY" && n == 2) {
			t.Errorf("%s: %d lines begin with %q, want 1", name, n, heading)
		}
	}
	var value any
	if err := json.Unmarshal([]byte(bodies["default"]), &value); err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	eachText(value, func(path string, get func() string, _ func(string)) {
		shown := strings.NewReplacer("\n", "", "\t", "").Replace(get())
		if r, bad := alerttest.UnsafeRune(shown); bad {
			t.Errorf("%s: the finding's %s holds %U", name, path, r)
		}
	})
}

// countLines returns the number of lines that begin with start.
func countLines(lines []string, start string) int {
	n := 0
	for _, line := range lines {
		if strings.HasPrefix(line, start) {
			n++
		}
	}
	return n
}

// eachText calls visit for every string in a JSON value, in order.
func eachText(value any, visit func(path string, get func() string, put func(string))) {
	walkTexts("", value, func(any) {}, visit)
}

func walkTexts(path string, value any, replace func(any), visit func(string, func() string, func(string))) {
	switch v := value.(type) {
	case string:
		visit(path, func() string { return v }, func(s string) { replace(s) })
	case []any:
		for i := range v {
			walkTexts(path+"[]", v[i], func(x any) { v[i] = x }, visit)
		}
	case map[string]any:
		var names []string
		for name := range v {
			names = append(names, name)
		}
		slices.Sort(names)
		for _, name := range names {
			walkTexts(path+"."+name, v[name], func(x any) { v[name] = x }, visit)
		}
	}
}
