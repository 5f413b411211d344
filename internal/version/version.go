// Package version says which build this is: of the command, of the function and
// in every finding. The fact itself is git's; see the Makefile.
package version

import (
	_ "embed"
	"regexp"
	"runtime/debug"
	"strings"
)

// described is what git describe --tags --long --always --abbrev=12 --dirty said
// where the build began, such as v0.2.0-3-ga1b2c3d4e5f6-dirty. The linker puts it
// in (-X); it is empty in builds that do not come from the Makefile or a release.
var described string

// archived is what git archive wrote, so that an archive, which has no .git, knows
// its version: v0.2.0-3-ga1b2c3d4e5f6+COMMIT, without the middle at the tag itself,
// and without all before the plus where no tag is. In a clone, and in what the Go
// module proxy serves, it is the file's own text, which says nothing.
// Source: gitattributes(5), export-subst; git-log(1), %(describe).
//
//go:embed archive.txt
var archived string

// String is the version of this build, without blanks:
//
//	v0.2.0+a1b2c3d4e5f6          the tag v0.2.0, with its commit
//	v0.2.0+3.a1b2c3d4e5f6        3 commits after v0.2.0
//	v0.2.0+3.a1b2c3d4e5f6.dirty  with changes that are in no commit
//	devel+a1b2c3d4e5f6           a commit with no tag before it
//	v0.2.0                       go install of v0.2.0, which the module proxy vouches for
//	devel                        nobody recorded it
//
// A build with go build in a clone has Go's own pseudo-version, such as
// v0.2.1-0.20261126103000-a1b2c3d4e5f6+dirty.
func String() string {
	info, _ := debug.ReadBuildInfo()
	if described == "" {
		return of(strings.TrimSpace(archived), info)
	}
	return of(described, info)
}

// description is what git describe --long writes: tag, commits since, commit. A
// commit without a tag before it is the commit alone. archive is what git archive
// writes.
var (
	description = regexp.MustCompile(`^(?:(.+)-([0-9]+)-g)?([0-9a-f]{7,40})(-dirty)?$`)
	archive     = regexp.MustCompile(`^(|[^$]+?)(?:-([0-9]+)-g[0-9a-f]+)?\+([0-9a-f]{12})[0-9a-f]*$`)
)

// joined is the version of a commit that many commits after a tag.
func joined(tag, since, commit string) string {
	switch {
	case tag == "":
		return "devel+" + commit
	case since == "0" || since == "":
		return tag + "+" + commit
	default:
		return tag + "+" + since + "." + commit
	}
}

// of is the version by git's description, otherwise by what Go recorded; info may be nil.
func of(described string, info *debug.BuildInfo) string {
	if m := description.FindStringSubmatch(described); m != nil {
		return joined(m[1], m[2], m[3]+strings.ReplaceAll(m[4], "-", "."))
	}
	if m := archive.FindStringSubmatch(described); m != nil {
		return joined(m[1], m[2], m[3])
	}
	if info == nil {
		return "devel"
	}
	settings := map[string]string{}
	for _, s := range info.Settings {
		settings[s.Key] = s.Value
	}
	v, commit := info.Main.Version, settings["vcs.revision"]
	if v == "" || v == "(devel)" {
		v = "devel"
	}
	if len(commit) < 12 || strings.Contains(v, commit[:12]) {
		return v
	}
	v, dirty := strings.CutSuffix(v, "+dirty")
	v += "+" + commit[:12]
	if dirty || settings["vcs.modified"] == "true" {
		v += ".dirty"
	}
	return v
}
