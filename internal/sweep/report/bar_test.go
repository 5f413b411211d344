package report

import (
	"io"
	"testing"
)

func TestSweepBar(t *testing.T) {
	b := barOn(io.Discard)
	b.Regions(1)
	b.Listed(2)
	b.Swept()
	b.Close() // returns although not all keys were read
	if NewBar(io.Discard) != nil {
		t.Error("a bar without a terminal")
	}
}
