// Command preview writes one HTML page that shows what every sample event looks
// like in every channel: the mail, Slack, Teams, the SMS and the SIEM's JSON.
//
//	go run ./internal/preview -o docs/preview.html
//
// or, for the README, a picture of one alert:
//
//	go run ./internal/preview -picture put-key-policy-public -o docs/alert.svg
//
// It reads only the events in a folder (-events, default events). The page is
// static and loads nothing.
package main

import (
	"bytes"
	"flag"
	"fmt"
	"io"
	"os"
)

func main() { os.Exit(run(os.Args[1:], os.Stdout, os.Stderr)) }

// run writes the page or the picture. It returns 0 on success, 1 if the events
// could not be read or the output not be written, and 2 for a wrong flag.
func run(args []string, stdout, stderr io.Writer) int {
	flags := flag.NewFlagSet("preview", flag.ContinueOnError)
	flags.SetOutput(stderr)
	out := flags.String("o", "docs/preview.html", "write the page to this `file`; - is standard output")
	events := flags.String("events", "events", "read sample events from this `folder`")
	alone := flags.String("picture", "", "write the SVG of the alert for the event of this `name` instead of the page")
	if err := flags.Parse(args); err != nil {
		return 2
	}
	if flags.NArg() > 0 {
		fmt.Fprintf(stderr, "preview: expected no arguments, found %q\n", flags.Arg(0))
		return 2
	}
	samples, err := load(*events)
	if err != nil {
		fmt.Fprintln(stderr, "preview:", err)
		return 1
	}
	var page bytes.Buffer
	if err := draw(&page, samples, *alone); err != nil {
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

// draw writes the page of all samples or, if alone is not "", the picture of the
// sample with that name.
func draw(w io.Writer, samples []sample, alone string) error {
	if alone == "" {
		return write(w, samples)
	}
	for _, s := range samples {
		if s.Name == alone && s.Quiet == "" {
			return picture(w, s)
		}
	}
	return fmt.Errorf("-picture: no event named %q raises an alert", alone)
}
