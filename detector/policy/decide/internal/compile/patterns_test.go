package compile

import (
	"reflect"
	"testing"

	"github.com/kmsentry/kmsentry/detector/policy/decide/internal/textsolve"
)

// A variable of a value keeps what the policy says of it.
func TestPartsOf(t *testing.T) {
	want := []textsolve.Term{{Text: "x"}, {Variable: "a:b", Default: "c", HasDefault: true}, {Text: "*", Literal: true}}
	if got := termsOf("x${a:b,'c'}${*}"); !reflect.DeepEqual(got, want) {
		t.Errorf("%+v, want %+v", got, want)
	}
}
