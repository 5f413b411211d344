package load

import (
	"fmt"
	"strings"
	"testing"

	"github.com/kmsentry/kmsentry/detector/policy/decide"
	"github.com/kmsentry/kmsentry/detector/policy/kmsapi"
)

// cdkTemplate is a template as the CDK writes it: JSON with intrinsics in the
// long form.
const cdkTemplate = `{"Resources":{"Key961B73FD":{"Type":"AWS::KMS::Key","Properties":{"KeyPolicy":{"Statement":[
 {"Action":"kms:*","Effect":"Allow","Principal":{"AWS":{"Fn::Join":["",["arn:",{"Ref":"AWS::Partition"},":iam::",{"Ref":"AWS::AccountId"},":root"]]}},"Resource":"*"}],
 "Version":"2012-10-17"}},"UpdateReplacePolicy":"Retain","DeletionPolicy":"Retain"}}}`

// shortTemplate has the same key in YAML with intrinsics in the short form.
const shortTemplate = `
AWSTemplateFormatVersion: 2010-09-09
Resources:
  Key961B73FD:
    Type: AWS::KMS::Key
    Properties:
      KeyPolicy:
        Statement:
          - Action: kms:*
            Effect: Allow
            Principal: {AWS: !Sub "arn:${AWS::Partition}:iam::${AWS::AccountId}:root"}
            Resource: "*"
        Version: 2012-10-17
`

func TestSameTemplateInTwoForms(t *testing.T) {
	const want = `{"Statement":[{"Action":"kms:*","Effect":"Allow","Principal":{"AWS":"arn:aws:iam::111122223333:root"},"Resource":"*"}],"Version":"2012-10-17"}`
	for name, text := range map[string]string{"JSON": cdkTemplate, "YAML": shortTemplate} {
		d := one(t, text, Scope{Account: "111122223333"})
		if !d.Exact() || string(d.Readings[0].Text) != want {
			t.Errorf("%s: policy = %s, unknown %v, want %s", name, texts(d), d.Unknown, want)
		}
		if d.Place != "Key961B73FD" || d.Account != "111122223333" || d.StandsIn {
			t.Errorf("%s: place %q, account %q, stand-in %t", name, d.Place, d.Account, d.StandsIn)
		}
		if d.Statements[0].Line < 2 {
			t.Errorf("%s: statement at %v", name, d.Statements)
		}
		unknown := one(t, text, Scope{})
		if !unknown.StandsIn || unknown.Account != "000000000000" || !unknown.Exact() {
			t.Errorf("%s without an account: account %q, stand-in %t, unknown %v", name, unknown.Account, unknown.StandsIn, unknown.Unknown)
		}
	}
}

// keyFor returns a template's key whose policy has one principal, given as YAML.
func keyFor(principal string) string {
	return `  Key:
    Type: AWS::KMS::Key
    Properties:
      KeyPolicy:
        Statement:
          Effect: Allow
          Principal: {AWS: ` + principal + `}
`
}

// withPrincipal returns a template in which one principal is the given YAML,
// followed by more.
func withPrincipal(principal, more string) string {
	return more + `
Parameters:
  Given: {Type: String}
  GivenList: {Type: CommaDelimitedList}
  Open: {Type: String, Default: "444455556666"}
Mappings:
  Accounts: {prod: {partner: "444455556666", many: ["444455556666", "555566667777"]}, lab: {partner: "555566667777"}}
Conditions:
  Yes: !Equals [!Ref Given, 555566667777]
  No: !Not [{Condition: Yes}]
  Both: !And [Condition: Yes, Condition: No]
  Either: !Or [Condition: Maybe, Condition: Yes]
  Maybe: !Equals [!Ref Open, x]
  Circle: !And [Condition: Circle, Condition: Circle]
  Where: !Equals [!Ref AWS::Region, us-east-1]
Resources:
  Role: {Type: AWS::IAM::Role}
  Fn: {Type: AWS::Serverless::Function}
  Custom: {Type: Custom::Thing}
` + keyFor(principal)
}

