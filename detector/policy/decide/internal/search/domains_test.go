package search

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/kmsentry/kmsentry/detector/policy/condkey"
	"github.com/kmsentry/kmsentry/detector/policy/decide/internal/compile"
	"github.com/kmsentry/kmsentry/detector/policy/kmsapi"
)

// show says what a domain is in a few words: how far the key is there, and its values.
func (d *domain) show() string {
	presence := map[condkey.Presence]string{
		condkey.Never: "never", condkey.Always: "always", condkey.Chosen: "chosen",
		condkey.MayLack: "may lack", condkey.MayHave: "may have", condkey.Unsaid: "unsaid",
	}[d.presence]
	var texts []string
	for _, v := range d.vals {
		texts = append(texts, v.Text)
	}
	switch d.kind {
	case fixedTo:
		return presence + " " + strings.Join(texts, "+")
	case choice:
		return presence + " " + strings.Join(texts, "|")
	case text:
		return presence + " text"
	case number:
		return fmt.Sprintf("%s %d to %d", presence, d.lo, d.hi)
	case address:
		return presence + " address"
	default:
		return presence
	}
}

// TestDomains: which values a key has in which kind of request, and whether it is there.
func TestDomains(t *testing.T) {
	for _, row := range []struct{ key, kind, want string }{
		{"aws:SourceIp", "role", "always address"},
		{"aws:SourceIp", "role endpoint", "never"},
		{"aws:SourceIp", "role via", "unsaid address"},
		{"aws:VpcSourceIp", "role endpoint", "always address"},
		{"aws:VpcSourceIp", "role", "never"},
		{"aws:SourceVpce", "role endpoint", "always text"},
		{"aws:PrincipalType", "user", "always User"},
		{"aws:PrincipalType", "root", "always Account"},
		{"aws:PrincipalTag/t", "role", "chosen text"},
		{"aws:PrincipalTag/t", "root", "may have text"},
		{"aws:PrincipalTag/aws:t", "role", "may have text"}, // a name that only AWS gives
		{"aws:PrincipalTag/*", "role", "never"},             // a name that no tag has
		{"aws:SecureTransport", "role", "always true"},
		{"aws:ViaAWSService", "role via", "always true"},
		{"aws:ViaAWSService", "role", "always false"},
		{"aws:MultiFactorAuthPresent", "role", "may lack true|false"},
		{"aws:MultiFactorAuthPresent", "user", "never"},
		{"aws:MultiFactorAuthPresent", "user temporary", "always true|false"},
		{"aws:MultiFactorAuthPresent", "user via", "always false"},
		{"aws:MultiFactorAuthAge", "role", "chosen 0 to 129600"},
		{"aws:TokenIssueTime", "role", "always 1740787200 to 1740830400"}, // twelve hours before the request
		{"aws:CurrentTime", "role", "always 2025-03-01T12:00:00Z"},
		{"aws:EpochTime", "role", "always 1740830400"},
		{"aws:RequestedRegion", "role", "always us-east-1"},
		{"aws:ResourceAccount", "role", "always 111122223333"},
		{"aws:ResourceOrgID", "role", "always o-mycorp0001"},
		{"kms:KeyOrigin", "role", "always AWS_KMS"},
		{"kms:MultiRegion", "role", "always false"},
		{"kms:MultiRegionKeyType", "role", "never"},
		{"aws:ResourceTag/t", "role", "never"},
		{"kms:ResourceAliases", "role", "never"},
		{"kms:ViaService", "role via", "may lack text"},
		{"aws:nosuchkey", "role", "never"},
	} {
		c := spaceOf(t, aboutKey(), allow(`"Null":{"`+row.key+`":"true"}`))
		if got := kindOf(t, c, row.kind).domainIn(slotOf(t, c, row.key)).show(); got != row.want {
			t.Errorf("%s of a %s request: %s, want %s", row.key, row.kind, got, row.want)
		}
	}
}

