package main

import (
	"context"

	"github.com/kmsentry/kmsentry/internal/hunt"
	"github.com/kmsentry/kmsentry/internal/s3archive"
)

// s3Source opens s3://BUCKET/PREFIX.
func s3Source(ctx context.Context, url string, o huntOptions) (hunt.Source, error) {
	return s3archive.Open(ctx, s3archive.Options{
		URL: url, Accounts: o.accounts, Regions: o.regions, Workers: o.Workers, RequestPayer: o.requestPayer,
		Filter: hunt.Filter{From: o.From, To: o.To, LateDays: o.LateDays},
	})
}
