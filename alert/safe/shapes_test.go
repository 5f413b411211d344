package safe_test

import (
	"strings"
	"testing"

	"github.com/kmsentry/kmsentry/alert/internal/alerttest"
	"github.com/kmsentry/kmsentry/alert/safe"
)

func TestShapes(t *testing.T) {
	for name, c := range map[string]struct {
		is      func(string) bool
		yes, no []string
	}{
		"region":  {safe.IsRegion, []string{"us-west-2", "us-gov-east-1", "cn-north-1", "ap-southeast-7", "us-isob-east-1", "eusc-de-east-1", "mx-central-1"}, []string{"", "us", "us-west", "us-west-", "US-WEST-2", "us-west-2;", "us_west_2", "-west-2", "us--2", "us-west-2\n"}},
		"uuid":    {safe.IsUUID, []string{"f09518ac-5ae5-4214-80ee-4f23ccdedd4c"}, []string{"", "f09518ac5ae5421480ee4f23ccdedd4c", "F09518AC-5ae5-4214-80ee-4f23ccdedd4c", "f09518ac-5ae5-4214-80ee-4f23ccdedd4", "f09518ac-5ae5-4214-80ee-4f23ccdedd4c-"}},
		"key id":  {safe.IsKeyID, []string{"f09518ac-5ae5-4214-80ee-4f23ccdedd4c", "mrk-1234abcd12ab34cd56ef1234567890ab"}, []string{"", "mrk-", "mrk-1234", "alias/x", "mrk-f09518ac-5ae5-4214-80ee-4f23ccdedd4c"}},
		"alias":   {safe.IsAlias, []string{"alias/payroll", "alias/aws/s3", "alias/A_b-1"}, []string{"", "alias/", "payroll", "alias/a b", "alias/$(x)", "alias/\u00e4"}},
		"user id": {safe.IsUserID, []string{"c3a4d8e2-5071-70f1-8f2c-0d4f6a9b1e77", "90676d1f2a-c3a4d8e2-5071-70f1-8f2c-0d4f6a9b1e77"}, []string{"", "90676d1f2-c3a4d8e2-5071-70f1-8f2c-0d4f6a9b1e77", "c3a4d8e2-5071-70f1-8f2c-0d4f6a9b1e77 ", "dana@example.com"}},
		"store": {
			func(s string) bool { _, _, ok := safe.IdentityStore(s); return ok },
			[]string{"arn:aws:identitystore::111122223333:identitystore/d-9067642ac7", "arn:aws-us-gov:identitystore::111122223333:identitystore/c3a4d8e2-5071-70f1-8f2c-0d4f6a9b1e77"},
			[]string{"", "d-9067642ac7", "arn:aws:identitystore::111122223333:identitystore/d-9067642ac7;", "arn:aws:identitystore:us-east-1:111122223333:identitystore/d-9067642ac7", "arn:aws:identitystore::1111:identitystore/d-9067642ac7", "arn:aws:sso::111122223333:identitystore/d-9067642ac7"},
		},
		"access key": {safe.IsAccessKey, []string{"AKIAIOSFODNN7EXAMPLE", "ASIAIOSFODNN7EXAMPLE"}, []string{"", "AKIA", "AIDAIOSFODNN7EXAMPLE", "AKIAIOSFODNN7EXAMPL;", "akiaiosfodnn7example"}},
		"IAM name":   {safe.IsIAMName, []string{"build", "a+b=c,d.e@f-g_h"}, []string{"", "-x", "a b", "a;b", "$(x)", "ä"}},
		"group":      {safe.IsSlackGroup, []string{"S012AB3CD4"}, []string{"", "S", "U012AB3CD", "S012ab3cd", "!here", "S012AB3CD>"}},
		"key ARN": {
			safe.IsKeyARN,
			[]string{alerttest.KeyInUSWest, "arn:aws-us-gov:kms:us-gov-west-1:111122223333:key/mrk-1234abcd12ab34cd56ef1234567890ab"},
			[]string{
				"", alerttest.KeyInUSWest + " ", alerttest.KeyInUSWest + "\n", alerttest.KeyInUSWest + ":x", "arn:aws:kms:us-west-2:111122223333:alias/x", "arn:aws:iam:us-west-2:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab",
				"arn:aws-:kms:us-west-2:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab", "arn:aws-" + strings.Repeat("a", 13) + ":kms:us-west-2:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab",
				"arn:aws:kms:us-west-2:11112222333:key/1234abcd-12ab-34cd-56ef-1234567890ab",
			},
		},
		"bare words": {safe.IsBare, []string{"PutKeyPolicy", "federated, ask your identity provider", "us-west-2"}, []string{"", "-x", "a:b:", "<x>", "*b*", "a_b", "evil.example", "@here", "a`b", "a&b", "[x]"}},
	} {
		for _, s := range c.yes {
			if !c.is(s) {
				t.Errorf("%s: %q is refused", name, s)
			}
		}
		for _, s := range c.no {
			if c.is(s) {
				t.Errorf("%s: %q is accepted", name, s)
			}
		}
	}
}

func TestIdentityRegion(t *testing.T) {
	for arn, want := range map[string]string{
		"arn:aws:iam::111122223333:role/aws-reserved/sso.amazonaws.com/eu-north-1/AWSReservedSSO_Admin_0123456789abcdef": "eu-north-1",
		"arn:aws:iam::111122223333:role/aws-reserved/sso.amazonaws.com/AWSReservedSSO_Admin_0123456789abcdef":            "",
		"arn:aws:iam::111122223333:role/aws-reserved/sso.amazonaws.com/eu-north-1;x/AWSReservedSSO_Admin":                "",
		"arn:aws:iam::111122223333:role/eu-north-1/admin":                                                                "",
		"arn:aws:iam::111122223333:eu-north-1/admin":                                                                     "",
		"": "",
	} {
		if got := safe.IdentityRegion(arn); got != want {
			t.Errorf("IdentityRegion(%q) = %q, want %q", arn, got, want)
		}
	}
}
