// Package browsertest loads pages in a headless Chromium, for tests. Without Chromium
// such a test is skipped and says what to install; when CI is set, it fails. With
// -short, as in make test, it is always skipped.
package browsertest

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"os/exec"
	"regexp"
	"strings"
	"testing"
	"time"
)

// Need returns the path of Chromium; it skips or fails the test when there is none.
func Need(t testing.TB) string {
	t.Helper()
	if testing.Short() {
		t.Skip("left out with -short: make test-all runs it")
	}
	for _, name := range []string{"chromium", "chromium-browser", "google-chrome", "google-chrome-stable"} {
		if path, err := exec.LookPath(name); err == nil {
			return path
		}
	}
	if os.Getenv("CI") != "" {
		t.Fatal("no chromium in PATH: apt-get install chromium")
	}
	t.Skip("no chromium in PATH: apt-get install chromium")
	return ""
}

// Run loads a page in a window of the given width in pixels, at least Chromium's
// minimum of 500, and returns what the browser prints. args are flags and the URL.
func Run(t testing.TB, width int, args ...string) []byte {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Minute) // a script that opens a dialog hangs
	defer cancel()
	all := []string{
		"--headless", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--hide-scrollbars", "--no-first-run",
		"--user-data-dir=" + t.TempDir(), fmt.Sprintf("--window-size=%d,2000", width),
	}
	cmd := exec.CommandContext(ctx, Need(t), append(all, args...)...)
	cmd.WaitDelay = 5 * time.Second
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("chromium: %v\n%s", err, stderr.String())
	}
	return out
}

// policy matches the element by which a page forbids scripts.
var policy = regexp.MustCompile(`<meta http-equiv="Content-Security-Policy"[^>]*>`)

// WithScript returns the page with a script at its end and without the policy that
// would keep the script from running.
func WithScript(page, script string) string {
	return strings.Replace(policy.ReplaceAllString(page, ""), "</body>", script+"</body>", 1)
}

// Found loads the page at a URL and returns the text, still escaped, of the pre element
// with the id "found", which a script in the page must add.
func Found(t testing.TB, width int, url string) string {
	t.Helper()
	dom := string(Run(t, width, "--dump-dom", url))
	_, after, ok := strings.Cut(dom, `<pre id="found">`)
	text, _, closed := strings.Cut(after, "</pre>")
	if !ok || !closed {
		t.Fatalf("the page's script left nothing in %d bytes", len(dom))
	}
	return text
}
