// Command cmd writes an archive of package trailgen, and what it holds to
// standard output as JSON.
package main

import (
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"time"

	"github.com/kmsentry/kmsentry/internal/trailgen"
)

func main() {
	var o trailgen.Options
	out := flag.String("out", "", "`folder` to write to")
	start := flag.String("start", "2026-06-01", "first `day`")
	flag.Uint64Var(&o.Seed, "seed", 1, "`seed`: the same one gives the same bytes")
	flag.Int64Var(&o.Bytes, "bytes", 500e6, "`bytes` of JSON before compression")
	flag.IntVar(&o.Files, "files", 300, "`files`")
	flag.IntVar(&o.Keys, "keys", 20, "`keys` that are opened")
	flag.IntVar(&o.Days, "days", 30, "`days`")
	flag.BoolVar(&o.Uses, "uses", true, "outsiders use the keys")
	flag.Parse()
	err := error(nil)
	if o.Start, err = time.Parse(time.DateOnly, *start); err == nil && *out == "" {
		err = fmt.Errorf("-out: want a folder")
	}
	if err == nil {
		err = write(*out, o)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "trailgen:", err)
		os.Exit(1)
	}
}

func write(out string, o trailgen.Options) error {
	truth, err := trailgen.Write(out, o)
	if err != nil {
		return err
	}
	e := json.NewEncoder(os.Stdout)
	e.SetIndent("", "  ")
	return e.Encode(truth)
}
