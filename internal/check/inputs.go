package check

import (
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/kmsentry/kmsentry/alert/safe"
	"github.com/kmsentry/kmsentry/detector/policy"
	"github.com/kmsentry/kmsentry/internal/load"
	"github.com/kmsentry/kmsentry/internal/show"
)

// ReadInput reads a file, or stdin for "-" unless stdin is nil. It reads at most one
// byte more than load.MaxSize. The errors do not name the file.
func ReadInput(file string, stdin io.Reader) ([]byte, error) {
	if file == "-" && stdin != nil {
		return readAll(stdin)
	}
	f, err := os.Open(file)
	if err != nil {
		return nil, show.Reason(err)
	}
	defer f.Close()
	if info, err := f.Stat(); err == nil && info.IsDir() {
		return nil, errors.New("expected a file, found a directory")
	}
	return readAll(f)
}

// readAll reads at most one byte more than load.MaxSize.
func readAll(r io.Reader) ([]byte, error) {
	data, err := io.ReadAll(io.LimitReader(r, load.MaxSize+1))
	if err != nil {
		return nil, show.Reason(err)
	}
	return data, nil
}

// ReadRCPs reads the resource control policies in the files of --rcp. An invalid file is
// an error that names it, since leaving the policy out would change the verdicts.
func ReadRCPs(files []string) (rcps []*policy.Policy, err error) {
	for _, file := range files {
		text, err := ReadInput(file, nil)
		if err != nil {
			return nil, fmt.Errorf("--rcp %s: %w", safe.Sanitize(file, 200), err)
		}
		rcp, err := policy.ParseRCP(text)
		if err != nil {
			return nil, fmt.Errorf("--rcp %s: %w", safe.Sanitize(file, 200), err)
		}
		rcps = append(rcps, rcp)
	}
	return rcps, nil
}
