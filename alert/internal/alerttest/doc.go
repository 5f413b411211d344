// Package alerttest has what the tests of alert and its channels share: findings,
// sweeps and storms, hostile text, and checks of the invariants of each channel,
// written independently of the code under test.
package alerttest