// TestFactDomains: what the question does not say of the key can be anything.
func TestFactDomains(t *testing.T) {
	yes := true
	for _, row := range []struct {
		name, key string
		facts     kmsapi.KeyFacts
		want      string
	}{
		{"an origin that is not known", "kms:KeyOrigin", kmsapi.KeyFacts{}, "always AWS_KMS|EXTERNAL|AWS_CLOUDHSM|EXTERNAL_KEY_STORE"},
		{"tags that are not known", "aws:ResourceTag/t", kmsapi.KeyFacts{}, "chosen text"},
		{"a tag", "aws:ResourceTag/t", kmsapi.KeyFacts{Tags: map[string]string{"T": "a"}}, "always a"},
		{"two tags of one name but for the letter case", "aws:ResourceTag/t", kmsapi.KeyFacts{Tags: map[string]string{"T": "b", "t": "a"}}, "unsaid a|b"},
		{"another tag", "aws:ResourceTag/t", kmsapi.KeyFacts{Tags: map[string]string{"u": "a"}}, "never"},
		{"an organization that is not known", "aws:ResourceOrgID", kmsapi.KeyFacts{}, "chosen text"},
		{"a multi-Region key, primary or replica", "kms:MultiRegionKeyType", kmsapi.KeyFacts{MultiRegion: &yes}, "always PRIMARY|REPLICA"},
		{"a multi-Region key", "kms:MultiRegion", kmsapi.KeyFacts{MultiRegion: &yes}, "always true"},
		{"aliases", "kms:ResourceAliases", kmsapi.KeyFacts{Aliases: []string{"alias/a", "alias/b"}}, "unsaid alias/a|alias/b"},
		{"aliases that are not known", "kms:ResourceAliases", kmsapi.KeyFacts{}, "unsaid text"},
	} {
		about := aboutKey()
		about.Key = row.facts
		c := spaceOf(t, about, allow(`"Null":{"`+row.key+`":"true"}`))
		if got := kindOf(t, c, "role").domainIn(slotOf(t, c, row.key)).show(); got != row.want {
			t.Errorf("%s: %s, want %s", row.name, got, row.want)
		}
	}
}

// TestLawOfPlainValues: whatever the key and the kind of request, the plainest
// value is one of the domain's own, none where the key may be missing.
func TestLawOfPlainValues(t *testing.T) {
	looked := 0
	for _, known := range []bool{true, false} {
		about := aboutKey()
		if !known {
			about.Key, about.KeyARN = kmsapi.KeyFacts{}, ""
		}
		for _, r := range condkey.Default().Rows() {
			name := r.Name
			switch {
			case r.Parts != nil:
				name += r.Parts[0]
			case r.Family == condkey.Prefix:
				name += "t"
			case r.Family == condkey.Suffix:
				name = r.Part + "example.com" + name
			}
			c := spaceOf(t, about, allow(`"Null":{"`+name+`":"true"}`))
			slot := slotOf(t, c, name)
			if slot < compile.FirstSlot {
				continue // of the caller's own keys: see TestStart
			}
			for caller := compile.RoleCaller; caller <= compile.ServiceCaller; caller++ {
				for path := Direct; path <= MCP; path++ {
					kind := kindOf(t, c, callerWords()[caller]+" "+pathWords()[path])
					d := kind.domainIn(slot)
					if d.mayBeAbsent() && len(d.start) > 0 || d.presence == condkey.Always && d.kind != alwaysAbsent && len(d.start) == 0 {
						t.Errorf("%s of a %v %v request: %s begins with %v", name, caller, path, d.show(), d.start)
					}
					for _, v := range d.start {
						if looked++; !holdsValue(d, c.Slots[slot], v) {
							t.Errorf("%s of a %v %v request: %s begins with %q", name, caller, path, d.show(), v.Text)
						}
					}
				}
			}
		}
	}
	if looked < 100 {
		t.Errorf("%d values, want those of many keys", looked)
	}
}

// holdsValue reports whether a value is one of a key's domain, and written as AWS does.
func holdsValue(d *domain, key condkey.Key, v compile.Value) bool {
	switch d.kind {
	case fixedTo, choice:
		return slices.Contains(d.vals, v)
	case text:
		return InForms(d.forms, v.Text) || d.forms == nil // the values of some keys are those of another
	case number:
		written := fmt.Sprint(v.Number)
		if key.Types == condkey.Date {
			written = time.Unix(v.Number, 0).UTC().Format(time.RFC3339)
		}
		return d.lo <= v.Number && v.Number <= d.hi && v.Text == written
	case address:
		return d.addrs.Has(v.Address) && v.Text == v.Address.String()
	default:
		return false
	}
}

