package main

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/kmsentry/kmsentry/internal/exit"
)

// folder writes files to a new folder and returns its path.
func folder(t *testing.T, files map[string]string) string {
	t.Helper()
	dir := t.TempDir()
	for name, text := range files {
		name = filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(name, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

func template(statement string) string {
	return `{"Resources":{"K":{"Type":"AWS::KMS::Key","Properties":{"KeyPolicy":{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"AWS":{"Fn::Sub":"arn:aws:iam::${AWS::AccountId}:root"}},"Action":"kms:*","Resource":"*"}` + statement + `]}}}}}`
}

const openStatement = `,{"Effect":"Allow","Principal":"*","Action":"kms:Encrypt","Resource":"*"}`

func checked3(args ...string) (status int, stdout, stderr string) {
	var out, errs bytes.Buffer
	status = run(append([]string{"check"}, args...), strings.NewReader(""), &out, &errs)
	return status, out.String(), errs.String()
}

// TestCheckFolders checks that a file without a key is skipped and counted, that a
// broken one is an error, and that neither hides an open key.
func TestCheckFolders(t *testing.T) {
	const iam = `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"s3:GetObject","Resource":"arn:aws:s3:::kms-logs/*","Principal":"*"}]}`
	for _, row := range []struct {
		name   string
		files  map[string]string
		args   []string
		status int
		says   []string // on standard output
		errs   string   // on standard error
	}{
		{"keys among others", map[string]string{
			"a/open.json": template(openStatement), "b/own.json": template(""), "README.md": "# about kms keys\n", "package.json": `{"name":"kms-thing"}`,
			"topic.yaml": "Resources: {T: {Type: AWS::SNS::Topic, Properties: {KmsMasterKeyId: x}}}\n", "main.go": "package main\n", "iam.json": iam,
		}, nil, exit.Found, []string{"public", "a/open.json:1 K", "7 files, 2 keys: 1 public, 1 private; 3 files without a key; 2 files of unknown format"}, "README.md"},
		{"only private ones", map[string]string{"own.json": template("")}, nil, exit.OK, []string{"1 file, 1 key: 1 private"}, ""},
		{"folders of others", map[string]string{"node_modules/x/open.json": template(openStatement), ".git/o.json": template(openStatement), ".terraform/o.json": template(openStatement), "own.json": template("")}, nil, exit.OK, []string{"1 file, 1 key"}, ""},
		{"nothing at all", map[string]string{"main.go": "package main\n"}, nil, exit.OK, []string{"1 file, 0 keys; 1 file without a key"}, ""},
		{"nothing at all where a key is required", map[string]string{"main.go": "package main\n"}, []string{"--require-key"}, exit.Error, nil, "expected a key (--require-key), found none in 1 file"},
		{"an empty folder", nil, nil, exit.OK, []string{"0 files, 0 keys"}, ""},
		{"an empty folder where a key is required", nil, []string{"--require-key"}, exit.Error, nil, "expected a key (--require-key), found none in 0 files"},
		{"policies that do not say what they are for", map[string]string{
			"open.json":   `{"Statement":[{"Effect":"Allow","Principal":"*","Action":"*","Resource":"*"}]}`,
			"answer.json": `{"Policy":"{\"Statement\":[{\"Effect\":\"Allow\",\"Principal\":{\"AWS\":\"111122223333\"},\"Action\":\"k*\",\"Resource\":\"*\"}]}"}`,
			"bucket.json": `{"Statement":[{"Effect":"Allow","Principal":"*","Action":"*","Resource":"arn:aws:s3:::b/*"}]}`,
			"trust.json":  `{"Statement":[{"Effect":"Allow","Principal":{"AWS":"*"},"Action":"sts:AssumeRole"}]}`,
			"admin.json":  `{"Statement":[{"Effect":"Allow","Action":"*","Resource":"*"}]}`,
			"crypt.json":  `{"Statement":[{"Effect":"Allow","Action":["*","kms:Decrypt"],"Resource":"*"}]}`,
			"broken.json": `{"Statement":[{"Principal":"*","Action":"*"`,
		}, nil, exit.Found, []string{"open.json  anyone can kms:Encrypt", "answer.json", "7 files, 2 keys: 1 public, 1 undecided; 5 files without a key"}, ""},
		{"policies that hide what they are for", map[string]string{
			"escaped.json": `{"\u0053tatement":[{"Effect":"Allow","\u0050rincipal":"*","\u0041ction":"\u006bms:Encrypt","Resource":"*"}]}`,
			"every.json":   `{"\u0053tatement":[{"Effect":"Allow","Principal":"\u002a","Action":"\u002a","Resource":"\u002a"}]}`,
			"escaped.yaml": "Resources: {\"K\": {Type: \"AWS::\\x4bMS::\\x4bey\", Properties: {\"\\u004beyPolicy\": {\"\\U00000053tatement\": [{Effect: Allow, \"\\x50rincipal\": \"*\", Action: \"\\x6bms:Encrypt\", Resource: \"*\"}]}}}}\n",
			"not.json":     `{"a":"\u00e9\u006b\x","b":"\u00"}`,
		}, nil, exit.Found, []string{"4 files, 3 keys: 3 public; 1 file without a key"}, ""},
		{"a policy in UTF-16", map[string]string{
			"marked.json": "\xff\xfe" + wide(`{"Statement":[{"Effect":"Allow","Principal":"*","Action":"kms:Encrypt","Resource":"*"}]}`),
			"bare.json":   wide(`{"Statement":[{"Effect":"Allow","Principal":"*","Action":"kms:Encrypt","Resource":"*"}]}`),
			"other.json":  wide(`{"a":"b"}`),
		}, nil, exit.Error, []string{"bare.json  expected UTF-8, found UTF-16", "marked.json  expected UTF-8, found UTF-16", "3 files, 2 keys: 2 unreadable; 1 file without a key"}, ""},
		{"a template that brings its keys in", map[string]string{"nested.yaml": "# kms\nResources: {N: {Type: AWS::CloudFormation::Stack}}\n"}, nil, exit.OK, []string{"1 file, 0 keys; 1 file without a key"}, "nested.yaml: the template of the nested stack N is not checked"},
		{"a broken template", map[string]string{"broken.yaml": "Resources:\n  K: {Type: AWS::KMS::Key\n", "own.json": template("")}, nil, exit.Error, []string{"error", "broken.yaml", "1 private, 1 unreadable"}, ""},
		{"unrelated YAML", map[string]string{"chart.yaml": "{{- if .Values.kms }}\na: {{ .x }}\n", "own.json": template("")}, nil, exit.OK, []string{"1 file of unknown format"}, "chart.yaml"},
		{"a broken template in JSON", map[string]string{"broken.json": template("")[:200], "own.json": template("")}, nil, exit.Error, []string{"error", "broken.json"}, ""},
		{"a key that cannot be read", map[string]string{"odd.json": `{"Resources":{"K":{"Type":"AWS::KMS::ReplicaKey","Properties":{}}}}`}, nil, exit.Error, []string{"expected a KeyPolicy"}, ""},
		{"many", many(60), nil, exit.Found, []string{"60 files, 60 keys: 20 public, 40 private"}, ""},
	} {
		t.Run(row.name, func(t *testing.T) {
			status, out, errs := checked3(append(row.args, folder(t, row.files))...)
			if status != row.status {
				t.Errorf("exit status %d, want %d\n%s%s", status, row.status, out, errs)
			}
			for _, want := range row.says {
				if !strings.Contains(out, want) {
					t.Errorf("it does not say %q:\n%s", want, out)
				}
			}
			if !strings.Contains(errs, row.errs) || row.errs == "" && errs != "" {
				t.Errorf("standard error %q, want %q", errs, row.errs)
			}
		})
	}
}

// wide returns ASCII text in UTF-16 with the low byte first.
func wide(text string) string {
	var b strings.Builder
	for i := range len(text) {
		b.Write([]byte{text[i], 0})
	}
	return b.String()
}

func many(n int) map[string]string {
	files := map[string]string{}
	for i := range n {
		text := template("")
		if i%3 == 0 {
			text = template(openStatement)
		}
		files[fmt.Sprintf("%03d.json", i)] = text
	}
	return files
}

// The answers are in the order of the names, and are the same each time.
func TestCheckFolderOrder(t *testing.T) {
	dir := folder(t, many(40))
	_, first, _ := checked3("--format", "json", dir)
	lines := strings.Split(strings.TrimSpace(first), "\n")
	for i, line := range lines {
		if want := fmt.Sprintf(`%03d.json","resource":"K","line":1,`, i); !strings.Contains(line, want) {
			t.Fatalf("line %d is not about %s", i+1, want)
		}
	}
	if _, again, _ := checked3("--at", "2026-11-23T00:00:00Z", "--format", "json", dir); len(lines) != strings.Count(again, "\n") {
		t.Errorf("%d lines, then %d", len(lines), strings.Count(again, "\n"))
	}
}

// TestCheckUnknownValues checks that each kind of unknown value has a remedy that
// works.
func TestCheckUnknownValues(t *testing.T) {
	partner := func(principal string) string {
		return "Parameters: {P: {Type: String, Default: '111122223333', AllowedValues: ['111122223333', '444455556666']}, Q: {Type: String}}\nResources:\n  K:\n    Type: AWS::KMS::Key\n    Properties: {KeyPolicy: {Version: 2012-10-17, Statement: [{Effect: Allow, Principal: {AWS: '111122223333'}, Action: 'kms:*', Resource: '*'}, {Effect: Allow, Principal: {AWS: " + principal + "}, Action: 'kms:Encrypt', Resource: '*'}]}}\n"
	}
	params := folder(t, map[string]string{"list.json": `[{"ParameterKey":"Q","ParameterValue":"444455556666"}]`, "lines.json": `["Q=444455556666"]`, "object.json": `{"Parameters":{"Q":"444455556666"}}`, "plain.json": `{"Q":"444455556666"}`, "odd.json": `[1]`})
	for _, row := range []struct {
		name, text string
		args       []string
		status     int
		says, errs string
	}{
		{"a parameter", partner("!Ref Q"), nil, exit.Found, "remedy   --parameter Q=VALUE", ""},
		{"given", partner("!Ref Q"), []string{"--parameter", "Q=444455556666"}, exit.OK, "shared", ""},
		{"given in a file", partner("!Ref Q"), []string{"--parameter-file", params + "/list.json"}, exit.OK, "shared", ""},
		{"given in a file of lines", partner("!Ref Q"), []string{"--parameter-file", params + "/lines.json"}, exit.OK, "shared", ""},
		{"given in an object", partner("!Ref Q"), []string{"--parameter-file", params + "/object.json"}, exit.OK, "shared", ""},
		{"given by names", partner("!Ref Q"), []string{"--parameter-file", params + "/plain.json"}, exit.OK, "shared", ""},
		{"a file of another form", partner("!Ref Q"), []string{"--parameter-file", params + "/odd.json"}, exit.Usage, "", "expected JSON: a list of objects with ParameterKey"},
		{"a file that does not exist", partner("!Ref Q"), []string{"--parameter-file", params + "/no.json"}, exit.Usage, "", "no such file"},
		{"a default, not taken", partner("!Ref P"), nil, exit.OK, "undecided", ""},
		{"a default, taken", partner("!Ref P"), []string{"--use-defaults"}, exit.OK, "private", ""},
		{"a value that is not allowed", partner("!Ref P"), []string{"--parameter", "P=1"}, exit.Error, `parameter P: expected one of 111122223333, 444455556666, found "1"`, ""},
		{"a name that no template has", partner("!Ref Q"), []string{"--parameter", "R=1"}, exit.Found, "", "--parameter R: no template has this parameter; P, Q"},
		{"an import", partner("!ImportValue partner"), nil, exit.Found, "remedy   --import partner=VALUE", ""},
		{"given", partner("!ImportValue partner"), []string{"--import", "partner=444455556666"}, exit.OK, "shared", ""},
		{"a reference", partner("'{{resolve:ssm:/partner}}'"), nil, exit.Found, "remedy   --resolve '{{resolve:ssm:/partner}}=VALUE'", ""},
		{"given", partner("'{{resolve:ssm:/partner}}'"), []string{"--resolve", "{{resolve:ssm:/partner}}=444455556666"}, exit.OK, "shared", ""},
		{"given inside a Sub", partner("!Sub 'arn:aws:iam::{{resolve:ssm:/partner}}:root'"), []string{"--resolve", "{{resolve:ssm:/partner}}=444455556666"}, exit.OK, "shared", ""},
		{"an invalid reference", partner("a"), []string{"--resolve", "x=y"}, exit.Usage, "", "expected {{resolve:...}}=value"},
	} {
		t.Run(row.name, func(t *testing.T) {
			file := filepath.Join(folder(t, map[string]string{"t.yaml": row.text}), "t.yaml")
			status, out, errs := checked3(append(row.args, "--account", "111122223333", file)...)
			if status != row.status || !strings.Contains(out, row.says) || !strings.Contains(errs, row.errs) {
				t.Errorf("exit status %d, want %d with %q and %q\n%s%s", status, row.status, row.says, row.errs, out, errs)
			}
		})
	}
}

// A named file without a key is counted, or an error where one is required.
func TestCheckNamedFileWithoutKey(t *testing.T) {
	file := filepath.Join(folder(t, map[string]string{"t.json": `{"Resources":{"T":{"Type":"AWS::SNS::Topic"}}}`}), "t.json")
	if status, out, _ := checked3(file); status != exit.OK || !strings.Contains(out, "1 file, 0 keys; 1 file without a key") {
		t.Errorf("exit status %d\n%s", status, out)
	}
	if status, out, _ := checked3("--require-key", file); status != exit.Error || !strings.Contains(out, "expected a key (--require-key), found none") {
		t.Errorf("with --require-key: exit status %d\n%s", status, out)
	}
}

// TestCheckLinks checks that a named link to a folder is followed, and one in a folder
// is named instead.
func TestCheckLinks(t *testing.T) {
	dir := folder(t, map[string]string{"keys/open.json": template(openStatement)})
	t.Chdir(dir)
	if err := os.Mkdir("more", 0o700); err != nil {
		t.Fatal(err)
	}
	for link, to := range map[string]string{"link": "keys", "more/inner": "../keys", "more/file.json": "../keys/open.json", "more/gone.json": "nowhere"} {
		if err := os.Symlink(filepath.FromSlash(to), link); err != nil {
			t.Fatal(err)
		}
	}
	for _, row := range []struct {
		path      string
		says, err []string
	}{
		{"link", []string{"link/open.json:1 K", "1 file, 1 key: 1 public"}, nil},
		{"more", []string{"more/file.json:1 K", "3 files, 1 key: 1 public; 2 files without a key"}, []string{
			"kmsentry check: more/gone.json: no such file or directory\n", "kmsentry check: more/inner: a link to a folder is not followed; name it to have it checked\n",
		}},
		{"more/inner", []string{"more/inner/open.json:1 K", "1 file, 1 key: 1 public"}, nil},
	} {
		status, out, errs := checked3(row.path)
		if status != exit.Found || errs != strings.Join(row.err, "") {
			t.Errorf("%s: status %d, standard error %q", row.path, status, errs)
		}
		for _, want := range row.says {
			if !strings.Contains(filepath.ToSlash(out), want) {
				t.Errorf("%s: it does not say %q:\n%s", row.path, want, out)
			}
		}
	}
}
