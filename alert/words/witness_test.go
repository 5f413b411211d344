package words_test

import (
	"reflect"
	"testing"
	"time"

	"github.com/kmsentry/kmsentry/alert/internal/alerttest"
	"github.com/kmsentry/kmsentry/alert/words"
)

func TestWitnessOf(t *testing.T) {
	want := words.Witness{
		Principal: "arn:aws:sts::999988887777:federated-user/stranger", UniqueID: "999988887777:stranger",
		Parent: "arn:aws:iam::999988887777:user/maker", Action: "kms:Encrypt", Resource: alerttest.KeyInUSWest, Time: "2026-11-23T03:14:15Z",
		Context: map[string][]string{"aws:SourceIp": {"198.51.100.23"}},
	}
	r := alerttest.Federated()
	got := words.WitnessOf(r)
	if !reflect.DeepEqual(got, want) {
		t.Errorf("WitnessOf = %+v, want %+v", got, want)
	}
	if got.Context["aws:SourceIp"][0] = "x"; r.Context["aws:SourceIp"][0] != "198.51.100.23" {
		t.Error("the witness shares its context with the request")
	}
	r.Time = time.Time{}
	if got := words.WitnessOf(r); got.Time != "" {
		t.Errorf("the zero time is %q", got.Time)
	}
}
