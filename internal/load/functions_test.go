package load

import (
	"slices"
	"strings"
	"testing"
)

// ownResources returns a template with a resource of each type whose name or ARN is
// resolved, and a policy with one principal, given as YAML.
func ownResources(principal string) string {
	return `
Parameters:
  Given: {Type: String}
  Names: {Type: CommaDelimitedList}
Mappings:
  Accounts: {prod: {partner: "444455556666"}, lab: {partner: "444455556666"}}
  Odd: {prod: {partner: ["444455556666"]}, lab: {partner: "555566667777"}}
Conditions:
  Twice: !Equals [!Ref Given, !Ref Given]
  Same: !Equals [x, x]
  Different: !Equals [x, y]
  Lists: !Equals [!Ref Names, x]
  Objects: !Equals [{a: b}, x]
  Three: !Equals [x, y, z]
  Nothing: !Not []
  Atts: !Equals [!GetAtt Role.Arn, x]
  Subs: !Equals [!Sub "${Given}", x]
  Joined: !Equals [!Join ["", [!Ref "AWS::AccountId"]], x]
  Imported: !Equals [!ImportValue Shared, x]
Resources:
  Role: {Type: AWS::IAM::Role}
  User: {Type: AWS::IAM::User}
  Bucket: {Type: AWS::S3::Bucket}
  Fn: {Type: AWS::Lambda::Function}
  Queue: {Type: AWS::SQS::Queue}
  Table: {Type: AWS::DynamoDB::Table}
  Log: {Type: AWS::Logs::LogGroup}
  Net: {Type: AWS::EC2::VPC}
  Door: {Type: AWS::EC2::VPCEndpoint}
` + keyFor(principal)
}

// TestNamesOfResources checks that a resource of the stack belongs to its account.
func TestNamesOfResources(t *testing.T) {
	scope := Scope{Account: "111122223333", Region: "eu-west-1", Parameters: map[string]string{"Given": "x", "Names": "a,b"}, Imports: map[string]string{"Shared": "y"}}
	for _, row := range []struct{ yaml, want string }{
		{`!GetAtt User.Arn`, `"arn:aws:iam::111122223333:user/User"`},
		{`!GetAtt Bucket.Arn`, `"arn:aws:s3:::bucket"`},
		{`!GetAtt Fn.Arn`, `"arn:aws:lambda:eu-west-1:111122223333:function:Fn"`},
		{`!GetAtt Queue.Arn`, `"arn:aws:sqs:eu-west-1:111122223333:Queue"`},
		{`!GetAtt Table.Arn`, `"arn:aws:dynamodb:eu-west-1:111122223333:table/Table"`},
		{`!GetAtt Log.Arn`, `"arn:aws:logs:eu-west-1:111122223333:log-group:Log:*"`},
		{`!Ref Bucket`, `"Bucket"`},
		{`!Ref Net`, `"vpc-Net"`},
		{`!Ref Door`, `"vpce-Door"`},
		{`!Sub "kms.${AWS::Region}.${AWS::URLSuffix}"`, `"kms.eu-west-1.amazonaws.com"`},
		{`!ImportValue Shared`, `"y"`},
		{`!FindInMap [Accounts, prod, partner]`, `"444455556666"`},
		{`!If [Same, a, b]`, `"a"`},
		{`!If [Different, a, b]`, `"b"`},
		{`!If [Twice, a, b]`, `"a"`},
		{`!If [Imported, a, b]`, `"b"`},
	} {
		d := one(t, ownResources(row.yaml), scope)
		want := `{"Statement":{"Effect":"Allow","Principal":{"AWS":` + row.want + `}}}`
		if !d.Exact() || string(d.Readings[0].Text) != want {
			t.Errorf("%s: policy = %s, unknown %v, want %s", row.yaml, texts(d), d.Unknown, want)
		}
	}
	china := scope
	china.Partition, china.Region = "aws-cn", "cn-north-1"
	if d := one(t, ownResources(`!Sub "kms.${AWS::URLSuffix}"`), china); !strings.Contains(string(d.Readings[0].Text), `"kms.amazonaws.com.cn"`) {
		t.Errorf("in China: %s", texts(d))
	}
}

