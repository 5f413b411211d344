// Command preview writes one HTML page that shows what every sample event looks
// like in every channel: the mail, Slack, Teams, the SMS and the SIEM's JSON.
//
//	go run ./internal/preview -o docs/preview.html
//
// It reads events from a folder (-events, default events) and nothing else; the
// page is static and loads nothing.
package main

import (
	"bytes"
	"flag"
	"fmt"
	"io"
	"os"
)

func main() { os.Exit(run(os.Args[1:], os.Stdout, os.Stderr)) }

// run writes the page. It returns 0 when it is written, 1 when an event or the
// page could not be read or written, 2 for a wrong flag.
func run(args []string, stdout, stderr io.Writer) int {
	flags := flag.NewFlagSet("preview", flag.ContinueOnError)
	flags.SetOutput(stderr)
	out := flags.String("o", "docs/preview.html", "write the page to this `file`; - is standard output")
	events := flags.String("events", "events", "read sample events from this `folder`")
	if err := flags.Parse(args); err != nil {
		return 2
	}
	if flags.NArg() > 0 {
		fmt.Fprintf(stderr, "preview: want no arguments, got %q\n", flags.Arg(0))
		return 2
	}
	samples, err := load(*events)
	if err != nil {
		fmt.Fprintln(stderr, "preview:", err)
		return 1
	}
	var page bytes.Buffer
	if err := write(&page, samples); err != nil {
		fmt.Fprintln(stderr, "preview:", err)
		return 1
	}
	if *out == "-" {
		_, err = stdout.Write(page.Bytes())
	} else {
		err = os.WriteFile(*out, page.Bytes(), 0o644)
	}
	if err != nil {
		fmt.Fprintln(stderr, "preview:", err)
		return 1
	}
	if *out != "-" {
		fmt.Fprintf(stdout, "wrote %s: %d events, %d bytes\n", *out, len(samples), page.Len())
	}
	return 0
}
