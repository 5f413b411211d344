package load

import (
	"errors"
	"slices"
	"strings"
	"testing"
)

// TestIntegersOfYAML11 checks that an unquoted account id with a leading zero
// is read as the number that CloudFormation takes it for.
func TestIntegersOfYAML11(t *testing.T) {
	for _, row := range []struct{ text, want string }{
		{"012345670123", "1402433619"},
		{"0123", "83"},
		{"-0123", "-83"},
		{"+017", "15"},
		{"0x1F", "31"},
		{"0b101", "5"},
		{"1_000", "1000"},
		{"111122223_333", "111122223333"},
		{"0", ""},
		{"123", ""},
		{"089", ""},
		{"0o17", ""},
		{"1.5", ""},
		{"abc", ""},
		{"0x", ""},
		{"012345678901", ""},
		{"", ""},
		{"2012-10-17", ""},
	} {
		got, ok := integer11(row.text)
		if got != row.want || ok != (row.want != "") {
			t.Errorf("integer11(%q) = %q, %t, want %q", row.text, got, ok, row.want)
		}
	}
}

// TestOddTemplates checks that check accepts the odd templates that
// CloudFormation accepts, and notes what it did with them.
func TestOddTemplates(t *testing.T) {
	const open = `{Statement: {Effect: Allow, Principal: "*", Action: "kms:*", Resource: "*"}}`
	for _, row := range []struct {
		name, text string
		reading    string // a part of the only reading
		note       string
		never      string
	}{
		{"an octal account id", "Resources:\n  K:\n    Type: AWS::KMS::Key\n    Properties: {KeyPolicy: {Statement: {Principal: {AWS: 012345670123}}}}\n", `"AWS":"1402433619"`, "line 4: 012345670123 without quotes is the number 1402433619", ""},
		{"a quoted one", "Resources:\n  K:\n    Type: AWS::KMS::Key\n    Properties: {KeyPolicy: {Statement: {Principal: {AWS: '012345670123'}}}}\n", `"AWS":"012345670123"`, "", ""},
		{"a member twice elsewhere", "Resources:\n  K:\n    Type: AWS::KMS::Key\n    Properties: {KeyPolicy: " + open + "}\n  T:\n    Type: AWS::SNS::Topic\n    Properties: {TopicName: a, TopicName: b}\n", `"Principal":"*"`, `line 7: member "TopicName" occurs twice; CloudFormation uses the last`, ""},
		{"a member of the policy twice", "Resources:\n  K:\n    Type: AWS::KMS::Key\n    Properties: {KeyPolicy: {Statement: {Principal: {AWS: '444455556666'}, Principal: '*'}}}\n", `"Principal":"*"`, `member "Principal" occurs twice`, ""},
		{"the same in JSON", `{"Resources":{"K":{"Type":"AWS::KMS::Key","Properties":{"KeyPolicy":{"Statement":{"Principal":"a","Principal":"*"}}}}}}`, `"Principal":"*"`, `member "Principal" occurs twice`, ""},
		{"a byte order mark", "\xef\xbb\xbfResources:\n  K:\n    Type: AWS::KMS::Key\n    Properties: {KeyPolicy: " + open + "}\n", `"Principal":"*"`, "", ""},
		{"a key that is never created", "Conditions: {Never: !Equals [a, b]}\nResources:\n  K:\n    Type: AWS::KMS::Key\n    Condition: Never\n    Properties: {KeyPolicy: " + open + "}\n", "", "", "Never"},
		{"a key that excludes its statement", "Parameters: {S: {Type: String}}\nConditions: {P: !Equals [!Ref S, p]}\nResources:\n  K:\n    Type: AWS::KMS::Key\n    Condition: P\n    Properties: {KeyPolicy: {Statement: {Principal: !If [P, own, '*']}}}\n", `"Principal":"own"`, "", ""},
		{"a default policy under a condition", "Parameters: {S: {Type: String}}\nConditions: {P: !Equals [!Ref S, p]}\nResources:\n  K: {Type: AWS::KMS::Key, Condition: P}\n", "", "", ""},
	} {
		d := one(t, row.text, Scope{Account: "111122223333"})
		if d.Never != row.never || d.Err != nil {
			t.Errorf("%s: never %q, %v, want %q", row.name, d.Never, d.Err, row.never)
		}
		if row.reading != "" && (len(d.Readings) != 1 || !strings.Contains(string(d.Readings[0].Text), row.reading)) {
			t.Errorf("%s: readings %s, want one with %s", row.name, texts(d), row.reading)
		}
		if row.note == "" && len(d.Notes) > 0 || row.note != "" && !slices.ContainsFunc(d.Notes, func(n string) bool { return strings.Contains(n, row.note) }) {
			t.Errorf("%s: notes %q, want %q", row.name, d.Notes, row.note)
		}
		if row.never == "" && row.reading == "" && !d.Default {
			t.Errorf("%s: no default policy", row.name)
		}
	}
}

