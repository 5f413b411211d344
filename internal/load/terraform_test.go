package load

import (
	"errors"
	"maps"
	"reflect"
	"strings"
	"testing"
)

// planText is a plan with keys in every state that a plan can describe.
const planText = `{"format_version":"1.2","terraform_version":"1.9.0","resource_changes":[
 {"address":"aws_kms_key.given","mode":"managed","type":"aws_kms_key","change":{"actions":["create"],
  "after":{"policy":"{\"Statement\":[]}","customer_master_key_spec":"RSA_2048","key_usage":"ENCRYPT_DECRYPT","multi_region":false,"tags_all":{"Team":"a"}},
  "after_unknown":{"arn":true,"tags_all":{}}}},
 {"address":"module.m[\"a]b\"].aws_kms_key.late[0]","mode":"managed","type":"aws_kms_key","change":{"actions":["create"],"after":{},"after_unknown":{"policy":true}}},
 {"address":"aws_kms_key.none","mode":"managed","type":"aws_kms_key","change":{"actions":["create"],"after":{},"after_unknown":{"policy":true}}},
 {"address":"aws_kms_key.gone","mode":"managed","type":"aws_kms_key","change":{"actions":["delete"],"after":null,"after_unknown":{}}},
 {"address":"aws_kms_key_policy.p","mode":"managed","type":"aws_kms_key_policy","change":{"actions":["create"],"after":{},"after_unknown":{"policy":true,"key_id":true}}},
 {"address":"aws_kms_replica_external_key.r","mode":"managed","type":"aws_kms_replica_external_key","change":{"actions":["no-op"],
  "after":{"arn":"arn:aws:kms:eu-west-1:111122223333:key/mrk-1234abcd12ab34cd56ef1234567890ab","policy":"{\"Statement\":{}}"},"after_unknown":{}}},
 {"address":"data.aws_kms_key.d","mode":"data","type":"aws_kms_key","change":{"actions":["read"],"after":{"policy":"x"},"after_unknown":{}}},
 {"address":"aws_s3_bucket.b","mode":"managed","type":"aws_s3_bucket","change":{"actions":["create"],"after":{"policy":"x"},"after_unknown":{}}}],
 "configuration":{"root_module":{"resources":[
   {"address":"aws_kms_key.given","expressions":{"policy":{}}},
   {"address":"aws_kms_key.none","expressions":{"description":{}}}],
  "module_calls":{"m":{"module":{"resources":[{"address":"aws_kms_key.late","expressions":{"policy":{"references":["x"]}}}]}}}}}}`

const stateText = `{"format_version":"1.0","values":{"root_module":{"resources":[
  {"address":"aws_kms_external_key.e","mode":"managed","type":"aws_kms_external_key","values":{"policy":"{\"Statement\":[{}]}","key_usage":"ENCRYPT_DECRYPT"}},
  {"address":"aws_kms_key.nil","mode":"managed","type":"aws_kms_key","values":{"policy":null}},
  {"address":"aws_kms_key_policy.odd","mode":"managed","type":"aws_kms_key_policy","values":{"policy":7}}],
 "child_modules":[{"resources":[{"address":"module.c.aws_kms_key.k","mode":"managed","type":"aws_kms_key",
   "values":{"policy":"{}","arn":"arn:aws:kms:us-east-1:444455556666:key/1234abcd-12ab-34cd-56ef-1234567890ab","multi_region":true}}]}]}}}`

// kinds returns, by place, one word for the kind of each document.
func kinds(docs []Document) map[string]string {
	m := map[string]string{}
	for _, d := range docs {
		switch {
		case d.Err != nil:
			m[d.Place] = "error"
		case d.Default:
			m[d.Place] = "default"
		case len(d.Unknown) > 0:
			m[d.Place] = "unknown"
		case d.Exact():
			m[d.Place] = string(d.Readings[0].Text)
		}
	}
	return m
}

