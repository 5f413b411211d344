// Package trailgen makes CloudTrail archives for tests and benchmarks: seeded,
// in the layout of a trail, with openings of keys that are known. The same
// options give the same bytes.
package trailgen

import (
	"bytes"
	"compress/gzip"
	"encoding/json"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"
)

// Options say how large the archive is.
type Options struct {
	Seed  uint64
	Bytes int64 // of JSON before compression, about
	Files int
	Keys  int // that are opened at some time; about as many are written to and stay closed
	Start time.Time
	Days  int
	Uses  bool // outsiders use keys while they are open
	Style Style
}

// A Truth is what the archive holds.
type Truth struct {
	Openings []Opening `json:"openings"`
	Records  int       `json:"records"`
	Bytes    int64     `json:"bytes"` // of JSON
	Files    []string  `json:"-"`
}

// An Opening is a key that was open.
type Opening struct {
	Key     string     `json:"key"`
	EventID string     `json:"event_id"`
	By      string     `json:"by"`
	From    time.Time  `json:"from"`
	To      *time.Time `json:"to"` // nil: to the end
	How     string     `json:"how"`
	Uses    int        `json:"uses"` // accepted calls of outsiders meanwhile
}

// A generator makes one archive.
type generator struct {
	o      Options
	random *rand.Rand
	truth  Truth
	plants map[string][]plant // by Region, in time
}

// A plant is a record that has its place in time.
type plant struct {
	at   time.Time
	text []byte
}

const (
	owner    = "210987654321"
	outsider = "109876543210"
)

// regions are the Regions of the trail: two, or one when there is one file.
func (g *generator) regions() []string {
	return []string{"eu-west-1", "us-east-1"}[:min(g.o.Files, 2)]
}

// Write makes an archive below dir.
func Write(dir string, o Options) (Truth, error) {
	g := &generator{o: o, random: rand.New(rand.NewPCG(o.Seed, 12)), plants: map[string][]plant{}}
	for i := range o.Keys {
		g.life(i)
	}
	for _, plants := range g.plants {
		slices.SortStableFunc(plants, func(a, b plant) int { return a.at.Compare(b.at) })
	}
	step := g.length() / time.Duration(o.Files)
	for i := range o.Files {
		from := o.Start.Add(time.Duration(i) * step)
		if err := g.file(dir, i, from, from.Add(step), i >= o.Files-len(g.regions())); err != nil {
			return Truth{}, err
		}
	}
	return g.truth, nil
}

func (g *generator) length() time.Duration { return time.Duration(g.o.Days) * 24 * time.Hour }

// file writes one log file with the plants of its time.
func (g *generator) file(dir string, number int, from, to time.Time, last bool) error {
	region := g.regions()[number%len(g.regions())]
	name := filepath.Join("AWSLogs", owner, "CloudTrail", region, from.Format("2006/01/02"),
		fmt.Sprintf("%s_CloudTrail_%s_%s_%s.json.gz", owner, region, to.Format("20060102T1504Z"), g.letters(16)))
	if err := os.MkdirAll(filepath.Join(dir, filepath.Dir(name)), 0o755); err != nil {
		return err
	}
	f, err := os.Create(filepath.Join(dir, name))
	if err != nil {
		return err
	}
	z := gzip.NewWriter(f)
	n, err := g.records(z, region, from, to, last)
	if err == nil {
		err = z.Close()
	}
	if err == nil {
		err = f.Close()
	}
	g.truth.Bytes += n
	g.truth.Files = append(g.truth.Files, name)
	return err
}