// TestBypassIsKept checks that a policy whose lockout check is bypassed need
// not name the owner.
func TestBypassIsKept(t *testing.T) {
	template := func(bypass string) string {
		return "Parameters: {B: {Type: String}}\nResources:\n  K:\n    Type: AWS::KMS::Key\n    Properties: {" + bypass + " KeyPolicy: {Statement: {Principal: a}}}\n"
	}
	for _, row := range []struct {
		name, text string
		want       bool
	}{
		{"not said", template(""), false},
		{"off", template("BypassPolicyLockoutSafetyCheck: false,"), false},
		{"on", template("BypassPolicyLockoutSafetyCheck: true,"), true},
		{"on, as YAML 1.1 has it", template("BypassPolicyLockoutSafetyCheck: yes,"), true},
		{"not known", template("BypassPolicyLockoutSafetyCheck: !Ref B,"), true},
		{"a plan", `{"format_version":"1.2","resource_changes":[{"address":"aws_kms_key.k","mode":"managed","type":"aws_kms_key","change":{"after":{"policy":"{}","bypass_policy_lockout_safety_check":true}}}]}`, true},
		{"a plan without", `{"format_version":"1.2","resource_changes":[{"address":"aws_kms_key.k","mode":"managed","type":"aws_kms_key","change":{"after":{"policy":"{}","bypass_policy_lockout_safety_check":false}}}]}`, false},
	} {
		if d := one(t, row.text, Scope{}); d.Bypass != row.want {
			t.Errorf("%s: Bypass = %t, want %t", row.name, d.Bypass, row.want)
		}
	}
}

// TestCloudControlKeys checks keys of the awscc provider, which calls the
// policy key_policy.
func TestCloudControlKeys(t *testing.T) {
	const change = `{"address":"awscc_kms_key.k","mode":"managed","type":"awscc_kms_key","change":{"after":{"key_policy":%s,"key_spec":"RSA_2048","key_usage":"SIGN_VERIFY"},"after_unknown":{%s}}}`
	plan := func(member, policy, unknown string) string {
		c := strings.Replace(strings.Replace(change, "%s", policy, 1), "%s", unknown, 1)
		if member == "deferred_changes" {
			return `{"format_version":"1.2","resource_changes":[],"deferred_changes":[{"reason":"resource_config_unknown","resource_change":` + c + `}]}`
		}
		return `{"format_version":"1.2","` + member + `":[` + c + `]}`
	}
	for _, row := range []struct{ name, text, want string }{
		{"as text", plan("resource_changes", `"{\"Statement\":[]}"`, ""), `{"Statement":[]}`},
		{"as an object", plan("resource_changes", `{"Statement":[{"Principal":"*"}]}`, ""), `{"Statement":[{"Principal":"*"}]}`},
		{"deferred", plan("deferred_changes", `"{\"Statement\":[]}"`, ""), `{"Statement":[]}`},
		{"known after apply", plan("resource_changes", "null", `"key_policy":true`), ""},
	} {
		d := one(t, row.text, Scope{})
		if got := strings.Join(texts(d), ""); got != row.want || (len(d.Unknown) > 0) != (row.want == "") {
			t.Errorf("%s: policy %s, unknown %v, want %s", row.name, got, d.Unknown, row.want)
		}
		if d.Key.Spec != "RSA_2048" || d.Key.Usage != "SIGN_VERIFY" || d.Place != "awscc_kms_key.k" {
			t.Errorf("%s: %+v at %q", row.name, d.Key, d.Place)
		}
	}
}

