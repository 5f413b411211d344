// Package exit defines the exit statuses of the commands.
package exit

// The exit statuses.
const (
	OK    = 0 // nothing found, nothing failed
	Error = 1 // an input could not be read, or something failed
	Usage = 2 // the command line is wrong
	Found = 3 // something was found
)
