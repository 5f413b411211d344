package detector

import (
	"reflect"
	"strings"
	"testing"
)

// alerts says whether the seed rule fires, under both readings.
func alerts(f *Finding) (literal, wildcard bool) {
	s := f.splunk()
	return s.WouldAlertLiteral, s.WouldAlertWildcard
}

// What the seed rule makes of a policy, stage by stage.
func TestSeedAlerts(t *testing.T) {
	statement := func(members string) string {
		return `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Resource":"*",` + members + `}]}`
	}
	open := statement(`"Principal":{"AWS":"*"},"Action":"kms:Encrypt"`)
	for _, row := range []struct {
		name, policy      string
		literal, wildcard bool
	}{
		{"scalar action", open, true, true},
		{"action in a list", statement(`"Principal":{"AWS":"*"},"Action":["kms:Decrypt","kms:Encrypt"]`), true, true},
		{"action in another letter case: search ignores case", statement(`"Principal":{"AWS":"*"},"Action":"KMS:ENCRYPT"`), true, true},
		{"wildcard action: not expanded", statement(`"Principal":{"AWS":"*"},"Action":"kms:*"`), false, false},
		{"wildcard suffix: not expanded", statement(`"Principal":{"AWS":"*"},"Action":"kms:Encrypt*"`), false, false},
		{"another action of the encrypt class", statement(`"Principal":{"AWS":"*"},"Action":"kms:GenerateDataKey"`), false, false},
		{"NotAction: not read", statement(`"Principal":{"AWS":"*"},"NotAction":"kms:Decrypt"`), false, false},
		{"named principal: any value matches the wildcard", statement(`"Principal":{"AWS":"arn:aws:iam::111122223333:user/Alice"},"Action":"kms:Encrypt"`), false, true},
		{"principal in a list: Principal.AWS{} is not read", statement(`"Principal":{"AWS":["*"]},"Action":"kms:Encrypt"`), false, false},
		{"bare principal: there is no member AWS", statement(`"Principal":"*","Action":"kms:Encrypt"`), false, false},
		{"service principal: there is no member AWS", statement(`"Principal":{"Service":"s3.amazonaws.com"},"Action":"kms:Encrypt"`), false, false},
		{"NotPrincipal: not read", statement(`"NotPrincipal":{"AWS":"*"},"Action":"kms:Encrypt"`), false, false},
		{"empty principal: a null field drops the row", statement(`"Principal":{"AWS":""},"Action":"kms:Encrypt"`), false, false},
		{"Deny: Effect is not read", `{"Statement":[{"Effect":"Deny","Principal":{"AWS":"*"},"Action":"kms:Encrypt","Resource":"*"}]}`, true, true},
		{"Condition: not read", statement(`"Principal":{"AWS":"*"},"Action":"kms:Encrypt","Condition":{"StringEquals":{"kms:CallerAccount":"111122223333"}}`), true, true},
		{"single statement: Statement{} wants a list", `{"Statement":{"Effect":"Allow","Principal":{"AWS":"*"},"Action":"kms:Encrypt","Resource":"*"}}`, false, false},
		{"second statement: mvexpand", `{"Statement":[{"Action":"kms:Decrypt","Principal":{"AWS":"*"}},{"Action":"kms:Encrypt","Principal":{"AWS":"*"}}]}`, true, true},
		{"principal and action of different statements", `{"Statement":[{"Action":"kms:Encrypt"},{"Principal":{"AWS":"*"},"Action":"kms:Decrypt"}]}`, false, false},
		{"names in another letter case", statement(`"principal":{"AWS":"*"},"Action":"kms:Encrypt"`), false, false},
		{"an element that is no object", `{"Statement":["x",{"Action":"kms:Encrypt","Principal":{"AWS":"*"}}]}`, true, true},
		{"not JSON", `{"Statement":[`, false, false},
		{"a list", `[]`, false, false},
		{"no policy", ``, false, false},
	} {
		t.Run(row.name, func(t *testing.T) {
			f, _ := factsOf(t, []byte(put))
			f.Policy.Text = row.policy
			if literal, wildcard := alerts(f); literal != row.literal || wildcard != row.wildcard {
				t.Errorf("alerts(%s) = %v, %v, want %v, %v", row.policy, literal, wildcard, row.literal, row.wildcard)
			}
		})
	}
}

