package search

import (
	"strings"
	"testing"

	"github.com/kmsentry/kmsentry/detector/policy/decide/internal/compile"
)

// ofService makes logs.amazonaws.com the principal of a statement.
func ofService(statement string) string {
	return strings.Replace(statement, `"Principal":"*"`, `"Principal":{"Service":"logs.amazonaws.com"}`, 1)
}

// TestServes: whether a service gets in, and whether it may then act for a
// customer that the policy does not name.
func TestServes(t *testing.T) {
	const bucket = "arn:aws:s3:::the-owners-bucket"
	for _, row := range []struct {
		name       string
		statements []string
		strange    bool
		in         bool
	}{
		{"for anybody", []string{ofService(allow(``))}, true, true},
		{"another service", []string{strings.Replace(ofService(allow(``)), "logs", "sns", 1)}, false, false},
		{"for the owner's account", []string{ofService(allow(`"StringEquals":{"aws:SourceAccount":"` + owner + `"}`))}, false, true},
		{"for a named account", []string{ofService(allow(`"StringEquals":{"aws:SourceAccount":"` + friend + `"}`))}, false, true},
		{"for accounts that begin like the owner's", []string{ofService(allow(`"StringLike":{"aws:SourceAccount":"1111*"}`))}, true, true},
		{"for a named resource", []string{ofService(allow(`"ArnEquals":{"aws:SourceArn":"` + bucket + `"}`))}, false, true},
		{"for resources of the owner", []string{ofService(allow(`"ArnLike":{"aws:SourceArn":"arn:aws:logs:*:` + owner + `:*"}`))}, false, true},
		{"for any resource", []string{ofService(allow(`"ArnLike":{"aws:SourceArn":"arn:aws:logs:*:*:*"}`))}, true, true},
		{"for the owner's organization", []string{ofService(allow(`"StringEquals":{"aws:SourceOrgID":"o-mycorp0001"}`))}, false, true},
		{"for its paths", []string{ofService(allow(`"ForAnyValue:StringLike":{"aws:SourceOrgPaths":"o-mycorp0001/*"}`))}, false, true},
		{"for any organization", []string{ofService(allow(`"Null":{"aws:SourceOrgID":"false"}`))}, true, true},
		{"for a resource that the context names", []string{ofService(allow(`"ArnEquals":{"kms:EncryptionContext:aws:logs:arn":"arn:aws:logs:us-east-1:` + owner + `:log-group:x"}`))}, false, true},
		{"with a context that names nobody", []string{ofService(allow(`"StringEquals":{"kms:EncryptionContext:team":"x"}`))}, true, true},
		{"for all but the owner, who is denied", []string{ofService(allow(``)), ofService(deny(`"StringNotEquals":{"aws:SourceAccount":"` + owner + `"}`))}, false, true},
		{"for nobody", []string{ofService(allow(``)), ofService(deny(``))}, false, false},
	} {
		c := spaceOf(t, aboutKey(), row.statements...)
		s := c.NewSearch(kindOf(t, c, "service"), Reach{}, false)
		strange, in := s.Serves(ServiceName{"logs.amazonaws.com", []compile.Literal{compile.Equals(compile.SlotService, "logs.amazonaws.com")}})
		if strange != row.strange || in != row.in {
			t.Errorf("%s: for strangers %v, in %v, want %v, %v", row.name, strange, in, row.strange, row.in)
		}
		if s.Incomplete || s.Base == nil {
			t.Errorf("%s: the search itself has changed", row.name)
		}
	}
}

// TestKnownResources: who spells the name of one resource out knows whose it is;
// a pattern, a variable, and what a negated condition names say nothing.
func TestKnownResources(t *testing.T) {
	const of = "arn:aws:logs:us-east-1:"
	for _, row := range []struct {
		name, conditions, arn string
		want                  bool
	}{
		{"the owner's", `"ArnLike":{"aws:SourceArn":"*"}`, of + owner + ":log-group:x", true},
		{"a stranger's", `"ArnLike":{"aws:SourceArn":"*"}`, of + "999988887777:log-group:x", false},
		{"a name", `"ArnEquals":{"aws:SourceArn":"arn:aws:s3:::b"}`, "arn:aws:s3:::b", true},
		{"a name, next to others", `"StringEquals":{"aws:SourceArn":["arn:aws:s3:::a","arn:aws:s3:::b"]}`, "arn:aws:s3:::b", true},
		{"a pattern", `"ArnLike":{"aws:SourceArn":"arn:aws:s3:::b*"}`, "arn:aws:s3:::b*", false},
		{"a variable", `"StringEquals":{"aws:SourceArn":"${aws:PrincipalTag/b}"}`, "${aws:PrincipalTag/b}", false},
		{"a name that is denied", `"ArnNotEquals":{"aws:SourceArn":"arn:aws:s3:::b"}`, "arn:aws:s3:::b", false},
		{"a name in another key", `"StringEquals":{"aws:PrincipalTag/b":"arn:aws:s3:::b"},"ArnLike":{"aws:SourceArn":"*"}`, "arn:aws:s3:::b", false},
	} {
		c := spaceOf(t, aboutKey(), ofService(allow(row.conditions)))
		s := c.NewSearch(kindOf(t, c, "service"), Reach{}, false)
		l := compile.Literal{Mode: compile.EachIn, Set: c.knownResources(slotOf(t, c, "aws:SourceArn"))}
		if got := l.HoldsFor([]compile.Value{{Text: row.arn}}, s.first); got != row.want {
			t.Errorf("%s: %s is a known resource: %v, want %v", row.name, row.arn, got, row.want)
		}
	}
}

// TestContextOfCustomer: some keys of the encryption context the service fills.
func TestContextOfCustomer(t *testing.T) {
	for name, want := range map[string]bool{"aws:cloudtrail:arn": true, "AWS:SNS:TopicArn": true, "aws:s3:arn": false, "arn": false} {
		if got := contextOfCustomer(name); got != want {
			t.Errorf("a service fills %s: %v, want %v", name, got, want)
		}
	}
}
