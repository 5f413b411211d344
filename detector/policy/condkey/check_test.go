package condkey

import (
	"strings"
	"testing"
)

// TestCheck holds what a row cannot say, with the error that says so.
func TestCheck(t *testing.T) {
	const name = "aws:A"
	text := Values{Shapes: []string{"{name 1 2}"}}
	for _, row := range []struct {
		name string
		row  Row
		want string
	}{
		{"a caller that there is not", Row{Cases: []Case{{Callers: Service << 1}}}, "case 0: no such caller, path or credentials"},
		{"a path that there is not", Row{Cases: []Case{{Paths: MCP << 1}}}, "case 0: no such caller, path or credentials"},
		{"credentials that there are not", Row{Cases: []Case{{}, {Creds: LongTerm + 1}}}, "case 1: no such caller, path or credentials"},
		{"a service's credentials", Row{Cases: []Case{{Callers: Service, Creds: Temporary}}}, "case 0: services call in one way"},
		{"long-term credentials of a session", Row{Cases: []Case{{Callers: Role | Fed, Creds: LongTerm}}}, "case 0: such sessions are always temporary"},
		{"a presence that there is not", Row{Cases: []Case{{Is: Unsaid + 1}}}, "case 0: no such presence"},
		{"two facts", Row{Reads: FactOrg | FactTags, Cases: []Case{{Values: Values{Fact: FactOrg | FactTags}}}}, "case 0: a fact that the row does not read"},
		{"numbers and addresses", Row{Cases: []Case{{Values: Values{Numbers: true, Addresses: AllAddresses}}}}, "case 0: values that are said in another way already"},
		{"the instant and texts that may be", Row{Cases: []Case{{Values: Values{Now: true, MaybeOf: []string{"x"}}}}}, "case 0: values that are said in another way already"},
		{"a name beside the ARN", Row{Tie: TieUsername, Cases: []Case{{Callers: User, Is: Always, Values: text}}}, "case 0: values that are said in another way already"},
		{"the ARN of a service", Row{Tie: TieARN, Cases: []Case{{Callers: Service, Is: Unsaid, Values: text}}}, "case 0: values that are said in another way already"},
		{"the user id of a root user", Row{Tie: TieUserID, Cases: []Case{{Callers: Root, Is: Always, Values: text}}}, "case 0: values that are said in another way already"},
		{"a spec that is not there", Row{Tie: TieSpec, Cases: []Case{{Is: Chosen}}}, "case 0: a fact of the key that is not there"},
		{"another instant", Row{Tie: TieTime, Cases: []Case{{Is: Always}}}, "case 0: an instant that is another than the request's"},
		{"a service's name for people", Row{Tie: TieService, Names: ServicePrincipal, Cases: []Case{{Is: Always}}}, "case 0: a service's own name of somebody else"},
		{"a service's name that names the caller", Row{Tie: TieService, Names: TheCaller, Cases: []Case{{Callers: Service}}}, "case 0: a service's own name of somebody else"},
		{"a context without names", Row{Tie: TieContext, Cases: []Case{{Is: Chosen}}}, "case 0: a part of the encryption context without its name"},
		{"an age of no MFA", Row{Tie: TieMFAAge, Cases: []Case{{Is: Always}}}, "case 0: an age whether there is MFA or not"},
		{"addresses that there are not", Row{Cases: []Case{{Values: Values{Addresses: IPv4Addresses + 1}}}}, "case 0: no such addresses"},
		{"bounds the wrong way round", Row{Cases: []Case{{Values: Values{Numbers: true, Lo: 2, Hi: 1}}}}, "case 0: bounds of no numbers"},
		{"an example without a shape", Row{Cases: []Case{{Values: Values{First: "x"}}}}, "case 0: examples of no text"},
		{"names of AWS's own of a key alone", Row{Reserved: "aws:"}, "free parts of a key that has none"},
		{"an organization that every account has", Row{Tie: TieOrgID, Cases: []Case{{Is: Always}}}, "case 0: a caller's own key, which is there whatever the path, the credentials and the action"},
		{"an account on some paths", Row{Tie: TieAccount, Cases: []Case{{Paths: Public, Is: Always}}}, "case 0: a caller's own key, which is there whatever the path, the credentials and the action"},
		{"an account for some actions", Row{Tie: TieAccount, Cases: []Case{{Actions: []string{"kms:Encrypt"}, Is: Always}}}, "case 0: a caller's own key, which is there whatever the path, the credentials and the action"},
		{"an account that a caller has twice", Row{Tie: TieAccount, Cases: []Case{{Is: Always}, {Callers: User, Is: Always}}}, "case 1: a caller's own key, which is there whatever the path, the credentials and the action"},
		{"a name of roles", Row{Tie: TieUsername, Cases: []Case{{Callers: User | Role, Is: Always}}}, "case 0: a caller's own key, which is there whatever the path, the credentials and the action"},
		{"an account of users alone", Row{Tie: TieAccount, Cases: []Case{{Callers: User, Is: Always}}}, "cases for callers 10, want 1111"},
	} {
		row.row.Name = name
		if _, err := New([]Row{row.row}, nil); err == nil || err.Error() != name+": "+row.want {
			t.Errorf("%s: %v, want %s: %s", row.name, err, name, row.want)
		}
	}
}

