package main

import (
	"fmt"

	"github.com/kmsentry/kmsentry/alert"
	"github.com/kmsentry/kmsentry/detector/policy"
)

// readRCPs reads the resource control policies of --rcp. A wrong one stops
// everything: without it each verdict would be another.
func (o *checkOptions) readRCPs() error {
	for _, file := range o.rcpFiles {
		text, err := readInput(file, nil)
		if err != nil {
			return fmt.Errorf("--rcp %s: %w", alert.Sanitize(file, 200), err)
		}
		rcp, err := policy.ParseRCP(text)
		if err != nil {
			return fmt.Errorf("--rcp %s: %w", alert.Sanitize(file, 200), err)
		}
		o.rcps = append(o.rcps, rcp)
	}
	return nil
}
