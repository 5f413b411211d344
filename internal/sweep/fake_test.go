package sweep

import (
	"context"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
)

const (
	owner    = "111122223333"
	stranger = "444455556666"
)

// A fakeKey is a key of fakeKMS.
type fakeKey struct {
	policy, state, manager string
	grants                 []map[string]any
	tags                   []map[string]string
	fails                  map[Call]string // the error code of a call
}

// fakeKMS answers the calls of a sweep over HTTP: it pages, throttles a share
// of all requests, and denies.
type fakeKMS struct {
	keys     []fakeKey
	page     int             // of every list
	throttle float64         // the share of requests
	fails    map[Call]string // the error code of a call for every key

	mu    sync.Mutex
	rand  *rand.Rand
	calls map[string]int // answered and refused, by the name after the dot of X-Amz-Target
}

func keyARN(i int) string { return fmt.Sprintf("arn:aws:kms:eu-west-1:%s:key/%08d", owner, i) }

func (f *fakeKMS) start(t *testing.T) aws.Config {
	t.Helper()
	f.rand, f.calls = rand.New(rand.NewPCG(1, 2)), map[string]int{}
	server := httptest.NewServer(f)
	t.Cleanup(server.Close)
	return configOf(server.URL, "eu-west-1")
}

func configOf(url, region string) aws.Config {
	return aws.Config{
		Region: region, BaseEndpoint: &url, HTTPClient: &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: 32}},
		Credentials: aws.CredentialsProviderFunc(func(context.Context) (aws.Credentials, error) {
			return aws.Credentials{AccessKeyID: "AKIAEXAMPLE", SecretAccessKey: "secret"}, nil
		}),
	}
}

func (f *fakeKMS) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	_, name, _ := strings.Cut(r.Header.Get("X-Amz-Target"), ".")
	f.mu.Lock()
	f.calls[name]++
	throttle := f.rand.Float64() < f.throttle
	f.mu.Unlock()
	var in struct{ KeyId, Marker, PolicyName string }
	if err := json.NewDecoder(r.Body).Decode(&in); err != nil {
		panic(err)
	}
	w.Header().Set("Content-Type", "application/x-amz-json-1.1")
	refuse := func(code string) {
		w.WriteHeader(http.StatusBadRequest)
		json.NewEncoder(w).Encode(map[string]string{"__type": code, "message": "as planned"})
	}
	if throttle {
		refuse("ThrottlingException")
		return
	}
	if code := f.fails[Call(name)]; code != "" {
		refuse(code)
		return
	}
	from, _ := strconv.Atoi(in.Marker)
	list := func(member string, n int, item func(int) any) map[string]any {
		to := min(from+f.page, n)
		items := []any{}
		for i := from; i < to; i++ {
			items = append(items, item(i))
		}
		out := map[string]any{member: items, "Truncated": to < n}
		if to < n {
			out["NextMarker"] = strconv.Itoa(to)
		}
		return out
	}
	var out any
	switch Call(name) {
	case ListKeys:
		out = list("Keys", len(f.keys), func(i int) any { return map[string]string{"KeyId": keyARN(i)[43:], "KeyArn": keyARN(i)} })
	case ListAliases:
		out = list("Aliases", len(f.keys), func(i int) any {
			return map[string]string{"AliasName": fmt.Sprintf("alias/k%d", i), "TargetKeyId": fmt.Sprintf("%08d", i)}
		})
	default:
		i, err := strconv.Atoi(in.KeyId[strings.LastIndex(in.KeyId, "/")+1:])
		if err != nil {
			panic(err)
		}
		k := f.keys[i]
		if code := k.fails[Call(name)]; code != "" {
			refuse(code)
			return
		}
		switch Call(name) {
		case DescribeKey:
			out = map[string]any{"KeyMetadata": map[string]any{
				"KeyId": in.KeyId, "Arn": in.KeyId, "KeyState": k.state, "KeyManager": k.manager,
				"KeySpec": "SYMMETRIC_DEFAULT", "KeyUsage": "ENCRYPT_DECRYPT", "Origin": "AWS_KMS", "MultiRegion": false,
			}}
		case GetKeyPolicy:
			out = map[string]string{"Policy": k.policy, "PolicyName": in.PolicyName}
		case ListGrants:
			out = list("Grants", len(k.grants), func(i int) any { return k.grants[i] })
		case ListResourceTags:
			out = list("Tags", len(k.tags), func(i int) any { return k.tags[i] })
		default:
			refuse("UnknownOperationException")
			return
		}
	}
	json.NewEncoder(w).Encode(out)
}

const (
	closedPolicy = `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"AWS":"arn:aws:iam::111122223333:root"},"Action":"kms:*","Resource":"*"}]}`
	openPolicy   = `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"AWS":"arn:aws:iam::111122223333:root"},"Action":"kms:*","Resource":"*"},` +
		`{"Effect":"Allow","Principal":"*","Action":"kms:Encrypt","Resource":"*"}]}`
	// taggedPolicy opens keys with a tag only.
	taggedPolicy = `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"AWS":"arn:aws:iam::111122223333:root"},"Action":"kms:*","Resource":"*"},` +
		`{"Effect":"Allow","Principal":"*","Action":"kms:Encrypt","Resource":"*","Condition":{"StringEquals":{"aws:ResourceTag/open":"yes"}}}]}`
)

func ordinary() fakeKey { return fakeKey{policy: closedPolicy, state: "Enabled", manager: "CUSTOMER"} }

func grantTo(principal, issuer string, operations ...string) map[string]any {
	return map[string]any{"GrantId": "g-" + principal, "GranteePrincipal": principal, "IssuingAccount": issuer, "Operations": operations}
}
