package decide

import (
	"fmt"
	"strings"
	"testing"

	"github.com/kmsentry/kmsentry/detector/policy"
	"github.com/kmsentry/kmsentry/detector/policy/decide/internal/compile"
	"github.com/kmsentry/kmsentry/detector/policy/decide/internal/textsolve"
	"github.com/kmsentry/kmsentry/detector/policy/evaluate"
	"github.com/kmsentry/kmsentry/detector/policy/internal/policytest"
)

// The search and the evaluator match all short patterns alike.
func TestPatternsMatchAlike(t *testing.T) {
	b := textsolve.NewBudget(1_000_000, nil)
	for _, row := range []struct {
		operator    string
		base        policy.Base
		chars       string // of the patterns, besides wildcards
		longest     int    // of the texts
		frame, tail string // around both
	}{
		{"StringEquals", policy.StringEquals, "aé", 4, "", ""},
		{"StringLike", policy.StringLike, "aé", 4, "", ""},
		{"ArnLike", policy.ArnLike, "a:", 5, "1:2:3:", ":6"},
	} {
		texts := policytest.TextsOver(row.chars, row.longest)
		for _, pattern := range policytest.TextsOver(row.chars+"*?", 4) {
			if row.base == policy.ArnLike && !strings.Contains(pattern, ":") {
				continue // with fewer than six parts it is short
			}
			pattern = row.frame + pattern + row.tail
			read := compile.NewPattern(pattern, row.base, nil)
			p, err := policy.ParseStrict([]byte(policytest.StatementText(policytest.Condition(row.operator, "kms:EncryptionContext:k", fmt.Sprintf("%q", pattern)))))
			if err != nil {
				t.Fatal(err)
			}
			for _, text := range texts {
				text = row.frame + text + row.tail
				answer := evaluate.Allows(p, evaluate.Request{Action: "kms:Encrypt", Context: map[string][]string{"kms:EncryptionContext:k": {text}}})
				if answer == evaluate.Maybe || read.Matches(text, b) != (answer == evaluate.Yes) {
					t.Errorf("%s: %q matches %q: %v, the evaluator says %v", row.operator, pattern, text, answer != evaluate.Yes, answer)
				}
			}
		}
	}
}