// TestElsewhere checks that what a template includes is judged, or noted as not
// judged.
func TestElsewhere(t *testing.T) {
	const own = "  Own:\n    Type: AWS::KMS::Key\n    Properties: {KeyPolicy: {Statement: {Principal: a}}}\n"
	for _, row := range []struct{ name, text, places, note string }{
		{"a StackSet's template", "Resources:\n  S:\n    Type: AWS::CloudFormation::StackSet\n    Properties:\n      TemplateBody: |\n        Resources:\n          K: {Type: AWS::KMS::Key, Properties: {KeyPolicy: {Statement: {Principal: b}}}}\n" + own, "Own S/K", ""},
		{"only a StackSet's", "Resources:\n  S:\n    Type: AWS::CloudFormation::StackSet\n    Properties:\n      TemplateBody: '{\"Resources\":{\"K\":{\"Type\":\"AWS::KMS::Key\"}}}'\n", "S/K", ""},
		{"one without a key", "Resources:\n  S:\n    Type: AWS::CloudFormation::StackSet\n    Properties: {TemplateBody: '{\"Resources\":{\"T\":{\"Type\":\"AWS::SNS::Topic\"}}}'}\n" + own, "Own", ""},
		{"a malformed one", "Resources:\n  S:\n    Type: AWS::CloudFormation::StackSet\n    Properties: {TemplateBody: '{\"Resources\":'}\n" + own, "Own", "the template of the StackSet S cannot be read: "},
		{"one by URL", "Resources:\n  S:\n    Type: AWS::CloudFormation::StackSet\n    Properties: {TemplateURL: https://example.com/t}\n" + own, "Own", "the template of the StackSet S is not checked"},
		{"one that is not known", "Parameters: {B: {Type: String}}\nResources:\n  S:\n    Type: AWS::CloudFormation::StackSet\n    Properties: {TemplateBody: !Ref B}\n" + own, "Own", "is not known before it is deployed"},
		{"a nested stack", "Resources:\n  N: {Type: AWS::CloudFormation::Stack, Properties: {TemplateURL: x}}\n" + own, "Own", "the template of the nested stack N is not checked"},
		{"a module", "Resources:\n  M: {Type: 'Org::Team::Key::MODULE'}\n" + own, "Own", "the module Org::Team::Key::MODULE in M is not checked"},
		{"a macro", "Transform: [AWS::Serverless-2016-10-31, Mine]\nResources:\n" + own, "Own", "the macro Mine may change this template"},
		{"an include for Resources", "Resources:\n  Fn::Transform: {Name: AWS::Include, Parameters: {Location: s3://b/k}}\n" + own, "Own", "what Fn::Transform adds to Resources is not checked"},
		{"SAM and language extensions", "Transform: [AWS::Serverless-2016-10-31, AWS::LanguageExtensions]\nResources:\n" + own, "Own", ""},
	} {
		docs, err := Documents([]byte(row.text), Scope{Account: "111122223333"})
		if err != nil {
			t.Errorf("%s: %v", row.name, err)
			continue
		}
		var places []string
		for _, d := range docs {
			places = append(places, d.Place)
		}
		if got := strings.Join(places, " "); got != row.places {
			t.Errorf("%s: keys %s, want %s", row.name, got, row.places)
		}
		if notes := strings.Join(docs[0].Notes, "; "); row.note == "" && notes != "" || !strings.Contains(notes, row.note) {
			t.Errorf("%s: notes %q, want %q", row.name, notes, row.note)
		}
	}
	if _, err := Documents([]byte("Resources:\n  N: {Type: AWS::CloudFormation::Stack}\n"), Scope{}); !errors.Is(err, ErrNoKey) || !strings.Contains(strings.Join(Notes(err), "; "), "nested stack N") {
		t.Errorf("a template whose key can only be elsewhere: %v, want the nested stack named", err)
	}
}

// TestStreams checks that several objects in one input are judged one by one,
// each at its own line.
func TestStreams(t *testing.T) {
	const good, odd = `{"Policy":"{\"Statement\":[]}"}`, `{"Foo":1}`
	docs, err := Documents([]byte(good+"\n"+odd+"\n\n"+good+good), Scope{})
	if err != nil || len(docs) != 4 {
		t.Fatalf("%d documents, %v, want 4", len(docs), err)
	}
	for i, want := range []struct {
		place string
		line  int
		bad   bool
	}{{"1", 1, false}, {"2", 2, true}, {"3", 4, false}, {"4", 4, false}} {
		if d := docs[i]; d.Place != want.place || d.At.Line != want.line || (d.Err != nil) != want.bad {
			t.Errorf("object %d: place %q, line %d, %v", i+1, d.Place, d.At.Line, d.Err)
		}
	}
}

