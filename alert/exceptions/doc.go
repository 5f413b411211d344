// Package exceptions reads the file of accepted findings and says whether one of
// its entries holds a finding back. The Lambda functions and kmsentry check, hunt
// and sweep read the same file; docs/exceptions.md describes it for users.
//
// A Subject is what an entry is matched against: Of returns that of a finding,
// Judged that of a decision. Load reads the file, List.Match looks for an entry that
// matches, and Form writes the entry that would accept a subject.
package exceptions
