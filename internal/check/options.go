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

// Options say what to check, and how.
type Options struct {
	Files           []string  // files, folders, or "-" for standard input
	Account         string    // the owner of the keys; "" unknown
	KeyARN          string    // "" unknown
	At              time.Time // the time that policies are judged for
	TrustedAccounts []string
	TrustedOrgs     []string
	RCPs            []*policy.Policy    // resource control policies that apply to the owner's account
	Key             kmsapi.KeyFacts     // goes before what a file tells of its key
	Parameters      map[string]string   // of templates; nil none
	Imports         map[string]string   // of Fn::ImportValue, by the export's name
	References      map[string]string   // dynamic references, by their whole text
	Defaults        bool                // take the defaults of parameters
	Configured      []string            // parameters that a template need not have
	Strict          bool                // refuse what cannot be read in full
	RequireKey      bool                // a file or folder without a key is an error
	SkipUnknown     bool                // files that are named are treated as those in a folder
	FailOn          FailOn              // what counts as found
	Accepted        *exceptions.List    // nil none
	Baseline        *Baseline           // nil none
	WriteBaseline   string              // the file for a new baseline; "" none
	Format          string              // text, json or sarif
	Explain         bool                // say what each statement does about outsiders
	Progress        func(io.Writer) Bar // shows how far it is; returns nil where there is no terminal
	Slow            func() bool         // whether the check takes long by now
}

// A Bar shows how far a check is that takes long.
type Bar interface {
	Found(files int, bytes int64) // there are that many files
	Listed()                      // there are no more
	Read(bytes int)               // so much of a file was read
	Done(findings int)            // a file is done
	Close()                       // takes it off the terminal
}

// Scope is what the options tell of the place where a template is deployed.
func (o *Options) Scope() load.Scope {
	s := load.Scope{Account: o.Account, Parameters: o.Parameters, Defaults: o.Defaults, Imports: o.Imports, References: o.References}
	if arn, ok := awsid.ParseKeyARN(o.KeyARN); ok {
		s.Partition, s.Region = arn.Partition, arn.Region
	}
	return s
}