// TestFunctionsThatSayTooLittle checks that a function that is malformed, or depends on a
// value that is not given, is one unknown value with its name, and that the rest of the
// policy is read.
func TestFunctionsThatSayTooLittle(t *testing.T) {
	for _, row := range []struct{ name, yaml, want string }{
		{"a stack's name", `!Ref AWS::StackName`, `!Ref AWS::StackName`},
		{"ARN of a type that has no known one", `!GetAtt Net.Arn`, `!GetAtt Net.Arn`},
		{"one value for Select", `!Select [0]`, `!Select`},
		{"a place beyond the list", `!Select [7, [a, b]]`, `!Select`},
		{"an index that is not a number", `!Select [x, [a, b]]`, `!Select`},
		{"a place that only deployment decides", `!Select [!Ref Given, [a, b]]`, `!Select by !Ref Given`},
		{"a list that loses a value", `!Select [0, [!Ref "AWS::NoValue", b]]`, `!Select`},
		{"Split without a delimiter", `!Split ["", "a"]`, `!Split`},
		{"Split of a list", `!Split [",", [a]]`, `!Split of a list`},
		{"Join of one value", `!Join [""]`, `!Join`},
		{"Join of lists", `!Join ["", [[a], b]]`, `!Join of a list`},
		{"Sub of a list", `!Sub [[a], {b: c}]`, `!Sub`},
		{"Sub of names that nothing has", `!Sub "${X}-${Y}"`, `!Sub "${X}-${Y}"`},
		{"FindInMap of two", `!FindInMap [Accounts, prod]`, `!FindInMap`},
		{"FindInMap of no such key", `!FindInMap [Accounts, prod, nobody]`, `!FindInMap`},
		{"FindInMap with an unknown key, to a list", `!FindInMap [Odd, !Ref Given, partner]`, `!FindInMap by !Ref Given`},
		{"FindInMap in an unknown map", `!FindInMap [!Ref Given, prod, partner]`, `!FindInMap by !Ref Given`},
		{"an import by an unknown name", `!ImportValue {Ref: Given}`, `!ImportValue of !Ref Given`},
		{"a comparison of a list", `!If [Lists, a, b]`, `condition Lists`},
		{"a comparison of an object", `!If [Objects, a, b]`, `condition Objects`},
		{"a comparison of three", `!If [Three, a, b]`, `condition Three`},
		{"a negation of nothing", `!If [Nothing, a, b]`, `condition Nothing`},
		{"a comparison with a made-up ARN", `!If [Atts, a, b]`, `condition Atts`},
		{"a comparison with a text around a parameter", `!If [Subs, a, b]`, `condition Subs`},
		{"a comparison with an unknown account", `!If [Joined, a, b]`, `condition Joined`},
		{"a comparison with an export", `!If [Imported, a, b]`, `condition Imported`},
	} {
		d := one(t, ownResources(row.yaml), Scope{})
		if len(d.Unknown) == 0 && d.Exact() {
			t.Errorf("%s, %s: nothing is unknown in %s", row.name, row.yaml, texts(d))
			continue
		}
		if !slices.ContainsFunc(d.Unknown, func(u Unknown) bool { return u.What == row.want }) {
			t.Errorf("%s, %s: unknown %+v, want %s", row.name, row.yaml, d.Unknown, row.want)
		}
	}
}