func TestIntrinsics(t *testing.T) {
	scope := Scope{Account: "111122223333", Parameters: map[string]string{"Given": "555566667777", "GivenList": "555566667777, 666677778888"}}
	tests := []struct{ yaml, want string }{
		{`!Ref Given`, `"555566667777"`},
		{`!Ref GivenList`, `["555566667777","666677778888"]`},
		{`!Ref AWS::AccountId`, `"111122223333"`},
		{`{Ref: Given}`, `"555566667777"`},
		{`!Sub "${Given}"`, `"555566667777"`},
		{`!Sub "${!Given}"`, `"${Given}"`},
		{`!Sub ["${A}-${Given}", {A: !Ref AWS::Region}]`, `"us-east-1-555566667777"`},
		{`!Sub "${Role.Arn}"`, `"arn:aws:iam::111122223333:role/Role"`},
		{`!GetAtt Role.Arn`, `"arn:aws:iam::111122223333:role/Role"`},
		{`!GetAtt [Role, Arn]`, `"arn:aws:iam::111122223333:role/Role"`},
		{`!GetAtt FnRole.Arn`, `"arn:aws:iam::111122223333:role/FnRole"`},
		{`!Join [":", [a, !Ref Given, b]]`, `"a:555566667777:b"`},
		{`!Select [1, [a, !Ref Given]]`, `"555566667777"`},
		{`!Select [0, !Ref GivenList]`, `"555566667777"`},
		{`!Select [1, !Split [",", "a,b"]]`, `"b"`},
		{`!Split [",", "a,b"]`, `["a","b"]`},
		{`!FindInMap [Accounts, prod, partner]`, `"444455556666"`},
		{`!FindInMap [Accounts, prod, many]`, `["444455556666","555566667777"]`},
		{`!If [Yes, a, b]`, `"a"`},
		{`!If [No, a, b]`, `"b"`},
		{`!If [Both, a, b]`, `"b"`},
		{`!If [Either, a, b]`, `"a"`},
		{`[!If [No, a, !Ref AWS::NoValue], b]`, `["b"]`},
		{`111122223333`, `"111122223333"`},
	}
	for _, tt := range tests {
		t.Run(tt.yaml, func(t *testing.T) {
			d := one(t, withPrincipal(tt.yaml, ""), scope)
			want := `{"Statement":{"Effect":"Allow","Principal":{"AWS":` + tt.want + `}}}`
			if !d.Exact() || string(d.Readings[0].Text) != want {
				t.Errorf("policy = %s, unknown %v, want %s", texts(d), d.Unknown, want)
			}
		})
	}
}

func TestUnknownValues(t *testing.T) {
	tests := []struct{ yaml, want string }{
		{`!Ref Open`, `!Ref Open`}, // a default can be overridden
		{`!Ref Nowhere`, `!Ref Nowhere`},
		{`!Ref Custom`, `!Ref Custom`},
		{`!GetAtt Custom.Arn`, `!GetAtt Custom.Arn`},
		{`!GetAtt Role.RoleId`, `!GetAtt Role.RoleId`},
		{`!Sub "arn:aws:iam::${Open}:root"`, `!Sub "arn:aws:iam::${Open}:root"`},
		{`!ImportValue Shared`, `!ImportValue Shared`},
		{`!Join ["", [a, !Ref Open]]`, `!Join of !Ref Open`},
		{`!Select [0, !Ref Open]`, `!Select of !Ref Open`},
		{`!Split [",", !Ref Open]`, `!Split of !Ref Open`},
		{`!FindInMap [Accounts, !Ref Open, partner]`, `!FindInMap by !Ref Open`},
		{`!FindInMap [Accounts, !Ref AWS::Region, partner]`, `!FindInMap by AWS::Region`},
		{`"{{resolve:ssm:/partner}}"`, `"{{resolve:ssm:/partner}}"`},
		{`!Base64 x`, `!Base64 x`},
		{`{"Fn::Transform": {Name: M}}`, `!Transform`},
		{`!If [Where, a, b]`, `condition Where`}, // no Region is given
		{`!If [Nowhere, a, b]`, `condition Nowhere`},
		{`!If [Circle, a, b]`, `condition Circle`},
	}
	for _, tt := range tests {
		t.Run(tt.yaml, func(t *testing.T) {
			d := one(t, withPrincipal(tt.yaml, ""), Scope{})
			if d.Exact() || len(d.Unknown) != 1 || d.Unknown[0].What != tt.want {
				t.Errorf("unknown = %+v, want %q", d.Unknown, tt.want)
			}
		})
	}
}

