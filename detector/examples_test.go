package detector_test

import (
	"errors"
	"fmt"

	"github.com/kmsentry/kmsentry/detector"
)

// The record of a PutKeyPolicy call that lets everyone encrypt, and its finding.
func ExampleDetector_Detect() {
	record := `{
		"eventVersion": "1.11",
		"eventID": "612f17e3-2317-4dd9-8aa3-393bc8a7961b",
		"eventSource": "kms.amazonaws.com",
		"eventName": "PutKeyPolicy",
		"eventTime": "2026-11-20T08:15:42Z",
		"awsRegion": "us-east-1",
		"sourceIPAddress": "203.0.113.24",
		"userIdentity": {"type": "IAMUser", "userName": "Alice", "accountId": "111122223333", "accessKeyId": "AKIAIOSFODNN7EXAMPLE"},
		"requestParameters": {
			"keyId": "1234abcd-12ab-34cd-56ef-1234567890ab",
			"policy": "{\"Version\":\"2012-10-17\",\"Statement\":[{\"Effect\":\"Allow\",\"Principal\":{\"AWS\":\"111122223333\"},\"Action\":\"kms:*\",\"Resource\":\"*\"},{\"Effect\":\"Allow\",\"Principal\":\"*\",\"Action\":\"kms:Encrypt\",\"Resource\":\"*\"}]}"
		},
		"recipientAccountId": "111122223333"
	}`
	result, err := detector.Detector{}.Detect([]byte(record))
	if err != nil {
		fmt.Println(err)
		return
	}
	f := result.Finding
	fmt.Println(f.Verdict, f.Severity)
	fmt.Println(f.Title)
	fmt.Println(f.Actor.Name, "MFA:", f.Actor.MFA)
	fmt.Println(f.Key.ARN)
	fmt.Println(f.Statements[0].Text)
	fmt.Println("Splunk's rule would alert:", f.Splunk.WouldAlertLiteral)
	// Output:
	// public critical
	// Anyone in AWS can encrypt with this KMS key
	// Alice MFA: not applicable
	// arn:aws:kms:us-east-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab
	// {"Effect":"Allow","Principal":"*","Action":"kms:Encrypt","Resource":"*"}
	// Splunk's rule would alert: false
}

// A record that two readers could read differently is an error.
func ExampleRecordError() {
	_, err := detector.Detector{}.Detect([]byte(`{"eventSource":"kms.amazonaws.com","eventName":"PutKeyPolicy","eventName":"DescribeKey"}`))
	var recordErr *detector.RecordError
	fmt.Println(errors.As(err, &recordErr))
	fmt.Println(err)
	// Output:
	// true
	// record: expected a CloudTrail record: member "eventName": expected it once, found it twice
}
