package main

import (
	"fmt"

	"github.com/kmsentry/kmsentry/alert"
	"github.com/kmsentry/kmsentry/detector/policy"
)

// readRCPs reads the resource control policies of --rcp.
func (o *checkOptions) readRCPs() (err error) {
	o.rcps, err = readRCPs(o.rcpFiles)
	return err
}

// readRCPs reads resource control policies. A wrong one stops everything:
// without it each verdict would be another.
func readRCPs(files []string) (rcps []*policy.Policy, err error) {
	for _, file := range files {
		text, err := readInput(file, nil)
		if err != nil {
			return nil, fmt.Errorf("--rcp %s: %w", alert.Sanitize(file, 200), err)
		}
		rcp, err := policy.ParseRCP(text)
		if err != nil {
			return nil, fmt.Errorf("--rcp %s: %w", alert.Sanitize(file, 200), err)
		}
		rcps = append(rcps, rcp)
	}
	return rcps, nil
}