// withStatements returns a template with a parameter and a policy.
func withStatements(parameter, statements string) string {
	return "Parameters: {P: " + parameter + "}\nResources:\n  K:\n    Type: AWS::KMS::Key\n    Properties:\n      KeyPolicy:\n        Statement: " + statements + "\n"
}

// TestBounds checks that a template's constraints on a value limit how far the
// value can open the key.
func TestBounds(t *testing.T) {
	tests := []struct {
		yaml, parameter string
		least, most     decide.Verdict
	}{
		{`!Sub "arn:aws:iam::${P}:root"`, "{Type: String}", decide.Private, decide.Shared},
		{`!Sub "arn:aws:iam::111122223333:role/${P}"`, "{Type: String}", decide.Private, decide.Private},
		{`!Join ["", ["arn:aws:iam::", !Ref P, ":root"]]`, "{Type: String}", decide.Private, decide.Shared},
		{`!Join [":", ["arn:aws:iam:", "111122223333", !Ref P]]`, "{Type: String}", decide.Private, decide.Private},
		{`!Sub "${P}*"`, "{Type: String}", decide.Private, decide.Public}, // P may be empty
		{`!Sub "{{resolve:ssm:/partner}}"`, "{Type: String}", decide.Private, decide.Public},
		{`!Sub "arn:aws:iam::{{resolve:ssm:/partner}}:root"`, "{Type: String}", decide.Private, decide.Shared},
		{`"arn:aws:iam::111122223333:role/{{resolve:ssm:/role}}"`, "{Type: String}", decide.Private, decide.Private},
		{`!Ref P`, "{Type: String}", decide.Private, decide.Public},
		{`!Ref P`, "{Type: Number}", decide.Private, decide.Shared},
		{`!Ref P`, "{Type: CommaDelimitedList}", decide.Private, decide.Public},
		{`!Ref P`, "{Type: String, AllowedPattern: '[0-9]{12}'}", decide.Private, decide.Shared},
		{`!Ref P`, "{Type: String, AllowedPattern: '^arn:.*$'}", decide.Private, decide.Shared},
		{`!Ref P`, "{Type: String, AllowedPattern: '[0-9]{12}|.'}", decide.Private, decide.Public},
		{`!Ref P`, "{Type: String, AllowedPattern: '(?=x)'}", decide.Private, decide.Public},    // a pattern that Go does not support
		{`!Ref P`, "{Type: String, AllowedPattern: '[[0-9]*]'}", decide.Private, decide.Public}, // Java: digits or an asterisk
		{`!Ref P`, "{Type: String, MinLength: 12}", decide.Private, decide.Shared},
		{`!Ref P`, "{Type: String, MinLength: 1}", decide.Private, decide.Public},
		{`!Ref P`, "{Type: 'AWS::SSM::Parameter::Value<String>', AllowedPattern: '[0-9]{12}', MinLength: 12}", decide.Private, decide.Public},
		{`!Ref P`, "{Type: String, AllowedValues: ['111122223333', '444455556666']}", decide.Private, decide.Shared},
		{`!Ref P`, "{Type: String, AllowedValues: ['111122223333', '*']}", decide.Private, decide.Public},
		{`[!Ref P, !Sub "arn:aws:iam::${P}:root"]`, "{Type: String}", decide.Private, decide.Public},
	}
	for _, tt := range tests {
		d := one(t, withStatements(tt.parameter, "[{Effect: Allow, Principal: {AWS: "+tt.yaml+"}, Action: '*', Resource: '*'}]"), Scope{Account: "111122223333"})
		got := decide.Decide(parse(t, d.Readings[0]), decide.Question{Account: "111122223333"})
		if got.Least != tt.least || got.Most != tt.most {
			t.Errorf("%s, %s: %v to %v, want %v to %v\n%s", tt.yaml, tt.parameter, got.Least, got.Most, tt.least, tt.most, d.Readings[0].Text)
		}
	}
}

