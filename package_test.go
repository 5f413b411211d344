package kmsentry

import (
	"archive/zip"
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"reflect"
	"regexp"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/kmsentry/kmsentry/internal/fakesns"
	"github.com/kmsentry/kmsentry/internal/runtimeapi"
)

// TestPackage runs make package here, and in a copy of the repository elsewhere that
// has no .git. It checks that the results are the same and can be deployed.
func TestPackage(t *testing.T) {
	if testing.Short() {
		t.Skip("left out with -short: make test-all runs it")
	}
	described := gitDescribe(t)
	answer := translate(t, readTemplate(t))[0] // skips the test if there is no SAM translator
	here := makePackage(t, ".", described)
	there := makePackage(t, treeWithoutGit(t), described)
	if !slices.Equal(sortedKeys(here), sortedKeys(there)) {
		t.Fatalf("make package wrote %q, and elsewhere %q", sortedKeys(here), sortedKeys(there))
	}
	zips := 0
	for name, file := range here {
		if !bytes.Equal(file, there[name]) {
			t.Errorf("%s has other bytes elsewhere", name)
		}
		if strings.HasSuffix(name, ".zip") {
			zips++
			checkFunctionZip(t, name, file, described)
		}
	}
	functions := (&faults{c: answer.Template}).all("AWS::Lambda::Function")
	if zips != 2*len(functions) || zips == 0 {
		t.Errorf("%d zips, want one for each of the functions %q and each architecture: %q", zips, sortedKeys(functions), sortedKeys(here))
	}
	checkPackaged(t, here["kmsentry.json"], answer, sortedKeys(here))
}

// gitDescribe returns git's description of the working tree. It skips the test if
// there is no git.
func gitDescribe(t *testing.T) string {
	t.Helper()
	out, err := exec.Command("git", "describe", "--tags", "--long", "--always", "--abbrev=12", "--dirty").Output()
	if err != nil {
		if os.Getenv("CI") != "" {
			t.Fatalf("git describe: %v", err)
		}
		t.Skipf("no git: %v", err)
	}
	return strings.TrimSpace(string(out))
}

