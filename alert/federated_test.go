package alert

import (
	"encoding/json"
	"reflect"
	"strings"
	"testing"
)

// The user who made a federated session is in the mail and in the finding: an
// account is closed there, not at the session.
func TestFederatedWitness(t *testing.T) {
	f := publicFinding()
	f.Decision.Grants[0].Witness = federated()
	m, err := Compose(f, testOptions())
	if err != nil {
		t.Fatal(err)
	}
	var channels map[string]string
	if err := json.Unmarshal([]byte(m.Body), &channels); err != nil {
		t.Fatal(err)
	}
	mail := strings.Join(strings.Fields(channels["email"]), " ")
	if want := "signed in as arn:aws:sts::999988887777:federated-user/stranger, in a federated session of arn:aws:iam::999988887777:user/maker sends kms:Encrypt"; !strings.Contains(mail, want) {
		t.Errorf("the mail lacks %q:\n%s", want, channels["email"])
	}
	var finding struct {
		Evidences []struct {
			Data struct {
				Grants []struct {
					Witness Witness `json:"witness"`
				} `json:"grants"`
			} `json:"data"`
		} `json:"evidences"`
	}
	if err := json.Unmarshal([]byte(channels["default"]), &finding); err != nil {
		t.Fatal(err)
	}
	if got := finding.Evidences[0].Data.Grants[0].Witness; !reflect.DeepEqual(got, WitnessOf(federated())) {
		t.Errorf("the finding's witness is %+v, want %+v", got, WitnessOf(federated()))
	}
	checkFinding(t, channels["default"], findingSchemas(t))
}