// TestInOrg: the path of an organization that is known begins with its id, and
// its units still repeat the id of the root.
func TestInOrg(t *testing.T) {
	c := spaceOf(t, aboutKey(), allow(`"ForAnyValue:StringLike":{"aws:ResourceOrgPaths":"o-mycorp0001/*"}`))
	d := kindOf(t, c, "role").domainIn(slotOf(t, c, "aws:ResourceOrgPaths"))
	for _, row := range []struct {
		path string
		want bool
	}{
		{"o-mycorp0001/r-ab12/", true},
		{"o-mycorp0001/r-ab12/ou-ab12-11112222/", true},
		{"o-mycorp0001/r-ab12/ou-ab12-11112222/ou-ab12-33334444/", true},
		{"o-mycorp0001/r-ab12/ou-cd34-11112222/", false},
		{"o-mycorp0002/r-ab12/", false},
		{d.first, true},
	} {
		if got := InForms(d.forms, row.path); got != row.want {
			t.Errorf("%s is a path of the organization: %v, want %v", row.path, got, row.want)
		}
	}
}

// TestWideDomain: a search that is not sure counts on values of which AWS does not
// say whether they occur, and nothing else of the domain changes by that.
func TestWideDomain(t *testing.T) {
	for _, row := range []struct{ key, kind, sure, may string }{
		{"aws:AssumedRoot", "root temporary", "may have true", "may have true|false"},
		{"aws:MultiFactorAuthPresent", "user temporary", "always true|false", "always true|false"},
	} {
		c := spaceOf(t, aboutKey(), allow(`"Null":{"`+row.key+`":"true"}`))
		for _, sure := range []bool{true, false} {
			want := row.may
			if sure {
				want = row.sure
			}
			s := c.NewSearch(kindOf(t, c, row.kind), Reach{}, sure)
			if got := s.domain(slotOf(t, c, row.key)).show(); got != want {
				t.Errorf("%s, sure %v: %s, want %s", row.key, sure, got, want)
			}
		}
	}
}

// TestTiedDomains: where the rules between keys say whether a key is there, it is,
// or is not; a key of which AWS says neither a search may still leave out.
func TestTiedDomains(t *testing.T) {
	const identity, function = "aws:SourceIdentity", "lambda:SourceFunctionArn"
	for _, row := range []struct {
		kind            string
		identity        string // where the rule has it there, and where not
		withoutIdentity string
		function        string
		withoutFunction string
	}{
		{"role", "always text", "never", "always text", "never"},
		{"role via", "always text", "never", "unsaid text", "unsaid"},
	} {
		c := spaceOf(t, aboutKey(), allow(`"Null":{"`+identity+`":"true","`+function+`":"true"}`))
		c.Table = tableWith(t, condkey.Rule{Kind: condkey.ExactlyOne, Keys: []string{identity, function}})
		for _, k := range kindOf(t, c, row.kind).SplitBy(slotOf(t, c, identity), slotOf(t, c, function)) {
			wantIdentity, wantFunction := row.identity, row.withoutFunction
			if there, _ := k.with.of(slotOf(t, c, identity)); !there {
				wantIdentity, wantFunction = row.withoutIdentity, row.function
			}
			for key, want := range map[string]string{identity: wantIdentity, function: wantFunction} {
				if got := k.domainIn(slotOf(t, c, key)).show(); got != want {
					t.Errorf("%s of a %s request: %s, want %s", key, row.kind, got, want)
				}
			}
		}
	}
}

// TestTimesUntil: where a request may choose its time, so it may that of its session.
func TestTimesUntil(t *testing.T) {
	c := spaceOf(t, aboutKey(), allow(`"DateGreaterThan":{"aws:TokenIssueTime":"2025-03-01T00:00:00Z"},"NumericGreaterThan":{"aws:EpochTime":"5"}`))
	hour := now().Unix() + 3600
	then := c.At(now(), hour)
	for _, row := range []struct{ key, want string }{
		{"aws:TokenIssueTime", fmt.Sprintf("always %d to %d", now().Unix()-12*3600, hour)},
		{"aws:EpochTime", fmt.Sprintf("always %d to %d", now().Unix()+1, hour)},
	} {
		d := kindOf(t, then, "role").domainIn(slotOf(t, then, row.key))
		if got := d.show(); got != row.want {
			t.Errorf("%s: %s, want %s", row.key, got, row.want)
		}
		if !holdsValue(d, then.Slots[slotOf(t, then, row.key)], d.start[0]) {
			t.Errorf("%s begins with %q", row.key, d.start[0].Text)
		}
	}
}
