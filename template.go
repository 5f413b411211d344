// Package kmsentry embeds the template of kmsentry's stack, for the command that
// compares it with what is deployed. Its tests check the rules of the repository.
package kmsentry

import _ "embed"

// Template is template.yaml: SAM, as text.
//
//go:embed template.yaml
var Template string
