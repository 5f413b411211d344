package hunt

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"

	"github.com/kmsentry/kmsentry/internal/walk"
)

// An Item is a file or object to read.
type Item struct {
	Name string // path or key
	Size int64  // bytes; -1 unknown
	Tag  string // changes when the content does: an ETag, a time of change
	// Open opens it; each call begins anew.
	Open func(context.Context) (io.ReadCloser, error)
	// Changed says, after it was read, that it is not what was opened; nil when
	// it cannot change.
	Changed func() error
}

// A Source lists what is to be read.
type Source interface {
	// List hands each item to add, in an order that is the same each time,
	// and goes on when one place cannot be listed. It stops when add fails.
	List(ctx context.Context, add func(Item) error) error
}

// A StopError ends the hunt: everything that is left would fail with it too.
type StopError struct{ Err error }

func (e *StopError) Error() string { return e.Err.Error() }

// Unwrap returns the fault itself.
func (e *StopError) Unwrap() error { return e.Err }

// A Skipper is a Source that leaves out what its path says is not a log file, such
// as digests, and reports how many folders of each kind.
type Skipper interface{ Skipped() map[string]int }

// Stdin is standard input.
type Stdin struct{ R io.Reader }

// List passes on standard input.
func (s Stdin) List(_ context.Context, add func(Item) error) error {
	return add(Item{Name: "-", Size: -1, Open: func(ctx context.Context) (io.ReadCloser, error) {
		return io.NopCloser(&patient{ctx: ctx, r: s.R, buf: make([]byte, 64<<10), got: make(chan chunk, 1)}), nil
	}})
}

// A patient reader waits for its source no longer than its context lasts:
// closing standard input does not end a read of it. A source without a byte is an
// error: it is what a command that failed leaves in a pipe.
type patient struct {
	ctx  context.Context
	r    io.Reader
	buf  []byte     // the read under way fills it
	got  chan chunk // what the read under way has brought
	left chunk
	some bool // a byte was read
}

// A chunk is what one read has brought.
type chunk struct {
	text []byte
	err  error
}

func (p *patient) Read(b []byte) (int, error) {
	if len(p.left.text) == 0 && p.left.err == nil {
		go func() {
			n, err := p.r.Read(p.buf)
			p.got <- chunk{p.buf[:n], err}
		}()
		select {
		case p.left = <-p.got:
		case <-p.ctx.Done():
			return 0, p.ctx.Err()
		}
	}
	p.some = p.some || len(p.left.text) > 0
	if p.left.err == io.EOF && !p.some {
		return 0, errors.New("expected CloudTrail records, found no input")
	}
	n := copy(b, p.left.text)
	if p.left.text = p.left.text[n:]; len(p.left.text) > 0 {
		return n, nil
	}
	return n, p.left.err
}

// Local is a file or a folder with everything below it.
type Local struct{ Path string }

// List walks the folder in the order of names. Path may be a symbolic link to it;
// links to other folders are not followed, and are faults.
func (l Local) List(ctx context.Context, add func(Item) error) error {
	info, err := os.Stat(l.Path)
	if err != nil {
		return &PathError{l.Path, reason(err)}
	}
	if !info.IsDir() {
		return add(localItem(l.Path, info))
	}
	var faults []error
	files := 0
	err = walk.Dir(l.Path, func(name string, d fs.DirEntry, err error) error {
		if ctx.Err() != nil {
			return ctx.Err()
		}
		if err != nil {
			faults = append(faults, &PathError{name, reason(err)})
			return nil
		}
		if d.IsDir() {
			return nil
		}
		info, err := os.Stat(name) // of what a link leads to
		switch {
		case err != nil:
			faults = append(faults, &PathError{name, reason(err)})
		case info.Mode().IsRegular():
			files++
			return add(localItem(name, info))
		case info.IsDir():
			faults = append(faults, &PathError{name, errors.New("a link to a folder, which is not followed: name it to have it read")})
		default:
			faults = append(faults, &PathError{name, errors.New("not a file")})
		}
		return nil
	})
	if files == 0 && err == nil && len(faults) == 0 {
		faults = append(faults, &PathError{l.Path, errors.New("expected files, found an empty folder")})
	}
	return errors.Join(append(faults, err)...)
}

func localItem(name string, info fs.FileInfo) Item {
	size := info.Size()
	if !info.Mode().IsRegular() {
		size = -1
	}
	return Item{
		Name: name, Size: size, Tag: fmt.Sprint(info.ModTime().UnixNano()),
		Open: func(context.Context) (io.ReadCloser, error) {
			f, err := os.Open(name)
			if err != nil {
				return nil, reason(err)
			}
			return f, nil
		},
		Changed: func() error {
			now, err := os.Stat(name)
			if err != nil {
				return fmt.Errorf("changed while it was read: %w", reason(err))
			}
			if info.Mode().IsRegular() && (now.Size() != info.Size() || !now.ModTime().Equal(info.ModTime())) {
				return fmt.Errorf("changed while it was read: %d bytes before, %d after", info.Size(), now.Size())
			}
			return nil
		},
	}
}

// A PathError is about one path: a file, a folder, or a key.
type PathError struct {
	Path string
	Err  error
}

func (e *PathError) Error() string { return e.Path + ": " + e.Err.Error() }
func (e *PathError) Unwrap() error { return e.Err }

// reason leaves out the file's name, which is before the error anyway.
func reason(err error) error {
	var path *fs.PathError
	if errors.As(err, &path) {
		return path.Err
	}
	return err
}
