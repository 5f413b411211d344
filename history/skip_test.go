package history

import (
	"bytes"
	"math/rand/v2"
	"testing"
)

// TestSkipAsByteByByte: blocks say what single bytes say, however the text is cut.
func TestSkipAsByteByByte(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	const letters = `{}[]"\\"ay_Y,: ` + "\x7f\xff\""
	for range 20000 {
		text := make([]byte, random.IntN(400))
		weight := 1 + random.IntN(len(letters))
		for i := range text {
			text[i] = 'a'
			if random.IntN(3) > 0 {
				text[i] = letters[random.IntN(weight)]
			}
		}
		var plain, fast skipper
		plain.open()
		fast.open()
		want := 0
		for want < len(text) && plain.depth > 0 {
			plain.byte(text[want])
			want++
		}
		got, done := 0, false
		for got < len(text) && !done {
			var n int
			n, done = fast.skip(text[got : got+1+random.IntN(len(text)-got)])
			got += n
		}
		if got != want || done != (plain.depth == 0) || !done && fast != plain {
			t.Fatalf("%q: %d %v, want %d %v", text, got, fast, want, plain)
		}
	}
}

func BenchmarkSkip(b *testing.B) {
	rec := []byte(`{"eventVersion":"1.11","userIdentity":{"type":"AssumedRole","principalId":"AROAEXAMPLE:ci","arn":"arn:aws:sts::111122223333:assumed-role/deploy/ci","accountId":"111122223333","sessionContext":{"sessionIssuer":{"type":"Role","principalId":"AROAEXAMPLE"},"attributes":{"mfaAuthenticated":"false"}}},"eventTime":"2026-11-20T08:15:42Z","eventSource":"kms.amazonaws.com","eventName":"DescribeKey","awsRegion":"eu-west-1","sourceIPAddress":"203.0.113.24","userAgent":"\"eventName\":\"PutKeyPolicy\"","requestParameters":{"keyId":"arn:aws:kms:eu-west-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab"},"responseElements":null,"requestID":"00000000-0000-4000-8000-000000000099","eventID":"10000000-0000-4000-8000-000000000099","readOnly":false,"resources":[{"accountId":"111122223333","type":"AWS::KMS::Key","ARN":"arn:aws:kms:eu-west-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab"}],"eventType":"AwsApiCall","managementEvent":true,"recipientAccountId":"111122223333","eventCategory":"Management"}`)
	text := bytes.Repeat(rec, 200)
	b.SetBytes(int64(len(text)))
	for b.Loop() {
		for i := 0; i < len(text); {
			var s skipper
			s.open()
			n, _ := s.skip(text[i+1:])
			i += n + 1
		}
	}
}
