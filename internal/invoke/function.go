package invoke

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"github.com/kmsentry/kmsentry/internal/runtimeapi"
)

// functionOf returns the function with the binary at path. If path is "", that is the
// binary next to this command, where make puts it, or, if there is none, this command with
// args.
func functionOf(path string, args []string) (*runtimeapi.Function, error) {
	if path != "" {
		return &runtimeapi.Function{Bootstrap: path}, checkBootstrap(path)
	}
	self, err := os.Executable()
	if err == nil {
		self, err = filepath.EvalSymlinks(self)
	}
	if err != nil {
		return nil, fmt.Errorf("expected the path of this command: %w; give --bootstrap", err)
	}
	if near := filepath.Join(filepath.Dir(self), "bootstrap"); checkBootstrap(near) == nil {
		return &runtimeapi.Function{Bootstrap: near}, nil
	}
	return &runtimeapi.Function{Bootstrap: self, Args: args}, nil
}

// checkBootstrap returns an error unless path is an executable file.
func checkBootstrap(path string) error {
	info, err := os.Stat(path)
	switch {
	case errors.Is(err, os.ErrNotExist) && path == "bin/bootstrap":
		return errors.New("bin/bootstrap does not exist: build it with make bin/bootstrap, in the folder of the Makefile")
	case errors.Is(err, os.ErrNotExist):
		return fmt.Errorf("--bootstrap %q does not exist", path)
	case err != nil:
		return err
	case info.IsDir() || info.Mode()&0o111 == 0:
		return fmt.Errorf("--bootstrap %q is not a program", path)
	}
	return nil
}
