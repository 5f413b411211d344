package main

import (
	"bytes"
	"encoding/xml"
	"flag"
	"io"
	"os"
	"regexp"
	"strings"
	"testing"
)

var update = flag.Bool("update", false, "write docs/alert.svg")

const (
	pictureFile  = "../../docs/alert.svg"
	pictureEvent = "put-key-policy-public" // Splunk's
)

// TestPictureIsCurrent checks that the picture in the README shows what the
// alert looks like now.
func TestPictureIsCurrent(t *testing.T) {
	var got bytes.Buffer
	samples, err := load("../../events")
	if err != nil {
		t.Fatal(err)
	}
	if err := draw(&got, samples, pictureEvent); err != nil {
		t.Fatal(err)
	}
	if *update {
		if err := os.WriteFile(pictureFile, got.Bytes(), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(pictureFile)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(got.Bytes(), want) {
		t.Errorf("%s is not what %s gives: go test ./internal/preview -run Picture -update, and look at it", pictureFile, pictureEvent)
	}
}

// TestPictureOfEveryEvent checks that, whatever an event contains, the picture
// is XML of text and shapes and no line overflows its panel.
func TestPictureOfEveryEvent(t *testing.T) {
	samples, err := load("../../events")
	if err != nil {
		t.Fatal(err)
	}
	drawn := 0
	for _, s := range samples {
		var b bytes.Buffer
		if err := draw(&b, samples, s.Name); (err != nil) != (s.Quiet != "") {
			t.Errorf("%s: draw = %v, quiet %q", s.Name, err, s.Quiet)
		}
		if s.Quiet != "" {
			continue
		}
		drawn++
		checkPicture(t, s.Name, b.Bytes())
	}
	if drawn == 0 {
		t.Error("no event was drawn")
	}
}

func checkPicture(t *testing.T, name string, picture []byte) {
	t.Helper()
	inChat := regexp.MustCompile(`x="6[0-9][0-9]"`)
	for line := range strings.Lines(string(picture)) {
		if text := regexp.MustCompile(`<[^>]*>`).ReplaceAllString(line, ""); inChat.MatchString(line) && len([]rune(unescape(text))) > chatColumns+10 { // entities of XML count as several
			t.Errorf("%s: a line of %d in the chat panel: %s", name, len(text), line)
		}
	}
	d := xml.NewDecoder(bytes.NewReader(picture))
	for {
		token, err := d.Token()
		if err == io.EOF {
			return
		}
		if err != nil {
			t.Errorf("%s: %v", name, err)
			return
		}
		if e, ok := token.(xml.StartElement); ok && !strings.Contains(" svg style rect text line tspan ", " "+e.Name.Local+" ") {
			t.Errorf("%s: an element <%s>: an event got markup through", name, e.Name.Local)
		}
	}
}

func TestWrapped(t *testing.T) {
	long := strings.Repeat("x", chatColumns+2)
	for text, want := range map[string]string{
		"":                     "\n",
		"a `b c` d":            "a <b>< c> d\n",
		"&lt;b&gt;":            "<b>\n",
		long:                   long[:chatColumns] + "\nxx\n",
		"a " + long:            "a\n" + long[:chatColumns] + "\nxx\n",
		"`" + long[2:] + "` z": "<" + long[2:] + ">\nz\n",
	} {
		var got strings.Builder
		for _, spans := range wrapped(text) {
			for _, s := range spans {
				if s.code {
					s.text = "<" + s.text + ">"
				}
				got.WriteString(s.text)
			}
			got.WriteString("\n")
		}
		if got.String() != want {
			t.Errorf("wrapped(%q) = %q, want %q", text, got.String(), want)
		}
	}
}
