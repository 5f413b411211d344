// Package s3archive lists and reads CloudTrail archives in S3 for kmsentry hunt.
package s3archive

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"os"
	"regexp"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/retry"
	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"
	"github.com/aws/smithy-go"
	smithyhttp "github.com/aws/smithy-go/transport/http"

	"github.com/kmsentry/kmsentry/internal/awsconfig"
	"github.com/kmsentry/kmsentry/internal/hunt"
)

// Options says which bucket to read, and what in it.
type Options struct {
	URL          string // s3://BUCKET/PREFIX
	Accounts     []string
	Regions      []string // the names of the trail's Region folders
	Filter       hunt.Filter
	Workers      int
	RequestPayer bool
}

// bucketName matches the name of a bucket or the alias of an access point.
// Source: S3 User Guide, general purpose bucket naming rules.
var bucketName = regexp.MustCompile(`^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$`)

// Split returns the bucket and the prefix of a URL s3://BUCKET/PREFIX; the prefix may
// be "". It is an error if the bucket's name is not valid.
func Split(url string) (bucket, prefix string, err error) {
	bucket, prefix, _ = strings.Cut(strings.TrimPrefix(url, "s3://"), "/")
	if !bucketName.MatchString(bucket) {
		return "", "", fmt.Errorf("expected s3://BUCKET/PREFIX, found %q", url)
	}
	return bucket, prefix, nil
}

// Open finds the bucket and its Region, using the SDK's default configuration:
// environment, profile or role.
func Open(ctx context.Context, o Options) (*Trail, error) {
	bucket, prefix, err := Split(o.URL)
	if err != nil {
		return nil, err
	}
	// With the SDK's default of 10, most requests would need a new connection.
	transport := func(t *http.Transport) { t.MaxIdleConnsPerHost = 2 * o.Workers }
	cfg, err := awsconfig.Load(ctx, "",
		config.WithHTTPClient(awshttp.NewBuildableClient().WithTransportOptions(transport)),
		config.WithRetryer(func() aws.Retryer {
			// S3 answers 503 while it splits a prefix.
			return retry.NewStandard(func(s *retry.StandardOptions) { s.MaxAttempts = 10 })
		}))
	if err != nil {
		return nil, err
	}
	if cfg.Region == "" {
		cfg.Region = "us-east-1"
	}
	t := &Trail{o: o, bucket: bucket, prefix: prefix, skipped: map[string]int{}}
	if o.RequestPayer {
		t.payer = types.RequestPayerRequester
	}
	client := func(region string) *s3.Client {
		return s3.NewFromConfig(cfg, func(s *s3.Options) {
			s.Region = region
			s.UsePathStyle = os.Getenv("AWS_ENDPOINT_URL_S3") != "" || os.Getenv("AWS_ENDPOINT_URL") != ""
			s.DisableLogOutputChecksumValidationSkipped = true
		})
	}
	t.client = client(cfg.Region)
	region, err := t.region(ctx)
	if err != nil {
		return nil, err
	}
	if region != "" && region != cfg.Region {
		t.client = client(region)
	}
	return t, nil
}

// region asks S3 for the bucket's Region, which S3 also returns when it denies
// access. It returns "" when access is denied and S3 does not name the Region.
func (t *Trail) region(ctx context.Context) (string, error) {
	out, err := t.client.HeadBucket(ctx, &s3.HeadBucketInput{Bucket: &t.bucket})
	if err == nil {
		return aws.ToString(out.BucketRegion), nil
	}
	var response *smithyhttp.ResponseError
	if errors.As(err, &response) && response.Response != nil {
		if region := response.Response.Header.Get("X-Amz-Bucket-Region"); region != "" && response.HTTPStatusCode() != http.StatusNotFound {
			return region, nil
		}
		if response.HTTPStatusCode() == http.StatusNotFound {
			return "", fmt.Errorf("s3://%s: the bucket does not exist", t.bucket)
		}
		if response.HTTPStatusCode() == http.StatusForbidden {
			return "", nil // listing the bucket reports what is denied
		}
	}
	return "", fmt.Errorf("s3://%s: %w", t.bucket, plain(err))
}

// plain returns an error of the SDK as one line, with what to do where that is
// known. Missing or expired credentials, or a missing bucket, stop the hunt.
func plain(err error) error {
	var api smithy.APIError
	if !errors.As(err, &api) {
		if strings.Contains(err.Error(), "get identity: get credentials") {
			return &hunt.StopError{Err: errors.New("no credentials found: set them up as for the AWS CLI, for example with AWS_PROFILE")}
		}
		return err
	}
	message := fmt.Sprintf("%s: %s", api.ErrorCode(), strings.Join(strings.Fields(api.ErrorMessage()), " "))
	switch api.ErrorCode() {
	case "ExpiredToken", "ExpiredTokenException", "InvalidAccessKeyId", "InvalidToken", "TokenRefreshRequired", "RequestExpired":
		return &hunt.StopError{Err: errors.New("the credentials are no longer valid: " + message)}
	case "NoSuchBucket":
		return &hunt.StopError{Err: errors.New("the bucket does not exist")}
	case "AccessDenied":
		if strings.Contains(strings.ToLower(message), "kms") {
			return errors.New("kms:Decrypt on the trail's key is missing: " + message)
		}
		return errors.New("s3:GetObject or s3:ListBucket is missing: " + message)
	case "InvalidObjectState":
		return errors.New("archived; restore it first: " + message)
	case "PreconditionFailed":
		return errors.New("changed while it was read")
	default:
		return errors.New(message)
	}
}
