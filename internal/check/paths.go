package check

import (
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"

	"github.com/kmsentry/kmsentry/detector/policy"
	"github.com/kmsentry/kmsentry/detector/policy/decide"
	"github.com/kmsentry/kmsentry/internal/load"
	"github.com/kmsentry/kmsentry/internal/show"
	"github.com/kmsentry/kmsentry/internal/walk"
)

// An inputFile is one file to check. walked means that it was found in a folder, so that
// it may be a file without keys.
type inputFile struct {
	name   string
	walked bool
	size   int    // in bytes; 0 when unknown
	err    error  // why a folder could not be read
	link   string // why a link in a folder is not followed; "" for a file
}

// leftOut lists folders that are skipped because they hold copies of other people's
// files.
var leftOut = []string{".git", "node_modules", ".terraform"}

// notFollowed is said of a symbolic link to a folder, within a folder: it may lead
// anywhere, and round in circles.
const notFollowed = "a link to a folder is not followed; name it to have it checked"

// expand returns the files under the paths, those of a folder in lexical order. It
// follows symbolic links to files, and a named one to a folder. all treats named files
// like those found in a folder.
func expand(paths []string, all bool) []inputFile {
	var list []inputFile
	for _, path := range paths {
		info, err := os.Stat(path)
		if path == "-" || err != nil || !info.IsDir() {
			list = append(list, inputFile{name: path, size: sizeOf(info), walked: all && err == nil})
			continue
		}
		err = walk.Dir(path, func(name string, d fs.DirEntry, err error) error {
			switch {
			case err != nil:
				list = append(list, inputFile{name: name, walked: true, err: show.Reason(err)})
				return fs.SkipDir
			case d.IsDir() && slices.Contains(leftOut, d.Name()): // the named folder's is "."
				return fs.SkipDir
			case d.IsDir():
				return nil
			}
			file := inputFile{name: name, walked: true}
			switch info, err := os.Stat(name); { // of what a link leads to
			case err != nil:
				file.link = show.Reason(err).Error()
			case info.IsDir():
				file.link = notFollowed
			case info.Mode().IsRegular():
				file.size = sizeOf(info)
			default:
				return nil
			}
			list = append(list, file)
			return nil
		})
		if err != nil {
			list = append(list, inputFile{name: path, err: show.Reason(err)})
		}
	}
	return list
}

// sizeOf returns the size of a regular file in bytes; 0 for anything else.
func sizeOf(info fs.FileInfo) int {
	if info == nil || !info.Mode().IsRegular() {
		return 0
	}
	return int(info.Size())
}

// An outcome is the result of checking one file.
type outcome struct {
	documents  []Result
	withoutKey bool     // the file has no key, and its format is known or it does not mention KMS
	unknown    string   // why the format is not known, for a file that mentions KMS
	notes      []string // about what a file without a key includes from elsewhere
	parameters []string // of the template, if a --parameter was given
}

// judgeAll judges the files, several at a time, and calls each with their outcomes, in
// order. It returns the first error of each.
func judgeAll(files []inputFile, stdin io.Reader, o Options, each func(inputFile, outcome) error) error {
	results := make([]chan outcome, len(files))
	for i := range results {
		results[i] = make(chan outcome, 1)
	}
	slots := make(chan struct{}, 2*runtime.GOMAXPROCS(0))
	stop := make(chan struct{})
	defer close(stop)
	go func() {
		for i := range files {
			select {
			case slots <- struct{}{}:
			case <-stop:
				return
			}
			go func() {
				results[i] <- judgeFile(files[i], stdin, o)
				<-slots
			}()
		}
	}()
	for i, file := range files {
		if err := each(file, <-results[i]); err != nil {
			return err
		}
	}
	return nil
}

// judgeFile judges every key policy in a file. For a file that cannot be read it returns
// one Result with the error.
func judgeFile(file inputFile, stdin io.Reader, o Options) outcome {
	failed := func(err error) outcome {
		return outcome{documents: []Result{{File: file.name, err: err, Decision: decide.Unread()}}}
	}
	if file.err != nil {
		return failed(file.err)
	}
	if file.link != "" {
		return outcome{withoutKey: true, notes: []string{file.link}}
	}
	data, err := ReadInput(file.name, stdin)
	if err != nil {
		return failed(err)
	}
	var text []byte // to search; only a file found in a folder is searched
	if file.walked {
		text = plain(data)
	}
	silent := file.walked && !mentionsKMS(text) // a key policy can still give every action
	if silent && !givesEveryAction(text) {
		return outcome{withoutKey: true}
	}
	docs, err := load.Documents(data, o.Scope())
	var out outcome
	if o.Parameters != nil {
		out.parameters = load.Parameters(data)
	}
	switch {
	case silent && err != nil:
		out.withoutKey = true
		return out
	case errors.Is(err, load.ErrNoKey):
		out.withoutKey, out.notes = true, load.Notes(err)
		return out
	case file.walked && errors.Is(err, load.ErrUnrecognized):
		out.unknown = err.Error()
		return out
	case err != nil && file.walked && !(structured(file.name) && namesKey(text)):
		out.unknown = err.Error()
		return out
	case err != nil:
		return failed(err)
	}
	for i := range docs {
		c := judge(&docs[i], o)
		c.File = file.name
		if file.walked && c.place == "" && (slices.Contains(c.Notes, noKMSAction) || slices.Contains(c.Notes, noPrincipal)) || silent && !c.onAnyResource() {
			continue // the policy of something else
		}
		out.documents = append(out.documents, c)
	}
	out.withoutKey = !slices.ContainsFunc(out.documents, func(c Result) bool { return c.granted == nil })
	return out
}

// onAnyResource reports whether a policy has a statement with the Resource "*", as key
// policies do: the policies of other resources name the resource.
func (c *Result) onAnyResource() bool {
	return c.policy != nil && slices.ContainsFunc(c.policy.Statements, func(s policy.Statement) bool { return slices.Contains(s.Resources, "*") })
}

// structured reports whether a file's name has an extension of JSON or YAML, so that a
// file that is neither is broken rather than of another kind.
func structured(name string) bool {
	switch strings.ToLower(filepath.Ext(name)) {
	case ".json", ".yaml", ".yml", ".template":
		return true
	default:
		return false
	}
}
