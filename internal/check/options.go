package check

import (
	"io"
	"time"

	"github.com/kmsentry/kmsentry/alert/exceptions"
	"github.com/kmsentry/kmsentry/detector/policy"
	"github.com/kmsentry/kmsentry/detector/policy/kmsapi"
	"github.com/kmsentry/kmsentry/internal/awsid"
	"github.com/kmsentry/kmsentry/internal/load"
)

// Options says what to check, and how.
type Options struct {
	Files           []string  // files, folders, or "-" for standard input
	Account         string    // the owner of the keys; "" when unknown
	KeyARN          string    // "" when unknown
	At              time.Time // the time at which policies are judged
	TrustedAccounts []string
	TrustedOrgs     []string
	RCPs            []*policy.Policy    // resource control policies that apply to the owner's account
	Key             kmsapi.KeyFacts     // takes precedence over the facts in a file
	Parameters      map[string]string   // of templates, by name
	Imports         map[string]string   // of Fn::ImportValue, by the export's name
	References      map[string]string   // dynamic references, by their whole text
	Defaults        bool                // use the defaults of parameters
	Configured      []string            // parameters that no template need have
	Strict          bool                // a policy that cannot be read in full is an error
	RequireKey      bool                // a file or folder without a key is an error
	SkipUnknown     bool                // treat named files like those in a folder
	FailOn          FailOn              // what counts as found
	Accepted        *exceptions.List    // nil for none
	Baseline        *Baseline           // nil for none
	WriteBaseline   string              // the file for a new baseline; "" for none
	Format          string              // text, json or sarif
	Explain         bool                // say what each statement does about outsiders
	Progress        func(io.Writer) Bar // returns a progress bar, or nil when the writer is not a terminal
	Slow            func() bool         // reports whether the check has taken long
}

// A Bar shows the progress of a check that takes long.
type Bar interface {
	Found(files int, bytes int64) // that many files were found
	Listed()                      // all files have been found
	Read(bytes int)               // that many bytes were read
	Done(findings int)            // a file is done
	Close()                       // removes the bar from the terminal
}

// Scope returns what the options say about where a template is deployed.
func (o *Options) Scope() load.Scope {
	s := load.Scope{Account: o.Account, Parameters: o.Parameters, Defaults: o.Defaults, Imports: o.Imports, References: o.References}
	if arn, ok := awsid.ParseKeyARN(o.KeyARN); ok {
		s.Partition, s.Region = arn.Partition, arn.Region
	}
	return s
}
