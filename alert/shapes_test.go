package alert

import "testing"

func TestShapes(t *testing.T) {
	for name, c := range map[string]struct {
		is      func(string) bool
		yes, no []string
	}{
		"region":  {isRegion, []string{"us-west-2", "us-gov-east-1", "cn-north-1", "ap-southeast-7", "us-isob-east-1", "eusc-de-east-1", "mx-central-1"}, []string{"", "us", "us-west", "us-west-", "US-WEST-2", "us-west-2;", "us_west_2", "-west-2", "us--2", "us-west-2\n"}},
		"uuid":    {isUUID, []string{"f09518ac-5ae5-4214-80ee-4f23ccdedd4c"}, []string{"", "f09518ac5ae5421480ee4f23ccdedd4c", "F09518AC-5ae5-4214-80ee-4f23ccdedd4c", "f09518ac-5ae5-4214-80ee-4f23ccdedd4", "f09518ac-5ae5-4214-80ee-4f23ccdedd4c-"}},
		"key id":  {isKeyID, []string{"f09518ac-5ae5-4214-80ee-4f23ccdedd4c", "mrk-1234abcd12ab34cd56ef1234567890ab"}, []string{"", "mrk-", "mrk-1234", "alias/x", "mrk-f09518ac-5ae5-4214-80ee-4f23ccdedd4c"}},
		"alias":   {isAlias, []string{"alias/payroll", "alias/aws/s3", "alias/A_b-1"}, []string{"", "alias/", "payroll", "alias/a b", "alias/$(x)", "alias/\u00e4"}},
		"user id": {isUserID, []string{"c3a4d8e2-5071-70f1-8f2c-0d4f6a9b1e77", "90676d1f2a-c3a4d8e2-5071-70f1-8f2c-0d4f6a9b1e77"}, []string{"", "90676d1f2-c3a4d8e2-5071-70f1-8f2c-0d4f6a9b1e77", "c3a4d8e2-5071-70f1-8f2c-0d4f6a9b1e77 ", "dana@example.com"}},
		"store": {
			func(s string) bool { _, _, ok := identityStore(s); return ok },
			[]string{"arn:aws:identitystore::111122223333:identitystore/d-9067642ac7", "arn:aws-us-gov:identitystore::111122223333:identitystore/c3a4d8e2-5071-70f1-8f2c-0d4f6a9b1e77"},
			[]string{"", "d-9067642ac7", "arn:aws:identitystore::111122223333:identitystore/d-9067642ac7;", "arn:aws:identitystore:us-east-1:111122223333:identitystore/d-9067642ac7", "arn:aws:identitystore::1111:identitystore/d-9067642ac7", "arn:aws:sso::111122223333:identitystore/d-9067642ac7"},
		},
		"access key": {isAccessKey, []string{"AKIAIOSFODNN7EXAMPLE", "ASIAIOSFODNN7EXAMPLE"}, []string{"", "AKIA", "AIDAIOSFODNN7EXAMPLE", "AKIAIOSFODNN7EXAMPL;", "akiaiosfodnn7example"}},
		"IAM name":   {isIAMName, []string{"build", "a+b=c,d.e@f-g_h"}, []string{"", "-x", "a b", "a;b", "$(x)", "ä"}},
		"group":      {isSlackGroup, []string{"S012AB3CD4"}, []string{"", "S", "U012AB3CD", "S012ab3cd", "!here", "S012AB3CD>"}},
		"key ARN": {
			isKeyARN,
			[]string{keyInUSWest, "arn:aws-us-gov:kms:us-gov-west-1:111122223333:key/mrk-1234abcd12ab34cd56ef1234567890ab"},
			[]string{"", keyInUSWest + " ", keyInUSWest + "\n", keyInUSWest + ":x", "arn:aws:kms:us-west-2:111122223333:alias/x", "arn:aws:iam:us-west-2:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab"},
		},
		"bare words": {isBare, []string{"PutKeyPolicy", "federated, ask your identity provider", "us-west-2"}, []string{"", "-x", "a:b:", "<x>", "*b*", "a_b", "evil.example", "@here", "a`b", "a&b", "[x]"}},
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
