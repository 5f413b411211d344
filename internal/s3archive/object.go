package s3archive

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"

	"github.com/kmsentry/kmsentry/internal/hunt"
)

// item returns the object as an item for hunt to read.
func (t *Trail) item(object types.Object) hunt.Item {
	key, etag, size := aws.ToString(object.Key), aws.ToString(object.ETag), aws.ToInt64(object.Size)
	return hunt.Item{
		Name: "s3://" + t.bucket + "/" + key, Size: size, Tag: etag,
		Open: func(ctx context.Context) (io.ReadCloser, error) {
			if size == 0 {
				return io.NopCloser(bytes.NewReader(nil)), nil
			}
			b := &body{ctx: ctx, t: t, key: key, etag: etag}
			return b, b.open()
		},
	}
}

// maxBreaks is how often the connection may break while an object is read.
const maxBreaks = 5

// A body reads an object. When the connection breaks, it resumes at the same
// offset: the SDK retries requests, but not the reading of a body.
type body struct {
	ctx       context.Context
	t         *Trail
	key, etag string
	r         io.ReadCloser
	at        int64
	breaks    int
}

func (b *body) open() error {
	in := &s3.GetObjectInput{Bucket: &b.t.bucket, Key: &b.key, IfMatch: &b.etag, RequestPayer: b.t.payer}
	if b.at > 0 {
		in.Range = aws.String(fmt.Sprintf("bytes=%d-", b.at))
	}
	out, err := b.t.client.GetObject(b.ctx, in)
	if err != nil {
		return plain(err)
	}
	b.r = out.Body
	return nil
}

func (b *body) Read(p []byte) (int, error) {
	n, err := b.r.Read(p)
	b.at += int64(n)
	if err == nil || err == io.EOF || b.ctx.Err() != nil {
		return n, err
	}
	if b.breaks++; b.breaks > maxBreaks {
		return n, fmt.Errorf("the connection broke %d times: %w", b.breaks, err)
	}
	wait := time.NewTimer(time.Duration(b.breaks*b.breaks) * 50 * time.Millisecond)
	defer wait.Stop()
	select {
	case <-wait.C:
	case <-b.ctx.Done():
		return n, b.ctx.Err()
	}
	return n, errors.Join(b.r.Close(), b.open())
}

func (b *body) Close() error {
	if b.r == nil {
		return nil
	}
	return b.r.Close()
}
