package search

import (
	"testing"
	"time"

	"github.com/kmsentry/kmsentry/detector/policy/condkey"
	"github.com/kmsentry/kmsentry/detector/policy/decide/internal/compile"
)

func TestInForms(t *testing.T) {
	shape, err := condkey.ParseShape("{=a digit 1 1}-{=a digit 1 1}")
	if err != nil {
		t.Fatal(err)
	}
	forms := []form{NewSpace(&compile.Policy{}, time.Time{}, nil).formOf(shape)}
	for text, want := range map[string]bool{"1-1": true, "1-2": false, "1-": false} {
		if got := InForms(forms, text); got != want {
			t.Errorf("inForms(%q) = %v", text, got)
		}
	}
}