// TestYAMLMembers checks that names, merges and plain values are read as CloudFormation
// does.
func TestYAMLMembers(t *testing.T) {
	policy := func(members string) string {
		return "Statement:\n  - Effect: Allow\n    Principal: {AWS: '*'}\n    Action: 'kms:*'\n    Resource: '*'\n" + members
	}
	for _, row := range []struct{ name, text, want string }{
		{"a merge", "base: &b {Sid: a}\n" + policy("    <<: *b\n"), `"Sid":"a"`},
		{"a merge of several, the first takes precedence", "x: &x {Sid: a}\ny: &y {Sid: b}\n" + policy("    <<: [*x, *y]\n"), `"Sid":"a"`},
		{"a member of its own wins over a merge", "base: &b {Sid: a}\n" + policy("    Sid: c\n    <<: *b\n"), `"Sid":"c"`},
		{"a name by an alias", "n: &n Sid\n" + policy("    *n : d\n"), `"Sid":"d"`},
		{"a number with underscores", policy("    Sid: 1_000\n"), `"Sid":"1000"`},
		{"an octal number", policy("    Sid: 010\n"), `"Sid":"8"`},
		{"a negative hexadecimal number", policy("    Sid: -0x10\n"), `"Sid":"-16"`},
		{"a word that is a boolean", policy("    Sid: yes\n"), `"Sid":"true"`},
	} {
		docs, err := Documents([]byte("Resources:\n  Key:\n    Type: AWS::KMS::Key\n    Properties:\n      KeyPolicy:\n"+indent(row.text, "        ")), Scope{})
		if err != nil || len(docs) != 1 {
			t.Errorf("%s: %d documents, %v", row.name, len(docs), err)
		} else if got := strings.Join(texts(docs[0]), "\n"); !strings.Contains(got, row.want) {
			t.Errorf("%s: %s, want %s in it", row.name, got, row.want)
		}
	}
}

func indent(text, by string) string {
	return by + strings.ReplaceAll(strings.TrimRight(text, "\n"), "\n", "\n"+by) + "\n"
}

// TestTemplatesThatCannotBeRead checks that the error says where, what was expected and
// what was found.
func TestTemplatesThatCannotBeRead(t *testing.T) {
	key := "Resources:\n  Key:\n    Type: AWS::KMS::Key\n    Properties:\n      KeyPolicy:\n        Statement: []\n"
	for _, row := range []struct {
		name, text string
		scope      Scope
		want       string
	}{
		{"resources that are a list", "AWSTemplateFormatVersion: '2010-09-09'\nResources: []\n", Scope{}, "expected an object of Resources, found a list at line 2"},
		{"a value that the template does not allow", "Parameters:\n  P: {Type: String, AllowedValues: [a, b]}\n" + key, Scope{Parameters: map[string]string{"P": "c"}}, `parameter P: expected one of a, b, found "c"`},
		{"a name that is a list", key + "? [a, b]\n: c\n", Scope{}, "expected a name before the colon, found a list or an object at line 7"},
		{"a merge of a text", key + "<<: x\n", Scope{}, "expected a mapping to merge, found a string at line 7"},
		{"a merge of texts", key + "<<: [x]\n", Scope{}, "expected a mapping to merge, found a string at line 7"},
		{"a template that is too long", key + "# " + strings.Repeat("x", maxTemplate), Scope{}, "expected a template of at most 4 MiB, found"},
		{"JSON that ends in a name", `{"Resources":{"Key`, Scope{}, "the end of the input"},
		{"JSON without a comma", `{"Resources":{"Key":{}"x":1}}`, Scope{}, "at line 1"},
	} {
		_, err := Documents([]byte(row.text), row.scope)
		if err == nil || !strings.Contains(err.Error(), row.want) {
			t.Errorf("%s: %v, want %s", row.name, err, row.want)
		}
	}
}

// TestParametersOfTemplates checks that the parameters are in order, with those of a
// StackSet's template, and that there are none for other data.
func TestParametersOfTemplates(t *testing.T) {
	set := `
Parameters: {A: {Type: String}, B: {Type: String}}
Resources:
  Set:
    Type: AWS::CloudFormation::StackSet
    Properties:
      TemplateBody: '{"Parameters":{"C":{"Type":"String"}},"Resources":{}}'
`
	for _, row := range []struct{ name, text, want string }{
		{"YAML", set, "A B C"},
		{"JSON", `{"Parameters":{"A":{}},"Resources":{}}`, "A"},
		{"a policy", plainPolicy, ""},
		{"neither JSON nor YAML", "\t{", ""},
	} {
		if got := strings.Join(Parameters([]byte(row.text)), " "); got != row.want {
			t.Errorf("%s: parameters %q, want %q", row.name, got, row.want)
		}
	}
}
