package detector

import "testing"

const ownerStatement = `{"Sid":"Owner","Effect":"Allow","Principal":{"AWS":"arn:aws:iam::111122223333:root"},"Action":"kms:*","Resource":"*"}`

// The function only keeps everything else as written, in its order.
func TestOnly(t *testing.T) {
	for _, row := range []struct {
		name, text string
		places     []int
		want       string
	}{
		{
			"two of three", `{"Version":"2012-10-17","Id":"a<b","Statement":[{"Sid":"a"},{"Sid":"b"},{"Sid":"c","Action":["x", "y"]}]}`,
			[]int{0, 2},
			"{\n  \"Version\": \"2012-10-17\",\n  \"Id\": \"a<b\",\n  \"Statement\": [\n    {\n      \"Sid\": \"a\"\n    },\n    {\n      \"Sid\": \"c\",\n      \"Action\": [\n        \"x\",\n        \"y\"\n      ]\n    }\n  ]\n}",
		},
		{"statement first", `{"Statement":[{"Sid":"a"},{"Sid":"b"}],"Version":"2012-10-17"}`, []int{1}, "{\n  \"Statement\": [\n    {\n      \"Sid\": \"b\"\n    }\n  ],\n  \"Version\": \"2012-10-17\"\n}"},
		{"a single statement", `{"Statement":{"Sid":"a"}}`, []int{0}, ""},
		{"not JSON", `{`, []int{0}, ""},
	} {
		if got := only(row.text, row.places); got != row.want {
			t.Errorf("%s: only = %s, want %s", row.name, got, row.want)
		}
	}
}
