// Package alerttest holds what the tests of alert and its channels share:
// findings, sweeps and storms, hostile text, and the laws that each channel
// keeps, written apart from the code that keeps them.
package alerttest
