package decide

import (
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/kmsentry/kmsentry/detector/policy"
)

// splunkPolicy is the key policy of the PutKeyPolicy record that Splunk
// publishes for its detection: the console's five statements, the last of
// which opens the key.
const splunkPolicy = `{"Version":"2012-10-17","Id":"key-consolepolicy-3","Statement":[` +
	`{"Sid":"Enable IAM User Permissions","Effect":"Allow","Principal":{"AWS":"arn:aws:iam::111111111111:root"},"Action":"kms:*","Resource":"*"},` +
	`{"Sid":"Allow access for Key Administrators","Effect":"Allow","Principal":{"AWS":"arn:aws:iam::111111111111:user/patrick_cli"},"Action":["kms:Create*","kms:Describe*","kms:Enable*","kms:List*","kms:Put*","kms:Update*","kms:Revoke*","kms:Disable*","kms:Get*","kms:Delete*","kms:TagResource","kms:UntagResource","kms:ScheduleKeyDeletion","kms:CancelKeyDeletion"],"Resource":"*"},` +
	`{"Sid":"Allow use of the key","Effect":"Allow","Principal":{"AWS":"arn:aws:iam::111111111111:user/patrick_cli"},"Action":["kms:Encrypt","kms:Decrypt","kms:ReEncrypt*","kms:GenerateDataKey*","kms:DescribeKey"],"Resource":"*"},` +
	`{"Sid":"Allow attachment of persistent resources","Effect":"Allow","Principal":{"AWS":"arn:aws:iam::111111111111:user/patrick_cli"},"Action":["kms:CreateGrant","kms:ListGrants","kms:RevokeGrant"],"Resource":"*","Condition":{"Bool":{"kms:GrantIsForAWSResource":"true"}}},` +
	`{"Sid":"Allow use of the key","Effect":"Allow","Principal":{"AWS":"*"},"Action":"kms:Encrypt","Resource":"*"}]}`

func splunkQuestion() Question {
	return Question{
		KeyARN: "arn:aws:kms:us-west-2:111111111111:key/f2a82583-a7d3-4c92-8787-fe2baab1cee1",
		At:     time.Date(2021, 1, 11, 9, 56, 31, 0, time.UTC),
	}
}

func BenchmarkDecideSplunk(b *testing.B) {
	p, q := mustParse([]byte(splunkPolicy)), splunkQuestion()
	b.ReportAllocs()
	for b.Loop() {
		if d := Decide(p, q); d.Verdict != Public || len(d.Grants) != 1 {
			b.Fatalf("Decide = %v", d.Verdict)
		}
	}
}

// BenchmarkDecideCorpus decides every policy of the corpus and reports the
// median and the 99th percentile over policies, each the best of five.
func BenchmarkDecideCorpus(b *testing.B) {
	var policies []*policy.Policy
	for _, c := range readCorpus(b) {
		if !c.Malformed {
			policies = append(policies, mustParse(c.text()))
		}
	}
	q := surroundings()
	best := make([]time.Duration, len(policies))
	for i := range best {
		best[i] = time.Hour
	}
	for b.Loop() {
		for i, p := range policies {
			for range 5 {
				start := time.Now()
				Decide(p, q)
				best[i] = min(best[i], time.Since(start))
			}
		}
	}
	slices.Sort(best)
	b.ReportMetric(float64(best[len(best)/2].Nanoseconds()), "median-ns")
	b.ReportMetric(float64(best[len(best)*99/100].Nanoseconds()), "p99-ns")
	b.ReportMetric(float64(best[len(best)-1].Nanoseconds()), "max-ns")
}

// BenchmarkDecideWorst decides policies near the limit of size that are made
// to be hard.
func BenchmarkDecideWorst(b *testing.B) {
	for name, text := range hardPolicies() {
		b.Run(name, func(b *testing.B) {
			p, q := mustParse([]byte(text)), surroundings()
			b.ReportAllocs()
			var d Decision
			for b.Loop() {
				d = Decide(p, q)
			}
			b.ReportMetric(float64(len(text)), "policy-B")
			b.Logf("%v", d.Verdict)
		})
	}
}

// BenchmarkDecideAdverse decides seeded policies at the limit of size that an
// adversary has made, and reports the worst of them; -v names it.
func BenchmarkDecideAdverse(b *testing.B) {
	const seeds = 300
	var policies [seeds]*policy.Policy
	for seed := range policies {
		policies[seed], _ = policy.Parse(newAdversary(uint64(seed)).policy(maxPolicy)) // nil for one of a too long statement
	}
	q := surroundings()
	var best [seeds]time.Duration // of several iterations: the machine may be busy
	var largest uint64
	var most, intricate int
	for b.Loop() {
		intricate = 0
		for seed, p := range policies {
			if p == nil {
				continue
			}
			start := time.Now()
			d, alloc := charged(p, q)
			if took := time.Since(start); best[seed] == 0 || took < best[seed] {
				best[seed] = took
			}
			largest, most = max(largest, alloc), max(most, d.Steps)
			if d.TooIntricate {
				intricate++
			}
		}
	}
	slowest := slices.Max(best[:])
	b.ReportMetric(float64(slowest.Microseconds())/1000, "max-ms")
	b.ReportMetric(float64(largest)/(1<<20), "max-MiB")
	b.ReportMetric(float64(most), "max-steps")
	b.ReportMetric(float64(intricate), "intricate")
	b.Logf("slowest: seed %d", slices.Index(best[:], slowest))
}

