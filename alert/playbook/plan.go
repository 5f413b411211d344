package playbook

import (
	"slices"

	"github.com/kmsentry/kmsentry/alert/safe"
	"github.com/kmsentry/kmsentry/alert/words"
	"github.com/kmsentry/kmsentry/detector"
	"github.com/kmsentry/kmsentry/detector/policy/decide"
)

// A Step is one thing that a responder does.
type Step struct {
	Text    string  // what to do, a sentence; it ends in ":" when a command follows
	Command Command // nil when there is none
	Label   string  // a few words for chat that say what the command is for; "" keeps the step out of chat
}

// A Plan is what to do about a finding, in order: first what changes nothing, then
// what secures the key, then what to look at later, and last what breaks things. No
// step ever deletes the key, which would destroy all data encrypted under it.
type Plan struct {
	Steps      []Step
	Urgent     int    // the number of steps, from the first, that are urgent; the others can wait
	LastResort int    // the index of the first step that breaks things; len(Steps) when there is none
	Account    string // the account to sign in to; "" when it is not known
}

// Through returns the number of steps, from the first, that hold n commands; all
// steps before the last resort when these hold fewer.
func (p Plan) Through(n int) int {
	for i, s := range p.Steps[:p.LastResort] {
		if s.Command != nil {
			if n--; n == 0 {
				return i + 1
			}
		}
	}
	return p.LastResort
}

// A planner builds a plan.
type planner struct {
	f     *detector.Finding
	cmd   commands
	below bool // the repaired policy follows in the same text
	Plan
}

// For returns the plan for f. below says that the repaired policy follows
// in the same text.
func For(f *detector.Finding, below bool) Plan {
	p := &planner{f: f, cmd: commandsFor(f), below: below}
	switch {
	case f.Attempted:
		p.refused()
	default:
		p.accepted()
	}
	return p.Plan
}

// step adds a step.
func (p *planner) step(text string, c Command, label string) {
	p.Steps = append(p.Steps, Step{text, c, label})
}

// refused plans for a refused call: it changed nothing, but somebody tried.
func (p *planner) refused() {
	p.Account = p.f.Event.Account
	if p.cmd.actorHistory != nil {
		p.step("See what else was done with this access key:", p.cmd.actorHistory, "What else this access key did")
	}
	p.ask()
	p.stopCaller()
	p.Urgent = len(p.Steps)
	switch {
	case p.f.NoKey():
	case p.f.ForeignKey() || p.f.KeyElsewhere():
		p.step("Somebody else's key: it belongs to account "+safe.OrUnknown(safe.Plain(p.f.Key.Account, 12))+", whose own trail does not show this call. If that account is yours too, tell its owner.", nil, "")
	case p.cmd.savePolicy != nil:
		p.step("See the policy in force, which this call did not change:", p.cmd.savePolicy, "The policy in force")
		p.step("See what else was done to the key in the last 90 days:", p.cmd.keyHistory, "What else was done to the key")
	}
	p.LastResort = len(p.Steps)
}

// accepted plans for a policy that is, or may be, in force.
func (p *planner) accepted() {
	p.Account = p.f.Key.Account
	p.look()
	p.ask()
	p.contain()
	p.Urgent = len(p.Steps)
	p.mendStack()
	p.stopCaller()
	p.lookFurther()
	p.LastResort = len(p.Steps)
	if p.f.OwnerLocked {
		return // disabling the key would be refused as well
	}
	p.step("Disable the key. WARNING: everything that uses it fails from that moment, decryption too. Enabling it again undoes this"+colon(p.cmd.disableKey), p.cmd.disableKey, "Last resort, stops decryption too")
}

// look adds the steps that show the policy in force and whom it lets in.
func (p *planner) look() {
	switch {
	case p.cmd.newestKeys != nil && p.cmd.savePolicy == nil:
		p.Account = p.f.Event.Account
		p.step("See whether a key was created at that time; if so, save its policy and close it:", p.cmd.newestKeys, "")
		return
	case p.cmd.findKey != nil:
		p.step("Find the key that the alias names, then save its policy with aws kms get-key-policy:", p.cmd.findKey, "Find the key that the alias names")
		return
	case p.cmd.savePolicy == nil:
		p.step("Open the key in its account and save its policy as it is now. There is no command here because the record does not name the key by a well-formed ARN.", nil, "")
		return
	}
	switch {
	case words.NotInRecord(p.f):
		p.step("Fetch the policy in force, which is not in the record:", p.cmd.savePolicy, "Fetch the policy")
	case words.OutcomeUnknown(p.f):
		p.step("See whether the policy is in force:", p.cmd.savePolicy, "See whether it is in force")
	default:
		p.step("Save the policy in force; this changes nothing:", p.cmd.savePolicy, "Save the policy as it is now")
	}
	switch {
	case words.Unsure(p.f):
		p.step("See whom it lets in:", p.cmd.checkPolicy, "See whom it lets in (saved as before.json)")
	case p.f.Repaired == "":
		p.previous()
	}
}

