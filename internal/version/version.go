// Package version returns the version of this build, for the command, the
// function and the findings. It comes from git; see the Makefile.
package version

import (
	_ "embed"
	"regexp"
	"runtime/debug"
	"strings"
)

// described is the output of git describe --tags --long --always --abbrev=12
// --dirty at the time of the build, such as v0.2.0-3-ga1b2c3d4e5f6-dirty. The
// linker sets it (-X); it is empty in builds that are not from the Makefile or a
// release.
var described string

// archived is written by git archive, so that an archive, which has no .git, has
// its version: v0.2.0-3-ga1b2c3d4e5f6+COMMIT, or v0.2.0+COMMIT at the tag itself,
// or +COMMIT if there is no tag. In a clone, and in what the Go module proxy
// serves, it is an unexpanded placeholder.
// Source: gitattributes(5), export-subst; git-log(1), %(describe).
//
//go:embed archive.txt
var archived string

// String returns the version of this build, without spaces:
//
//	v0.2.0+a1b2c3d4e5f6          the tag v0.2.0, with its commit
//	v0.2.0+3.a1b2c3d4e5f6        3 commits after v0.2.0
//	v0.2.0+3.a1b2c3d4e5f6.dirty  with changes that are in no commit
//	devel+a1b2c3d4e5f6           a commit with no tag before it
//	v0.2.0                       go install of v0.2.0, which the module proxy vouches for
//	devel                        unknown
//
// A build by go build in a clone has Go's own pseudo-version, such as
// v0.2.1-0.20261126103000-a1b2c3d4e5f6+dirty.
func String() string {
	info, _ := debug.ReadBuildInfo()
	if described == "" {
		return of(strings.TrimSpace(archived), info)
	}
	return of(described, info)
}

// description matches the output of git describe --long: tag, commits since,
// commit, or the commit alone if there is no tag before it. archive matches what
// git archive writes.
var (
	description = regexp.MustCompile(`^(?:(.+)-([0-9]+)-g)?([0-9a-f]{7,40})(-dirty)?$`)
	archive     = regexp.MustCompile(`^(|[^$]+?)(?:-([0-9]+)-g[0-9a-f]+)?\+([0-9a-f]{12})[0-9a-f]*$`)
)

// joined returns the version of a commit that is since commits after a tag, "" for
// no tag.
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

// of returns the version from git's description or, if that is none, from what Go
// recorded. info may be nil.
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
