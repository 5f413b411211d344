package policy

import "testing"

// TestParseRCP: what a resource control policy may say, and the error of what it may not.
// Source: AWS Organizations User Guide, orgs_manage_policies_rcps_syntax.html.
func TestParseRCP(t *testing.T) {
	const v, deny = `{"Version":"2012-10-17","Statement":`, `"Effect":"Deny","Principal":"*","Action":"kms:*","Resource":"*"`
	for _, row := range []struct{ name, text, want string }{
		{"a Deny", v + `{` + deny + `}}`, ""},
		{"a Deny under a condition", v + `{` + deny + `,"Condition":{"BoolIfExists":{"aws:PrincipalIsAWSService":"false"}}}}`, ""},
		{"a Deny on all but one key", v + `{"Effect":"Deny","Principal":"*","Action":"kms:*","NotResource":"arn:aws:kms:*:*:key/1"}}`, ""},
		{"RCPFullAWSAccess", v + `[{"Effect":"Allow","Principal":"*","Action":"*","Resource":"*"}]}`, ""},
		{"everybody as an object", v + `{"Effect":"Deny","Principal":{"AWS":"*"},"Action":"*","Resource":"*"}}`, ""},
		{"an older version", `{"Version":"2008-10-17","Statement":{` + deny + `}}`, `resource control policy: Version: expected 2012-10-17, found "2008-10-17"`},
		{"no version", `{"Statement":{` + deny + `}}`, `resource control policy: Version: expected 2012-10-17, found ""`},
		{"one account", v + `[{` + deny + `},{"Effect":"Deny","Principal":{"AWS":"111122223333"},"Action":"*","Resource":"*"}]}`, `resource control policy: Statement[1]: expected Principal "*"`},
		{"everybody and one more", v + `[{"Effect":"Deny","Principal":{"AWS":["*","111122223333"]},"Action":"*","Resource":"*"}]}`, `resource control policy: Statement[0]: expected Principal "*"`},
		{"NotPrincipal", v + `{"Effect":"Deny","NotPrincipal":"*","Action":"*","Resource":"*"}}`, `resource control policy: Statement[0]: expected Principal "*"`},
		{"NotAction", v + `{"Effect":"Deny","Principal":"*","NotAction":"kms:*","Resource":"*"}}`, `resource control policy: Statement[0]: expected Action`},
		{"no Action", v + `{"Effect":"Deny","Principal":"*","Resource":"*"}}`, `resource control policy: Statement[0]: expected Action`},
		{"no Resource", v + `{"Effect":"Deny","Principal":"*","Action":"*"}}`, `resource control policy: Statement[0]: expected Resource or NotResource`},
		{"an Allow of some actions", v + `{"Effect":"Allow","Principal":"*","Action":"kms:*","Resource":"*"}}`, `resource control policy: Statement[0]: expected Effect Deny; only RCPFullAWSAccess allows, everything without a condition`},
		{"an Allow of all resources but none", v + `{"Effect":"Allow","Principal":"*","Action":"*","NotResource":"*"}}`, `resource control policy: Statement[0]: expected Effect Deny; only RCPFullAWSAccess allows, everything without a condition`},
		{"an Allow under a condition", v + `{"Effect":"Allow","Principal":"*","Action":"*","Resource":"*","Condition":{"Bool":{"a:b":"true"}}}}`, `resource control policy: Statement[0]: expected Effect Deny; only RCPFullAWSAccess allows, everything without a condition`},
		{"what a key policy may not say either", v + `{` + deny + `,"Sidd":"x"}}`, `resource control policy: Statement: expected Sid, Effect, Principal, NotPrincipal, Action, NotAction, Resource, NotResource or Condition, found "Sidd" (byte 101)`},
	} {
		p, err := ParseRCP([]byte(row.text))
		switch {
		case row.want == "" && (err != nil || !p.IsRCP):
			t.Errorf("%s: %v, %v, want a resource control policy", row.name, p, err)
		case row.want != "" && (p != nil || err == nil || err.Error() != row.want):
			t.Errorf("%s: %v, %v, want %s", row.name, p, err, row.want)
		}
	}
}