// TestMappingsBound checks that an unknown key of Fn::FindInMap limits the
// result to the values of the mapping.
func TestMappingsBound(t *testing.T) {
	tests := []struct {
		name, mapping, key string
		least, most        decide.Verdict
	}{
		{"all the owner's", "{a: {v: '111122223333'}, b: {v: '111122223333'}}", "!Ref P", decide.Private, decide.Private},
		{"a partner", "{a: {v: '111122223333'}, b: {v: '444455556666'}}", "!Ref P", decide.Private, decide.Shared},
		{"anybody", "{a: {v: '111122223333'}, b: {v: '*'}}", "!Ref P", decide.Private, decide.Public},
		{"the same for all", "{a: {v: '*'}, b: {v: '*'}}", "!Ref P", decide.Public, decide.Public},
		{"by Region", "{us-east-1: {v: '111122223333'}, xx-west-1: {v: '*'}}", "!Ref 'AWS::Region'", decide.Private, decide.Public},
		{"by a text with the Region in it", "{x-us-east-1: {v: '111122223333'}, x-eu-west-1: {v: '*'}}", "!Sub 'x-${AWS::Region}'", decide.Private, decide.Public},
		{"a dynamic reference", "{a: {v: '111122223333'}, b: {v: '{{resolve:ssm:/x}}'}}", "!Ref P", decide.Private, decide.Public},
		{"a list", "{a: {v: '111122223333'}, b: {v: ['*']}}", "!Ref P", decide.Private, decide.Public},
		{"known", "{a: {v: '111122223333'}, b: {v: '*'}}", "b", decide.Public, decide.Public},
		{"missing", "{a: {v: '111122223333'}}", "c", decide.Private, decide.Public},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			text := "Mappings: {M: " + tt.mapping + "}\n" + withStatements("{Type: String}",
				"[{Effect: Allow, Principal: {AWS: !FindInMap [M, "+tt.key+", v]}, Action: '*', Resource: '*'}]")
			d := one(t, text, Scope{Account: "111122223333"})
			got := decide.Decide(parse(t, d.Readings[0]), decide.Question{Account: "111122223333"})
			if got.Least != tt.least || got.Most != tt.most {
				t.Errorf("%v to %v, want %v to %v\n%s", got.Least, got.Most, tt.least, tt.most, d.Readings[0].Text)
			}
		})
	}
}

func TestConditionsAreTriedBothWays(t *testing.T) {
	d := one(t, withPrincipal(`!If [Maybe, a, b]`, ""), Scope{})
	if len(d.Readings) != 2 || !strings.Contains(string(d.Readings[0].Text), `"a"`) || !strings.Contains(string(d.Readings[1].Text), `"b"`) {
		t.Errorf("readings = %s, want one with a and one with b", texts(d))
	}
	for _, row := range []struct{ conditions, readings, open int }{{8, 256, 0}, {13, 1 << maxIndependent, 13 - maxIndependent}} {
		var items []string
		for i := range row.conditions {
			items = append(items, fmt.Sprintf("!If [C%d, a, b]", i))
		}
		d = one(t, withPrincipal("["+strings.Join(items, ", ")+"]", ""), Scope{})
		if len(d.Readings) != row.readings {
			t.Errorf("%d readings of %d conditions, want %d", len(d.Readings), row.conditions, row.readings)
		}
		if got := len(d.Readings[0].Open); got != row.open {
			t.Errorf("%d unknown values of %d conditions, want %d", got, row.conditions, row.open)
		}
		if (len(d.Notes) > 0) != (row.open > 0) {
			t.Errorf("%d conditions: notes %q", row.conditions, d.Notes)
		}
	}
}