// previous adds the step that shows the policies before this one, which the record
// does not hold.
func (p *planner) previous() {
	if p.cmd.previousPolicy != nil {
		p.step("See the policies of the 90 days before the change, newest first:", p.cmd.previousPolicy, "The policy from before")
	}
}

// contain adds the steps that secure the key.
func (p *planner) contain() {
	for _, text := range LockedSteps(p.f) {
		p.step(text, nil, "")
	}
	if p.f.OwnerLocked {
		return
	}
	unless, brief := "If it was not intended, or nobody answers: ", "Contain"
	switch {
	case words.Unsure(p.f) || p.f.Verdict == decide.Undecided:
		unless, brief = "If it is open: ", "If it is open"
	case words.NamedOnly(p.f):
		unless, brief = "If you do not know them: ", "If unknown"
	}
	text := unless + "put a policy that you trust in force, saved as fixed.json. Data stays readable"
	fixed := " (fixed.json: a policy you trust)"
	if p.f.Repaired != "" {
		place := "in the JSON copy of this alert (evidences[0].data.repaired_policy.text; save it as fixed.json)"
		if p.below {
			place = "below (save it as fixed.json)"
		}
		text = unless + "put into force the policy proposed " + place + ", without the statements above. Read it first. Data stays readable"
		fixed = " (fixed.json: see the mail)"
	}
	if p.cmd.restorePolicy == nil {
		text += "; set it in the KMS console"
	}
	if words.OwnerDoubt(p.f) != "" {
		text += ". If AWS refuses it, sign in as somebody whom the policy in force lets call kms:PutKeyPolicy; if there is nobody, open a case with AWS Support"
	}
	p.step(text+colon(p.cmd.restorePolicy), p.cmd.restorePolicy, brief+fixed)
}

// mendStack adds the step that corrects the template, which would open the key again.
func (p *planner) mendStack() {
	deployer := safe.Plain(p.f.Deployer(), 64)
	switch {
	case deployer == "":
	case p.cmd.stack != nil:
		p.step("Correct the template as well, or the stack puts this policy back with its next update of the key. Find the stack:", p.cmd.stack, "Correct the stack's template too, or it comes back; the stack")
	default:
		p.step("Correct the template as well, or "+deployer+" puts this policy back with its next deployment.", nil, "")
	}
}

// lookFurther adds the steps that can wait until the key is secure.
func (p *planner) lookFurther() {
	if p.f.Repaired != "" {
		p.previous()
	}
	if p.cmd.listGrants != nil && letsGrant(p.f.Decision.Grants) {
		p.step("List the grants on the key. Grants that outsiders created outlast the policy, so revoke them as well:", p.cmd.listGrants, "")
	}
	if p.cmd.actorHistory != nil {
		p.step("See what else was done with this access key"+p.elsewhere()+":", p.cmd.actorHistory, "")
	}
	if p.cmd.keyHistory != nil {
		p.step("See what else was done to the key in the last 90 days:", p.cmd.keyHistory, "History")
	}
}

// elsewhere returns a clause that names the account to sign in to for the caller's
// calls, which are recorded there, or "" if it is the key's account.
func (p *planner) elsewhere() string {
	if !p.f.KeyElsewhere() {
		return ""
	}
	return ", signed in to account " + safe.Plain(p.f.Event.Account, 12)
}

// letsGrant reports whether any outsiders can create grants.
func letsGrant(grants []decide.Grant) bool {
	return slices.ContainsFunc(grants, func(g decide.Grant) bool { return g.Action == "kms:CreateGrant" })
}

// colon returns the end of a sentence: ":" when a command follows, otherwise ".".
func colon(c Command) string { return colonOr(c, ":") }

// colonOr returns more when a command follows, otherwise ".".
func colonOr(c Command, more string) string {
	if c == nil {
		return "."
	}
	return more
}
