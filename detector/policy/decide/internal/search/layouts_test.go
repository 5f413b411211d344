package search

import (
	"strings"
	"testing"

	"github.com/kmsentry/kmsentry/detector/policy/decide/internal/compile"
	"github.com/kmsentry/kmsentry/detector/policy/decide/internal/textsolve"
)

// TestOutline: an outline matches at least what the shape can hold at the place,
// and knows its fixed texts and how many characters there are, up to a bound.
func TestOutline(t *testing.T) {
	digits := func(low, high int) textsolve.Segment { return textsolve.Repeat(digitClass(), low, high) }
	for _, row := range []struct {
		name    string
		segs    []textsolve.Segment
		skip    int
		matches string
		fails   string
	}{
		{"fixed texts", []textsolve.Segment{textsolve.Fixed("a"), digits(1, 1), textsolve.Fixed("c")}, -1, "a1c", "a11c"},
		{"without the segment to skip", []textsolve.Segment{textsolve.Fixed("a"), textsolve.Fixed("b"), textsolve.Fixed("c")}, 1, "ac", "abc"},
		{"a range of lengths", []textsolve.Segment{digits(2, 4)}, -1, "123", "1"},
		{"more characters than are counted", []textsolve.Segment{digits(40, 40)}, -1, "1234567890123456789012345678901234567890", "1234567890"},
		{"as many as are counted", []textsolve.Segment{digits(32, 32)}, -1, "12345678901234567890123456789012", "123456789012345678901234567890123"},
	} {
		v := layout{Shape: textsolve.Shape{Segments: row.segs}}
		p, b := v.outline(place{0, 0, len(row.segs) - 1, row.skip}), textsolve.NewBudget(1_000_000, nil)
		if !p.Matches(row.matches, b) || p.Matches(row.fails, b) {
			t.Errorf("%s: matches(%q) = %v, matches(%q) = %v", row.name, row.matches, p.Matches(row.matches, b), row.fails, p.Matches(row.fails, b))
		}
	}
}