func TestRegionsAreTried(t *testing.T) {
	tests := []struct {
		name, principal string
		scope           Scope
		readings        int
		unknown         string // all of them
	}{
		{"no Region named", `!Sub "${AWS::Region}"`, Scope{}, 1, ""},
		{"one named", `["x.us-east-1.y", !Sub "${AWS::Region}"]`, Scope{}, 2, "AWS::Region"},
		{"one named, Region given", `["x.us-east-1.y", !Sub "${AWS::Region}"]`, Scope{Region: "us-east-1"}, 1, ""},
		{"one named, not asked for", `["x.us-east-1.y", !Ref AWS::AccountId]`, Scope{}, 1, ""},
		{"a partition", `["arn:aws-us-gov:iam::444455556666:root", !Sub "arn:${AWS::Partition}:iam::555566667777:root"]`, Scope{}, 2, "AWS::Partition"},
		{"a partition of few", `["arn:aws-eusc:iam::444455556666:root", !Sub "arn:${AWS::Partition}:iam::555566667777:root"]`, Scope{}, 2, "AWS::Partition"},
		{"partition and Region", `["arn:aws-us-gov:iam::444455556666:root", us-west-2, !Sub "${AWS::Partition} ${AWS::Region}"]`, Scope{}, 3, "AWS::Partition, AWS::Region"},
		{"no partition", `["arn:aws-moon:iam::444455556666:root", !Sub "arn:${AWS::Partition}:iam::555566667777:root"]`, Scope{}, 1, ""},
		{"a Region of the European cloud", `["x.eusc-de-east-1.y", !Sub "${AWS::Region}"]`, Scope{}, 2, "AWS::Region"},
		{"too many", `[eu-west-1, eu-west-2, eu-west-3, eu-north-1, !Ref AWS::Region]`, Scope{}, 1, "!Ref AWS::Region"},
		{"with a condition", `[us-east-1, !Ref AWS::Region, !If [Maybe, a, b]]`, Scope{}, 4, "condition Maybe, AWS::Region"},
		{"with a condition of no effect", `[us-east-1, !Ref AWS::Region, !If [Maybe, a, a]]`, Scope{}, 2, "AWS::Region"},
		{"only the condition", `[us-east-1, !Ref AWS::AccountId, !If [Maybe, a, b]]`, Scope{}, 2, "condition Maybe"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			d := one(t, withPrincipal(tt.principal, ""), tt.scope)
			var names []string
			for _, u := range d.Unknown {
				names = append(names, u.What)
			}
			if got := strings.Join(names, ", "); len(d.Readings) != tt.readings || got != tt.unknown {
				t.Errorf("%d readings, unknown %q, want %d and %q", len(d.Readings), got, tt.readings, tt.unknown)
			}
		})
	}
}

func TestAccountStandInIsNobodyElses(t *testing.T) {
	d := one(t, withPrincipal(`[!Ref AWS::AccountId, "000000000000", "arn:aws:iam::000000000001:root"]`, ""), Scope{})
	if !d.StandsIn || d.Account != "000000000002" {
		t.Errorf("account = %q, stand-in %t, want 000000000002", d.Account, d.StandsIn)
	}
}

func TestOwnerDependentValues(t *testing.T) {
	statement := func(rest string) string {
		return "Resources:\n  K:\n    Type: AWS::KMS::Key\n    Properties:\n      KeyPolicy:\n        Statement:\n" +
			"          - {Effect: Allow, Principal: {AWS: !Ref AWS::AccountId}, Action: '*', Resource: '*'}\n" +
			"          - {Effect: Allow, Principal: '*', Action: 'kms:Encrypt', " + rest + "}\n"
	}
	for _, rest := range []string{
		`Resource: 'arn:aws:kms:us-east-1:444455556666:key/*'`,
		`Resource: '*', Condition: {StringEquals: {'AWS:resourceaccount': '444455556666'}}`,
	} {
		d := one(t, statement(rest), Scope{})
		if len(d.Unknown) != 1 || d.Unknown[0].Statement != 1 {
			t.Errorf("%s with an unknown owner: unknown = %v, want the value", rest, d.Unknown)
		}
		if d = one(t, statement(rest), Scope{Account: "111122223333"}); !d.Exact() {
			t.Errorf("%s with a known owner: unknown = %v, want none", rest, d.Unknown)
		}
	}
	for _, rest := range []string{
		`Resource: !Sub 'arn:aws:kms:us-east-1:${AWS::AccountId}:key/*'`,
		`Resource: 'arn:aws:kms:*:*:key/*'`,
	} {
		if d := one(t, statement(rest), Scope{}); !d.Exact() {
			t.Errorf("%s: unknown = %v, want none", rest, d.Unknown)
		}
	}
}

