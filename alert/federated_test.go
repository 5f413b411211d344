package alert

import (
	"encoding/json"
	"reflect"
	"strings"
	"testing"

	"github.com/kmsentry/kmsentry/alert/internal/alerttest"
	"github.com/kmsentry/kmsentry/alert/words"
)

// The mail and the finding name the user who created a federated session, since it
// is the user that must be stopped, not the session.
func TestFederatedWitness(t *testing.T) {
	f := alerttest.PublicFinding()
	f.Decision.Grants[0].Witness = alerttest.Federated()
	m, err := Compose(f, alerttest.Options())
	if err != nil {
		t.Fatal(err)
	}
	var bodies map[string]string
	if err := json.Unmarshal([]byte(m.Body), &bodies); err != nil {
		t.Fatal(err)
	}
	mail := strings.Join(strings.Fields(bodies["email"]), " ")
	if want := "signed in as arn:aws:sts::999988887777:federated-user/stranger, in a federated session of arn:aws:iam::999988887777:user/maker sends kms:Encrypt"; !strings.Contains(mail, want) {
		t.Errorf("the mail lacks %q:\n%s", want, bodies["email"])
	}
	var finding struct {
		Evidences []struct {
			Data struct {
				Grants []struct {
					Witness words.Witness `json:"witness"`
				} `json:"grants"`
			} `json:"data"`
		} `json:"evidences"`
	}
	if err := json.Unmarshal([]byte(bodies["default"]), &finding); err != nil {
		t.Fatal(err)
	}
	if got := finding.Evidences[0].Data.Grants[0].Witness; !reflect.DeepEqual(got, words.WitnessOf(alerttest.Federated())) {
		t.Errorf("the finding's witness is %+v, want %+v", got, words.WitnessOf(alerttest.Federated()))
	}
	alerttest.CheckFinding(t, bodies["default"], alerttest.FindingSchemas(t))
}
