// Command pack writes reproducible zip files for Lambda: the files are sorted by
// name, without times, owners or anything else that depends on the machine.
//
//	pack -o DIR NAME=FOLDER...
//
// It writes the files of each folder and its subfolders to DIR/NAME.zip, and
// prints a hash of all of them as 12 hex digits.
package main

import (
	"archive/zip"
	"bytes"
	"crypto/sha256"
	"errors"
	"flag"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"
)

func main() { os.Exit(run(os.Args[1:], os.Stdout, os.Stderr)) }

func run(args []string, stdout, stderr io.Writer) int {
	flags := flag.NewFlagSet("pack", flag.ContinueOnError)
	flags.SetOutput(stderr)
	dir := flags.String("o", "", "the folder to write to")
	if err := flags.Parse(args); err != nil {
		return 2
	}
	if *dir == "" || flags.NArg() == 0 {
		fmt.Fprintln(stderr, "pack: expected -o DIR NAME=FOLDER...")
		return 2
	}
	sum := sha256.New()
	for _, arg := range flags.Args() {
		name, folder, ok := strings.Cut(arg, "=")
		if !ok {
			fmt.Fprintf(stderr, "pack: expected NAME=FOLDER, found %q\n", arg)
			return 2
		}
		archive, err := pack(folder)
		if err == nil {
			err = errors.Join(os.MkdirAll(*dir, 0o755), os.WriteFile(filepath.Join(*dir, name+".zip"), archive, 0o644))
		}
		if err != nil {
			fmt.Fprintln(stderr, "pack:", err)
			return 1
		}
		fmt.Fprintf(sum, "%s %x\n", name, sha256.Sum256(archive))
	}
	fmt.Fprintf(stdout, "%.6x\n", sum.Sum(nil))
	return 0
}

// pack returns a zip of the files in the folder, sorted by path. A folder
// without files, or with anything other than files and folders, is an error.
func pack(folder string) ([]byte, error) {
	var archive bytes.Buffer
	w := zip.NewWriter(&archive)
	files := 0
	err := fs.WalkDir(os.DirFS(folder), ".", func(name string, d fs.DirEntry, err error) error { // by path
		if err != nil || d.IsDir() {
			return err
		}
		files++
		return add(w, folder, name, d)
	})
	if err == nil && files == 0 {
		err = fmt.Errorf("%s is empty", folder)
	}
	if err != nil {
		return nil, err
	}
	if err := w.Close(); err != nil {
		return nil, err
	}
	return archive.Bytes(), nil
}

// add writes the named file of the folder to the zip.
func add(w *zip.Writer, folder, name string, d fs.DirEntry) error {
	info, err := d.Info()
	if err != nil {
		return err
	}
	if !info.Mode().IsRegular() {
		return fmt.Errorf("%s: expected files and folders, found %s", folder, name)
	}
	text, err := os.ReadFile(filepath.Join(folder, name))
	if err != nil {
		return err
	}
	// 1980 is the earliest year that zip can express.
	header := &zip.FileHeader{Name: name, Method: zip.Deflate, Modified: time.Date(1980, 1, 1, 0, 0, 0, 0, time.UTC)}
	// Only the execute permission is kept: Lambda needs it for bootstrap.
	run := info.Mode() & 0o100
	header.SetMode(0o644 | run | run>>3 | run>>6)
	file, err := w.CreateHeader(header)
	if err != nil {
		return err
	}
	_, err = file.Write(text)
	return err
}
