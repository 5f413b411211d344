package sweep

import (
	"context"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/kms"
	"github.com/aws/aws-sdk-go-v2/service/kms/types"

	"github.com/kmsentry/kmsentry/detector/policy/decide"
	"github.com/kmsentry/kmsentry/internal/mototest"
)

// motoKey creates a key with a policy for moto's account and returns its ARN.
func motoKey(t *testing.T, c *kms.Client, text string) string {
	t.Helper()
	text = strings.ReplaceAll(text, owner, "123456789012")
	out, err := c.CreateKey(context.Background(), &kms.CreateKeyInput{Policy: &text})
	if err != nil {
		t.Fatal(err)
	}
	return aws.ToString(out.KeyMetadata.Arn)
}

// TestMotoTwoRegions sweeps two Regions of moto, an independent implementation of
// the KMS API.
func TestMotoTwoRegions(t *testing.T) {
	url, ctx := mototest.Start(t), context.Background()
	want := map[string]decide.Verdict{}
	disabled := ""
	for _, region := range []string{"eu-west-1", "us-east-2"} {
		cfg := configOf(url, region)
		cfg.HTTPClient = mototest.Client()
		c := NewClient(cfg)
		want[motoKey(t, c, closedPolicy)] = decide.Private
		want[motoKey(t, c, openPolicy)] = decide.Public
		granted := motoKey(t, c, closedPolicy)
		want[granted] = decide.Shared
		if _, err := c.CreateGrant(ctx, &kms.CreateGrantInput{
			KeyId: &granted, GranteePrincipal: aws.String("arn:aws:iam::" + stranger + ":role/x"), Operations: []types.GrantOperation{types.GrantOperationDecrypt},
		}); err != nil {
			t.Fatal(err)
		}
		tagged := motoKey(t, c, taggedPolicy)
		want[tagged] = decide.Public
		if _, err := c.TagResource(ctx, &kms.TagResourceInput{KeyId: &tagged, Tags: []types.Tag{{TagKey: aws.String("open"), TagValue: aws.String("yes")}}}); err != nil {
			t.Fatal(err)
		}
		disabled = motoKey(t, c, openPolicy)
		want[disabled] = decide.Public
		// moto fails on the key's ARN here.
		if _, err := c.DisableKey(ctx, &kms.DisableKeyInput{KeyId: aws.String(disabled[strings.LastIndex(disabled, "/")+1:])}); err != nil {
			t.Fatal(err)
		}
		if _, err := c.CreateAlias(ctx, &kms.CreateAliasInput{AliasName: aws.String("alias/off"), TargetKeyId: &disabled}); err != nil {
			t.Fatal(err)
		}
	}
	var mu sync.Mutex
	found := map[string]Key{}
	var regions sync.WaitGroup
	for _, region := range []string{"eu-west-1", "us-east-2"} {
		regions.Go(func() {
			report, err := Region{Client: NewClient(configOf(url, region)), Name: region, At: time.Unix(1800000000, 0), Found: func(k Key) {
				mu.Lock()
				defer mu.Unlock()
				found[k.ARN] = k
			}}.Run(ctx)
			if err != nil || len(report.Faults) > 0 || report.Keys != 5 {
				t.Errorf("%s: %+v, %v", region, report, err)
			}
		})
	}
	regions.Wait()
	for arn, verdict := range want {
		k, ok := found[arn]
		if !ok || k.Bounds().Verdict != verdict {
			t.Errorf("%s: %v, want %v; unread %q", arn, k.Bounds().Verdict, verdict, k.Unread)
		}
	}
	if len(found) != len(want) {
		t.Errorf("%d keys found, want %d", len(found), len(want))
	}
	if k := found[disabled]; k.Usable() || k.State != "Disabled" || len(k.Facts.Aliases) != 1 {
		t.Errorf("the disabled key: %+v", k)
	}
}
