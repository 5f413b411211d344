package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
)

// maxEvent is the largest event that EventBridge and an asynchronous
// invocation of Lambda take: 1 MB.
// Source: AWS Compute Blog, January 2026, "serverless services now support payloads up to 1 MB".
const maxEvent = 1 << 20

// An event is one input of kmsentry invoke: its bytes, or why there are none.
type event struct {
	source string
	body   []byte
	err    error
}

// readEvents reads every input, folders expanded, in order.
func readEvents(inputs []string, stdin io.Reader) []event {
	var events []event
	for _, input := range inputs {
		if info, err := os.Stat(input); err == nil && info.IsDir() {
			events = append(events, readFolder(input)...)
			continue
		}
		events = append(events, readEvent(input, stdin))
	}
	return events
}

func readFolder(folder string) []event {
	names, err := filepath.Glob(filepath.Join(globEscape(folder), "*.json"))
	if err != nil {
		return []event{{source: folder, err: err}}
	}
	if len(names) == 0 {
		return []event{{source: folder, err: errors.New("the folder has no *.json file")}}
	}
	events := make([]event, 0, len(names))
	for _, name := range names {
		events = append(events, readEvent(name, nil))
	}
	return events
}

// globEscape takes the meaning from the characters that Glob knows.
func globEscape(path string) string {
	var b bytes.Buffer
	for _, r := range path {
		if r == '*' || r == '?' || r == '[' || r == '\\' {
			b.WriteByte('\\')
		}
		b.WriteRune(r)
	}
	return b.String()
}

func readEvent(source string, stdin io.Reader) event {
	e := event{source: source}
	if source == "-" {
		e.source = "standard input"
		e.body, e.err = readAtMost(stdin)
	} else {
		e.body, e.err = readFile(source)
	}
	if e.err == nil {
		e.err = oneValue(e.body)
	}
	return e
}

func readFile(path string) ([]byte, error) {
	f, err := os.Open(path)
	if err != nil {
		var fault *fs.PathError
		if errors.As(err, &fault) {
			return nil, fault.Err // the path is printed anyway
		}
		return nil, err
	}
	defer f.Close()
	return readAtMost(f)
}

func readAtMost(r io.Reader) ([]byte, error) {
	body, err := io.ReadAll(io.LimitReader(r, maxEvent+1))
	if err != nil {
		return nil, err
	}
	if len(body) > maxEvent {
		return nil, fmt.Errorf("want at most %d bytes, what EventBridge and Lambda carry, got more", maxEvent)
	}
	return body, nil
}

// oneValue refuses what Lambda refuses before the function sees it: anything
// but exactly one JSON value.
func oneValue(body []byte) error {
	if len(bytes.TrimSpace(body)) == 0 {
		return errors.New("want one JSON object, got an empty file")
	}
	d := json.NewDecoder(bytes.NewReader(body))
	var first json.RawMessage
	if err := d.Decode(&first); err != nil {
		if errors.Is(err, io.ErrUnexpectedEOF) {
			return errors.New("want one JSON object, got one that breaks off")
		}
		return fmt.Errorf("want one JSON object: %w", err)
	}
	if rest := bytes.TrimSpace(body[d.InputOffset():]); len(rest) > 0 {
		return fmt.Errorf("want one JSON object, got more behind byte %d", d.InputOffset())
	}
	return nil
}
