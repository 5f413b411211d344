// Package sweep reads the keys of an account in one Region and decides of each
// who gets in: by its key policy, and by grants. It changes nothing.
package sweep
