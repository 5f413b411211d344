package sweep

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	v4 "github.com/aws/aws-sdk-go-v2/aws/signer/v4"
	"github.com/aws/aws-sdk-go-v2/credentials/stscreds"
	"github.com/aws/aws-sdk-go-v2/service/sts"
	"github.com/aws/smithy-go"

	"github.com/kmsentry/kmsentry/internal/awsid"
)

// An account is an AWS account whose keys are swept.
type account struct {
	id     string // "" if unknown
	config aws.Config
	keys   map[string][]string // by Region, those in Options.Keys; nil for all keys
}

// in returns the account's configuration for a Region.
func (a *account) in(region string) aws.Config {
	c := a.config.Copy()
	c.Region = region
	return c
}

// accounts returns the accounts to sweep, each once: for a role in the caller's
// own account, the role is used instead of the caller's credentials. Accounts that
// cannot be accessed are recorded as faults.
func (s *sweeper) accounts(ctx context.Context) []*account {
	own := &account{id: s.o.Account, config: s.o.Config.Copy()}
	if own.config.Region == "" {
		own.config.Region = s.firstRegion()
	}
	if err := own.identify(ctx); err != nil {
		f := faultOf(err.Call, err.Err)
		f.Unswept = true
		s.fault(ctx, own, "", f)
		return nil
	}
	all := []*account{own}
	for _, role := range s.o.Roles {
		a := &account{id: accountOf(role), config: own.config.Copy()}
		client := sts.NewFromConfig(own.config, func(o *sts.Options) { o.Retryer = aws.NopRetryer{} })
		a.config.Credentials = aws.NewCredentialsCache(stscreds.NewAssumeRoleProvider(client, role, func(o *stscreds.AssumeRoleOptions) { o.RoleSessionName = "kmsentry-sweep" }))
		err := sendWithin(ctx, patience, func(ctx context.Context) error {
			_, err := a.config.Credentials.Retrieve(ctx)
			return err
		})
		if err != nil {
			f := faultOf(AssumeRole, err)
			f.Unswept, f.Reason = true, role+": "+f.Reason
			s.fault(ctx, a, "", f)
			continue
		}
		all = slices.DeleteFunc(all, func(other *account) bool { return other.id == a.id })
		all = append(all, a)
	}
	if len(s.o.Keys) > 0 {
		all = s.share(all, own)
	}
	return all
}

// firstRegion returns the Region for the first calls if the caller's configuration
// has none.
func (s *sweeper) firstRegion() string {
	for _, arn := range s.o.Keys {
		return regionOf(arn)
	}
	for _, region := range s.o.Regions {
		return region
	}
	return awsid.Partitions()[0].Region
}

// share assigns the keys in Options.Keys to their accounts, and those of other
// accounts to the caller's own. It returns the accounts that have any.
func (s *sweeper) share(all []*account, own *account) []*account {
	for _, arn := range s.o.Keys {
		at := slices.IndexFunc(all, func(a *account) bool { return a.id == accountOf(arn) })
		if at < 0 {
			if at = slices.Index(all, own); at < 0 {
				all = append(all, own)
				at = len(all) - 1
			}
		}
		a := all[at]
		if a.keys == nil {
			a.keys = map[string][]string{}
		}
		if region := regionOf(arn); !slices.Contains(a.keys[region], arn) {
			a.keys[region] = append(a.keys[region], arn)
		}
	}
	return slices.DeleteFunc(all, func(a *account) bool { return a.keys == nil })
}

// identify finds the caller's credentials and account. It is not an error if STS
// cannot be reached: KMS may be reachable, and key ARNs contain the account.
func (a *account) identify(ctx context.Context) *CallError {
	err := sendWithin(ctx, patience, func(ctx context.Context) error {
		if a.config.Credentials == nil {
			return errors.New("none found")
		}
		found, err := a.config.Credentials.Retrieve(ctx)
		a.id = cmp.Or(a.id, found.AccountID)
		return err
	})
	if err != nil {
		return &CallError{Credentials, err}
	}
	if a.id != "" {
		return nil
	}
	err = sendWithin(ctx, patience, func(ctx context.Context) error {
		out, err := sts.NewFromConfig(a.config, func(o *sts.Options) { o.Retryer = aws.NopRetryer{} }).GetCallerIdentity(ctx, &sts.GetCallerIdentityInput{})
		if err == nil {
			a.id = aws.ToString(out.Account)
		}
		return err
	})
	if err != nil && unsigned(err) {
		return &CallError{GetCallerIdentity, err}
	}
	return nil
}

