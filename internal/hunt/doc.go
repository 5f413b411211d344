// Package hunt is kmsentry hunt: archives of CloudTrail records in, the keys
// that were ever open out, with who opened them, from when to when, and who
// used them meanwhile.
package hunt
