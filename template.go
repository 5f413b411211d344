// Package kmsentry carries the template of kmsentry's stack, for the command that
// compares what is deployed with it. Its tests hold the rules of the repository.
package kmsentry

import _ "embed"

// Template is template.yaml: SAM, as text.
//
//go:embed template.yaml
var Template string