// makePackage runs make package and returns the contents of the files that it wrote.
func makePackage(t *testing.T, dir, version string) map[string][]byte {
	t.Helper()
	out := t.TempDir()
	cmd := exec.Command("make", "--no-print-directory", "package", "OUT="+out, "KMSENTRY_VERSION="+version)
	cmd.Dir = dir
	if text, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("make package: %v\n%s", err, text)
	}
	files := map[string][]byte{}
	err := filepath.WalkDir(out, func(path string, d os.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		name, _ := filepath.Rel(out, path)
		files[filepath.ToSlash(name)], err = os.ReadFile(path)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return files
}

// treeWithoutGit returns a copy of the repository's files without .git, as sam build
// makes one.
func treeWithoutGit(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	list, err := exec.Command("git", "ls-files", "-z", "--cached", "--others", "--exclude-standard").Output()
	if err != nil {
		t.Fatal(err)
	}
	for name := range strings.SplitSeq(strings.TrimSuffix(string(list), "\x00"), "\x00") {
		text, err := os.ReadFile(name)
		if os.IsNotExist(err) {
			continue // deleted, but not yet committed
		}
		info, statErr := os.Stat(name)
		if err != nil || statErr != nil {
			t.Fatal(err, statErr)
		}
		to := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(to), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(to, text, info.Mode()); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

// checkFunctionZip checks that Lambda can run the binary in the zip, and that the
// binary contains its version.
func checkFunctionZip(t *testing.T, name string, file []byte, described string) {
	t.Helper()
	r, err := zip.NewReader(bytes.NewReader(file), int64(len(file)))
	if err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	machine := map[string]uint16{"arm64": 183, "x86_64": 62}[name[strings.LastIndex(name, "-")+1:len(name)-len(".zip")]] // ELF's e_machine
	var names []string
	for _, f := range r.File {
		names = append(names, f.Name)
		if f.Name != "bootstrap" {
			continue
		}
		file, err := f.Open()
		if err != nil {
			t.Fatal(err)
		}
		text, err := io.ReadAll(file)
		if err != nil {
			t.Fatal(err)
		}
		if f.Mode() != 0o755 || !bytes.HasPrefix(text, []byte("\x7fELF")) || uint16(text[18])|uint16(text[19])<<8 != machine {
			t.Errorf("%s: bootstrap has mode %o, machine %d, want 755 and %d", name, f.Mode(), text[18], machine)
		}
		if !bytes.Contains(text, []byte(described)) {
			t.Errorf("%s: bootstrap does not hold the version %s", name, described)
		}
	}
	if strings.Contains(name, "/DetectorFunction-") && !slices.Equal(names, []string{"bootstrap", "exceptions.yaml"}) || !slices.Contains(names, "bootstrap") {
		t.Errorf("%s holds %q", name, names)
	}
}

// maxTemplate is the maximum size of a template in a bucket for CloudFormation: 1 MB.
// Source: CloudFormation User Guide, cloudformation-limits.html.
const maxTemplate = 1_000_000

// checkPackaged checks that the packaged template differs from the translated one
// only in the location of the code, and that the files are where it says.
func checkPackaged(t *testing.T, text []byte, answer translation, files []string) {
	t.Helper()
	if len(text) > maxTemplate || bytes.Contains(text, []byte("AWS::Serverless")) {
		t.Errorf("the packaged template has %d bytes, want at most %d and nothing of SAM", len(text), maxTemplate)
	}
	name := templateFile(t, "kmsentry.json", string(text))
	for _, regions := range partitions() {
		if err := lint(t, regions, name); err != nil {
			t.Errorf("the packaged template: %v", err)
		}
	}
	var packaged cloudFormation
	if err := json.Unmarshal(text, &packaged); err != nil {
		t.Fatal(err)
	}
	prefix, _ := packaged.Parameters["CodeKeyPrefix"].Default.(string)
	for name, function := range (&faults{c: packaged}).all("AWS::Lambda::Function") {
		code, _ := function.Properties["Code"].(map[string]any)
		for _, architecture := range []string{"arm64", "x86_64"} {
			key, err := resolved(code["S3Key"], map[string]string{"CodeKeyPrefix": prefix, "Architecture": architecture})
			if err != nil || !slices.Contains(files, "code/"+key.(string)) {
				t.Errorf("the template wants the code of %s at %v (%v); there are %q", name, key, err, files)
			}
		}
		bucket, err := resolved(code["S3Bucket"], map[string]string{"CodeBucketPrefix": "code", "AWS::Region": "eu-central-1"})
		if err != nil || bucket != "code-eu-central-1" {
			t.Errorf("the template wants the bucket %v (%v)", bucket, err)
		}
		function.Properties["Code"] = answer.Template.Resources[name].Properties["Code"]
	}
	delete(packaged.Parameters, "CodeKeyPrefix")
	delete(packaged.Parameters, "CodeBucketPrefix")
	if !reflect.DeepEqual(packaged, answer.Template) {
		t.Error("the packaged template differs from the translated one in more than the code's place")
	}
}

// TestVersionOfSamBuild builds the function as sam build does, in a copy of the
// repository without .git but with the original Makefile. It checks that the
// function's log and finding have the same version as the command, with the commit.
// Source: aws-lambda-builders, workflows/custom_make/actions.py.
func TestVersionOfSamBuild(t *testing.T) {
	if testing.Short() {
		t.Skip("left out with -short: make test-all runs it")
	}
	gitDescribe(t)
	if runtime.GOOS != "linux" {
		t.Skip("the function runs on Linux")
	}
	makefile, err := filepath.Abs("Makefile")
	if err != nil {
		t.Fatal(err)
	}
	artifacts := t.TempDir()
	build := exec.Command("make", "--makefile", makefile, "build-DetectorFunction", "bin/kmsentry", "ARCH="+runtime.GOARCH)
	build.Dir = treeWithoutGit(t)
	build.Env = append(os.Environ(), "ARTIFACTS_DIR="+artifacts)
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("make build-DetectorFunction: %v\n%s", err, out)
	}
	out, err := exec.Command(filepath.Join(build.Dir, "bin", "kmsentry"), "version").Output()
	words := strings.Fields(string(out))
	commit, gitErr := exec.Command("git", "rev-parse", "--short=12", "HEAD").Output()
	if err != nil || gitErr != nil || len(words) != 3 || !strings.Contains(words[1], strings.TrimSpace(string(commit))) {
		t.Fatalf("kmsentry version prints %q, want commit %s (%v, %v)", out, commit, err, gitErr)
	}
	logged, found := versionsOfFunction(t, filepath.Join(artifacts, "bootstrap"))
	if logged != words[1] || found != words[1] {
		t.Errorf("the function's log says version %q, the finding %q, the command %q", logged, found, words[1])
	}
}

// versionsOfFunction runs the function and returns the versions in its log and in
// its finding.
func versionsOfFunction(t *testing.T, bootstrap string) (logged, found string) {
	t.Helper()
	const topic = "arn:aws:sns:us-east-1:111122223333:kmsentry"
	server, err := fakesns.Start(topic, nil)
	if err != nil {
		t.Fatal(err)
	}
	defer server.Close()
	var log bytes.Buffer
	f := &runtimeapi.Function{Bootstrap: bootstrap, Log: &log, Env: []string{
		"TOPIC_ARN=" + topic, "AWS_ACCESS_KEY_ID=test", "AWS_SECRET_ACCESS_KEY=test", "AWS_ENDPOINT_URL_SNS=" + server.URL(),
	}}
	if err := f.Start(); err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if _, err := f.Invoke(t.Context(), []byte(document(t, "events/put-key-policy-public.json")), time.Minute); err != nil {
		t.Fatal(err)
	}
	f.Close() // the log is complete once the process has ended
	var line struct{ Version string }
	var finding struct {
		Metadata struct{ Product struct{ Version string } }
	}
	all := server.Publications()
	if len(all) != 1 {
		t.Fatalf("%d publications, want 1", len(all))
	}
	if err := errors.Join(json.Unmarshal(log.Bytes(), &line), json.Unmarshal([]byte(all[0].For("default")), &finding)); err != nil {
		t.Fatalf("%v\n%s", err, log.String())
	}
	return line.Version, finding.Metadata.Product.Version
}

// TestVersionOfArchive checks the version in a git archive, such as GitHub's of a
// tag, which has no .git: git writes the version into it.
func TestVersionOfArchive(t *testing.T) {
	if testing.Short() {
		t.Skip("left out with -short: make test-all runs it")
	}
	gitDescribe(t)
	dir := t.TempDir()
	archive := exec.Command("sh", "-c", `git archive HEAD | tar -x -C "$0"`, dir)
	if out, err := archive.CombinedOutput(); err != nil {
		t.Fatalf("git archive: %v\n%s", err, out)
	}
	commit, err := exec.Command("git", "rev-parse", "--short=12", "HEAD").Output()
	if err != nil {
		t.Fatal(err)
	}
	run := exec.Command("go", "run", "./cmd/kmsentry", "version")
	run.Dir = dir
	out, err := run.Output()
	want := regexp.MustCompile(`^kmsentry (devel|v[0-9.]+)\+([0-9]+\.)?` + strings.TrimSpace(string(commit)) + ` go1\.`)
	if err != nil || !want.Match(out) {
		t.Errorf("in an archive kmsentry version prints %q, want %s (%v)", out, want, err)
	}
}
