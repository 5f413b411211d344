package policy

import (
	"fmt"
	"strings"
)

// ParseRCP reads a resource control policy as strictly as ParseStrict reads a
// key policy. In addition, the Version must be 2012-10-17, and each statement
// must have Principal "*", Action, and either Resource or NotResource. A
// statement must deny, except for that of RCPFullAWSAccess, which allows
// everything but grants nothing.
// Source: AWS Organizations User Guide, orgs_manage_policies_rcps_syntax.html.
func ParseRCP(text []byte) (*Policy, error) {
	p, err := ParseStrict(text)
	if err != nil {
		return nil, fmt.Errorf("resource control policy: %s", strings.TrimPrefix(err.Error(), "key policy: "))
	}
	if p.Version != "2012-10-17" {
		return nil, fmt.Errorf("resource control policy: Version: expected 2012-10-17, found %q", p.Version)
	}
	for i := range p.Statements {
		if want := p.Statements[i].wantsOfRCP(); want != "" {
			return nil, fmt.Errorf("resource control policy: Statement[%d]: expected %s", i, want)
		}
	}
	p.IsRCP = true
	return p, nil
}

// wantsOfRCP returns what a statement of a resource control policy must have and
// s lacks; "" if s is valid there.
func (s *Statement) wantsOfRCP() string {
	everyone := !s.NotPrincipal && len(s.Principals) == 1 && s.Principals[0].Kind == KindAWS && s.Principals[0].Value == "*"
	switch {
	case !everyone:
		return `Principal "*"`
	case s.Actions == nil || s.NotAction:
		return "Action"
	case s.Resources == nil:
		return "Resource or NotResource"
	case s.Effect == Deny:
		return ""
	case len(s.Actions) != 1 || s.Actions[0] != "*" || s.NotResource || len(s.Resources) != 1 || s.Resources[0] != "*" || len(s.Conditions) > 0:
		return "Effect Deny; only RCPFullAWSAccess allows, everything without a condition"
	}
	return ""
}
