// Package walk walks through the folders that people name.
package walk

import (
	"io/fs"
	"path/filepath"
)

// Dir calls visit for the folder at path and for everything below it, as
// [filepath.WalkDir] does, but follows path itself if it is a symbolic link. It does
// not follow other links: for these, visit gets the link.
//
// The names that visit gets begin with path, cleaned.
func Dir(path string, visit fs.WalkDirFunc) error {
	// The dot makes the system follow the link.
	root := filepath.Clean(path) + string(filepath.Separator) + "."
	return filepath.WalkDir(root, func(name string, d fs.DirEntry, err error) error {
		return visit(filepath.Clean(name), d, err)
	})
}
