package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/kmsentry/kmsentry/internal/exit"
)

// TestCheckConfig checks that the closest configuration file sets what no flag sets.
func TestCheckConfig(t *testing.T) {
	const parameter = "Parameters: {P: {Type: String}}\nResources:\n  K:\n    Type: AWS::KMS::Key\n    Properties: {KeyPolicy: {Version: 2012-10-17, Statement: [{Effect: Allow, Principal: {AWS: '111122223333'}, Action: 'kms:*', Resource: '*'}, {Effect: Allow, Principal: {AWS: !Ref P}, Action: 'kms:Encrypt', Resource: '*'}]}}\n"
	for _, row := range []struct {
		name, config string
		args         []string
		status       int
		says, errs   string
	}{
		{"none", "", nil, exit.Found, "between", ""},
		{"empty", "\n", nil, exit.Found, "between", ""},
		{"parameters", "account: '111122223333'\nparameters: {P: '444455556666'}\n", nil, exit.OK, "shared", ""},
		{"and a level", "account: '111122223333'\nparameters: {P: '444455556666'}\nfail_on: shared\n", nil, exit.Found, "shared", ""},
		{"a flag takes precedence", "account: '111122223333'\nparameters: {P: '444455556666'}\nfail_on: shared\n", []string{"--fail-on", "public"}, exit.OK, "shared", ""},
		{"a flag for the same parameter", "account: '111122223333'\nparameters: {P: '*'}\n", []string{"--parameter", "P=444455556666"}, exit.OK, "shared", ""},
		{"trusted accounts", "account: '111122223333'\nparameters: {P: '444455556666'}\ntrusted_accounts: ['444455556666']\nfail_on: shared\n", nil, exit.OK, "private", ""},
		{"left out", "account: '111122223333'\nparameters: {P: '444455556666'}\n", []string{"--no-config"}, exit.Found, "between", ""},
		{"a parameter that no template has", "account: '111122223333'\nparameters: {P: '444455556666', Q: x}\n", nil, exit.OK, "shared", ""},
		{"printed", "account: '111122223333'\nparameters: {P: '444455556666'}\n", []string{"--verbose"}, exit.OK, "shared", "account 111122223333; parameter P=444455556666"},
		{"an unknown member", "acount: '111122223333'\n", nil, exit.Usage, "", "field acount not found"},
		{"a wrong level", "fail_on: some\n", nil, exit.Usage, "", "fail_on: expected public, network, shared, undecided or none"},
		{"a wrong account", "account: '1'\n", nil, exit.Usage, "", `.kmsentry.yaml: account: expected 12 digits, found "1"`},
		{"a wrong organization", "trusted_orgs: [x]\n", nil, exit.Usage, "", `.kmsentry.yaml: trusted_orgs: expected an organization ID such as o-a1b2c3d4e5, found "x"`},
		{"exceptions that are not there", "exceptions: no.yaml\n", nil, exit.Found, "", "no.yaml: no such file"},
	} {
		t.Run(row.name, func(t *testing.T) {
			dir := folder(t, map[string]string{"sub/deep/t.yaml": parameter})
			if row.config != "" {
				if err := os.WriteFile(filepath.Join(dir, configName), []byte(row.config), 0o644); err != nil {
					t.Fatal(err)
				}
			}
			t.Chdir(filepath.Join(dir, "sub", "deep"))
			status, out, errs := checked3(append(row.args, "t.yaml")...)
			if status != row.status || !strings.Contains(out, row.says) || !strings.Contains(errs, row.errs) {
				t.Errorf("exit status %d, want %d with %q and %q\n%s%s", status, row.status, row.says, row.errs, out, errs)
			}
		})
	}
}
