package detect

import (
	"regexp"
	"strings"
	"testing"

	"github.com/kmsentry/kmsentry/internal/fakesns"
)

// A function that receives the events of an organization judges keys of other accounts
// and Regions. Its texts name the key's account and Region and never its own: a command
// or a link with the function's account or Region would lead to another key, or none.
func TestForwardedEventsNameTheKeysPlace(t *testing.T) {
	const functionAccount, functionRegion = "222233334444", "eu-central-1"
	places := []struct{ partition, account, region, function, domain string }{
		{"aws", "555566667777", "ap-southeast-2", functionRegion, "console.aws.amazon.com"},
		{"aws-us-gov", "555566667777", "us-gov-east-1", "us-gov-west-1", "console.amazonaws-us-gov.com"},
		{"aws-cn", "555566667777", "cn-northwest-1", "cn-north-1", "console.amazonaws.cn"},
	}
	for _, place := range places {
		topic := "arn:" + place.partition + ":sns:" + place.function + ":" + functionAccount + ":kmsentry"
		canary := strings.NewReplacer("arn:aws:", "arn:"+place.partition+":", "111122223333", functionAccount, "us-east-1", place.function)
		for _, name := range []string{"put-key-policy-public", "create-key-public", "put-key-policy-taken-over", "put-key-policy-network", "put-key-policy-undecided"} {
			t.Run(place.partition+" "+name, func(t *testing.T) {
				t.Parallel()
				server, err := fakesns.Start(topic, nil, topic+"-overflow")
				if err != nil {
					t.Fatal(err)
				}
				defer server.Close()
				f, _ := newFunction(
					t, server.URL(), "TOPIC_ARN="+topic, "OVERFLOW_TOPIC_ARN="+topic+"-overflow", "AWS_REGION="+place.function, "AWS_DEFAULT_REGION="+place.function,
					"AWS_LAMBDA_FUNCTION_NAME=kmsentry-DetectorFunction-AbC1",
					"CANARY_ROLE_ARN="+canary.Replace(canaryRole), "CANARY_KEY_ARN="+canary.Replace(canaryKey), "CANARY_POLICY="+canary.Replace(canaryPolicy),
				)
				s := invoke(t, f, elsewhere(t, name, place.partition, place.account, place.region))
				if s.Outcome != outcomePublished || s.Account != place.account || s.Region != place.region {
					t.Fatalf("summary = %s of account %s in %s, want published, %s, %s", s.Outcome, s.Account, s.Region, place.account, place.region)
				}
				all := server.Publications()
				if len(all) != 1 {
					t.Fatalf("%d publications, want 1", len(all))
				}
				texts := map[string]string{"subject": all[0].Subject}
				for _, protocol := range []string{"default", "email", "https", "sms"} {
					texts[protocol] = all[0].For(protocol)
				}
				checkPlace(t, texts, place.account, place.region, []string{functionAccount, place.function})
				if link := "https://" + place.region + "." + place.domain + "/"; strings.Count(texts["email"], link) < 2 || !strings.Contains(texts["https"], link) {
					t.Errorf("mail and chat want links to %s\n%s", link, texts["email"])
				}
			})
		}
	}
}

// elsewhere returns a sample event as another account and Region would forward it.
func elsewhere(t *testing.T, name, partition, account, region string) []byte {
	t.Helper()
	text := string(sample(t, name))
	if !regexp.MustCompile(`"account": "(111111111111|111122223333)"`).MatchString(text) {
		t.Fatalf("%s: the envelope's account is another", name)
	}
	return []byte(strings.NewReplacer("111111111111", account, "111122223333", account, "us-west-2", region, "us-east-1", region, "eu-central-1", region,
		"arn:aws:", "arn:"+partition+":").Replace(text))
}

// checkPlace checks that every text names the key's account and Region and none of
// not, and that every command names that Region.
func checkPlace(t *testing.T, texts map[string]string, account, region string, not []string) {
	t.Helper()
	commands := 0
	for name, text := range texts {
		for _, own := range not {
			if at := strings.Index(text, own); at >= 0 {
				t.Errorf("%s names the function's own %s: %.200q", name, own, text[max(0, at-80):])
			}
		}
		if name != "subject" && !strings.Contains(text, account) {
			t.Errorf("%s does not name the key's account: %.300q", name, text)
		}
		if !strings.Contains(text, region) {
			t.Errorf("%s does not name the key's Region: %.300q", name, text)
		}
		for _, m := range regexp.MustCompile(`--region ([a-z0-9-]+)`).FindAllStringSubmatch(text, -1) {
			commands++
			if m[1] != region {
				t.Errorf("%s has a command for Region %s, want %s", name, m[1], region)
			}
		}
	}
	if commands < 4 {
		t.Errorf("%d commands with a Region, want at least 4", commands)
	}
}
