// Package exceptions reads the file of accepted findings and says whether one
// of them holds a finding back. The function, kmsentry check, hunt and sweep
// read the same file; docs/exceptions.md describes it for people.
//
// A Subject is what is asked about: Of makes one of a finding, Judged one of a
// decision. Load reads the file, List.Match asks it, Form writes the entry that
// would accept a subject.
package exceptions