// records writes the records from one time to another.
func (g *generator) records(w io.Writer, region string, from, to time.Time, last bool) (int64, error) {
	plants := g.plants[region]
	defer func() { g.plants[region] = plants }()
	var b bytes.Buffer
	head, between, tail := g.o.Style.around()
	b.WriteString(head)
	want := g.o.Bytes / int64(g.o.Files)
	n := int64(0)
	put := func(text []byte) {
		if n+int64(b.Len()) > int64(len(head)) {
			b.WriteString(between)
		}
		b.Write(g.o.Style.write(g.random, text))
		g.truth.Records++
	}
	for n+int64(b.Len()) < want {
		passed := float64(n+int64(b.Len())) / float64(want)
		now := from.Add(time.Duration(passed * float64(to.Sub(from))))
		for len(plants) > 0 && !plants[0].at.After(now) {
			put(plants[0].text)
			plants = plants[1:]
		}
		put(g.noise(now, region))
		if b.Len() > 1<<20 {
			n += int64(b.Len())
			if _, err := b.WriteTo(w); err != nil {
				return 0, err
			}
		}
	}
	for len(plants) > 0 && (last || plants[0].at.Before(to)) {
		put(plants[0].text)
		plants = plants[1:]
	}
	b.WriteString(tail)
	n += int64(b.Len())
	_, err := b.WriteTo(w)
	return n, err
}

func (g *generator) pick(words ...string) string { return words[g.random.IntN(len(words))] }

func (g *generator) hex(n int) string {
	const digits = "0123456789abcdef"
	b := make([]byte, n)
	for i := range b {
		b[i] = digits[g.random.IntN(16)]
	}
	return string(b)
}

func (g *generator) letters(n int) string {
	const all = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567abcdefghijklmnopqrstuvwxyz"
	b := make([]byte, n)
	for i := range b {
		b[i] = all[g.random.IntN(len(all))]
	}
	return string(b)
}

func (g *generator) uuid() string {
	return g.hex(8) + "-" + g.hex(4) + "-4" + g.hex(3) + "-a" + g.hex(3) + "-" + g.hex(12)
}

// A call is what one record says.
type call struct {
	name, source, account, user, parameters, resources, errorCode, id, agent string
	at                                                                       time.Time
}

// record writes a record as CloudTrail does: one line, members in its order.
func (g *generator) record(c call, region string) []byte {
	var b bytes.Buffer
	role := g.pick("deploy", "app-server", "lambda-worker", "analyst", "backup")
	fmt.Fprintf(&b, `{"eventVersion":"1.11","userIdentity":`)
	switch c.account {
	case owner:
		fmt.Fprintf(&b, `{"type":"AssumedRole","principalId":"AROA%s:%s","arn":"arn:aws:sts::%s:assumed-role/%s/%s","accountId":"%s","accessKeyId":"ASIA%s",`+
			`"sessionContext":{"sessionIssuer":{"type":"Role","principalId":"AROA%s","arn":"arn:aws:iam::%s:role/%s","accountId":"%s","userName":"%s"},`+
			`"attributes":{"creationDate":"%s","mfaAuthenticated":"false"}}}`,
			strings.ToUpper(g.hex(17)), c.user, owner, role, c.user, owner, strings.ToUpper(g.hex(16)), strings.ToUpper(g.hex(17)), owner, role, owner, role, c.at.Format(time.RFC3339))
	default:
		fmt.Fprintf(&b, `{"type":"AWSAccount","principalId":"AIDA%s:%s","arn":"arn:aws:iam::%s:user/%s","accountId":"%s"}`, strings.ToUpper(g.hex(17)), c.user, c.account, c.user, c.account)
	}
	fmt.Fprintf(&b, `,"eventTime":"%s","eventSource":"%s","eventName":"%s","awsRegion":"%s","sourceIPAddress":"198.51.100.%d","userAgent":%s,`,
		c.at.Format(time.RFC3339), c.source, c.name, region, g.random.IntN(256), quoted(c.agent))
	if c.errorCode != "" {
		fmt.Fprintf(&b, `"errorCode":"%s","errorMessage":"User is not authorized to perform this",`, c.errorCode)
	}
	fmt.Fprintf(&b, `"requestParameters":%s,"responseElements":null,"requestID":"%s","eventID":"%s","readOnly":%t,%s"eventType":"AwsApiCall","managementEvent":true,`+
		`"recipientAccountId":"%s","eventCategory":"Management","tlsDetails":{"tlsVersion":"TLSv1.3","cipherSuite":"TLS_AES_128_GCM_SHA256","clientProvidedHostHeader":"%s"}}`,
		c.parameters, g.uuid(), c.id, strings.HasPrefix(c.name, "Get") || strings.HasPrefix(c.name, "Describe"), c.resources, owner, strings.Replace(c.source, ".", "."+region+".", 1))
	return b.Bytes()
}