// TestAlike: keys of one group are there in the same requests; a change to one
// alone is refused.
func TestAlike(t *testing.T) {
	for _, row := range []struct {
		name, key string
		change    func(*Row)
		want      string
	}{
		{"a VPC where its ARN is not", "aws:SourceVpc", func(r *Row) { r.Cases[0].Paths = Public }, "aws:SourceVpc and aws:SourceVpcArn are not alike"},
		{"an endpoint's organization", "aws:VpceOrgPaths", func(r *Row) { r.Cases[0].Is = Always }, "aws:VpceOrgID and aws:VpceOrgPaths are not alike"},
		{"an encryption context", "kms:EncryptionContextKeys", func(r *Row) { r.Cases[0].Actions = r.Cases[0].Actions[1:] }, "kms:EncryptionContext: and kms:EncryptionContextKeys are not alike"},
		{"the first of other services", "aws:CalledViaFirst", func(r *Row) { r.Cases[0].Known = r.Cases[0].Known[1:] }, "aws:CalledVia and aws:CalledViaFirst are not alike"},
		{"the last of other forms", "aws:CalledViaLast", func(r *Row) { r.Cases[0].Shapes = r.Cases[0].Shapes[1:] }, "aws:CalledVia and aws:CalledViaLast are not alike"},
		{"KMS's own account", "kms:CallerAccount", func(r *Row) { r.Cases = r.Cases[:1] }, "aws:PrincipalAccount and kms:CallerAccount are not alike"},
		{"two rows with one tie", "aws:PrincipalType", func(r *Row) { r.Tie, r.Cases = TieMFA, nil }, "aws:MultiFactorAuthPresent has the tie of aws:PrincipalType"},
		{"an old name that is taken", "kms:KeyUsage", func(r *Row) { r.Old = []string{"KMS:customermasterkeyspec"} }, "KMS:customermasterkeyspec is there twice"},
	} {
		rows := Default().Rows()
		for i := range rows {
			if rows[i].Name == row.key {
				row.change(&rows[i])
			}
		}
		if _, err := New(rows, Default().Rules()); err == nil || err.Error() != row.want {
			t.Errorf("%s: %v, want %s", row.name, err, row.want)
		}
	}
}

// TestCaseOrder: the first case that covers a request counts.
func TestCaseOrder(t *testing.T) {
	r := Row{Name: "a:B", Cases: []Case{
		{Callers: User, Paths: Endpoint, Is: Never},
		{Callers: User, Creds: Temporary, Is: Chosen},
		{Actions: []string{"kms:Sign"}, Is: MayLack},
		{Callers: Anyone, Paths: Through, Is: Always},
	}}
	for _, row := range []struct {
		name, kind string
		want       int // the case; -1 for none
	}{
		{"a case that says never", "user endpoint temporary", -1},
		{"credentials", "user temporary", 1},
		{"other credentials", "user", -1},
		{"an action", "user kms:Sign", 2},
		{"the same of a service: cases without callers are of people", "service kms:Sign", -1},
		{"a path", "role via", 3},
		{"another path", "role", -1},
	} {
		c := r.Case(kindOf(t, row.kind))
		if row.want < 0 && c != nil || row.want >= 0 && c != &r.Cases[row.want] {
			t.Errorf("%s: %+v, want case %d", row.name, c, row.want)
		}
	}
	if sign, other := r.CasesOf("kms:Sign"), r.CasesOf("kms:Encrypt"); sign != 0b1111 || other != 0b1011 {
		t.Errorf("cases of two actions: %b, %b, want 1111 and 1011", sign, other)
	}
}

