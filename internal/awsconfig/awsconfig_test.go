package awsconfig

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/config"
)

func TestLoad(t *testing.T) {
	file := filepath.Join(t.TempDir(), "config")
	if err := os.WriteFile(file, []byte("[default]\nregion = eu-west-1\n[profile audit]\nregion = eu-north-1\n[profile bad]\nmax_attempts = many\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, row := range []struct {
		name, profile, inEnv string
		changes              []func(*config.LoadOptions) error
		want, err            string
	}{
		{"the default profile", "", "", nil, "eu-west-1", ""},
		{"a profile", "audit", "", nil, "eu-north-1", ""},
		{"a profile in the environment", "", "audit", nil, "eu-north-1", ""},
		{"a profile before that of the environment", "audit", "nobody", nil, "eu-north-1", ""},
		{"a change", "audit", "", []func(*config.LoadOptions) error{config.WithRegion("eu-central-1")}, "eu-central-1", ""},
		{"a profile that is not there", "nobody", "", nil, "", `expected profile "nobody" in the AWS configuration files, found none of that name`},
		{"the environment's is not there", "", "nobody", nil, "", `expected profile "nobody" in the AWS configuration files, found none of that name`},
		{"a profile that the SDK cannot read", "bad", "", nil, "", "the AWS configuration: "},
	} {
		t.Run(row.name, func(t *testing.T) {
			for name, value := range map[string]string{"AWS_CONFIG_FILE": file, "AWS_SHARED_CREDENTIALS_FILE": file + ".none", "AWS_PROFILE": row.inEnv, "AWS_REGION": "", "AWS_DEFAULT_REGION": ""} {
				t.Setenv(name, value)
			}
			cfg, err := Load(context.Background(), row.profile, row.changes...)
			said := ""
			if err != nil {
				said = err.Error()
			}
			if cfg.Region != row.want || !strings.HasPrefix(said, row.err) || row.err == "" && said != "" || strings.Contains(said, "\n") {
				t.Errorf("Region %q, error %q; want %q, %q", cfg.Region, said, row.want, row.err)
			}
		})
	}
}