// hardPolicies returns policies that strain one part of the decision each.
func hardPolicies() map[string]string {
	const everybody = `{"Effect":"Allow","Principal":"*","Action":"*","Resource":"*"`
	const denied = `{"Effect":"Deny","Principal":"*","Action":"*","Resource":"*"`
	list := func(n int, format func(i int) string) string {
		var values []string
		for i := range n {
			values = append(values, fmt.Sprintf("%q", format(i)))
		}
		return "[" + strings.Join(values, ",") + "]"
	}
	under := func(effect, conditions string) string { return effect + `,"Condition":{` + conditions + `}}` }
	many := func(n int, statement func(i int) string) string {
		var s []string
		for i := range n {
			s = append(s, statement(i))
		}
		return strings.Join(s, ",")
	}
	policy := func(statements ...string) string {
		return `{"Version":"2012-10-17","Statement":[` + strings.Join(statements, ",") + `]}`
	}
	accounts := list(2000, func(i int) string { return fmt.Sprintf("%012d", 111100000000+i*7919) })
	globs := list(600, func(i int) string {
		return fmt.Sprintf("*%x*%x*%x*", i*7919%65536, i*104729%65536, i*31%4096)
	})
	return map[string]string{
		"accounts allowed": policy(under(everybody, `"StringEquals":{"aws:PrincipalAccount":`+accounts+`}`)),
		"accounts denied": policy(under(everybody, `"StringLike":{"aws:PrincipalAccount":"11110*"}`),
			under(denied, `"StringEquals":{"aws:PrincipalAccount":`+accounts+`}`)),
		"networks": policy(under(everybody, `"IpAddress":{"aws:SourceIp":`+
			list(1500, func(i int) string { return fmt.Sprintf("%d.%d.%d.0/24", 20+i%100, i/6, i%256) })+`}`)),
		"networks by tag": policy(everybody+"}", many(160, func(i int) string {
			return under(denied, fmt.Sprintf(`"IpAddress":{"aws:SourceIp":"%d.0.0.0/8"},"StringNotEquals":{"aws:PrincipalTag/t":"x%d"}`, i, i))
		})),
		"globs to meet": policy(under(everybody, `"StringLike":{"aws:PrincipalArn":`+globs+`},"StringNotLike":{"aws:PrincipalArn":"*a*"},`+
			`"ArnLike":{"aws:PrincipalArn":"arn:aws:iam::*:role/*1*2*3*4*5*6*7*8*9*0*"}`)),
		"globs to avoid": policy(under(everybody, `"StringLike":{"aws:PrincipalTag/t":"*a*b*c*d*e*f*g*h*i*j*k*"}`),
			under(denied, `"StringLike":{"aws:PrincipalTag/t":`+globs+`}`)),
		"clauses": policy(everybody+"}", many(120, func(i int) string { // three literals each, as in 3-SAT
			tags := []string{fmt.Sprint("a", i*7%20), fmt.Sprint("b", (i*11+3)%20), fmt.Sprint("c", (i*13+5)%20)}
			return under(denied, fmt.Sprintf(`"Null":{"aws:PrincipalTag/%s":"%v","aws:PrincipalTag/%s":"%v","aws:PrincipalTag/%s":"%v"}`,
				tags[0], i%2 == 0, tags[1], i%3 == 0, tags[2], i%5 < 2))
		})),
		"equations": policy(everybody+"}", many(120, func(i int) string {
			return under(denied, fmt.Sprintf(`"StringNotLike":{"kms:EncryptionContext:k%d":"*${aws:PrincipalTag/k%d}*"},"StringEquals":{"aws:PrincipalTag/k%d":"${aws:PrincipalTag/k%d}"}`,
				i%9, (i+1)%9, (i+2)%9, (i+3)%9))
		})),
		"exempted": policy(everybody+"}", many(100, func(i int) string {
			return fmt.Sprintf(`{"Effect":"Deny","NotPrincipal":{"AWS":["arn:aws:sts::444455556666:assumed-role/r%d/s","arn:aws:iam::444455556666:role/r%d","444455556666"]},`+
				`"Action":"*","Resource":"*","Condition":{"StringNotEquals":{"aws:PrincipalTag/x":"v%d"}}}`, i, i, i)
		})),
	}
}

// BenchmarkIAMSimulate asks iam-simulate about one given request to the same
// policy as BenchmarkDecideSplunk; Decide finds the request by itself. It needs
// the packages of testdata/oracle and runs when KMSENTRY_ORACLE is set.
func BenchmarkIAMSimulate(b *testing.B) {
	if os.Getenv("KMSENTRY_ORACLE") == "" {
		b.Skip("set KMSENTRY_ORACLE=1, after: cd detector/policy/decide/testdata/oracle && npm ci")
	}
	p := mustParse([]byte(splunkPolicy))
	d := Decide(p, splunkQuestion())
	const warm, count = 200, 2000
	ask := func(n int) time.Duration {
		asked := make([]simulation, n)
		for i := range asked {
			asked[i] = simulation{name: "splunk", policy: p, request: d.Grants[0].Witness}
		}
		start := time.Now()
		for _, a := range simulate(b, asked) {
			if !a.Allowed {
				b.Fatalf("iam-simulate denies the witness: %s", a.Error)
			}
		}
		return time.Since(start)
	}
	for b.Loop() {
		short, long := ask(warm), ask(warm+count) // the difference leaves node's start out
		b.ReportMetric(float64((long-short).Nanoseconds())/count, "ns/request")
	}
}
