package history

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"

	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zstd"
)

// maxLayers is how often compressed text may be compressed again: Firehose
// compresses once more what CloudWatch Logs has compressed.
const maxLayers = 3

// maxWindow is the largest zstd window that is read, which bounds memory.
// RFC 8878, 3.1.1.1.2 recommends at least 8 MiB; the levels 1 to 19 need no more.
const maxWindow = 8 << 20

// A layered reader gives the text within bytes of any compression and encoding,
// recognized by their first bytes and never by a name.
type layered struct {
	counter byteCounter
	text    io.Reader
	spare   *spares
	gzips   int  // members readers in use
	sealed  bool // some layer has a checksum over its text
	close   []func()
}

// spares are buffers and inflaters that one file after the other uses.
type spares struct {
	buffers [maxLayers + 1]*bufio.Reader
	gzips   [maxLayers + 1]*gzip.Reader
}

// buffer returns the buffer of a layer, which reads from r.
func (s *spares) buffer(layer int, r io.Reader) *bufio.Reader {
	if s.buffers[layer] == nil {
		ahead := 64 << 10
		if layer > 0 {
			ahead = 8 << 10 // text is mostly read past this buffer, in chunks
		}
		s.buffers[layer] = bufio.NewReaderSize(nil, ahead)
	}
	s.buffers[layer].Reset(r)
	return s.buffers[layer]
}

// A byteCounter counts what was read of a file.
type byteCounter struct {
	r io.Reader
	n int64
}

func (c *byteCounter) Read(p []byte) (int, error) {
	n, err := c.r.Read(p)
	c.n += int64(n)
	return n, err
}

// A formatError is a file that is recognized and not read.
type formatError string

func (e formatError) Error() string { return string(e) }

// unread are the formats that are recognized by their first bytes and not read.
func unread() []struct{ magic, fault string } {
	return []struct{ magic, fault string }{
		{"PAR1", "Parquet: export it as JSON, for example: duckdb -c \"COPY (SELECT * FROM 'FILE') TO 'FILE.json'\""},
		{"Obj\x01", "Avro is not read: export it as JSON lines"},
		{"BZh", "bzip2 is not read: bunzip2 it first"},
		{"\xfd7zXZ\x00", "xz is not read: unxz it first"},
		{"PK\x03\x04", "zip is not read: unzip it first"},
	}
}

// openLayers opens r, which it does not close.
func openLayers(r io.Reader, spare *spares) (*layered, error) {
	l := &layered{counter: byteCounter{r: r}, spare: spare}
	l.text = &l.counter
	for layer := range maxLayers + 1 {
		b := spare.buffer(layer, l.text)
		l.text = b
		head, err := b.Peek(8)
		if len(head) == 0 && err != nil && err != io.EOF {
			return l, err
		}
		more, err := l.unwrap(b, head)
		if err != nil || !more {
			return l, err
		}
	}
	return l, formatError(fmt.Sprintf("compressed more than %d times", maxLayers))
}

// unwrap takes off one layer. more is false when what is left is text.
func (l *layered) unwrap(b *bufio.Reader, head []byte) (more bool, err error) {
	for _, u := range unread() {
		if bytes.HasPrefix(head, []byte(u.magic)) {
			return false, formatError(u.fault)
		}
	}
	switch {
	case isGzip(head):
		l.text = &members{source: b, position: l.position(b), z: &l.spare.gzips[l.gzips]}
		l.gzips++
		l.sealed = true
		return true, nil
	case bytes.HasPrefix(head, []byte("\x28\xb5\x2f\xfd")):
		z, err := zstd.NewReader(b, zstd.WithDecoderConcurrency(1), zstd.WithDecoderLowmem(true), zstd.WithDecoderMaxWindow(maxWindow))
		if err != nil {
			return false, err
		}
		l.close = append(l.close, z.Close)
		l.text = &zstdReader{z}
		l.sealed = true // nearly always: the command line tool and most libraries write one
		return true, nil
	case bytes.HasPrefix(head, []byte("\xff\xfe")), bytes.HasPrefix(head, []byte("\xfe\xff")):
		l.text = &utf16Reader{source: b, big: head[0] == 0xfe}
		return false, nil
	case bytes.HasPrefix(head, []byte("\xef\xbb\xbf")):
		_, err := b.Discard(3)
		return false, err
	}
	return false, nil
}

// position says how far the file was read when b, which reads ahead of its
// reader, has come to where it is. It is exact in the outermost layer.
func (l *layered) position(b *bufio.Reader) func() int64 {
	return func() int64 { return l.counter.n - int64(b.Buffered()) }
}

// Close frees what the layers hold.
func (l *layered) Close() {
	for _, f := range l.close {
		f()
	}
}

func isGzip(head []byte) bool { return bytes.HasPrefix(head, []byte("\x1f\x8b")) }

// zstdReader says that an error is zstd's.
type zstdReader struct{ z *zstd.Decoder }

func (r *zstdReader) Read(p []byte) (int, error) {
	n, err := r.z.Read(p)
	switch {
	case err == nil || err == io.EOF:
		return n, err
	case errors.Is(err, zstd.ErrWindowSizeExceeded):
		return n, errors.New("zstd: needs a window of more than 8 MiB: compress it with level 19 or lower")
	default:
		return n, fmt.Errorf("zstd: %w", err)
	}
}

// members reads gzip members one after the other. Zeros after the last are
// padding; anything else is junk, and an error after all bytes are out.
type members struct {
	source   *bufio.Reader
	position func() int64
	z        **gzip.Reader // nil before it was used for the first time
	begun    bool
	open     bool
	damaged  error // a member whose checksum is wrong; those after it are read all the same
	err      error
}

func (m *members) Read(p []byte) (int, error) {
	for m.err == nil {
		if !m.open {
			m.err = m.next()
			continue
		}
		n, err := (*m.z).Read(p)
		switch {
		case err == io.EOF:
			m.open = false
		case errors.Is(err, gzip.ErrChecksum):
			m.open, m.damaged = false, m.fault(err)
		case err != nil:
			m.err = m.fault(err)
		}
		if n > 0 {
			return n, nil // the error comes after the bytes
		}
	}
	if m.err == io.EOF && m.damaged != nil {
		return 0, m.damaged
	}
	return 0, m.err
}

func (m *members) fault(err error) error {
	return fmt.Errorf("%w (byte %d of the file)", err, m.position())
}

// next opens the next member; io.EOF when there is none.
func (m *members) next() error {
	if m.begun {
		if err := m.padding(); err != nil {
			return err
		}
	}
	m.begun = true
	if *m.z == nil {
		*m.z = new(gzip.Reader)
	}
	err := (*m.z).Reset(m.source)
	if err == io.EOF {
		err = io.ErrUnexpectedEOF // next was told that there is a member
	}
	if err != nil {
		return m.fault(err)
	}
	(*m.z).Multistream(false)
	m.open = true
	return nil
}

// padding passes zeros and says whether a member follows: io.EOF when none does.
func (m *members) padding() error {
	start := m.position()
	for {
		head, err := m.source.Peek(2)
		switch {
		case len(head) == 0:
			if err == io.EOF {
				return io.EOF
			}
			return err
		case isGzip(head):
			return nil
		case head[0] != 0:
			return fmt.Errorf("gzip: junk after the last member (byte %d of the file)", start)
		}
		if _, err := m.source.Discard(1); err != nil {
			return err
		}
	}
}
