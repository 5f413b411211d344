package check

import (
	"testing"
	"time"

	"github.com/kmsentry/kmsentry/detector/policy/decide"
	"github.com/kmsentry/kmsentry/internal/load"
)

// judged returns the result for the only key of a template, and the bounds of its
// verdict.
func judged(t *testing.T, text string, parameters map[string]string) (c Result, low, high decide.Verdict) {
	t.Helper()
	o := Options{Account: "111122223333", At: time.Date(2026, 11, 23, 0, 0, 0, 0, time.UTC), Parameters: parameters}
	docs, err := load.Documents([]byte(text), o.Scope())
	if err != nil || len(docs) != 1 {
		t.Fatalf("%d documents, %v, want one", len(docs), err)
	}
	c = judge(&docs[0], o)
	low, high = c.Decision.Verdict, c.Decision.Verdict
	for l := decide.Private; l <= decide.Public; l++ {
		for h := l + 1; h <= decide.Public; h++ {
			if c.between == "between "+l.String()+" and "+h.String() {
				low, high = l, h
			}
		}
	}
	return c, low, high
}

// TestUnknownValuesBound checks that, whatever value a parameter gets, the verdict is
// within the bounds that check gave without it.
func TestUnknownValuesBound(t *testing.T) {
	values := []string{
		"*", "111122223333", "444455556666", "999988887777", "arn:aws:iam::444455556666:root", "arn:aws:iam::111122223333:role/r", "kms:Encrypt",
		"kms:*", "kms:Decrypt", "Allow", "Deny", "arn:aws:kms:us-east-1:111122223333:key/k", "o-a1b2c3d4e5", "198.51.100.0/24", "true", "vpce-1234abcd", "cloudtrail",
	}
	const all = `Principal: "*", Action: "kms:*", Resource: "*"`
	tests := []struct {
		name, statements string
		low, high        decide.Verdict
	}{
		{"principal", `[{Effect: Allow, Principal: {AWS: !Ref P}, Action: "kms:*", Resource: "*"}]`, decide.Private, decide.Public},
		{"part of a principal", `[{Effect: Allow, Principal: {AWS: !Sub "arn:aws:iam::${P}:root"}, Action: "kms:*", Resource: "*"}]`, decide.Private, decide.Shared},
		{"in addition to a guest", `[{Effect: Allow, Principal: {AWS: [!Sub "arn:aws:iam::${P}:root", "444455556666"]}, Action: "kms:*", Resource: "*"}]`, decide.Shared, decide.Shared},
		{"for one account only", `[{Effect: Allow, Principal: {AWS: !Sub "arn:aws:iam::${P}:root"}, Action: "kms:*", Resource: "*", Condition: {StringEquals: {"kms:CallerAccount": "444455556666"}}}]`, decide.Private, decide.Shared},
		{"organization", `[{Effect: Allow, ` + all + `, Condition: {StringEquals: {"aws:PrincipalOrgID": !Ref P}}}]`, decide.Private, decide.Shared},
		{"organization if it exists", `[{Effect: Allow, ` + all + `, Condition: {StringEqualsIfExists: {"aws:PrincipalOrgID": !Ref P}}}]`, decide.Public, decide.Public},
		{"unless the organization", `[{Effect: Allow, ` + all + `}, {Effect: Deny, ` + all + `, Condition: {StringNotEquals: {"aws:PrincipalOrgID": !Ref P}}}]`, decide.Private, decide.Shared},
		{"network", `[{Effect: Allow, ` + all + `, Condition: {StringEquals: {"aws:SourceVpce": !Ref P}}}]`, decide.Private, decide.Network},
		{"deny", `[{Effect: Allow, ` + all + `}, {Effect: Deny, Principal: {AWS: !Ref P}, Action: "kms:*", Resource: "*"}]`, decide.Private, decide.Public},
		{"deny a part", `[{Effect: Allow, ` + all + `}, {Effect: Deny, Principal: "*", Action: [!Ref P, "kms:Decrypt"], Resource: "*"}]`, decide.Private, decide.Public},
		{"open anyway", `[{Effect: Allow, ` + all + `}, {Effect: Allow, Principal: {AWS: !Ref P}, Action: "kms:*", Resource: "*"}]`, decide.Public, decide.Public},
		{"closed anyway", `[{Effect: Allow, Principal: {AWS: "111122223333"}, Action: !Ref P, Resource: "*"}]`, decide.Private, decide.Private},
		{"a service", `[{Effect: Allow, Principal: {Service: !Sub "${P}.amazonaws.com"}, Action: "kms:*", Resource: "*"}]`, decide.Private, decide.Private},
		{"a condition", `[!If [Is, {Effect: Allow, ` + all + `}, !Ref "AWS::NoValue"], {Effect: Allow, Principal: {AWS: "444455556666"}, Action: "kms:*", Resource: "*"}]`, decide.Shared, decide.Public},
		{"either way", `[{Effect: Allow, Principal: !If [Is, "*", {AWS: "*"}], Action: "kms:*", Resource: "*"}]`, decide.Public, decide.Public},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			text := "Parameters: {P: {Type: String}}\nConditions: {Is: !Equals [!Ref P, '*']}\nResources:\n  K:\n    Type: AWS::KMS::Key\n" +
				"    Properties:\n      KeyPolicy:\n        Version: 2012-10-17\n        Statement: " + tt.statements + "\n"
			c, low, high := judged(t, text, nil)
			if c.err != nil || low != tt.low || high != tt.high {
				t.Errorf("verdict %s, between %s and %s, %v, want between %s and %s", c.Decision.Verdict, low, high, c.err, tt.low, tt.high)
			}
			if open := c.Decision.Verdict == decide.Undecided; open != (low != high) || open != (len(c.Decision.Undecided) > 0) {
				t.Errorf("verdict %s between %s and %s with %d open questions", c.Decision.Verdict, low, high, len(c.Decision.Undecided))
			}
			tried := 0
			for _, v := range values {
				is, _, _ := judged(t, text, map[string]string{"P": v})
				if is.err != nil || is.Decision.Verdict == decide.Undecided {
					continue // AWS would not accept this value there, or does not document it
				}
				tried++
				if v := is.Decision.Verdict; v < low || v > high {
					t.Errorf("P=%q: verdict %s, want between %s and %s", v, v, low, high)
				}
			}
			if tried == 0 {
				t.Error("no value makes a policy")
			}
		})
	}
}

func TestJudgeOtherAccount(t *testing.T) {
	o := Options{Account: "111122223333"}
	d := load.Document{Account: "444455556666", Default: true}
	if c := judge(&d, o); c.err == nil || c.Decision.Verdict != decide.Undecided {
		t.Errorf("a key of another account than --account = %s, %v, want an error", c.Decision.Verdict, c.err)
	}
}
