package hunt

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/kmsentry/kmsentry/internal/browsertest"
)

// inPage looks at the page from inside, after a click on one of its filters.
const inPage = `<script>
const out = [], doc = document.documentElement, narrow = location.hash.slice(1);
if (narrow) doc.style.width = narrow + "px"; // a phone's, which is less than a window of Chromium can have
const width = narrow ? +narrow : doc.clientWidth;
if (!narrow && doc.scrollWidth > width) out.push("page " + doc.scrollWidth + ">" + width);
for (const e of document.querySelectorAll("body *"))
  if (!e.closest(".wide,details:not([open])") && e.getBoundingClientRect().right > width) out.push("beyond " + e.tagName + "." + e.className);
for (const e of document.querySelectorAll("body *"))
  if (getComputedStyle(e).display !== "inline" && !e.closest(".wide,details:not([open]),.picture,.legend i") && e.scrollWidth > e.clientWidth + 1) out.push(e.tagName + "." + e.className);
const spans = [...document.querySelectorAll(".span")].map(e => e.getBoundingClientRect());
for (const r of spans) if (r.width < 4 || r.height < 10 || r.right > width) out.push("bar " + r.left + "-" + r.right);
const perhaps = [...document.querySelectorAll(".span.perhaps")].filter(e => getComputedStyle(e).backgroundImage.includes("gradient")).length;
const legend = document.querySelector(".legend").textContent.includes("perhaps open");
document.getElementById("still").click();
const shown = [...document.querySelectorAll(".key")].filter(e => e.getBoundingClientRect().height > 0).length;
const pre = document.createElement("pre"); pre.id = "found";
pre.textContent = "bars=" + spans.length + " shown=" + shown + " perhaps=" + perhaps + " legend=" + legend + " width=" + width + " images=" + document.images.length + " faults=" + out.join(";");
document.body.append(pre);
</script>`

// TestPageInBrowser: nothing overflows on a desk and on a phone, bars have their
// place, a filter filters, and text of events is text.
func TestPageInBrowser(t *testing.T) {
	browsertest.Need(t)
	r := sample(t)
	r.Timelines[0].Intervals[0].Opened.ByARN = `<img src=x onerror=alert(1)>` + strings.Repeat("w", 300)
	r.Timelines[1].Intervals[0].Unknown = true
	r.Groups[0].User = `"><img src=x>`
	var b bytes.Buffer
	if err := Print(&b, r, View{Format: "html", Now: june(30), Version: "v0"}); err != nil {
		t.Fatal(err)
	}
	page := browsertest.WithScript(b.String(), inPage)
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "page.html"), []byte(page), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, width := range []int{1280, 500, 390} {
		url := "file://" + filepath.Join(dir, "page.html")
		if width < 500 { // Chromium's smallest window
			url += fmt.Sprint("#", width)
		}
		found := browsertest.Found(t, max(width, 500), url)
		if want := fmt.Sprintf("bars=4 shown=1 perhaps=1 legend=true width=%d images=0 faults=", width); found != want {
			t.Errorf("found %q, want %q", found, want)
		}
	}
}
