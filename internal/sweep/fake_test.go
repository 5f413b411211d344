package sweep

import (
	"context"
	"net/http"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"

	"github.com/kmsentry/kmsentry/internal/fakekms"
)

const (
	owner    = "111122223333"
	stranger = "444455556666"
)

// fakeKMS is one account in one Region.
type fakeKMS struct {
	keys     []fakekms.Key
	page     int
	throttle float64
	fails    map[string]string

	server *fakekms.Server
}

func keyARN(i int) string { return fakekms.Key{}.ARN(owner, "eu-west-1", i) }

func (f *fakeKMS) start(t *testing.T) aws.Config {
	t.Helper()
	region := &fakekms.Region{N: len(f.keys), Key: func(i int) fakekms.Key { return f.keys[i] }, Fails: f.fails}
	f.server = &fakekms.Server{Own: owner, Accounts: map[string]map[string]*fakekms.Region{owner: {"eu-west-1": region}}, Page: f.page, Throttle: f.throttle}
	return configOf(f.server.Start(t), "eu-west-1")
}

func (f *fakeKMS) calls(call Call) int { return f.server.Calls()["kms:"+string(call)] }

func configOf(url, region string) aws.Config {
	return aws.Config{
		Region: region, BaseEndpoint: &url, HTTPClient: &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: 32}},
		Credentials: aws.CredentialsProviderFunc(func(context.Context) (aws.Credentials, error) {
			return aws.Credentials{AccessKeyID: "AKIAEXAMPLE", SecretAccessKey: "secret"}, nil
		}),
	}
}

const (
	closedPolicy = `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"AWS":"arn:aws:iam::111122223333:root"},"Action":"kms:*","Resource":"*"}]}`
	openPolicy   = `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"AWS":"arn:aws:iam::111122223333:root"},"Action":"kms:*","Resource":"*"},` +
		`{"Effect":"Allow","Principal":"*","Action":"kms:Encrypt","Resource":"*"}]}`
	// taggedPolicy opens only keys with a tag.
	taggedPolicy = `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"AWS":"arn:aws:iam::111122223333:root"},"Action":"kms:*","Resource":"*"},` +
		`{"Effect":"Allow","Principal":"*","Action":"kms:Encrypt","Resource":"*","Condition":{"StringEquals":{"aws:ResourceTag/open":"yes"}}}]}`
)

// of returns the policy text with the owner replaced by another account.
func of(account, text string) string { return strings.ReplaceAll(text, owner, account) }

func ordinary() fakekms.Key { return fakekms.Key{Policy: closedPolicy} }

func grantTo(principal, issuer string, operations ...string) map[string]any {
	return map[string]any{"GrantId": "g-" + principal, "GranteePrincipal": principal, "IssuingAccount": issuer, "Operations": operations}
}
