package alerttest

import (
	"encoding/json"
	"os"
	"path/filepath"
	"testing"

	"github.com/kmsentry/kmsentry/detector"
)

// EventFiles returns the paths of the project's sample events, and of the events in
// testdata/shapes, whose shapes no sample has.
func EventFiles(t testing.TB) []string {
	t.Helper()
	var all []string
	for _, folder := range []string{"events", "alert/testdata/shapes"} {
		files, _ := filepath.Glob(filepath.Join(root(t), folder, "*.json"))
		if len(files) < 10 {
			t.Fatalf("%s holds %d events, want at least 10", folder, len(files))
		}
		all = append(all, files...)
	}
	return all
}

// ShapeFile returns the path of an event in testdata/shapes, by its name.
func ShapeFile(t testing.TB, name string) string {
	t.Helper()
	return filepath.Join(root(t), "alert/testdata/shapes", name+".json")
}

// root returns the root of the repository, the closest directory at or above the
// test's that holds go.mod.
func root(t testing.TB) string {
	t.Helper()
	dir, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	for {
		if _, err := os.Stat(filepath.Join(dir, "go.mod")); err == nil {
			return dir
		}
		up := filepath.Dir(dir)
		if up == dir {
			t.Fatal("no go.mod above the test")
		}
		dir = up
	}
}

// DetectFile returns the detector's result for the EventBridge event in a file.
func DetectFile(t *testing.T, path string) detector.Result {
	t.Helper()
	raw, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	var event struct{ Detail json.RawMessage }
	if err := json.Unmarshal(raw, &event); err != nil {
		t.Fatal(err)
	}
	result, err := detector.Detector{}.Detect(event.Detail)
	if err != nil {
		t.Fatal(err)
	}
	return result
}
