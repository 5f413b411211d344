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

// A state is what earlier sweeps found: each key's policy when it was last read, and
// what was reported about it. The zero state is that before the first sweep.
type state struct {
	Version int                `json:"version"`
	At      time.Time          `json:"at"`     // when the run that wrote it began
	Scopes  map[string]*places `json:"scopes"` // by "ACCOUNT/REGION"
}

// places holds the keys of one account in one Region.
type places struct {
	At   time.Time         `json:"at"` // when the last run that listed all these keys began; zero when none did
	Keys map[string]*entry `json:"keys"`
}

// An entry is what is known about one key.
type entry struct {
	At     time.Time `json:"at"`               // when the run that last read its policy began; zero when none did
	Policy string    `json:"policy,omitempty"` // hex SHA-256 of the policy as KMS returned it
	Told   []string  `json:"told,omitempty"`   // reported openings of its policy that still exist; see openings
	Grants []string  `json:"grants,omitempty"` // the same for grants to outsiders
}

// stateVersion is the version of the state's format. A function that finds another
// version fails, rather than drop what it does not understand.
const stateVersion = 1

// maxState is the largest state, in bytes, enough for some 500,000 keys.
const maxState = 128 << 20

// stateKey is the object's name in the bucket.
const stateKey = "state.json"

// A stateError reports a state that could not be read or written. When it could not be
// read, nothing was swept or written; the bucket has earlier versions of the object.
type stateError struct {
	Bucket string
	Err    error
}

func (e *stateError) Error() string {
	return fmt.Sprintf("state s3://%s/%s: %v", e.Bucket, stateKey, e.Err)
}

// Unwrap returns e.Err.
func (e *stateError) Unwrap() error { return e.Err }

// A conflictError reports that another run has written the state meanwhile. Both runs
// may have reported the same news, under the same id; the other run's state is kept.
type conflictError struct{ Bucket string }

func (e *conflictError) Error() string {
	return fmt.Sprintf("state s3://%s/%s: another run wrote it meanwhile, and its state is kept", e.Bucket, stateKey)
}

// A store keeps the state in one object of a bucket.
type store struct {
	client        *s3.Client
	bucket, owner string // owner is the account that must own the bucket
}

func newStore(s settings) *store {
	client := s3.NewFromConfig(s.aws(), func(o *s3.Options) {
		o.UsePathStyle = s.endpoint != ""
		o.Retryer = retry.NewStandard(func(o *retry.StandardOptions) { o.MaxAttempts = 5 })
	})
	return &store{client, s.bucket, s.topic.Account}
}

// load returns the state and its tag, which save needs; an empty state and tag "" when
// there is none yet. The error is a *stateError.
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

// decode reads a state strictly: one that is truncated or in another format would make
// every open key news, or none.
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

// save writes the state unless the stored one has changed since load returned tag. The
// errors are *conflictError and *stateError.
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
