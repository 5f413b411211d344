package version

import (
	"regexp"
	"runtime/debug"
	"testing"
)

func TestOf(t *testing.T) {
	build := func(version, revision, modified string) *debug.BuildInfo {
		return &debug.BuildInfo{
			Main:     debug.Module{Version: version},
			Settings: []debug.BuildSetting{{Key: "vcs.revision", Value: revision}, {Key: "vcs.modified", Value: modified}},
		}
	}
	const commit = "a1b2c3d4e5f60718293a4b5c6d7e8f9012345678"
	for _, row := range []struct {
		name, described string
		info            *debug.BuildInfo
		want            string
	}{
		{"a tag", "v0.2.0-0-ga1b2c3d4e5f6", nil, "v0.2.0+a1b2c3d4e5f6"},
		{"a tag with hyphens", "v0.2.0-rc-1-0-ga1b2c3d4e5f6", nil, "v0.2.0-rc-1+a1b2c3d4e5f6"},
		{"after a tag", "v0.2.0-37-ga1b2c3d4e5f6", nil, "v0.2.0+37.a1b2c3d4e5f6"},
		{"with changes", "v0.2.0-37-ga1b2c3d4e5f6-dirty", nil, "v0.2.0+37.a1b2c3d4e5f6.dirty"},
		{"no tag", "a1b2c3d4e5f6", nil, "devel+a1b2c3d4e5f6"},
		{"no tag, with changes", "a1b2c3d4e5f6-dirty", nil, "devel+a1b2c3d4e5f6.dirty"},
		{"the description wins", "v0.2.0-0-ga1b2c3d4e5f6", build("v9.9.9", commit, "true"), "v0.2.0+a1b2c3d4e5f6"},
		{"an archive of a tag", "v0.2.0+" + commit, nil, "v0.2.0+a1b2c3d4e5f6"},
		{"an archive after a tag", "v0.2.0-3-ga1b2c3d4e5f6+" + commit, nil, "v0.2.0+3.a1b2c3d4e5f6"},
		{"an archive without a tag", "+" + commit, nil, "devel+a1b2c3d4e5f6"},
		{"a clone", "$Format:%(describe:tags=true,abbrev=12)+%H$", nil, "devel"},
		{"nothing", "", nil, "devel"},
		{"go install", "", build("v0.2.0", "", ""), "v0.2.0"},
		{"go build at a tag", "", build("v0.2.0", commit, "false"), "v0.2.0+a1b2c3d4e5f6"},
		{"go build at a tag, with changes", "", build("v0.2.0+dirty", commit, "true"), "v0.2.0+a1b2c3d4e5f6.dirty"},
		{"go build after a tag", "", build("v0.2.1-0.20261126103000-a1b2c3d4e5f6", commit, "false"), "v0.2.1-0.20261126103000-a1b2c3d4e5f6"},
		{"an old go build", "", build("(devel)", commit, "false"), "devel+a1b2c3d4e5f6"},
		{"no git at all", "", build("(devel)", "", ""), "devel"},
	} {
		if got := of(row.described, row.info); got != row.want {
			t.Errorf("%s: %q, want %q", row.name, got, row.want)
		}
	}
	if got := String(); !regexp.MustCompile(`^[A-Za-z0-9.+-]+$`).MatchString(got) {
		t.Errorf("String() = %q", got)
	}
}