func TestTemplateKeys(t *testing.T) {
	docs, err := Documents([]byte(`
Parameters: {P: {Type: String}}
Resources:
  Plain: {Type: AWS::KMS::Key}
  NoValue: {Type: AWS::KMS::Key, Properties: {KeyPolicy: !Ref AWS::NoValue}}
  Bad: {Type: AWS::KMS::ReplicaKey, Properties: {}}
  Whole: {Type: AWS::KMS::Key, Properties: {KeyPolicy: !Ref P}}
  Text: {Type: AWS::KMS::Key, Properties: {KeyPolicy: '{"Statement":[]}'}}
  Fn::ForEach::Loop: [Name, [a, b], {"Key${Name}": {Type: AWS::KMS::Key, Properties: {KeyPolicy: {Id: !Ref Name, Statement: []}}}}]
  Other: {Type: AWS::SNS::Topic}
`), Scope{})
	if err != nil {
		t.Fatal(err)
	}
	want := map[string]string{
		"Plain": "default", "NoValue": "default", "Bad": "error", "Whole": "unknown",
		"Text": `{"Statement":[]}`, "Key${Name}": `{"Statement":[]}`,
	}
	got := kinds(docs)
	for place, w := range want {
		if got[place] != w {
			t.Errorf("%s = %q, want %q", place, got[place], w)
		}
	}
	if len(got) != len(want) {
		t.Errorf("keys = %v, want %v", got, want)
	}
}

func TestYAMLForms(t *testing.T) {
	d := one(t, `
Shared: &shared
  Effect: Allow
  Resource: "*"
Resources:
  K:
    Type: AWS::KMS::Key
    Properties:
      KeyPolicy:
        Version: 2012-10-17
        Statement:
          - <<: *shared
            Principal: "*"
            Action: [&a kms:Encrypt, *a]
            Resource: own
            Condition:
              Bool: {"aws:SecureTransport": yes, "aws:ViaAWSService": False}
              NumericLessThan: {"aws:MultiFactorAuthAge": 3600, "x": 1e3}
              DateLessThan: {"aws:CurrentTime": 2026-01-01T00:00:00Z}
`, Scope{})
	const want = `{"Version":"2012-10-17","Statement":[{"Principal":"*","Action":["kms:Encrypt","kms:Encrypt"],"Resource":"own",` +
		`"Condition":{"Bool":{"aws:SecureTransport":"true","aws:ViaAWSService":"false"},"NumericLessThan":{"aws:MultiFactorAuthAge":"3600","x":"1e3"},` +
		`"DateLessThan":{"aws:CurrentTime":"2026-01-01T00:00:00Z"}},"Effect":"Allow"}]}`
	if got := string(d.Readings[0].Text); got != want {
		t.Errorf("policy =\n%s, want\n%s", got, want)
	}
}

func TestTemplateFacts(t *testing.T) {
	key := func(props, statement string) kmsapi.KeyFacts {
		return one(t, "Parameters: {P: {Type: String}}\nResources:\n  K:\n    Type: AWS::KMS::Key\n    Properties:\n      "+props+
			"\n      KeyPolicy: {Statement: "+statement+"}\n", Scope{}).Key
	}
	f := key("Description: x", "[]")
	if f.Spec != "SYMMETRIC_DEFAULT" || f.Usage != "ENCRYPT_DECRYPT" || f.Origin != "AWS_KMS" || f.MultiRegion == nil || *f.MultiRegion || f.Tags != nil {
		t.Errorf("facts without properties = %+v", f)
	}
	f = key("KeySpec: !Ref P\n      MultiRegion: true\n      Tags: [{Key: a, Value: b}]", "[]")
	if f.Spec != "" || f.MultiRegion == nil || !*f.MultiRegion || f.Tags["a"] != "b" {
		t.Errorf("facts = %+v", f)
	}
	f = key("Tags: [{Key: a, Value: b}]", `[{Condition: {StringEquals: {"aws:ResourceTag/other": x}}}]`)
	if f.Tags != nil {
		t.Errorf("tags = %v, want unknown: the stack may have the tag that the policy asks for", f.Tags)
	}
}

// texts returns the texts of a document's readings.
func texts(d Document) []string {
	var list []string
	for _, r := range d.Readings {
		list = append(list, string(r.Text))
	}
	return list
}
