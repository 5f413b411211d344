package awsid

import (
	"strings"
	"testing"
)

const key = "arn:aws:kms:us-east-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab"

func TestHead(t *testing.T) {
	for text, want := range map[string]string{
		key:                              "arn:aws:kms:us-east-1:111122223333",
		"arn:aws:s3:::a:b":               "arn:aws:s3::",
		"arn:aws:iam::111122223333":      "arn:aws:iam::111122223333",
		"arn:*:iam::${aws:userid}:role/": "arn:*:iam::${aws",
		":::::":                          "::::",
		"*":                              "*",
		"":                               "",
	} {
		if got := Head(text); got != want {
			t.Errorf("Head(%q) = %q, want %q", text, got, want)
		}
	}
}

func TestPartitionIn(t *testing.T) {
	for text, want := range map[string]string{
		key: "aws", "arn:aws-cn:iam::": "aws-cn", "arn:aws:*": "aws", "arn::iam": "",
		"arn:aws": "", "urn:aws:iam": "", "111122223333": "", "*": "", "": "",
	} {
		if got := PartitionIn(text); got != want {
			t.Errorf("PartitionIn(%q) = %q, want %q", text, got, want)
		}
	}
}

func TestARN(t *testing.T) {
	tests := map[string]struct {
		text  string
		want  ARN
		parse bool // ParseARN accepts it
		split bool // SplitARN accepts it
	}{
		"key":                 {key, ARN{"aws", "kms", "us-east-1", "111122223333", "key/1234abcd-12ab-34cd-56ef-1234567890ab"}, true, true},
		"bucket":              {"arn:aws-cn:s3:::logs", ARN{Partition: "aws-cn", Service: "s3", Resource: "logs"}, true, true},
		"colons in resource":  {"arn:aws:lambda:us-east-1:111122223333:function:f:1", ARN{"aws", "lambda", "us-east-1", "111122223333", "function:f:1"}, true, true},
		"nothing in fields":   {"arn:::::", ARN{}, true, true},
		"odd fields":          {"arn:AWS: :*:x:é", ARN{"AWS", " ", "*", "x", "é"}, true, true},
		"another first field": {"urn:aws:iam::111122223333:root", ARN{Partition: "aws", Service: "iam", Account: "111122223333", Resource: "root"}, false, true},
		"capitals":            {"ARN:aws:iam::111122223333:root", ARN{Partition: "aws", Service: "iam", Account: "111122223333", Resource: "root"}, false, true},
		"no first field":      {":aws:iam::111122223333:root", ARN{Partition: "aws", Service: "iam", Account: "111122223333", Resource: "root"}, false, true},
		"five fields":         {"arn:aws:iam::111122223333", ARN{}, false, false},
		"first field alone":   {"arn:", ARN{}, false, false},
		"no colon":            {"111122223333", ARN{}, false, false},
		"empty":               {"", ARN{}, false, false},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			want := test.want
			if got, ok := SplitARN(test.text); got != want || ok != test.split {
				t.Errorf("SplitARN(%q) = %+v, %v, want %+v, %v", test.text, got, ok, want, test.split)
			}
			if !test.parse {
				want = ARN{}
			}
			if got, ok := ParseARN(test.text); got != want || ok != test.parse {
				t.Errorf("ParseARN(%q) = %+v, %v, want %+v, %v", test.text, got, ok, want, test.parse)
			}
		})
	}
}

// FuzzARN checks that String returns the text that was parsed, and that ParseARN
// accepts exactly the texts of six or more fields of which the first is "arn".
func FuzzARN(f *testing.F) {
	for _, seed := range []string{key, "arn:aws:s3:::logs", "arn:::::", "urn:aws:iam::111122223333:root", "arn:aws:iam::1", ""} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		a, ok := ParseARN(text)
		if ok && a.String() != text {
			t.Errorf("ParseARN(%q).String() = %q", text, a.String())
		}
		parts := strings.SplitN(text, ":", 6)
		if whole := len(parts) == 6; ok != (whole && parts[0] == "arn") {
			t.Errorf("ParseARN(%q): ok = %v with the fields %q", text, ok, parts)
		}
		loose, ok := SplitARN(text)
		if ok != (len(parts) == 6) {
			t.Errorf("SplitARN(%q): ok = %v with the fields %q", text, ok, parts)
		}
		if ok && parts[0]+strings.TrimPrefix(loose.String(), "arn") != text {
			t.Errorf("SplitARN(%q) = %+v", text, loose)
		}
	})
}

func TestParseKeyARN(t *testing.T) {
	tests := map[string]struct {
		text string
		want bool
	}{
		"key":                  {key, true},
		"multi-Region":         {"arn:aws-us-gov:kms:us-gov-west-1:111122223333:key/mrk-1234abcd12ab34cd56ef1234567890AB", true},
		"partition to come":    {"arn:aws-eusc:kms:eusc-de-east-1:111122223333:key/k", true},
		"alias":                {"arn:aws:kms:us-east-1:111122223333:alias/k", false},
		"no id":                {"arn:aws:kms:us-east-1:111122223333:key/", false},
		"more than an id":      {key + "/x", false},
		"wildcard":             {"arn:aws:kms:us-east-1:111122223333:key/*", false},
		"line end":             {key + "\n", false},
		"no Region":            {"arn:aws:kms::111122223333:key/k", false},
		"Region in capitals":   {"arn:aws:kms:US-EAST-1:111122223333:key/k", false},
		"no account":           {"arn:aws:kms:us-east-1::key/k", false},
		"partition not of AWS": {"arn:azure:kms:us-east-1:111122223333:key/k", false},
		"partition of digits":  {"arn:aws1:kms:us-east-1:111122223333:key/k", false},
		"another service":      {"arn:aws:s3:us-east-1:111122223333:key/k", false},
		"another first field":  {"urn:aws:kms:us-east-1:111122223333:key/k", false},
		"empty":                {"", false},
	}
	for name, test := range tests {
		got, ok := ParseKeyARN(test.text)
		want := ARN{}
		if test.want {
			want, _ = SplitARN(test.text)
		}
		if ok != test.want || got != want {
			t.Errorf("%s: ParseKeyARN(%q) = %+v, %v, want %+v, %v", name, test.text, got, ok, want, test.want)
		}
	}
}
