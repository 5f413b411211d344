package search

import (
	"strings"
	"testing"
	"time"

	"github.com/kmsentry/kmsentry/detector/policy/condkey"
	"github.com/kmsentry/kmsentry/detector/policy/decide/internal/compile"
)

func TestExists(t *testing.T) {
	for _, row := range []struct {
		part, reserved, name string
		can, kept            bool
	}{
		{"", "", "team", true, false},
		{"{tag 1 128}", "", "team", true, false},
		{"{tag 1 128}", "", "te*m", false, false},
		{"{tag 1 128}", "aws:", "team", true, false},
		{"{tag 1 128}", "aws:", "AWS:team", true, true},
		{"{tag 1 128}", "aws:", "aws", true, false},
		{"{no such class}", "aws:", "aws:team", false, false},
	} {
		k := condkey.Key{Row: &condkey.Row{Name: "aws:PrincipalTag/", Family: condkey.Prefix, Part: row.part, Reserved: row.reserved}, Name: "aws:PrincipalTag/" + row.name}
		if can, kept := NewSpace(&compile.Policy{}, time.Time{}, nil).exists(k); can != row.can || kept != row.kept {
			t.Errorf("%q reserved %q: exists(%s) = %v, %v, want %v, %v", row.part, row.reserved, row.name, can, kept, row.can, row.kept)
		}
	}
}

// TestFormOf: what the question knows of the key is filled into a shape, and what
// it does not know can be anything.
func TestFormOf(t *testing.T) {
	known := spaceOf(t, aboutKey(), allow(``))
	about := aboutKey()
	about.KeyARN, about.Partition = "", "aws-cn"
	unknown := spaceOf(t, about, allow(``))
	for _, row := range []struct {
		name, shape, text string
		known, unknown    bool
	}{
		{"a text", "abc", "abc", true, true},
		{"the partition", "arn:{partition}:x", "arn:aws:x", true, false},
		{"another partition", "arn:{partition}:x", "arn:aws-cn:x", false, true},
		{"the key's Region", "{keyregion}.x", "us-east-1.x", true, true},
		{"another Region", "{keyregion}.x", "ap-southeast-2.x", false, true},
		{"no Region", "{keyregion}.x", "us-east.x", false, false},
		{"the caller's account", "x:{caller}", "x:444455556666", true, true},
		{"what is no account", "x:{caller}", "x:44445555666", false, false},
		{"a run", "{hex 2 3}", "0af", true, true},
		{"too short a run", "{hex 2 3}", "0", false, false},
		{"characters of another class", "{hex 2 3}", "0A", false, false},
		{"one label twice", "{=a digit 1 2}.{=a digit 1 2}", "12.12", true, true},
		{"one label and two texts", "{=a digit 1 2}.{=a digit 1 2}", "12.13", false, false},
		{"two labels and two texts", "{=a digit 1 2}.{=b digit 1 2}", "12.13", true, true},
	} {
		shape, err := condkey.ParseShape(row.shape)
		if err != nil {
			t.Fatal(err)
		}
		for _, x := range []struct {
			name string
			c    *Space
			want bool
		}{{"a known key", known, row.known}, {"an unknown key", unknown, row.unknown}} {
			f := x.c.formOf(shape)
			if got := InForms([]form{f}, row.text); got != x.want {
				t.Errorf("%s, of %s: %q has the form %s: %v, want %v", row.name, x.name, row.text, row.shape, got, x.want)
			}
			plain := f.plain(friend)
			if !InForms([]form{f}, plain) || f.caller >= 0 && !strings.Contains(plain, friend) {
				t.Errorf("%s, of %s: the plainest text is %q", row.name, x.name, plain)
			}
			if _, ok := f.in(friend).Split(plain); !ok {
				t.Errorf("%s, of %s: the plainest text %q of an account is none of that account", row.name, x.name, plain)
			}
		}
	}
}

// TestFilled: a text of a row has the key's partition and Region, or the most usual Region.
func TestFilled(t *testing.T) {
	about := aboutKey()
	about.KeyARN, about.Partition = "", "aws-cn"
	for _, row := range []struct {
		name  string
		about compile.About
		text  string
		want  string
	}{
		{"nothing to fill in", aboutKey(), "x", "x"},
		{"a Region", aboutKey(), "ssm.{keyregion}.amazonaws.com", "ssm.us-east-1.amazonaws.com"},
		{"a Region that is not known", about, "ssm.{keyregion}.amazonaws.com", "ssm.us-east-1.amazonaws.com"},
		{"a partition", about, "arn:{partition}:s3:::stranger", "arn:aws-cn:s3:::stranger"},
	} {
		if got := spaceOf(t, row.about, allow(``)).Filled(row.text); got != row.want {
			t.Errorf("%s: %s, want %s", row.name, got, row.want)
		}
	}
}

// TestClasses: which characters the values of each class have.
func TestClasses(t *testing.T) {
	for _, row := range []struct {
		name       string
		class      condkey.Class
		has, lacks string
	}{
		{"digit", condkey.Digit, "0123456789", "aA-"},
		{"hex", condkey.Hex, "09af", "gAF"},
		{"id", condkey.ID, "AZ09", "az"},
		{"organization", condkey.Org, "az09", "AZ-"},
		{"name", condkey.Name, "azAZ09_+=,.@-", "/:*? é"},
		{"host", condkey.Host, "az09-", "AZ._"},
		{"alias", condkey.Alias, "azAZ09/_-", ":. "},
		{"tag", condkey.Tag, "azAZ09 _.:/=+-@éЖ½", "*?\"\n€"},
		{"text", condkey.Text, "az*?\"\né€", "\x00"},
	} {
		for _, r := range row.has + row.lacks {
			if want := strings.ContainsRune(row.has, r); classOf(row.class).Has(r) != want {
				t.Errorf("%s: has %q: %v, want %v", row.name, r, !want, want)
			}
		}
	}
}
