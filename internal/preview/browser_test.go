package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"html"
	"image"
	"image/png"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/kmsentry/kmsentry/internal/browsertest"
)

// inPage is a script that examines the rendered page and leaves what it finds
// in an element of its own.
const inPage = `<script>
const narrow = +location.hash.slice(1); // a phone's width, which is less than a window of Chromium can have
if (narrow) document.documentElement.style.width = narrow + "px";
for (const e of document.querySelectorAll("details")) e.open = true;
const found = {overflows: [], tags: {}, hosts: {}, width: narrow || document.documentElement.clientWidth, scrolls: 0, hostile: ""};
const all = [...document.body.querySelectorAll("*")].filter(e => e.tagName !== "SCRIPT");
for (const e of all) if (e.getBoundingClientRect().right > found.width) found.overflows.push(e.tagName + "." + e.className + " ends at " + e.getBoundingClientRect().right);
for (const e of all) if (["auto", "scroll"].includes(getComputedStyle(e).overflowY)) found.scrolls++;
for (const e of [document.documentElement, document.body, ...all]) {
  if (getComputedStyle(e).display !== "inline" && e.scrollWidth > e.clientWidth)
    found.overflows.push(e.tagName + "." + e.className + " " + e.scrollWidth + ">" + e.clientWidth + ": " + e.textContent.slice(0, 60));
}
for (const e of all) found.tags[e.tagName] = (found.tags[e.tagName] || 0) + 1;
for (const a of document.querySelectorAll("a[href]")) found.hosts[a.protocol + "//" + a.hostname] = 1;
found.hostile = document.getElementById("put-key-policy-hostile").textContent;
const out = document.createElement("pre");
out.id = "found";
out.textContent = JSON.stringify(found);
document.body.append(out);
</script>`

// inPageFound is the result that the script leaves in the page.
type inPageFound struct {
	Overflows []string       `json:"overflows"`
	Tags      map[string]int `json:"tags"`
	Hosts     map[string]int `json:"hosts"`
	Width     int            `json:"width"`
	Scrolls   int            `json:"scrolls"` // boxes with a scroll bar of their own
	Hostile   string         `json:"hostile"`
}

// previewFile writes the page of all sample events, with the script if look is
// set, and returns the file's name.
func previewFile(t *testing.T, look bool) string {
	t.Helper()
	samples, err := load("../../events")
	if err != nil {
		t.Fatal(err)
	}
	var page bytes.Buffer
	if err := write(&page, samples); err != nil {
		t.Fatal(err)
	}
	text := page.String()
	if look {
		text = browsertest.WithScript(text, inPage)
	}
	file := filepath.Join(t.TempDir(), "preview.html")
	if err := os.WriteFile(file, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
	return "file://" + file
}

func TestPageInBrowser(t *testing.T) {
	browsertest.Need(t)
	page := previewFile(t, true)
	for _, width := range []int{1280, 500, 390} { // a desktop and two phones
		t.Run(fmt.Sprint(width), func(t *testing.T) {
			url := page
			if width < 500 { // the minimum width of Chromium's window
				url += fmt.Sprint("#", width)
			}
			var found inPageFound
			if err := json.Unmarshal([]byte(html.UnescapeString(browsertest.Found(t, max(width, 500), url))), &found); err != nil {
				t.Fatal(err)
			}
			checkFound(t, found, width)
		})
	}
}

// checkFound checks what the script found in the page.
func checkFound(t *testing.T, found inPageFound, width int) {
	t.Helper()
	if found.Width != width {
		t.Errorf("page is %d wide, want %d", found.Width, width)
	}
	if found.Scrolls > 0 {
		t.Errorf("%d boxes scroll by themselves", found.Scrolls)
	}
	for _, o := range found.Overflows {
		t.Errorf("overflows: %s", o)
	}
	allowed := " H1 H2 H3 P NAV A SPAN SECTION DIV UL LI CODE DETAILS SUMMARY "
	for tag, n := range found.Tags {
		if !strings.Contains(allowed, " "+tag+" ") {
			t.Errorf("%d elements <%s>: an event got markup through", n, tag)
		}
	}
	if found.Tags["CODE"] == 0 || found.Tags["A"] == 0 {
		t.Errorf("tags %v: the page shows no chat", found.Tags)
	}
	for host := range found.Hosts {
		if !regexp.MustCompile(`^(file://|https://([a-z0-9-]+\.console\.aws\.amazon\.com|wiki\.example\.com))$`).MatchString(host) {
			t.Errorf("a link goes to %s", host)
		}
	}
	for _, attack := range []string{"<!channel>", "</script><img src=x onerror=alert(1)>", "<!here>", "<@U012AB3CD>"} {
		if !strings.Contains(found.Hostile, attack) {
			t.Errorf("the hostile event does not show %q as text", attack)
		}
	}
}

// TestPageScreenshot checks in a screenshot that nothing is painted in the
// page's right margin.
func TestPageScreenshot(t *testing.T) {
	browsertest.Need(t)
	file := filepath.Join(t.TempDir(), "shot.png")
	browsertest.Run(t, 1280, "--screenshot="+file, previewFile(t, false))
	f, err := os.Open(file)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	shot, err := png.Decode(f)
	if err != nil {
		t.Fatal(err)
	}
	b := shot.Bounds()
	if b.Dx() != 1280 || blank(shot, image.Rect(0, 0, 1280, b.Dy())) {
		t.Fatalf("picture of %v, or nothing in it", b)
	}
	if margin := image.Rect(b.Max.X-16, 0, b.Max.X, b.Max.Y); !blank(shot, margin) {
		t.Errorf("something is painted in %v, the right margin", margin)
	}
}

// blank reports whether the whole area has one color.
func blank(shot image.Image, area image.Rectangle) bool {
	first := shot.At(area.Min.X, area.Min.Y)
	for y := area.Min.Y; y < area.Max.Y; y++ {
		for x := area.Min.X; x < area.Max.X; x++ {
			if shot.At(x, y) != first {
				return false
			}
		}
	}
	return true
}