// regions returns the Regions to sweep in the account, sorted.
func (a *account) regions(ctx context.Context, s *sweeper) ([]string, *CallError) {
	var names []string
	switch {
	case a.keys != nil:
		for region := range a.keys {
			names = append(names, region)
		}
	case len(s.o.Regions) > 0:
		names = slices.Clone(s.o.Regions)
	default:
		err := newPace().do(ctx, DescribeRegions, func(ctx context.Context) (err error) {
			names, err = enabledRegions(ctx, a.config, s.o.EC2Endpoint, s.o.At)
			return err
		})
		if err != nil {
			return nil, &CallError{DescribeRegions, err}
		}
	}
	slices.Sort(names)
	return slices.Compact(names), nil
}

// enabledRegions asks EC2 for the Regions that the account can use. It calls the
// API without the SDK's client for EC2, which would be larger than everything
// else.
// Source: EC2 API Reference, DescribeRegions: Regions that are disabled for the
// account are included only with AllRegions.
func enabledRegions(ctx context.Context, c aws.Config, endpoint string, now time.Time) ([]string, error) {
	const body = "Action=DescribeRegions&Version=2016-11-15"
	endpoint = cmp.Or(endpoint, aws.ToString(c.BaseEndpoint), "https://ec2."+c.Region+"."+domain(c.Region))
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, strings.TrimSuffix(endpoint, "/")+"/", strings.NewReader(body))
	if err != nil {
		return nil, err
	}
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	found, err := c.Credentials.Retrieve(ctx)
	if err != nil {
		return nil, err
	}
	sum := sha256.Sum256([]byte(body))
	if err := v4.NewSigner().SignHTTP(ctx, found, req, hex.EncodeToString(sum[:]), "ec2", c.Region, now); err != nil {
		return nil, err
	}
	client := c.HTTPClient
	if client == nil {
		client = http.DefaultClient
	}
	resp, err := client.Do(req)
	if err != nil {
		return nil, err
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(io.LimitReader(resp.Body, 1<<20))
	if err != nil {
		return nil, err
	}
	return readRegions(resp.StatusCode, text)
}

// readRegions returns the names of the Regions in the answer of EC2. It is an
// error if there are none.
func readRegions(status int, text []byte) ([]string, error) {
	if status != http.StatusOK {
		var fault struct {
			Code    string `xml:"Errors>Error>Code"`
			Message string `xml:"Errors>Error>Message"`
		}
		if err := xml.Unmarshal(text, &fault); err != nil || fault.Code == "" {
			return nil, &answerError{fmt.Errorf("HTTP status %d: %.200q", status, text)}
		}
		return nil, &smithy.GenericAPIError{Code: fault.Code, Message: fault.Message}
	}
	var answer struct {
		Regions []struct {
			Name string `xml:"regionName"`
		} `xml:"regionInfo>item"`
	}
	if err := xml.Unmarshal(text, &answer); err != nil {
		return nil, &answerError{fmt.Errorf("expected a list of Regions: %w", err)}
	}
	var names []string
	for _, r := range answer.Regions {
		if !awsid.IsRegion(r.Name) {
			return nil, &answerError{fmt.Errorf("expected the name of a Region, found %.100q", r.Name)}
		}
		names = append(names, r.Name)
	}
	if len(names) == 0 {
		return nil, &answerError{errors.New("the answer names no Region")}
	}
	return names, nil
}

// domain returns the domain of a Region's endpoints.
func domain(region string) string {
	if awsid.PartitionOf(region) == "aws-cn" {
		return "amazonaws.com.cn"
	}
	return "amazonaws.com"
}

// regionOf returns the Region in a key's ARN, or "" if there is none.
func regionOf(arn string) string {
	named, _ := awsid.SplitARN(arn)
	return named.Region
}

// PartitionOf returns the partition of a Region, or "aws" if it is unknown.
func PartitionOf(region string) string {
	return cmp.Or(awsid.PartitionOf(region), awsid.Partitions()[0].Name)
}
