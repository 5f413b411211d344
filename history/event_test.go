package history

import (
	"encoding/json"
	"testing"
)

// TestKeyFromID: a bare key id becomes an ARN of the partition that the Region
// is in.
func TestKeyFromID(t *testing.T) {
	const id = "1234abcd-12ab-34cd-56ef-1234567890ab"
	for region, want := range map[string]string{
		"us-east-1":      "arn:aws:kms:us-east-1:111122223333:key/" + id,
		"cn-north-1":     "arn:aws-cn:kms:cn-north-1:111122223333:key/" + id,
		"us-gov-west-1":  "arn:aws-us-gov:kms:us-gov-west-1:111122223333:key/" + id,
		"eusc-de-east-1": "arn:aws-eusc:kms:eusc-de-east-1:111122223333:key/" + id,
		"us-iso-east-1":  "arn:aws-iso:kms:us-iso-east-1:111122223333:key/" + id,
		"":               "",
	} {
		r := recordMembers{top: map[string]json.RawMessage{"requestParameters": json.RawMessage(`{"keyId":"` + id + `"}`)}}
		if got := r.keyARN(region, "111122223333"); got != want {
			t.Errorf("%q: key %q, want %q", region, got, want)
		}
	}
}