func TestDepends(t *testing.T) {
	for key, want := range map[string]Dependence{
		"aws:SecureTransport":       {},
		"aws:username":              {Caller: true},
		"aws:SourceVpce":            {Path: true},
		"aws:CalledViaAWSMCP":       {Path: true, MCP: true},
		"aws:MultiFactorAuthAge":    {Caller: true, Credentials: true},
		"kms:GrantOperations":       {Action: true},
		"kms:GranteePrincipal":      {Action: true, Undocumented: true, Rules: true},
		"kms:EncryptionContext:x":   {Action: true, Wild: true},
		"aws:PrincipalServiceName":  {}, // of services alone, in whose requests nothing else is open
		"aws:ResourceTag/x":         {Undocumented: true, Wild: false},
		"aws:PrincipalOrgID":        {},
		"glue:RoleAssumedBy":        {Caller: true, Path: true, Undocumented: true, Rules: true},
		"aws:SomethingNotAtAllHere": {},
	} {
		if k, _ := Default().Lookup(key); k.Depends != want {
			t.Errorf("%s depends on %+v, want %+v", key, k.Depends, want)
		}
	}
}

func TestAbsentText(t *testing.T) {
	for _, row := range []struct{ name, key, kind, want string }{
		{"by the path", "aws:SourceVpc", "role via", "a request that a service makes for the caller does not carry this condition key"},
		{"by the path, with an endpoint", "aws:VpceOrgID", "role endpoint", "a request through an endpoint of an account in no organization does not carry this condition key"},
		{"by what is left", "aws:SourceVpc", "role", "a request over a public endpoint does not carry this condition key"},
		{"by the credentials", "aws:TokenIssueTime", "user", "long-term credentials do not carry this condition key"},
		{"of temporary ones", "aws:MultiFactorAuthAge", "federated", "such a session does not carry this condition key"},
		{"without a sentence of its own", "aws:PrincipalType", "role", "this request does not carry this condition key"},
	} {
		k, _ := Default().Lookup(row.key)
		if got := k.AbsentText(kindOf(t, row.kind)); got != row.want {
			t.Errorf("%s: %s: %q, want %q", row.name, row.key, got, row.want)
		}
	}
}

// TestLookupFamilies: what is free in a name, and what is not.
func TestLookupFamilies(t *testing.T) {
	for _, row := range []struct{ name, key, want, part string }{
		{"the free part keeps its letter case", "AWS:REQUESTTAG/Team", "aws:RequestTag/Team", "Team"},
		{"a free part with the separator in it", "aws:ResourceTag/a/b", "aws:ResourceTag/a/b", "a/b"},
		{"an encryption context's name with a colon", "KMS:encryptioncontext:aws:x", "kms:EncryptionContext:aws:x", "aws:x"},
		{"a listed part", "kms:recipientattestation:NITROTPMPCR23", "kms:RecipientAttestation:NitroTPMPCR23", "23"},
		{"a part beyond the list", "kms:RecipientAttestation:NitroTPMPCR24", "", ""},
		{"a part with a zero in front", "kms:RecipientAttestation:PCR01", "", ""},
		{"an old name", "KMS:CUSTOMERMASTERKEYUSAGE", "kms:CustomerMasterKeyUsage", ""},
		{"a host in front", "oidc.eks.eu-west-1.amazonaws.com/id/A:aud", "oidc.eks.eu-west-1.amazonaws.com/id/A:aud", "oidc.eks.eu-west-1.amazonaws.com/id/A"},
		{"a claim without a host", ":sub", "", ""},
		{"a claim that no page has", "accounts.google.com:hd", "", ""},
		{"a name that only begins like one", "aws:PrincipalArnX", "", ""},
		{"a letter that folds to ASCII", "aws:\u017fourceIp", "", ""},
	} {
		k, ok := Default().Lookup(row.key)
		if ok != (row.want != "") || ok && (k.Name != row.want || k.FreePart() != row.part) {
			t.Errorf("%s: Lookup(%q) = %q with part %q, %v; want %q with %q", row.name, row.key, k.Name, k.FreePart(), ok, row.want, row.part)
		}
		if !ok && (k.Name != row.key || k.Row == nil || k.Types != 0 || strings.TrimSpace(k.FreePart()) != "") {
			t.Errorf("%s: a name without a row gives %+v", row.name, k)
		}
	}
}

func TestUndocumented(t *testing.T) {
	for p, want := range map[Presence]bool{Never: false, Always: false, Chosen: false, MayLack: true, MayHave: true, Unsaid: true} {
		if p.Undocumented() != want {
			t.Errorf("presence %d is undocumented: %v, want %v", p, !want, want)
		}
	}
}