func quoted(s string) string {
	text, err := json.Marshal(s)
	if err != nil {
		panic(err) // a string always marshals
	}
	return string(text)
}

// noise is a record of every day; a few of them mention what is hunted for.
func (g *generator) noise(at time.Time, region string) []byte {
	c := call{at: at, account: owner, user: g.pick("i-0"+g.hex(16), "ci", "session-"+g.hex(8)), id: g.uuid(), agent: g.pick(
		"aws-sdk-go-v2/1.39.0 os/linux lang/go#1.25.1 md/GOOS#linux md/GOARCH#arm64 api/kms#1.45.0",
		"Boto3/1.40.30 md/Botocore#1.40.30 ua/2.1 os/linux#6.1.148 md/arch#x86_64 lang/python#3.12.11",
		"lambda.amazonaws.com", "aws-cli/2.31.9 md/awscrt#0.27.6 ua/2.1 os/macos#24.6.0 md/arch#arm64")}
	key := "arn:aws:kms:" + region + ":" + owner + ":key/" + g.uuid()
	switch n := g.random.IntN(2000); {
	case n == 0: // looks like an opening, and is none
		c.name, c.source, c.agent = "LookupEvents", "cloudtrail.amazonaws.com", `curl "eventName":"PutKeyPolicy"`
		c.parameters = `{"lookupAttributes":[{"attributeKey":"EventName","attributeValue":"PutKeyPolicy"}],"sample":{"eventVersion":"1.11","eventSource":"kms.amazonaws.com","eventName":"PutKeyPolicy"}}`
	case n < 500:
		c.name, c.source = g.pick("Decrypt", "GenerateDataKey", "DescribeKey", "Encrypt"), "kms.amazonaws.com"
		c.parameters = `{"keyId":"` + key + `","encryptionAlgorithm":"SYMMETRIC_DEFAULT","encryptionContext":{"aws:s3:arn":"arn:aws:s3:::data-` + g.hex(8) + `/` + g.hex(24) + `"}}`
		c.resources = `"resources":[{"accountId":"` + owner + `","type":"AWS::KMS::Key","ARN":"` + key + `"}],`
	case n < 1100:
		c.name, c.source = g.pick("AssumeRole", "GetCallerIdentity", "AssumeRoleWithWebIdentity"), "sts.amazonaws.com"
		c.parameters = `{"roleArn":"arn:aws:iam::` + owner + `:role/` + g.letters(12) + `","roleSessionName":"` + g.hex(20) + `","durationSeconds":3600}`
	case n < 1600:
		c.name, c.source = g.pick("DescribeInstances", "DescribeVolumes", "CreateTags", "DescribeSecurityGroups"), "ec2.amazonaws.com"
		c.parameters = `{"instancesSet":{"items":[{"instanceId":"i-0` + g.hex(16) + `"},{"instanceId":"i-0` + g.hex(16) + `"}]},"filterSet":{"items":[{"name":"tag:team","valueSet":{"items":[{"value":"` + g.letters(6) + `"}]}}]}}`
	default:
		c.name, c.source = g.pick("ListBuckets", "GetBucketPolicy", "PutBucketLifecycle", "GetBucketAcl"), "s3.amazonaws.com"
		c.parameters = `{"bucketName":"data-` + g.hex(8) + `","Host":"data-` + g.hex(8) + `.s3.` + region + `.amazonaws.com","policy":{"Version":"2012-10-17","Statement":[]}}`
	}
	return g.record(c, region)
}
