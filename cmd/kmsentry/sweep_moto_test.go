package main

import (
	"context"
	"maps"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/service/kms"
	"github.com/aws/aws-sdk-go-v2/service/kms/types"

	"github.com/kmsentry/kmsentry/internal/exit"
	"github.com/kmsentry/kmsentry/internal/mototest"
)

// The command against moto, an independent implementation of AWS's protocols: all
// Regions that EC2 names, keys in two of them, and an account entered with a role.
func TestSweepMoto(t *testing.T) {
	url, ctx := mototest.Start(t), context.Background()
	atAWS(t, url)
	const account = "123456789012" // moto's
	want := map[string]string{}    // by ARN
	for _, region := range []string{"eu-west-1", "us-east-2"} {
		cfg, err := config.LoadDefaultConfig(ctx, config.WithRegion(region))
		if err != nil {
			t.Fatal(err)
		}
		cfg.HTTPClient = mototest.Client()
		c := kms.NewFromConfig(cfg)
		key := func(verdict string, more ...string) string {
			out, err := c.CreateKey(ctx, &kms.CreateKeyInput{Policy: aws.String(sweepPolicy(account, more...))})
			if err != nil {
				t.Fatal(err)
			}
			arn := aws.ToString(out.KeyMetadata.Arn)
			want[arn] = verdict
			return arn
		}
		key("private")
		key("public", anyoneEncrypts)
		key("shared", partnerDecrypts)
		granted := key("shared")
		if _, err := c.CreateGrant(ctx, &kms.CreateGrantInput{
			KeyId: &granted, GranteePrincipal: aws.String("arn:aws:iam::" + sweepStranger + ":role/x"), Operations: []types.GrantOperation{types.GrantOperationDecrypt},
		}); err != nil {
			t.Fatal(err)
		}
	}
	verdicts := func(args ...string) (int, map[string]string, string) {
		status, out, errs := sweepWith(append(args, "--format", "json")...)
		got := map[string]string{}
		for arn, r := range sweepRows(t, out) {
			got[arn] = r.Verdict
		}
		return status, got, errs
	}
	if status, got, errs := verdicts(); status != exit.Found || !maps.Equal(got, want) {
		t.Errorf("all Regions: status %d, got %v, want %v: %s", status, got, want, errs)
	}
	for arn := range want {
		if !strings.Contains(arn, ":eu-west-1:") {
			delete(want, arn)
		}
	}
	// The other account has no keys.
	if status, got, errs := verdicts("--region", "eu-west-1", "--role-arn", "arn:aws:iam::999999999999:role/sweep"); status != exit.Found || !maps.Equal(got, want) || !strings.Contains(errs, "2 accounts and 2 Regions") {
		t.Errorf("a Region and a role: status %d, got %v, want %v: %s", status, got, want, errs)
	}
}
