package check

import (
	"strings"

	"github.com/kmsentry/kmsentry/alert/safe"
	"github.com/kmsentry/kmsentry/detector/policy/decide"
)

// Locked reports whether the policy certainly lets nobody in the key owner's account
// change it. It is false when the owner was only inferred from the policy, and when only
// resource control policies prevent the change.
func (c *Result) Locked() bool {
	d := &c.Decision
	return c.err == nil && c.Account != "" && !c.guessed && d.Owner.Manage == decide.AccessNo &&
		(d.Unguarded == nil || d.Unguarded.Owner.Manage == decide.AccessNo)
}

// OwnerLines returns what the owner's account does not certainly keep, one clause each;
// nil when it keeps everything.
func OwnerLines(c Result) []string {
	o := c.Decision.Owner
	if c.Account == "" || c.err != nil {
		return nil
	}
	account := safe.Sanitize(c.Account, 12)
	var lines []string
	add := func(text string, why decide.Doubt) {
		if why.Reason != "" {
			text += ": " + openLine(why)
		}
		lines = append(lines, text)
	}
	switch o.Manage {
	case decide.AccessNo:
		add("nobody in "+account+" can change the policy", o.ManageBlame)
	case decide.AccessNamed:
		add("only "+named(o.Named, "principals by name")+" can change the policy, while they exist", o.ManageBlame)
	case decide.AccessUndecided:
		add("whether "+account+" can change the policy is not decided", o.ManageBlame)
	}
	switch o.Decrypt {
	case decide.AccessNo:
		add("nobody in "+account+" can decrypt", o.DecryptBlame)
	case decide.AccessUndecided:
		if o.Manage != decide.AccessUndecided {
			add("whether "+account+" can decrypt is not decided", o.DecryptBlame)
		}
	}
	return lines
}

// GuardLine returns a line that says that the verdict depends on resource control
// policies, or "" if it does not.
func GuardLine(d decide.Decision) string {
	if d.Unguarded == nil || d.Unguarded.Verdict == d.Verdict {
		return ""
	}
	return "the key policy alone is " + d.Unguarded.Verdict.String() + ": only a resource control policy closes it, and that can be detached"
}

// closedLine returns the headline of a private key, including other actions that
// outsiders can call.
func closedLine(c Result) string {
	text := "no outsider can encrypt, decrypt or sign with it"
	if c.Locked() {
		text = "locked: nobody in " + safe.Sanitize(c.Account, 12) + " can change the policy; " + text
	}
	var others []string
	for _, g := range decide.GroupGrants(c.Decision.Others) {
		others = append(others, audience(g[0])+" can "+actions(g))
	}
	if others != nil {
		text += ", but " + strings.Join(others, ", ")
	}
	return text
}