func TestTerraform(t *testing.T) {
	tests := []struct {
		name, text string
		want       map[string]string
	}{
		{"plan", planText, map[string]string{
			"aws_kms_key.given":                   `{"Statement":[]}`,
			`module.m["a]b"].aws_kms_key.late[0]`: "unknown",
			"aws_kms_key.none":                    "default",
			"aws_kms_key_policy.p":                "unknown",
			"aws_kms_replica_external_key.r":      `{"Statement":{}}`,
		}},
		{"plan without configuration", planText[:strings.Index(planText, `"configuration"`)] + `"x":1}`, map[string]string{
			"aws_kms_key.given":                   `{"Statement":[]}`,
			`module.m["a]b"].aws_kms_key.late[0]`: "unknown",
			"aws_kms_key.none":                    "unknown",
			"aws_kms_key_policy.p":                "unknown",
			"aws_kms_replica_external_key.r":      `{"Statement":{}}`,
		}},
		{"plan with a configuration without the key", strings.Replace(planText, `{"address":"aws_kms_key.none","expressions":{"description":{}}}`, `{"address":"aws_kms_key.other","expressions":{}}`, 1), map[string]string{
			"aws_kms_key.given":                   `{"Statement":[]}`,
			`module.m["a]b"].aws_kms_key.late[0]`: "unknown",
			"aws_kms_key.none":                    "unknown",
			"aws_kms_key_policy.p":                "unknown",
			"aws_kms_replica_external_key.r":      `{"Statement":{}}`,
		}},
		{"state", stateText, map[string]string{
			"aws_kms_external_key.e": `{"Statement":[{}]}`,
			"aws_kms_key.nil":        "default",
			"aws_kms_key_policy.odd": "error",
			"module.c.aws_kms_key.k": `{}`,
		}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			docs, err := Documents([]byte(tt.text), Scope{})
			if err != nil {
				t.Fatal(err)
			}
			got := kinds(docs)
			if len(got) != len(tt.want) {
				t.Errorf("got %d keys, want %d", len(got), len(tt.want))
			}
			for place, want := range tt.want {
				if got[place] != want {
					t.Errorf("%s = %q, want %q", place, got[place], want)
				}
			}
		})
	}
}

func TestTerraformFacts(t *testing.T) {
	docs, err := Documents([]byte(planText), Scope{})
	if err != nil {
		t.Fatal(err)
	}
	given, replica := docs[0], docs[len(docs)-1]
	k := given.Key
	if k.Spec != "RSA_2048" || k.Usage != "ENCRYPT_DECRYPT" || k.MultiRegion == nil || *k.MultiRegion || k.Tags["Team"] != "a" {
		t.Errorf("facts of %s = %+v", given.Place, k)
	}
	if given.Account != "" || given.KeyARN != "" {
		t.Errorf("%s belongs to %q, %q, want unknown", given.Place, given.Account, given.KeyARN)
	}
	k = replica.Key
	if replica.Account != "111122223333" || !strings.HasPrefix(replica.KeyARN, "arn:aws:kms:eu-west-1:") || k.Origin != "EXTERNAL" || k.MultiRegion == nil || !*k.MultiRegion {
		t.Errorf("facts of %s = %+v, account %q", replica.Place, k, replica.Account)
	}
	if k.Tags != nil {
		t.Errorf("tags of %s = %v, want unknown", replica.Place, k.Tags)
	}
}