// The stages of the seed rule that look at the record and not at the policy.
func TestSeedAlertsRecord(t *testing.T) {
	const open = `{"Statement":[{"Effect":"Allow","Principal":{"AWS":"*"},"Action":"kms:Encrypt","Resource":"*"}]}`
	for _, row := range []struct {
		name   string
		edits  []edit
		alerts bool
	}{
		{"PutKeyPolicy", nil, true},
		{"CreateKey", []edit{{"eventName", `"CreateKey"`}}, true},
		{"ReplicateKey: not in the search", []edit{{"eventName", `"ReplicateKey"`}}, false},
		{"refused: errorCode is not read", []edit{{"errorCode", `"AccessDenied"`}}, true},
		{"no user agent: a null BY field drops the row", []edit{{"userAgent", ""}}, false},
		{"no source address", []edit{{"sourceIPAddress", ""}}, false},
		{"no Region", []edit{{"awsRegion", ""}}, false},
		{"no account", []edit{{"recipientAccountId", ""}}, false},
		{"nobody", []edit{{"userIdentity", `{}`}}, false},
		{"somebody called unknown", []edit{{"userIdentity", `{"type":"AssumedRole","principalId":"AROAX:unknown"}`}}, true},
	} {
		t.Run(row.name, func(t *testing.T) {
			f, _ := factsOf(t, edited(t, put, row.edits...))
			f.Policy.Text = open
			if literal, wildcard := alerts(f); literal != row.alerts || wildcard != row.alerts {
				t.Errorf("alerts = %v, %v, want %v", literal, wildcard, row.alerts)
			}
		})
	}
}

// Every column has a value, also when the record has none.
func TestSplunkColumns(t *testing.T) {
	statements := []Statement{
		{Effect: "Deny", Text: `{"Action":"kms:Decrypt","Principal":"*"}`},
		{Effect: "Allow", Text: `{"Action":["kms:Encrypt","KMS:decrypt"],"Principal":{"AWS":["*","arn:aws:iam::111122223333:root"]}}`},
	}
	f, _ := factsOf(t, []byte(put))
	f.Statements = statements
	got := f.splunk()
	want := Splunk{
		Signature: "PutKeyPolicy", Dest: "kms.amazonaws.com", User: "Alice", UserAgent: "aws-cli/2", Src: "203.0.113.24",
		VendorAccount: "111122223333", VendorRegion: "us-east-1", VendorProduct: "AWS CloudTrail",
		Rows: []SplunkRow{
			{"kms:Encrypt", "*", 1},
			{"kms:Encrypt", "arn:aws:iam::111122223333:root", 1},
			{"KMS:decrypt", "*", 1},
			{"KMS:decrypt", "arn:aws:iam::111122223333:root", 1},
		},
		FirstTime: f.Event.Time, LastTime: f.Event.Time, RiskScore: 50, SeedSeverity: "medium",
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("columns\n got %+v\nwant %+v", got, want)
	}

	f, _ = factsOf(t, []byte(`{"eventSource":"kms.amazonaws.com","eventName":"PutKeyPolicy","userIdentity":{"accountId":"444455556666"}}`))
	got = f.splunk()
	want = Splunk{
		Signature: "PutKeyPolicy", Dest: "kms.amazonaws.com", User: "444455556666", UserAgent: "unknown", Src: "unknown",
		VendorAccount: "444455556666", VendorRegion: "unknown", VendorProduct: "AWS CloudTrail",
		Rows: []SplunkRow{{"unknown", "unknown", 1}}, RiskScore: 50, SeedSeverity: "medium",
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("columns of a bare record\n got %+v\nwant %+v", got, want)
	}
}

func TestOffendingRow(t *testing.T) {
	for _, row := range []struct{ statement, actions, principals string }{
		{`{"Action":"kms:*","Principal":"*"}`, "kms:*", "*"},
		{`{"NotAction":["kms:Decrypt"],"NotPrincipal":{"AWS":"111122223333"}}`, "kms:Decrypt", "111122223333"},
		{`{"Action":"kms:Encrypt","Principal":{"Service":"s3.amazonaws.com"}}`, "kms:Encrypt", `{"Service":"s3.amazonaws.com"}`},
		{`{"Principal":{"AWS":"*"}}`, "unknown", "*"},
	} {
		f := &Finding{Statements: []Statement{{Effect: "Allow", Text: row.statement}}}
		if got := f.offendingRow(); strings.Join(got.actions, " ") != row.actions || strings.Join(got.principals, " ") != row.principals {
			t.Errorf("offendingRow(%s) = %q, want %q, %q", row.statement, got, row.actions, row.principals)
		}
	}
}
