package words

import (
	"strings"

	"github.com/kmsentry/kmsentry/alert/safe"
	"github.com/kmsentry/kmsentry/detector/policy/decide"
	"github.com/kmsentry/kmsentry/internal/awsid"
)

// WorstGrant returns the first grant to the worst audience; nil when there is none.
func WorstGrant(d decide.Decision) *decide.Grant {
	var worst *decide.Grant
	for i := range d.Grants {
		if worst == nil || d.Grants[i].Audience > worst.Audience {
			worst = &d.Grants[i]
		}
	}
	return worst
}

// LetIn names the statements that let the audience in; "" when there is only one and
// the reasons, which follow, begin with it.
func LetIn(g decide.GrantGroup) string {
	if first := g[0]; len(first.Statements) == 1 && len(first.Why) > 0 {
		return ""
	}
	return ", let in by " + through(g)
}

// Whom names who gets in.
func Whom(g decide.GrantGroup) string {
	const most = 4 // names in a sentence
	named := ""
	for i, name := range g[0].Named {
		if i == most {
			named += " and others"
			break
		}
		if i > 0 {
			named += ", "
		}
		named += outsider(name)
	}
	switch g[0].Audience {
	case decide.Public:
		return "Anyone in AWS"
	case decide.Network:
		if named == "" {
			return "Anyone on a named network"
		}
		return "Anyone calling from " + named
	default:
		if named == "" {
			return "Outsiders whom the policy names"
		}
		return Capitalized(named)
	}
}

// outsider returns a name, with its kind where the name does not show it.
func outsider(name string) string {
	shown := safe.Plain(name, safe.MaxARN)
	switch {
	case awsid.IsAccount(name):
		return "account " + shown
	case strings.HasPrefix(name, "o-"):
		return "organization " + shown
	default:
		return shown
	}
}

// through names the statements that let the audience in.
func through(g decide.GrantGroup) string {
	const most = 3 // statements in a sentence
	refs := g[0].Statements
	if len(refs) == 0 {
		return "the policy as a whole"
	}
	var names []string
	for _, ref := range refs[:min(len(refs), most)] {
		names = append(names, StatementName(ref))
	}
	text := strings.Join(names, " and ")
	if len(refs) > most {
		text += " and others"
	}
	return text
}