// TestChangesOfAllKinds checks that a plan without changes is still read for
// its deferred changes and for changes made outside Terraform, and that grants
// are included.
func TestChangesOfAllKinds(t *testing.T) {
	key := func(address, policy string) string {
		return `{"address":"` + address + `","mode":"managed","type":"aws_kms_key","change":{"actions":["update"],"after":{"policy":"` + policy + `"}}}`
	}
	tests := []struct {
		name, text string
		want       map[string]string
	}{
		{
			"put off only", `{"format_version":"1.2","deferred_changes":[{"reason":"x","resource_change":` + key("aws_kms_key.a", "{}") + `}]}`,
			map[string]string{"aws_kms_key.a": "{}"},
		},
		{"drift only", `{"format_version":"1.2","resource_drift":[` + key("aws_kms_key.a", "{}") + `]}`, map[string]string{"aws_kms_key.a": "{}"}},
		{
			"drift that the plan undoes", `{"format_version":"1.2","resource_drift":[` + key("aws_kms_key.a", "open") + `],"resource_changes":[` + key("aws_kms_key.a", "{}") + `]}`,
			map[string]string{"aws_kms_key.a": "{}"},
		},
		{
			"drift next to planned values", `{"format_version":"1.2","resource_drift":[` + key("aws_kms_key.a", "{}") + `],"planned_values":{"root_module":{"resources":[
			{"address":"aws_kms_key.a","mode":"managed","type":"aws_kms_key","values":{"policy":"{}"}},
			{"address":"aws_kms_key.b","mode":"managed","type":"aws_kms_key","values":{"policy":"{}"}}]}}}`,
			map[string]string{"aws_kms_key.a": "{}", "aws_kms_key.b": "{}"},
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			docs, err := Documents([]byte(tt.text), Scope{})
			if got := kinds(docs); err != nil || !maps.Equal(got, tt.want) || len(docs) != len(tt.want) {
				t.Errorf("%v, %v, want %v", got, err, tt.want)
			}
		})
	}
}

// TestGrants checks that a grant is a document of its own, in a plan and in a
// state, with or without a key next to it.
func TestGrants(t *testing.T) {
	const grant = `"address":"aws_kms_grant.g","mode":"managed","type":"aws_kms_grant"`
	const values = `{"grantee_principal":"arn:aws:iam::444455556666:role/r","operations":["Encrypt","Decrypt"],"constraints":[{"encryption_context_equals":{"a":"b"}}],"key_id":"arn:aws:kms:us-east-1:111122223333:key/k"}`
	const key = `"address":"aws_kms_key.k","mode":"managed","type":"aws_kms_key"`
	known := Grant{Grantee: "arn:aws:iam::444455556666:role/r", Operations: []string{"Encrypt", "Decrypt"}, Context: map[string]string{"a": "b"}}
	open := known
	open.Operations = nil
	for _, row := range []struct {
		name, text string
		want       Grant
		documents  int
	}{
		{"planned, next to a key", `{"format_version":"1.2","resource_changes":[{` + grant + `,"change":{"after":` + values + `}},{` + key + `,"change":{"after":{"policy":"{}"}}}]}`, known, 2},
		{"in a state, next to a key", `{"format_version":"1.0","values":{"root_module":{"resources":[{` + key + `,"values":{"policy":"{}"}}],"child_modules":[{"resources":[{` + grant + `,"values":` + values + `}]}]}}}`, known, 2},
		{"planned, alone", `{"format_version":"1.2","resource_changes":[{` + grant + `,"change":{"after":` + values + `}}]}`, known, 1},
		{"with an operation known after apply", `{"format_version":"1.2","resource_changes":[{` + grant + `,"change":{"after":` + values + `,"after_unknown":{"operations":[false,true]}}}]}`, open, 1},
	} {
		docs, err := Documents([]byte(row.text), Scope{})
		if err != nil || len(docs) != row.documents {
			t.Errorf("%s: %v, %v, want %d documents", row.name, docs, err, row.documents)
			continue
		}
		d := docs[len(docs)-1]
		if d.Grant == nil || !reflect.DeepEqual(*d.Grant, row.want) || d.Account != "111122223333" || d.Place != "aws_kms_grant.g" {
			t.Errorf("%s: %+v, want %+v", row.name, d.Grant, row.want)
		}
	}
	for _, after := range []string{`{"after":null}`, `{"after":` + values + `},"deposed":"x"`} {
		if _, err := Documents([]byte(`{"format_version":"1.2","resource_changes":[{`+grant+`,"change":`+after+`}]}`), Scope{}); !errors.Is(err, ErrNoKey) {
			t.Errorf("a grant that goes: %v, want ErrNoKey", err)
		}
	}
}
