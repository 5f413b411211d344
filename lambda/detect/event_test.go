package detect

import (
	"errors"
	"testing"
)

func TestDetail(t *testing.T) {
	tests := []struct{ name, event, want string }{
		{"alone", `{"source":"aws.kms","detail-type":"AWS API Call via CloudTrail","detail":{"a":1}}`, `{"a":1}`},
		{"among others", `{"id":"x","detail-type":"AWS API Call via CloudTrail","detail":{},"source":"aws.kms"}`, `{}`},
		{"other members twice", `{"source":"aws.kms","detail-type":"AWS API Call via CloudTrail","id":1,"id":2,"detail":{}}`, `{}`},
		{"name behind an escape", `{"source":"aws.kms","detail-type":"AWS API Call via CloudTrail","\u0064etail":{}}`, `{}`},
		{"detail within another member", `{"source":"aws.kms","detail-type":"AWS API Call via CloudTrail","x":{"detail":1},"detail":{}}`, `{}`},
		{"white space", " {\n\"source\": \"aws.\\u006bms\", \"detail-type\" :\"AWS API Call via CloudTrail\", \"detail\" : [ ] } ", "[ ]"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			if got, err := detail([]byte(test.event)); err != nil || string(got) != test.want {
				t.Errorf("detail = %s, %v, want %s", got, err, test.want)
			}
		})
	}
}

func TestDetailRefuses(t *testing.T) {
	tests := []struct{ name, event, want string }{
		{"nothing", ``, `event: expected an EventBridge event, a JSON object: unexpected end of JSON input`},
		{"two values", `{"detail":{}}{}`, `event: expected an EventBridge event, a JSON object: invalid character '{' after top-level value`},
		{"array", `[]`, `event: expected an EventBridge event, a JSON object, found an array`},
		{"string", `"detail"`, `event: expected an EventBridge event, a JSON object, found a string`},
		{"number", `5`, `event: expected an EventBridge event, a JSON object, found a number`},
		{"boolean", `true`, `event: expected an EventBridge event, a JSON object, found a boolean`},
		{"null", `null`, `event: expected an EventBridge event, a JSON object, found null`},
		{"no detail", `{}`, `event: expected an EventBridge event, found JSON without "detail"`},
		{"null detail", `{"detail":null}`, `event: expected an EventBridge event, found null as "detail"`},
		{"a record", `{"eventSource":"kms.amazonaws.com"}`, `event: expected an EventBridge event, found JSON without "detail" (this is a CloudTrail record; an event carries it in "detail")`},
		{"a log file", `{"Records":[]}`, `event: expected an EventBridge event, found JSON without "detail" (this is a list of records; an event carries one, in "detail")`},
		{"a policy", `{"Statement":[]}`, `event: expected an EventBridge event, found JSON without "detail" (this is a policy; kmsentry check judges it)`},
		{"twice", `{"detail":{"a":1},"detail":{"a":2}}`, `event: expected an EventBridge event, with "detail" once, found ["detail" "detail"]`},
		{"twice behind an escape", `{"detail":{},"\u0064etail":{}}`, `event: expected an EventBridge event, with "detail" once, found ["detail" "detail"]`},
		{"in another letter case too", `{"detail":{},"Detail":{}}`, `event: expected an EventBridge event, with "detail" once, found ["detail" "Detail"]`},
		{"another source", `{"source":"aws.s3","detail-type":"AWS API Call via CloudTrail","detail":{}}`, `event: expected an EventBridge event, with "source" "aws.kms" once, found ["\"aws.s3\""]`},
		{"a source of one's own", `{"source":"acme.kms","detail-type":"AWS API Call via CloudTrail","detail":{}}`, `event: expected an EventBridge event, with "source" "aws.kms" once, found ["\"acme.kms\""]`},
		{"no source", `{"detail-type":"AWS API Call via CloudTrail","detail":{}}`, `event: expected an EventBridge event, with "source" "aws.kms" once, found []`},
		{"source twice", `{"source":"aws.kms","source":"aws.kms","detail-type":"AWS API Call via CloudTrail","detail":{}}`, `event: expected an EventBridge event, with "source" "aws.kms" once, found ["\"aws.kms\"" "\"aws.kms\""]`},
		{"another kind", `{"source":"aws.kms","detail-type":"KMS CMK Rotation","detail":{}}`, `event: expected an EventBridge event, with "detail-type" "AWS API Call via CloudTrail" once, found ["\"KMS CMK Rotation\""]`},
		{"a kind that is not text", `{"source":"aws.kms","detail-type":null,"detail":{}}`, `event: expected an EventBridge event, with "detail-type" "AWS API Call via CloudTrail" once, found ["null"]`},
		{"a scheduled event", `{"source":"aws.events","detail-type":"Scheduled Event","detail":{}}`, `event: expected an EventBridge event, with "source" "aws.kms" once, found ["\"aws.events\""]`},
		{"only in another letter case", `{"DETAIL":{}}`, `event: expected an EventBridge event, with member "detail", found "DETAIL"`},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			got, err := detail([]byte(test.event))
			var bad *eventError
			if !errors.As(err, &bad) || got != nil {
				t.Fatalf("detail = %s, %v, want an *eventError", got, err)
			}
			if err.Error() != test.want {
				t.Errorf("detail:\ngot  %s\nwant %s", err, test.want)
			}
		})
	}
}
