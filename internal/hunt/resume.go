package hunt

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"strconv"

	"github.com/kmsentry/kmsentry/history"
)

// A fileResult is what came out of one file: a line of the file for --resume.
type fileResult struct {
	File       string           `json:"file"`
	Size       int64            `json:"size"`
	Tag        string           `json:"tag"`
	Report     history.Report   `json:"report"`
	Records    []keptRecord     `json:"records,omitempty"`
	Faults     []Fault          `json:"faults,omitempty"` // beyond the report's
	partial    bool             // it was not read to its end
	bad        []Fault          // records that are none
	moreBad    int              // beyond those
	events     []*history.Event // what the records came to, those that were taken over left out
	candidates int              // records of these events, and of those left out
	found      int              // findings that were taken over
}

// A keptRecord is a record of a wanted call, before any filter.
type keptRecord struct {
	Offset int64           `json:"offset"`
	Text   json.RawMessage `json:"record"`
}

func (r *fileResult) id() string {
	return r.File + "\x00" + strconv.FormatInt(r.Size, 10) + "\x00" + r.Tag
}

// A journal is the file for --resume: a line for each file that was read to
// its end. A run that was killed loses the files it was at.
type journal struct {
	f    *os.File
	done map[string]bool
}

// resumeHead is the first line of every journal.
const resumeHead = `{"kmsentry_hunt":1}`

// openJournal opens or makes the file and passes on what an earlier run found.
func openJournal(name string, earlier func(fileResult) error) (*journal, error) {
	f, err := os.OpenFile(name, os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, reason(err)
	}
	j := &journal{f: f, done: map[string]bool{}}
	end, err := j.read(earlier)
	if err == nil && end == 0 {
		_, err = f.WriteAt([]byte(resumeHead+"\n"), 0)
		end = int64(len(resumeHead)) + 1
	}
	if err == nil {
		err = f.Truncate(end) // a line that was not finished
	}
	if err == nil {
		_, err = f.Seek(end, io.SeekStart)
	}
	if err != nil {
		return nil, errors.Join(err, f.Close())
	}
	return j, nil
}

// read reads the lines and returns where the last whole one ends.
func (j *journal) read(earlier func(fileResult) error) (end int64, err error) {
	lines := bufio.NewReaderSize(j.f, 1<<20)
	for number := 1; ; number++ {
		line, err := lines.ReadBytes('\n')
		if err == io.EOF {
			if number == 1 && len(line) > 0 {
				return 0, errors.New("expected a file that --resume wrote, found another")
			}
			return end, nil
		}
		if err != nil {
			return end, err
		}
		if number == 1 {
			if string(bytes.TrimSpace(line)) != resumeHead {
				return 0, errors.New("expected a file that --resume wrote, found another")
			}
		} else {
			var r fileResult
			if err := json.Unmarshal(line, &r); err != nil {
				return 0, fmt.Errorf("line %d: %w", number, err)
			}
			j.done[r.id()] = true
			if err := earlier(r); err != nil {
				return 0, fmt.Errorf("line %d: %w", number, err)
			}
		}
		end += int64(len(line))
	}
}

// add writes down a file that was read to its end.
func (j *journal) add(r *fileResult) error {
	line, err := json.Marshal(r)
	if err != nil {
		return err
	}
	_, err = j.f.Write(append(line, '\n'))
	return err
}

// has reports whether an earlier run has read an item as it is now.
func (j *journal) has(i Item) bool {
	return j != nil && j.done[(&fileResult{File: i.Name, Size: i.Size, Tag: i.Tag}).id()]
}
