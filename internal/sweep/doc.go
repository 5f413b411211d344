// Package sweep reads the KMS keys of accounts and Regions and decides for each
// who can use it, by its key policy and by grants. It changes nothing.
package sweep