// TestLayouts: what is asked of one key settles those that hang together with it.
func TestLayouts(t *testing.T) {
	const build, project = "codebuild:BuildArn", "codebuild:ProjectArn"
	holdGroups(t, aboutKey(), encrypt(), true, []groupCase{
		{"the account of an ARN", "role", `"StringEquals":{"aws:PrincipalArn":"arn:aws:iam::444455556666:role/ci"},"StringLike":{"aws:PrincipalAccount":"*"}`, "aws:PrincipalAccount=444455556666"},
		{"an ARN of another account", "role", `"StringEquals":{"aws:PrincipalArn":"arn:aws:iam::444455556666:role/ci","aws:PrincipalAccount":"555566667777"}`, "none"},
		{"the ARN of another kind of caller", "role", `"StringEquals":{"aws:PrincipalArn":"arn:aws:iam::444455556666:user/ci"}`, "none"},
		{"the user of a name", "user", `"StringEquals":{"aws:username":"bob"},"StringLike":{"aws:PrincipalArn":"*"}`, "aws:PrincipalArn=arn:aws:iam::999988887777:user/bob"},
		{"a user under a path", "user", `"StringEquals":{"aws:PrincipalArn":"arn:aws:iam::444455556666:user/app/bob"},"StringLike":{"aws:username":"*"}`, "aws:username=bob"},
		{"a user and the name of another", "user", `"StringEquals":{"aws:PrincipalArn":"arn:aws:iam::444455556666:user/app/bob","aws:username":"app"}`, "none"},
		{"a name of a role", "role", `"StringEquals":{"aws:username":"bob"}`, "none"},
		{"the id of the root user", "root", `"StringEquals":{"aws:userid":"444455556666"},"StringLike":{"aws:PrincipalArn":"*"}`, "aws:PrincipalArn=arn:aws:iam::444455556666:root"},
		{"the id of a federated session", "federated", `"StringEquals":{"aws:userid":"444455556666:bob"},"StringLike":{"aws:PrincipalArn":"*"}`, "aws:PrincipalArn=arn:aws:sts::444455556666:federated-user/bob"},
		{"the id of a federated session of another name", "federated", `"StringEquals":{"aws:userid":"444455556666:bob"},"StringNotLike":{"aws:PrincipalArn":"*/bob"}`, "none"},
		{"the id of an organization's path", "role", `"ForAnyValue:StringLike":{"aws:PrincipalOrgPaths":"o-other00001/r-ab12/*"},"StringLike":{"aws:PrincipalOrgID":"*"}`, "aws:PrincipalOrgID=o-other00001"},
		{"a path of another organization", "role", `"ForAnyValue:StringLike":{"aws:PrincipalOrgPaths":"o-other00001/*"},"StringEquals":{"aws:PrincipalOrgID":"o-third000001"}`, "none"},
		{"a unit that repeats the id of another root", "role", `"ForAnyValue:StringLike":{"aws:PrincipalOrgPaths":"*/r-ab12/ou-cd34-*"}`, "none"},
		{"the id of a VPC", "role endpoint", `"StringEquals":{"aws:SourceVpcArn":"arn:aws:ec2:us-east-1:444455556666:vpc/vpc-0a1b2c3d4e5f60718"},"StringLike":{"aws:SourceVpc":"*"}`, "aws:SourceVpc=vpc-0a1b2c3d4e5f60718"},
		{"a VPC and the id of another", "role endpoint", `"ArnLike":{"aws:SourceVpcArn":"arn:aws:ec2:us-east-1:444455556666:vpc/vpc-0a1b2c3d4e5f60718"},"StringEquals":{"aws:SourceVpc":"vpc-00000000"}`, "none"},
		{"the organization of an endpoint's path", "role endpoint", `"ForAnyValue:StringLike":{"aws:VpceOrgPaths":"o-other00001/*"},"StringLike":{"aws:VpceOrgID":"*"}`, "aws:VpceOrgID=o-other00001"},
		{"an endpoint without an organization", "role endpoint", `"Null":{"aws:VpceOrgPaths":"true"},"StringNotEquals":{"aws:VpceOrgID":"o-other00001"}`, "aws:VpceOrgID=absent"},
		{"the project of a build", "role", `"StringLike":{"` + build + `":"arn:aws:codebuild:us-east-1:444455556666:build/app:*","` + project + `":"*"}`, project + "=arn:aws:codebuild:us-east-1:444455556666:project/app"},
		{"a build and another project", "role", `"StringLike":{"` + build + `":"*:build/app:*","` + project + `":"*:project/web"}`, "none"},
		{"a build and a project of two accounts", "role", `"StringLike":{"` + build + `":"*:444455556666:build/app:*","` + project + `":"*:555566667777:project/app"}`, "none"},
		{"a build of another account", "role", `"StringLike":{"` + build + `":"*:444455556666:build/app:*"},"StringEquals":{"aws:PrincipalAccount":"555566667777"}`, "none"},
		{"a build of the caller's account", "role", `"StringLike":{"` + build + `":"*:444455556666:build/app:*","aws:PrincipalAccount":"*"}`, "aws:PrincipalAccount=444455556666"},
	})
	holdGroups(t, aboutKey(), encrypt(), false, []groupCase{
		{"a role that AWS keeps for itself", "role", `"ArnLike":{"aws:PrincipalArn":"arn:aws:iam::444455556666:role/aws:ec2-infrastructure"}`, ""},
	})
	holdGroups(t, aboutKey(), encrypt(), true, []groupCase{
		{"such a role, for sure", "role", `"ArnLike":{"aws:PrincipalArn":"arn:aws:iam::444455556666:role/aws:ec2-infrastructure"}`, "none"},
	})
}

// TestFormsFor: the names of a service that acts for itself are those of one
// service: they have a label in common with its principal, or are it.
func TestFormsFor(t *testing.T) {
	const key = "aws:PrincipalServiceName"
	statement := func(name string) string {
		return strings.Replace(allow(`"StringEquals":{"`+key+`":"`+name+`"}`), `"Principal":"*"`, `"Principal":{"Service":"logs.us-east-1.amazonaws.com"}`, 1)
	}
	for _, row := range []struct {
		name string
		want string
	}{
		{"logs.us-east-1.amazonaws.com", "found"},
		{"logs.amazonaws.com", "found"},
		{"us-east-1.logs.amazonaws.com", "found"},
		{"s3.amazonaws.com", "none"},
	} {
		c := spaceOf(t, aboutKey(), statement(row.name))
		if got := outcome(c.NewSearch(kindOf(t, c, "service"), Reach{}, true)); got != row.want {
			t.Errorf("a service with the name %s: %s, want %s", row.name, got, row.want)
		}
	}
}

// TestMatters: only what asks for a value as a whole tells the longer shapes from the shortest.
func TestMatters(t *testing.T) {
	v := layout{Shape: textsolve.Shape{Segments: make([]textsolve.Segment, 3)}, at: []place{{compile.SlotARN, 0, 2, -1}, {compile.SlotName, 2, 2, -1}}}
	for _, row := range []struct {
		name string
		pair bool
		slot int
		want bool
	}{
		{"the whole value", false, compile.SlotARN, true},
		{"a part of it", false, compile.SlotName, false},
		{"a key without a place", false, compile.SlotUserID, false},
		{"a part of two values", true, compile.SlotName, true},
	} {
		v.pair = row.pair
		if got := v.matters([]compile.Literal{compile.PresentKey(row.slot)}); got != row.want {
			t.Errorf("%s: matters %v, want %v", row.name, got, row.want)
		}
	}
}
