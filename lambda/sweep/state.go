package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/retry"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"
	"github.com/aws/smithy-go"

	"github.com/kmsentry/kmsentry/internal/strictjson"
)

// A state is what the sweeps know: what each key's policy was when it was last
// read, and what of it was told. The zero state knows nothing.
type state struct {
	Version int                `json:"version"`
	At      time.Time          `json:"at"`     // when the run that wrote it began
	Scopes  map[string]*places `json:"scopes"` // by "ACCOUNT/REGION"
}

// places are the keys of one account in one Region.
type places struct {
	At   time.Time         `json:"at"` // when the last run began that listed all keys here; zero before the first
	Keys map[string]*entry `json:"keys"`
}

// An entry is what is known of one key.
type entry struct {
	At     time.Time `json:"at"`               // when the run began that last read its policy; zero: never read
	Policy string    `json:"policy,omitempty"` // SHA-256 of its text as KMS gave it, hex
	Told   []string  `json:"told,omitempty"`   // the openings of its policy that were told and are still there; see openings
	Grants []string  `json:"grants,omitempty"` // the same for grants to outsiders
}

// stateVersion is the form of the state. A function that finds another refuses
// it, rather than forget what it does not understand.
const stateVersion = 1

// maxState bounds the state, in bytes: some 500,000 keys.
const maxState = 128 << 20

// stateKey is the object's name in the bucket.
const stateKey = "state.json"

// A stateError is a state that could not be read or written. When it could not
// be read, nothing was swept and nothing written; earlier versions of the object
// are in the bucket.
type stateError struct {
	Bucket string
	Err    error
}

func (e *stateError) Error() string {
	return fmt.Sprintf("state s3://%s/%s: %v", e.Bucket, stateKey, e.Err)
}

// Unwrap returns the fault itself.
func (e *stateError) Unwrap() error { return e.Err }

// A conflictError is a state that another run has written meanwhile. Both runs
// may have told the same news, under the same id; the other's state stands.
type conflictError struct{ Bucket string }

func (e *conflictError) Error() string {
	return fmt.Sprintf("state s3://%s/%s: another run wrote it meanwhile, and its state is kept", e.Bucket, stateKey)
}

// A store keeps the state in one object of a bucket.
type store struct {
	client        *s3.Client
	bucket, owner string // owner is the account that has to own the bucket
}

func newStore(s settings) *store {
	client := s3.NewFromConfig(s.aws(), func(o *s3.Options) {
		o.UsePathStyle = s.endpoint != ""
		o.Retryer = retry.NewStandard(func(o *retry.StandardOptions) { o.MaxAttempts = 5 })
	})
	return &store{client, s.bucket, s.topic.Account}
}

// load reads the state and the tag that save wants; a state that is not there
// is the zero one, with tag "". Errors are *stateError.
func (s *store) load(ctx context.Context) (state, string, error) {
	out, err := s.client.GetObject(ctx, &s3.GetObjectInput{Bucket: &s.bucket, Key: aws.String(stateKey), ExpectedBucketOwner: &s.owner})
	var none *types.NoSuchKey
	if errors.As(err, &none) {
		return state{Version: stateVersion, Scopes: map[string]*places{}}, "", nil
	}
	if err != nil {
		return state{}, "", &stateError{s.bucket, err}
	}
	defer out.Body.Close()
	text, err := io.ReadAll(io.LimitReader(out.Body, maxState+1))
	if err != nil {
		return state{}, "", &stateError{s.bucket, err}
	}
	known, err := decode(text)
	if err == nil && aws.ToString(out.ETag) == "" {
		err = errors.New("expected an ETag in the answer, found none")
	}
	if err != nil {
		return state{}, "", &stateError{s.bucket, err}
	}
	return known, *out.ETag, nil
}

// decode reads a state strictly: one that is cut off or of another form would
// make every open key news, or none.
func decode(text []byte) (state, error) {
	if len(text) > maxState {
		return state{}, fmt.Errorf("expected at most %d bytes, found more", maxState)
	}
	var s state
	if err := strictjson.Decode(text, &s); err != nil {
		return state{}, fmt.Errorf("expected the state of a sweep as JSON: %w", err)
	}
	switch {
	case s.Version != stateVersion:
		return state{}, fmt.Errorf("expected version %d, found %d", stateVersion, s.Version)
	case s.At.IsZero() || s.Scopes == nil:
		return state{}, errors.New(`expected "at" and "scopes", found a state without them`)
	}
	for name, p := range s.Scopes {
		if p == nil || p.Keys == nil || strings.Count(name, "/") != 1 {
			return state{}, fmt.Errorf("scope %.100q: expected ACCOUNT/REGION with its keys", name)
		}
		for id, e := range p.Keys {
			if e == nil {
				return state{}, fmt.Errorf("scope %.100q: key %.100q: expected an object, found null", name, id)
			}
		}
	}
	return s, nil
}

// save writes the state unless it is another than the one that load gave tag
// of. Errors are *conflictError and *stateError.
func (s *store) save(ctx context.Context, known state, tag string) error {
	text, err := json.Marshal(known)
	if err != nil {
		return &stateError{s.bucket, err}
	}
	in := &s3.PutObjectInput{
		Bucket: &s.bucket, Key: aws.String(stateKey), Body: bytes.NewReader(text), ContentType: aws.String("application/json"), ExpectedBucketOwner: &s.owner,
	}
	if tag == "" {
		in.IfNoneMatch = aws.String("*")
	} else {
		in.IfMatch = &tag
	}
	_, err = s.client.PutObject(ctx, in)
	var api smithy.APIError
	switch {
	case err == nil:
		return nil
	case errors.As(err, &api) && (api.ErrorCode() == "PreconditionFailed" || api.ErrorCode() == "ConditionalRequestConflict"):
		return &conflictError{s.bucket}
	default:
		return &stateError{s.bucket, err}
	}
}
