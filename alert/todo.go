package alert

import (
	"fmt"
	"slices"
	"strings"
	"unicode"

	"github.com/kmsentry/kmsentry/detector"
	"github.com/kmsentry/kmsentry/detector/policy"
)

// todo writes the steps: first those that change nothing, then containment,
// last what breaks things. Deleting the key is never among them: it destroys
// every byte encrypted under it.
func (m *mail) todo() {
	m.heading("DO NOW: LOOK FIRST (THESE STEPS CHANGE NOTHING)")
	step := 0
	next := func(text string, c command) {
		step++
		m.step(step, text, c)
	}
	if m.cmd.savePolicy == nil {
		next("Open the key in its account and save its policy as it is now. There is no command here because the record does not name the key by a well-formed ARN.", nil)
	} else {
		save := "Save the policy as it is now; it may have changed since:"
		if m.f.Attempted {
			save = "Save the policy in force, which this call did not change:"
		}
		next(save, m.cmd.savePolicy)
		next("See what else was done to the key in the last 90 days:", m.cmd.keyHistory)
	}
	if m.cmd.listGrants != nil && !m.f.Attempted && letsGrant(m.f.Decision.Grants) {
		next("List the grants on the key; those that outsiders made stay when the policy goes, so revoke them as well:", m.cmd.listGrants)
	}
	if m.cmd.actorHistory != nil {
		next("See what else was done with this access key:", m.cmd.actorHistory)
	}
	next(ask(m.f.Actor), nil)
	if m.f.Attempted {
		m.stopCaller(next)
		return
	}
	m.contain(next)
}

// letsGrant reports whether outsiders of any kind can make grants.
func letsGrant(grants []policy.Grant) bool {
	return slices.ContainsFunc(grants, func(g policy.Grant) bool { return g.Action == "kms:CreateGrant" })
}

// ask says how to find out whether the call was meant. A session's name is its
// caller's choice, so nobody is to be asked by it alone.
func ask(a detector.Actor) string {
	switch {
	case a.Type == "Root":
		return "Find out who used the root user, and whether this was meant."
	case a.Type == "AWSService":
		return "Find out what made " + who(a, 64) + " do this, and whether it was meant."
	case a.ByService():
		return plain(a.InvokedBy, 64) + " made the call for " + session(a) + ". Find out who or what started it, and whether this was meant."
	case a.Name == "" || a.Name == "unknown":
		return "Find out who made the call, and whether it was meant."
	case a.Role != "" && a.Role != a.Name:
		return "Find out who is behind " + session(a) + " and ask, not by replying to this mail, whether this was meant."
	default:
		return "Ask " + plain(a.Name, 64) + ", not by replying to this mail, whether this was meant."
	}
}

// session names the caller and, in parentheses, the role.
func session(a detector.Actor) string {
	name := orUnknown(plain(a.Name, 64))
	if a.Role != "" && a.Role != a.Name {
		name += " (role " + plain(a.Role, 64) + ")"
	}
	return name
}

// contain writes the steps that take the key back.
func (m *mail) contain(next func(string, command)) {
	if steps := lockedSteps(m.f); steps != nil {
		m.heading("CONTAIN")
		for _, step := range steps {
			next(step, nil)
		}
		m.stopCaller(next)
		return
	}
	switch {
	case m.f.Verdict == policy.Undecided:
		m.heading("IF THE POLICY PROVES TO BE OPEN: CONTAIN (DATA STAYS READABLE)")
	case namedOnly(m.f):
		m.heading("IF YOU DO NOT KNOW THEM: CONTAIN (DATA STAYS READABLE)")
	default:
		m.heading("CONTAIN (DATA STAYS READABLE)")
	}
	fixed := "Put a policy in force that you trust, saved as fixed.json: the one from before (AWS Config, your template)"
	if m.f.Repaired != "" {
		fixed = "Put the policy without the grants shown above in force. It is proposed " + m.proposalPlace() + "; save it as fixed.json and read it first"
	}
	if m.cmd.restorePolicy == nil {
		next(fixed+", and set it in the KMS console.", nil)
	} else {
		next(fixed+":", m.cmd.restorePolicy)
	}
	if o := m.f.Decision.Owner; o.Manage == policy.AccessNamed || o.Manage == policy.AccessUndecided && m.f.Problem == "" {
		m.para("     ", "     ", "If AWS refuses it: the policy in force does not surely let your account change it. Sign in as somebody whom the policy lets call kms:PutKeyPolicy; if there is nobody, open a case with AWS Support.")
	}
	m.stopCaller(next)
	m.heading("LAST RESORT")
	warning := "Disable the key. WARNING: everything that uses it fails from that moment, decryption too. Enabling it again undoes this."
	if m.cmd.disableKey == nil {
		next(warning, nil)
		return
	}
	next(warning, m.cmd.disableKey)
}

// stopCaller writes how to stop the caller, if it was not one of yours.
func (m *mail) stopCaller(next func(string, command)) {
	a := m.f.Actor
	switch {
	case a.Type == "AWSService":
		return
	case m.cmd.deactivateKey != nil:
		next("Not one of yours? Deactivate the access key:", m.cmd.deactivateKey)
	case a.Type == "Root":
		next("Not one of yours? Change the root password, delete root access keys, and call AWS Support.", nil)
	case a.SSO:
		next("Not one of yours? End the person's sessions in IAM Identity Center, take the assignment away, and suspend the user at your identity provider.", nil)
	case a.Role != "":
		next("Not one of yours? Revoke the sessions of role "+plain(a.Role, 64)+" (IAM console, Revoke active sessions)"+idpAdvice(a.Federated)+".", nil)
	default:
		next("Not one of yours? Take the caller's credentials away"+idpAdvice(a.Federated)+".", nil)
	}
}

// idpAdvice follows when the caller signed in elsewhere.
func idpAdvice(federated bool) string {
	if federated {
		return " and suspend the user at your identity provider"
	}
	return ""
}

// step writes one numbered step and its command.
func (m *mail) step(n int, text string, c command) {
	m.para(fmt.Sprintf("  %d. ", n), "     ", text)
	if c != nil {
		m.line(c.block("     "))
	}
}

// proposalPlace says where the repaired policy stands.
func (m *mail) proposalPlace() string {
	if m.proposalLines() != nil {
		return "below"
	}
	return "in the JSON copy of this alert (evidences[0].data.repaired_policy.text)"
}

// proposal writes the repaired policy, ready to be saved.
func (m *mail) proposal() {
	lines := m.proposalLines()
	if lines == nil || m.f.Attempted {
		return
	}
	m.heading("PROPOSED POLICY (fixed.json)")
	for _, line := range lines {
		m.line("  " + line)
	}
}

// proposalLines returns the repaired policy for the mail; nil when there is
// none or when it would not survive one: too long, or with lines that a mail
// program breaks.
func (m *mail) proposalLines() []string {
	if m.f.Repaired == "" || len(m.f.Repaired) > m.l.proposal {
		return nil
	}
	lines := strings.Split(linkless(document(m.f.Repaired)), "\n")
	for i, line := range lines {
		line = strings.TrimRightFunc(strings.ReplaceAll(line, "\t", "  "), unicode.IsSpace)
		lines[i] = line
		if width(line)+2 > columns && !strings.Contains(line, `"arn:`) {
			return nil
		}
	}
	return lines
}
