package detector

import (
	"reflect"
	"strconv"
	"strings"
	"testing"
)

// alerts returns whether the seed rule fires under each reading of "*".
func alerts(f *Finding) (literal, wildcard bool) {
	s := f.splunk()
	return s.WouldAlertLiteral, s.WouldAlertWildcard
}

// What each stage of the seed rule makes of a policy.
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
		{"an element that is not an object", `{"Statement":["x",{"Action":"kms:Encrypt","Principal":{"AWS":"*"}}]}`, true, true},
		{"a list of actions with a number: the others stay", statement(`"Principal":{"AWS":"*"},"Action":["kms:Encrypt",1]`), true, true},
		{"a list of actions with a list: the others stay", statement(`"Principal":{"AWS":"*"},"Action":[["kms:Decrypt"],"kms:Encrypt"]`), true, true},
		{"a principal that is a number is its text", statement(`"Principal":{"AWS":111122223333},"Action":"kms:Encrypt"`), false, true},
		{"a principal that is a boolean is its text", statement(`"Principal":{"AWS":true},"Action":"kms:Encrypt"`), false, true},
		{"a principal that is null: no field", statement(`"Principal":{"AWS":null},"Action":"kms:Encrypt"`), false, false},
		{"a principal that is an object: no field", statement(`"Principal":{"AWS":{}},"Action":"kms:Encrypt"`), false, false},
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

// The stages of the seed rule that look at the record rather than the policy.
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
		{"a user named unknown", []edit{{"userIdentity", `{"type":"AssumedRole","principalId":"AROAX:unknown"}`}}, true},
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

// Every column has a value, even when the record has none.
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

// The rows that the seed rule prints for one event: one for each pair of action
// and principal in the statements that its search keeps.
func TestSeedRows(t *testing.T) {
	policyWith := func(statements ...string) string {
		return `{"Version":"2012-10-17","Statement":[` + strings.Join(statements, ",") + `]}`
	}
	statement := func(effect, action, principal string) string {
		return `{"Effect":"` + effect + `","Action":` + action + `,"Principal":{"AWS":` + principal + `},"Resource":"*"}`
	}
	const partner = "arn:aws:iam::444455556666:root"
	for _, row := range []struct {
		name, policy string
		want         []SplunkRow
		literal      bool
	}{
		{"one action", policyWith(statement("Allow", `"kms:Encrypt"`, `"*"`)), []SplunkRow{{"kms:Encrypt", "*", 1}}, true},
		{"the column keeps its case", policyWith(statement("Allow", `"KMS:ENCRYPT"`, `"*"`)), []SplunkRow{{"KMS:ENCRYPT", "*", 1}}, true},
		{"a list: a row for each action", policyWith(statement("Allow", `["kms:Decrypt","kms:Encrypt"]`, `"*"`)), []SplunkRow{{"kms:Encrypt", "*", 1}, {"kms:Decrypt", "*", 1}}, true},
		{"a list with a number", policyWith(statement("Allow", `["kms:Encrypt",1]`, `"*"`)), []SplunkRow{{"kms:Encrypt", "*", 1}, {"1", "*", 1}}, true},
		{"an action twice in one statement", policyWith(statement("Allow", `["kms:Encrypt","kms:Encrypt"]`, `"*"`)), []SplunkRow{{"kms:Encrypt", "*", 1}}, true},
		{"a principal that is a number", policyWith(statement("Allow", `"kms:Encrypt"`, `7`)), []SplunkRow{{"kms:Encrypt", "7", 1}}, false},
		{
			"a Deny that matches and an Allow that does not",
			policyWith(statement("Deny", `"kms:Encrypt"`, `"*"`), statement("Allow", `"kms:GenerateDataKey"`, `"*"`)),
			[]SplunkRow{{"kms:Encrypt", "*", 1}},
			true,
		},
		{
			"kms:* is another text",
			policyWith(statement("Allow", `"kms:*"`, `"*"`), statement("Allow", `"kms:Encrypt"`, `"*"`)),
			[]SplunkRow{{"kms:Encrypt", "*", 1}},
			true,
		},
		{
			"equal statements count",
			policyWith(statement("Allow", `"kms:Encrypt"`, `"*"`), statement("Deny", `["kms:Encrypt","kms:Decrypt"]`, `"*"`)),
			[]SplunkRow{{"kms:Encrypt", "*", 2}, {"kms:Decrypt", "*", 1}},
			true,
		},
		{
			"a partner and everyone: those for everyone first",
			policyWith(statement("Allow", `["kms:Encrypt","kms:Decrypt"]`, `"`+partner+`"`), statement("Allow", `"kms:Encrypt"`, `"*"`)),
			[]SplunkRow{{"kms:Encrypt", "*", 1}, {"kms:Encrypt", partner, 1}, {"kms:Decrypt", partner, 1}},
			true,
		},
		{"only a partner", policyWith(statement("Allow", `"kms:Encrypt"`, `"`+partner+`"`)), []SplunkRow{{"kms:Encrypt", partner, 1}}, false},
		{"a list of principals: none", policyWith(statement("Allow", `["kms:Encrypt","kms:Decrypt"]`, `["*"]`)), nil, false},
	} {
		t.Run(row.name, func(t *testing.T) {
			f, _ := factsOf(t, []byte(put))
			f.Policy.Text = row.policy
			if got := f.seedRows(); !reflect.DeepEqual(got, row.want) {
				t.Errorf("seedRows = %v, want %v", got, row.want)
			}
			if literal, wildcard := alerts(f); literal != row.literal || wildcard != (row.want != nil) {
				t.Errorf("alerts = %v, %v, want %v, %v", literal, wildcard, row.literal, row.want != nil)
			}
		})
	}
}

// A policy of thousands of actions gives 100 rows and says how many more there are.
func TestSplunkRowsBounded(t *testing.T) {
	var actions []string
	for i := range 3000 {
		actions = append(actions, `"kms:A`+strconv.Itoa(i)+`"`)
	}
	list := strings.Join(actions, ",")
	for _, row := range []struct {
		name, action string
		wildcard     bool
		more         int
	}{
		{"the rule fires", `"Action":[` + list + `,"kms:Encrypt"],"Principal":{"AWS":"*"}`, true, 2901},
		{"it does not", `"Action":[` + list + `],"Principal":{"AWS":["*","444455556666"]}`, false, 5900},
		{"it does not, two long lists", `"Action":[` + list + `],"Principal":{"AWS":[` + list + `]}`, false, 3000*3000 - 100},
	} {
		f, _ := factsOf(t, []byte(put))
		f.Policy.Text = `{"Statement":[{"Effect":"Allow","Resource":"*",` + row.action + `}]}`
		f.Statements = []Statement{{Effect: "Allow", Text: `{` + row.action + `}`}}
		s := f.splunk()
		if len(s.Rows) != 100 || s.MoreRows != row.more || s.WouldAlertWildcard != row.wildcard {
			t.Errorf("%s: %d rows, %d more, wildcard %v, want 100, %d, %v", row.name, len(s.Rows), s.MoreRows, s.WouldAlertWildcard, row.more, row.wildcard)
		}
		if row.wildcard && !isEncrypt(s.Rows[0].KeyPolicyAction) {
			t.Errorf("%s: the first row is %v, want kms:Encrypt", row.name, s.Rows[0])
		}
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
