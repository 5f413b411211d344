// Command lambda is the detector's Lambda function; see package detect. The Makefile
// builds it as bootstrap.
package main

import "github.com/kmsentry/kmsentry/lambda/detect"

func main() { detect.Main() }