// TestBrokenStream checks that the objects before a syntax error are judged,
// and that the error is reported.
func TestBrokenStream(t *testing.T) {
	const good = `{"Policy":"{\"Statement\":[]}"}`
	for text, want := range map[string]string{
		good + "\n" + good + "\n{\"Policy\":": "expected a whole JSON object, found the end of the input at line 3; the objects before it are judged",
		good + "\n{\"Policy\": x}\n" + good:   "found invalid character 'x' looking for beginning of value at line 2",
	} {
		docs, err := Documents([]byte(text), Scope{})
		if err != nil || len(docs) < 2 || docs[0].Err != nil || docs[0].Place != "1" {
			t.Errorf("%s: %+v, %v", text, docs, err)
			continue
		}
		last := docs[len(docs)-1]
		if last.Err == nil || !strings.Contains(last.Err.Error(), want) || last.At.Line == 0 {
			t.Errorf("%s: %v at line %d, want %q", text, last.Err, last.At.Line, want)
		}
	}
	if _, err := Documents([]byte(good+" x"), Scope{}); err == nil || !strings.Contains(err.Error(), "found more after it at line 1") {
		t.Errorf("text after an object: %v", err)
	}
}

// TestGuesses checks that the error for an unsupported format names the format
// and the command to run.
func TestGuesses(t *testing.T) {
	for text, want := range map[string]string{
		`{"KeyMetadata":{}}`: "describe-key; run aws kms get-key-policy",
		`{"Keys":[]}`:        "list-keys; run aws kms get-key-policy",
		`[{"ParameterKey":"a","ParameterValue":"b"}]`: "--parameter-file FILE",
		`[]`:                             "found a list at line 1",
		"apiVersion: v1\nkind: Secret\n": "a Kubernetes manifest",
		"service: x\nprovider: {}\n":     "run serverless package",
		"PK\x03\x04\x00":                 "terraform show -json FILE > plan.json",
		"\x1f\x8b\x08\x00":               "run gunzip first",
		"\x00":                           "found binary data",
	} {
		if _, err := Documents([]byte(text), Scope{}); err == nil || !strings.Contains(err.Error(), want) || !strings.HasPrefix(err.Error(), "expected ") {
			t.Errorf("%q: %v, want %q", text, err, want)
		}
	}
}

// TestConfigItems checks that the policy of a configuration item is read from
// its supplementaryConfiguration.
func TestConfigItems(t *testing.T) {
	const item = `{"version":"1.3","resourceType":"AWS::KMS::Key","resourceId":"k","ARN":"arn:aws:kms:us-east-1:111122223333:key/k","awsAccountId":"111122223333","configuration":{"keyId":"k"},"supplementaryConfiguration":{"Policy":"\"{\\\"Statement\\\":[]}\""}}`
	for name, text := range map[string]string{"by itself": item, "in a notification": `{"configurationItem":` + item + `,"messageType":"ConfigurationItemChangeNotification"}`} {
		d := one(t, text, Scope{})
		if string(d.Readings[0].Text) != `{"Statement":[]}` || d.Account != "111122223333" || d.KeyARN == "" || d.Place != "k" {
			t.Errorf("%s: %+v", name, d)
		}
	}
	const bucket, deleted = `{"resourceType":"AWS::S3::Bucket","configuration":{}}`, `{"resourceType":"AWS::KMS::Key","configurationItemStatus":"ResourceDeleted"}`
	for name, text := range map[string]string{"in a list": `{"configurationItems":[` + bucket + "," + item + "," + deleted + `]}`, "in a stream": bucket + "\n" + item} {
		if d := one(t, text, Scope{}); d.Place != "2/k" || d.KeyARN == "" {
			t.Errorf("%s: %+v", name, d)
		}
	}
	for _, text := range []string{bucket, bucket + bucket, `{"configurationItems":[` + bucket + `]}`} {
		if _, err := Documents([]byte(text), Scope{}); !errors.Is(err, ErrNoKey) {
			t.Errorf("%s: %v, want ErrNoKey", text, err)
		}
	}
	for text, want := range map[string]string{
		`{"resourceType":"AWS::S3::Bucket","configuration":{}}`:                           "expected a configuration item of AWS::KMS::Key",
		`{"resourceType":"AWS::KMS::Key","configuration":{}}`:                             "supplementaryConfiguration.Policy",
		`{"version":4,"terraform_version":"1.9","serial":3,"lineage":"x","resources":[]}`: "terraform show -json > state.json",
		`{"@level":"info","@message":"x"}` + "\n" + `{"@level":"info"}`:                   "the log of terraform plan -json",
		"resource \"aws_kms_key\" \"k\" {\n  policy = \"x\"\n}\n":                         "terraform show -json p > plan.json",
	} {
		if _, err := Documents([]byte(text), Scope{}); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %q", text, err, want)
		}
	}
}
