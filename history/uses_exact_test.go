package history

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"
)

// TestUsesExact: the second pass finds each call of an outsider that a full
// parser finds, however the key's ARN is written.
func TestUsesExact(t *testing.T) {
	timelines := []Timeline{{Key: testKey, Account: "999988887777", Intervals: []Interval{{From: time.Unix(0, 0)}}}}
	calls := 0
	for seed := range uint64(1500) {
		r := rand.New(rand.NewPCG(seed, 9))
		text := `{"Records":[`
		for i := range 1 + r.IntN(30) {
			if i > 0 {
				text += []string{",", " ,\n"}[r.IntN(2)]
			}
			text += useRecord(r, i)
		}
		text += "]}"
		want := usesByFullParse(t, text)
		u := NewUses(timelines)
		var got []string
		reader := Reader{Matcher: u.Matcher(), limits: randomLimits(r)}
		report := reader.Read(&pieces{[]byte(text), r}, func(rec Record) {
			if use, ok := u.ReadUse(rec.Text); ok {
				got = append(got, use.name+" "+use.user.principal)
			}
		})
		if !slices.Equal(got, want) || len(report.Faults) > 0 {
			t.Fatalf("seed %d: %q, want %q; faults %v\n%s", seed, got, want, report.Faults, text)
		}
		calls += len(want)
	}
	if calls < 2000 {
		t.Errorf("%d calls in all, want more", calls)
	}
}

// useRecord writes a call with the key, or with something like it.
func useRecord(r *rand.Rand, n int) string {
	key := []string{testKey, testKey, testKey + "0", strings.Replace(testKey, "01234567", "01234568", 1)}[r.IntN(4)]
	written := string(quoteAll(key))
	switch r.IntN(4) {
	case 0:
		written = strings.ReplaceAll(written, "/", `\/`)
	case 1:
		written = quote(r, key)
	}
	account := []string{"555566667777", "555566667777", "999988887777"}[r.IntN(3)]
	name := []string{"Encrypt", "Decrypt", "DescribeKey", "GenerateDataKey"}[r.IntN(4)]
	colon := []string{":", ":", " : "}[r.IntN(3)]
	where := []string{
		`"resources"` + colon + `[{"ARN"` + colon + written + `}]`, `"requestParameters"` + colon + `{"keyId"` + colon + written + `}`,
		`"requestParameters":{"destinationKeyId":` + written + `}`, `"userAgent":` + written,
	}[r.IntN(4)]
	members := []string{
		`"eventVersion"` + colon + `"1.11"`, `"eventName"` + colon + quote(r, name), `"eventSource":` + quote(r, "kms.amazonaws.com"), `"eventTime":"2026-02-01T00:00:00Z"`,
		fmt.Sprintf(`"eventID":"%d"`, n), fmt.Sprintf(`"userIdentity":{"accountId":"%s","arn":"arn:aws:iam::%s:user/%d"}`, account, account, n), where,
	}
	if r.IntN(4) == 0 {
		r.Shuffle(len(members), func(i, j int) { members[i], members[j] = members[j], members[i] })
	}
	return "{" + strings.Join(members, ",") + "}"
}

func usesByFullParse(t *testing.T, text string) (calls []string) {
	t.Helper()
	var log struct {
		Records []struct {
			EventName, EventSource string
			UserIdentity           struct{ AccountID, ARN string }
			Resources              []struct{ ARN string }
			RequestParameters      struct{ KeyID, DestinationKeyID string }
		}
	}
	if err := json.Unmarshal([]byte(text), &log); err != nil {
		t.Fatal(err)
	}
	for _, r := range log.Records {
		names := []string{r.RequestParameters.KeyID, r.RequestParameters.DestinationKeyID}
		for _, res := range r.Resources {
			names = append(names, res.ARN)
		}
		if r.EventName != "DescribeKey" && r.UserIdentity.AccountID != "999988887777" && slices.Contains(names, testKey) {
			calls = append(calls, r.EventName+" "+r.UserIdentity.ARN)
		}
	}
	return calls
}
