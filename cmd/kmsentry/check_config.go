package main

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"

	"github.com/kmsentry/kmsentry/internal/awsid"
	"github.com/kmsentry/kmsentry/internal/check"
)

// configName is the name of the file with a repository's settings for check.
const configName = ".kmsentry.yaml"

// A checkConfig has the settings in the file. Flags take precedence.
type checkConfig struct {
	Account         string            `yaml:"account"`
	OwnerOrg        string            `yaml:"owner_org"`
	TrustedAccounts []string          `yaml:"trusted_accounts"`
	TrustedOrgs     []string          `yaml:"trusted_orgs"`
	Parameters      map[string]string `yaml:"parameters"`
	Imports         map[string]string `yaml:"imports"`
	Exceptions      string            `yaml:"exceptions"` // relative to the file's folder
	Baseline        string            `yaml:"baseline"`   // relative to the file's folder
	FailOn          string            `yaml:"fail_on"`
}

// findConfig returns the configuration file in dir or in the closest folder above
// it; "" when there is none.
func findConfig(dir string) string {
	for {
		name := filepath.Join(dir, configName)
		if info, err := os.Stat(name); err == nil && info.Mode().IsRegular() {
			return name
		}
		parent := filepath.Dir(dir)
		if parent == dir {
			return ""
		}
		dir = parent
	}
}

// readConfig reads a configuration file. An unknown member is an error, and so is a
// malformed ID, which is then named by its member rather than by the flag it sets.
func readConfig(name string) (c checkConfig, err error) {
	data, err := check.ReadInput(name, nil)
	if err != nil {
		return c, fmt.Errorf("%s: %w", name, err)
	}
	d := yaml.NewDecoder(bytes.NewReader(data))
	d.KnownFields(true)
	if err := d.Decode(&c); err != nil && !errors.Is(err, io.EOF) {
		return c, fmt.Errorf("%s: %s", name, strings.Join(strings.Fields(strings.TrimPrefix(err.Error(), "yaml: ")), " "))
	}
	return c, cmp.Or(
		shaped(name+": account", awsid.IsAccount, twelveDigits, optional(c.Account)...),
		shaped(name+": owner_org", awsid.IsOrganization, someOrg, optional(c.OwnerOrg)...),
		shaped(name+": trusted_accounts", awsid.IsAccount, twelveDigits, c.TrustedAccounts...),
		shaped(name+": trusted_orgs", awsid.IsOrganization, someOrg, c.TrustedOrgs...),
	)
}

// configure sets, from the configuration file, the options for which no flag was
// given. given holds the names of the flags that were. name may be "".
func (o *checkOptions) configure(name string, given map[string]bool) error {
	if name == "" {
		return nil
	}
	c, err := readConfig(name)
	if err != nil {
		return err
	}
	beside := func(file string) string {
		if file == "" || filepath.IsAbs(file) {
			return file
		}
		return filepath.Join(filepath.Dir(name), file)
	}
	text := func(flag string, to *string, value string) {
		if !given[flag] && value != "" {
			*to = value
			o.from = append(o.from, flag+" "+value)
		}
	}
	if !given["key-arn"] { // the ARN names the account
		text("account", &o.Account, c.Account)
	}
	text("owner-org", &o.Key.Org, c.OwnerOrg)
	text("exceptions", &o.exceptions, beside(c.Exceptions))
	text("baseline", &o.baselineFile, beside(c.Baseline))
	for flag, values := range map[string]struct {
		to   *list
		from []string
	}{"trusted-account": {(*list)(&o.TrustedAccounts), c.TrustedAccounts}, "trusted-org": {(*list)(&o.TrustedOrgs), c.TrustedOrgs}} {
		if !given[flag] && len(values.from) > 0 {
			*values.to = values.from
			o.from = append(o.from, flag+" "+strings.Join(values.from, ","))
		}
	}
	for flag, values := range map[string]struct {
		to   *pairs
		from map[string]string
	}{"parameter": {(*pairs)(&o.Parameters), c.Parameters}, "import": {(*pairs)(&o.Imports), c.Imports}} {
		for _, key := range slices.Sorted(maps.Keys(values.from)) {
			if _, have := (*values.to)[key]; !have {
				if err := values.to.Set(key + "=" + values.from[key]); err != nil {
					return fmt.Errorf("%s: %q: %w", name, key, err)
				}
				o.from = append(o.from, flag+" "+key+"="+values.from[key])
				o.Configured = append(o.Configured, key)
			}
		}
	}
	if !given["fail-on"] && c.FailOn != "" {
		if err := o.FailOn.Set(c.FailOn); err != nil {
			return fmt.Errorf("%s: fail_on: %w", name, err)
		}
		o.from = append(o.from, "fail-on "+c.FailOn)
	}
	slices.Sort(o.from)
	return nil
}
