package detector

import "testing"

// The same event always has the same uid, and each part of the uid matters.
func TestUID(t *testing.T) {
	base, _ := factsOf(t, []byte(put))
	again, _ := factsOf(t, edited(t, put, edit{"sharedEventID", `"s-1"`}))
	if base.uid() != again.uid() {
		t.Errorf("uid of the same event: %s and %s", base.uid(), again.uid())
	}
	seen := map[string]string{base.uid(): "the event itself"}
	for _, row := range []struct {
		name string
		edit edit
	}{
		{"another event id", edit{"eventID", `"e-9"`}},
		{"no event id", edit{"eventID", ""}},
		{"another account", edit{"recipientAccountId", `"444455556666"`}},
		{"another key", edit{"requestParameters.keyId", `"abcd"`}},
		{"an alias", edit{"requestParameters.keyId", `"alias/x"`}},
		{"another Region", edit{"awsRegion", `"us-east-2"`}},
	} {
		f, _ := factsOf(t, edited(t, put, row.edit))
		uid := f.uid()
		if len(uid) != 64 {
			t.Errorf("%s: uid = %q, want 64 hex digits", row.name, uid)
		}
		if other, ok := seen[uid]; ok {
			t.Errorf("%s: same uid as %s", row.name, other)
		}
		seen[uid] = row.name
	}
}

// Two events without ids still differ by their time.
func TestUIDWithoutEventID(t *testing.T) {
	a, _ := factsOf(t, edited(t, put, edit{"eventID", ""}))
	b, _ := factsOf(t, edited(t, put, edit{"eventID", ""}, edit{"eventTime", `"2026-11-20T08:15:43Z"`}))
	if a.uid() == b.uid() {
		t.Errorf("uid of two events without id: %s for both", a.uid())
	}
}
