package detector

import "testing"

// The facts that decide which steps a responder can take.
func TestSituation(t *testing.T) {
	refused := edit{"errorCode", `"AccessDenied"`}
	unknown := edit{"errorCode", `"InternalFailure"`}
	nothing := edit{"responseElements", `null`}
	replicate := edit{"eventName", `"ReplicateKey"`}
	foreign := edit{"requestParameters.keyId", `"arn:aws:kms:us-east-1:444455556666:key/` + testID + `"`}
	for _, row := range []struct {
		name, record      string
		edits             []edit
		noKey, maybe      bool
		elsewhere, others bool
	}{
		{"accepted CreateKey", create, nil, false, false, false, false},
		{"refused CreateKey", create, []edit{refused, nothing}, true, false, false, false},
		{"refused CreateKey next to a response", create, []edit{refused}, false, false, false, false},
		{"CreateKey of unknown outcome", create, []edit{unknown, nothing}, false, true, false, false},
		{"refused ReplicateKey", create, []edit{replicate, refused, nothing}, true, false, false, false},
		{"ReplicateKey of unknown outcome", create, []edit{replicate, unknown, nothing}, false, true, false, false},
		{"refused PutKeyPolicy", put, []edit{refused}, false, false, false, false},
		{"PutKeyPolicy of unknown outcome", put, []edit{unknown}, false, false, false, false},
		{"a key of another account", put, []edit{refused, foreign}, false, false, true, true},
		{"the trail of another account", put, []edit{{"recipientAccountId", `"444455556666"`}, {"responseElements", `{"keyId":"` + testARN + `"}`}}, false, false, true, false},
		{"no account of the trail", put, []edit{{"recipientAccountId", `null`}, foreign}, false, false, false, true},
		{"a caller of another account", put, []edit{{"userIdentity.accountId", `"444455556666"`}}, false, false, false, true},
		{"a caller without an account", put, []edit{{"userIdentity.accountId", `"12"`}}, false, false, false, false},
	} {
		f, _ := factsOf(t, edited(t, row.record, row.edits...))
		if f.NoKey() != row.noKey || f.MaybeNoKey() != row.maybe || f.KeyElsewhere() != row.elsewhere || f.ForeignKey() != row.others {
			t.Errorf("%s: no key %v, maybe %v, elsewhere %v, foreign %v, want %v, %v, %v, %v", row.name,
				f.NoKey(), f.MaybeNoKey(), f.KeyElsewhere(), f.ForeignKey(), row.noKey, row.maybe, row.elsewhere, row.others)
		}
	}
}
