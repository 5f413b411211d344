package decide

import (
	"encoding/json"
	"fmt"
	"maps"
	"math/rand/v2"
	"net/netip"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/kmsentry/kmsentry/detector/policy"
	"github.com/kmsentry/kmsentry/detector/policy/condkey"
	"github.com/kmsentry/kmsentry/detector/policy/evaluate"
	"github.com/kmsentry/kmsentry/detector/policy/kmsapi"
	"github.com/kmsentry/kmsentry/internal/awsid"
)

// The oracle knows nothing of automata or intervals. It makes requests of
// outsiders out of the policy's own constants, near misses of its patterns and
// fresh values of every kind, keeps to the rules by which one fact of a request
// follows from another, and asks Allows about each. It finds no proof, but
// every request that it finds is one.

// surroundings are those of the corpus: the key, its owner, and the instant.
func surroundings() Question {
	no := false
	return Question{
		Account: "111122223333",
		KeyARN:  "arn:aws:kms:us-east-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab",
		At:      time.Date(2026, 9, 1, 0, 0, 0, 0, time.UTC),
		Key: kmsapi.KeyFacts{
			Spec: "SYMMETRIC_DEFAULT", Usage: "ENCRYPT_DECRYPT", Origin: "AWS_KMS", MultiRegion: &no, Org: "o-mycorp0001",
			Tags: map[string]string{}, Aliases: []string{},
		},
	}
}

// An oracle makes requests against one policy.
type oracle struct {
	p         *policy.Policy
	q         Question
	rng       *rand.Rand
	text      string              // all of the policy
	lower     string              // the same in lower case
	mentioned map[string]bool     // condition keys, also those in variables; lower case
	constants map[string][]string // values by lower-case key
	sourced   map[string]bool     // keys that are in variables
	policies  []string            // principals that the policy lists
	instances map[string][]string // what values makes of the constants
	insiders  bool                // the callers are the key owner's own
	callers   []caller            // made once
	channels  []channel           // made once
}

var variableName = regexp.MustCompile(`\$\{([^,}]+)(?:, '([^']*)')?\}`)

func newOracle(p *policy.Policy, q Question, seed uint64) *oracle {
	o := &oracle{
		p: p, q: q, rng: rand.New(rand.NewPCG(seed, 1)),
		mentioned: map[string]bool{}, constants: map[string][]string{}, instances: map[string][]string{}, sourced: map[string]bool{},
	}
	var statements []policy.Statement
	for _, in := range append([]*policy.Policy{p}, q.RCPs...) {
		statements = append(statements, in.Statements...)
	}
	for _, st := range statements {
		o.text += st.Text
		for _, c := range st.Conditions {
			key := strings.ToLower(c.Key)
			o.mentioned[key] = true
			o.constants[key] = append(o.constants[key], c.Values...)
			for _, value := range c.Values {
				o.text += "\x00" + value // escapes decoded
			}
			o.noteVariables(c.Values)
		}
		o.noteVariables(st.Resources)
		for _, entry := range st.Principals {
			o.policies = append(o.policies, entry.Value)
			o.text += "\x00" + entry.Value
		}
	}
	o.lower = strings.ToLower(o.text)
	return o
}

// about returns an oracle on the statements that can be about an action: a
// witness has no keys of others.
func (o *oracle) about(action string) *oracle {
	p := clone(o.p)
	p.Statements = slices.DeleteFunc(p.Statements, func(st policy.Statement) bool { return evaluate.MatchesActions(&st, action) == evaluate.No })
	return newOracle(p, o.q, 1)
}

func (o *oracle) noteVariables(values []string) {
	if !o.p.Variables() {
		return
	}
	for _, value := range values {
		for _, m := range variableName.FindAllStringSubmatch(value, -1) {
			o.mentioned[strings.ToLower(m[1])] = true
			o.sourced[strings.ToLower(m[1])] = true
		}
	}
}

func (o *oracle) asks(keys ...string) bool {
	return slices.ContainsFunc(keys, func(key string) bool { return o.mentioned[strings.ToLower(key)] })
}

// A oracleRequest is a request with what the oracle knows of its sender.
type oracleRequest struct {
	evaluate.Request
	stranger bool // the policy names nothing that sets the caller apart
	unnamed  bool // nor does the network that it comes from
	fas      bool // a service calls with the caller's permissions
}

// search asks Allows about at most limit requests for one action and returns
// the first that it surely allows and that want likes. It asks about all that
// the oracle can make when these are few enough, else about a random choice.
func (o *oracle) search(action string, limit int, want func(oracleRequest) bool) (oracleRequest, bool) {
	if o.callers == nil {
		o.callers, o.channels = o.allCallers(), o.allChannels()
	}
	pairs := len(o.callers) * len(o.channels)
	perBase := max(4, limit/max(1, pairs))
	for i := range min(pairs, limit) {
		if pairs > limit {
			i = o.rng.IntN(pairs)
		}
		base, ok := o.join(o.request(o.callers[i/len(o.channels)]), o.channels[i%len(o.channels)])
		if !ok {
			continue
		}
		base.Action = action
		for r := range o.parameters(base, perBase) {
			if want(r) && evaluate.AllowsUnder(o.p, r.Request, o.q.RCPs) == evaluate.Yes {
				return r, true
			}
		}
	}
	return oracleRequest{}, false
}

// set puts a key into a request when the policy asks for it.
func (o *oracle) set(context map[string][]string, key string, values ...string) {
	if o.asks(key) && len(values) > 0 {
		if info, ok := condkey.Default().Lookup(key); ok {
			key = info.Name
		}
		context[key] = values
	}
}

// named reports whether the text is in the policy, in any letter case.
func (o *oracle) named(text string) bool {
	return text != "" && strings.Contains(o.lower, strings.ToLower(text))
}

func (o *oracle) fresh(candidates ...string) string {
	for _, c := range candidates {
		if !o.named(c) {
			return c
		}
	}
	panic("the policy names every fresh value")
}

// accounts returns accounts other than the owner's and the trusted.
func (o *oracle) accounts() []string {
	if o.insiders {
		return []string{o.q.Account}
	}
	list := []string{o.fresh("999988887777", "888877776666", "777766665555", "606060606060")}
	list = append(list, regexp.MustCompile(`\d{12}`).FindAllString(o.text, -1)...)
	var patterns []string
	for _, key := range []string{"aws:principalaccount", "kms:calleraccount", "aws:principalarn"} {
		for _, value := range o.constants[key] {
			if parts := strings.SplitN(value, ":", 6); len(parts) == 6 {
				value = parts[4]
			}
			patterns = append(patterns, accountForms(value)...)
		}
	}
	for i, one := range patterns {
		list = append(list, accountInstances(one)...)
		for _, other := range patterns[:min(i, 40)] {
			list = append(list, accountInstances(mergeForms(one, other))...)
		}
	}
	list = slices.DeleteFunc(list, func(a string) bool {
		return !awsid.IsAccount(a) || a == o.q.Account || slices.Contains(o.q.TrustedAccounts, a)
	})
	slices.Sort(list)
	return slices.Compact(list)
}

// accountForms stretches the stars of a pattern so that it has twelve
// characters, a ? for each that is open; none when it cannot have twelve.
func accountForms(pattern string) []string {
	open := 12 - len(strings.ReplaceAll(pattern, "*", ""))
	if open < 0 || open > 0 && !strings.Contains(pattern, "*") {
		return nil
	}
	first := strings.Replace(pattern, "*", strings.Repeat("?", open), 1)
	last := pattern
	if at := strings.LastIndexByte(pattern, '*'); at >= 0 {
		last = pattern[:at] + strings.Repeat("?", open) + pattern[at+1:]
	}
	return []string{strings.ReplaceAll(first, "*", ""), strings.ReplaceAll(last, "*", "")}
}

// mergeForms fills what is open in one form from the other.
func mergeForms(one, other string) string {
	merged := []byte(one)
	for i := range merged {
		if merged[i] == '?' {
			merged[i] = other[i]
		}
	}
	return string(merged)
}

// accountInstances fills what is open in a form, and changes the last digit.
func accountInstances(form string) []string {
	var list []string
	for _, digit := range []string{"0", "5", "9"} {
		text := strings.ReplaceAll(form, "?", digit)
		list = append(list, text, text[:11]+digit)
	}
	return list
}

// textInstances returns texts that match a glob, and some that just do not.
func textInstances(pattern string) []string {
	plain := literals.Replace(pattern)
	var list []string
	for _, fill := range []string{"", "x", "zz.9", "1", "11111111"} {
		one := fill
		if len(one) != 1 {
			one = "a"
		}
		list = append(list, strings.ReplaceAll(strings.ReplaceAll(plain, "*", fill), "?", one))
	}
	list = append(list, plain, plain+"x", strings.ToUpper(plain), strings.ToLower(plain))
	if plain != "" {
		list = append(list, plain[:len(plain)-1])
	}
	return list
}

var literals = strings.NewReplacer("${*}", "*", "${?}", "?", "${$}", "$")

// fillStars puts each of the fills in the place of each of the first two stars
// of a pattern, and "" in the place of the others; a ? becomes an a.
func fillStars(pattern string, fills ...string) []string {
	pattern = strings.ReplaceAll(pattern, "?", "a")
	list := []string{pattern}
	for range 2 {
		var next []string
		for _, text := range list {
			for _, fill := range fills {
				next = append(next, strings.Replace(text, "*", fill, 1))
			}
		}
		list = next
	}
	for i := range list {
		list[i] = strings.ReplaceAll(list[i], "*", "")
	}
	slices.Sort(list)
	return slices.Compact(list)
}

// values returns what a free key may hold: constants, instances, fresh text,
// and the texts that are handed in because variables may name them.
func (o *oracle) values(key string, more ...string) []string {
	key = strings.ToLower(key)
	if o.instances[key] == nil {
		list := []string{"fresh-value", ""}
		for _, constant := range o.constants[key] {
			list = append(list, textInstances(constant)...)
		}
		slices.Sort(list)
		o.instances[key] = slices.Compact(list)
	}
	return append(slices.Clone(o.instances[key]), more...)
}

func keep(list []string, ok func(string) bool) []string {
	list = slices.DeleteFunc(slices.Clone(list), func(s string) bool { return !ok(s) })
	slices.Sort(list)
	return slices.Compact(list)
}

var (
	orgShape     = regexp.MustCompile(`^o-[a-z0-9]{10,32}$`)
	orgPathParts = regexp.MustCompile(`^o-[a-z0-9]{10,32}/r-([0-9a-z]{4,32})/((?:ou-[0-9a-z]{4,32}-[0-9a-z]{8,32}/){0,5})$`)
	tagShape     = regexp.MustCompile(`^[\p{L}\p{Z}\p{N}_.:/=+@-]{0,256}$`)
	tagKeyShape  = regexp.MustCompile(`^[\p{L}\p{Z}\p{N}_.:/=+@-]{1,128}$`)
	sessionShape = regexp.MustCompile(`^[A-Za-z0-9_+=,.@-]{2,64}$`)
	unitRoot     = regexp.MustCompile(`ou-([0-9a-z]{4,32})-`)
	vpcShape     = regexp.MustCompile(`^vpc-[0-9a-f]{8,17}$`)
	vpceShape    = regexp.MustCompile(`^vpce-[0-9a-f]{8,17}$`)
	viaShape     = regexp.MustCompile(`^[a-z0-9-]+\.[a-z0-9-]+\.amazonaws\.com$`)
	serviceShape = regexp.MustCompile(`^([a-z0-9-]+\.){1,3}amazonaws\.com(\.cn)?$`)
	userARN      = regexp.MustCompile(`^arn:aws:iam::\d{12}:user/([!-~]{1,510}/)?[A-Za-z0-9_+=,.@-]{1,64}$`)
	roleARN      = regexp.MustCompile(`^arn:aws:iam::\d{12}:role/([!-~]{1,510}/)?[A-Za-z0-9_+=,.@-]{1,64}$`)
	federatedARN = regexp.MustCompile(`^arn:aws:sts::\d{12}:federated-user/[A-Za-z0-9_+=,.@-]{2,32}$`)
	rootARN      = regexp.MustCompile(`^arn:aws:iam::\d{12}:root$`)
)

// isOrgPath reports whether text is an organization's path: all units have the
// id of the root in theirs.
func isOrgPath(text string) bool {
	m := orgPathParts.FindStringSubmatch(text)
	if m == nil {
		return false
	}
	for _, unit := range strings.Split(strings.TrimSuffix(m[2], "/"), "/") {
		if unit != "" && !strings.HasPrefix(unit, "ou-"+m[1]+"-") {
			return false
		}
	}
	return true
}

// organizations returns pairs of an organization and its path; "" is none.
func (o *oracle) organizations(account string) [][2]string {
	list := [][2]string{{"", ""}}
	if !o.asks("aws:PrincipalOrgID", "aws:PrincipalOrgPaths") {
		return list
	}
	if o.insiders && o.q.Key.Org != "" {
		return [][2]string{{o.q.Key.Org, o.q.Key.Org + "/r-ab12/ou-ab12-11111111/"}}
	}
	fresh := o.fresh("o-attacker01", "o-attacker02", "o-stranger77", "o-foreign0001")
	ids := append([]string{fresh, o.q.Key.Org}, o.values("aws:PrincipalOrgID")...)
	fills := []string{"", "r-zz99/", fresh[len("o-"):], "2/r-zz99/", "r-zz99/ou-zz99-99999999/"}
	for _, id := range keep(ids, orgShape.MatchString) {
		fills = append(fills, id, id+"/r-zz99")
		for _, m := range unitRoot.FindAllStringSubmatch(o.lower, -1) {
			fills = append(fills, id+"/r-"+m[1])
		}
	}
	var paths []string
	for _, pattern := range o.constants["aws:principalorgpaths"] {
		for _, path := range fillStars(pattern, fills...) {
			paths = append(paths, path)
			if id, _, ok := strings.Cut(path, "/"); ok {
				ids = append(ids, id)
			}
		}
	}
	for _, id := range keep(ids, orgShape.MatchString) {
		if slices.Contains(o.q.TrustedOrgs, id) {
			continue
		}
		own := append([]string{id + "/r-zz99/", id + "/r-zz99/ou-zz99-99999999/"}, paths...)
		for _, path := range keep(own, isOrgPath) {
			if strings.HasPrefix(path, id+"/") {
				list = append(list, [2]string{id, path})
			}
		}
	}
	return list
}

// arns returns the ARNs that callers of the account may have.
func (o *oracle) arns(account string) []string {
	list := []string{
		"arn:aws:iam::" + account + ":root", "arn:aws:iam::" + account + ":user/mallory",
		"arn:aws:iam::" + account + ":role/mallory-role", "arn:aws:sts::" + account + ":federated-user/mallory",
	}
	for _, name := range o.constants["aws:username"] {
		for _, instance := range textInstances(name) {
			list = append(list, "arn:aws:iam::"+account+":user/"+instance)
		}
	}
	for _, pattern := range o.constants["aws:userid"] {
		if _, name, ok := strings.Cut(pattern, ":"); ok {
			list = append(list, "arn:aws:sts::"+account+":federated-user/"+name)
		}
	}
	for _, entry := range o.policies {
		if role, ok := strings.CutPrefix(entry, "arn:aws:sts::"+account+":assumed-role/"); ok {
			role, _, _ = strings.Cut(role, "/")
			entry = "arn:aws:iam::" + account + ":role/" + role
		}
		list = append(list, entry)
	}
	for _, pattern := range o.constants["aws:principalarn"] {
		list = append(list, fillStars(pattern, "", "x1", "a/b", account, account+":role/a", "arn:aws:iam::"+account+":user/x", "arn:aws:iam::"+account+":role/a")...)
		parts := strings.SplitN(pattern, ":", 6)
		if len(parts) < 6 || !o.matchesAccount(parts[4], account) {
			continue
		}
		for _, resource := range fillStars(parts[5], "", "x1", "a/b") {
			for _, kind := range []string{"iam::" + account + ":", "sts::" + account + ":"} {
				for _, form := range []string{"", "role/", "user/", "federated-user/"} {
					list = append(list, "arn:aws:"+kind+form+resource)
				}
			}
		}
	}
	return keep(list, func(arn string) bool {
		return callerType(arn) != "" && strings.Split(arn, ":")[4] == account && !(o.insiders && policy.IsServiceLinked(arn))
	})
}

func (o *oracle) matchesAccount(pattern, account string) bool {
	return evaluate.MatchesGlob(pattern, account)
}

// callerType returns what aws:PrincipalType is for a caller with this ARN, ""
// when no caller has it.
func callerType(arn string) string {
	switch {
	case userARN.MatchString(arn):
		return "User"
	case roleARN.MatchString(arn):
		return "AssumedRole"
	case federatedARN.MatchString(arn):
		return "FederatedUser"
	case rootARN.MatchString(arn):
		return "Account"
	default:
		return ""
	}
}

// A caller is somebody who may call.
type caller struct {
	account, arn, kind string
	org                [2]string // id and path, "" for none
	id                 string    // unique id
	session            string    // a role session's name, a federated user's parent
	login              map[string][]string
}

// allCallers returns all outsiders that the oracle can think of.
func (o *oracle) allCallers() []caller {
	var list []caller
	for _, account := range o.accounts() {
		for _, org := range o.organizations(account) {
			for _, arn := range o.arns(account) {
				kind := callerType(arn)
				name := arn[strings.LastIndexByte(arn, '/')+1:]
				logins := o.loginsOf(kind, account)
				for _, id := range o.uniqueIDs(kind) {
					for _, session := range o.sessions(kind, account, name) {
						for _, login := range logins {
							list = append(list, caller{account, arn, kind, org, id, session, login})
						}
					}
				}
			}
		}
	}
	return list
}

// request returns what depends on the caller alone.
func (o *oracle) request(by caller) oracleRequest {
	r := oracleRequest{Request: evaluate.Request{Principal: by.arn, Resource: o.q.KeyARN, Time: o.q.At, UniqueID: by.id, Context: maps.Clone(by.login)}}
	name := by.arn[strings.LastIndexByte(by.arn, '/')+1:]
	switch by.kind {
	case "User":
		o.set(r.Context, "aws:username", name)
		o.set(r.Context, "aws:userid", by.id)
	case "AssumedRole":
		r.Session = "arn:aws:sts::" + by.account + ":assumed-role/" + name + "/" + by.session
		o.set(r.Context, "aws:userid", by.id+":"+by.session)
	case "FederatedUser":
		r.Session = by.arn
		r.Parent = by.session
		o.set(r.Context, "aws:userid", by.account+":"+name)
	case "Account":
		o.set(r.Context, "aws:userid", by.account)
	}
	o.set(r.Context, "aws:PrincipalAccount", by.account)
	o.set(r.Context, "kms:CallerAccount", by.account)
	o.set(r.Context, "aws:PrincipalArn", by.arn)
	o.set(r.Context, "aws:PrincipalType", by.kind)
	o.set(r.Context, "aws:PrincipalIsAWSService", "false")
	if by.org[0] != "" {
		o.set(r.Context, "aws:PrincipalOrgID", by.org[0])
		o.set(r.Context, "aws:PrincipalOrgPaths", by.org[1])
	}
	r.stranger = !o.namesCaller(r.Context) && !o.named(by.account) && !o.named(by.org[0]) && by.org[0] != o.q.Key.Org && !o.named(by.id)
	return r
}

// uniqueIDs returns unique ids that a caller of the kind may have.
func (o *oracle) uniqueIDs(kind string) []string {
	prefix := map[string]string{"User": "AIDA", "AssumedRole": "AROA"}[kind]
	if prefix == "" {
		return []string{""}
	}
	list := []string{o.fresh(prefix+"ATTACKER000000001", prefix+"ATTACKER000000002")}
	list = append(list, regexp.MustCompile(prefix+`[A-Z0-9]{12,}`).FindAllString(o.text, -1)...)
	return keep(list, policy.IsUniqueID)
}

// sessions returns session names for roles, parents for federated users.
func (o *oracle) sessions(kind, account, name string) []string {
	list := []string{"s1"}
	switch kind {
	case "FederatedUser":
		list = []string{"arn:aws:iam::" + account + ":user/mallory"}
		for _, entry := range o.policies {
			if userARN.MatchString(entry) && strings.Split(entry, ":")[4] == account {
				list = append(list, entry)
			}
		}
		return keep(list, func(string) bool { return true })
	case "AssumedRole":
		for _, entry := range o.policies {
			if session, ok := strings.CutPrefix(entry, "arn:aws:sts::"+account+":assumed-role/"+name+"/"); ok {
				list = append(list, session)
			}
		}
		for _, pattern := range o.constants["aws:userid"] {
			if _, session, ok := strings.Cut(pattern, ":"); ok {
				list = append(list, textInstances(session)...)
			}
		}
		return keep(list, sessionShape.MatchString)
	}
	return list
}

// loginsOf returns the keys that depend on the credentials and on how they came about.
func (o *oracle) loginsOf(kind, account string) []map[string][]string {
	var list []map[string][]string
	for _, login := range o.logins(kind) {
		for _, session := range o.sessionsOf(kind, account) {
			c := maps.Clone(login)
			maps.Copy(c, session)
			list = append(list, c)
		}
	}
	return list
}

// logins returns the keys that depend on the kind of credentials.
func (o *oracle) logins(kind string) []map[string][]string {
	list := []map[string][]string{{}} // long-term credentials
	if kind == "AssumedRole" || kind == "FederatedUser" {
		list = nil
	}
	if !o.asks("aws:TokenIssueTime", "aws:MultiFactorAuthPresent", "aws:MultiFactorAuthAge") {
		return append(list, map[string][]string{})[:1]
	}
	for _, issued := range o.issueTimes(kind) {
		for _, mfa := range []string{"", "false", "true"} {
			if (kind == "FederatedUser") != (mfa == "") {
				continue // the newest guide: absent for federated users, else there
			}
			c := map[string][]string{}
			o.set(c, "aws:TokenIssueTime", issued.Format(time.RFC3339))
			if mfa != "" {
				o.set(c, "aws:MultiFactorAuthPresent", mfa)
			}
			if mfa != "true" || !o.asks("aws:MultiFactorAuthAge") {
				list = append(list, c)
				continue
			}
			for _, age := range o.ages(o.q.At.Sub(issued)) {
				c := maps.Clone(c)
				o.set(c, "aws:MultiFactorAuthAge", age)
				list = append(list, c)
			}
		}
	}
	return list
}

func (o *oracle) issueTimes(kind string) []time.Time {
	age := map[string]time.Duration{"AssumedRole": 12 * time.Hour, "Account": time.Hour, "User": 36 * time.Hour, "FederatedUser": 36 * time.Hour}[kind]
	list := []time.Time{o.q.At, o.q.At.Add(-age), o.q.At.Add(-30 * time.Minute)}
	for _, text := range o.constants["aws:tokenissuetime"] {
		first, _, n := policy.ParseDate(text)
		for _, shift := range []time.Duration{-time.Second, 0, time.Second} {
			if at := first.Add(shift); n == 1 && !at.After(o.q.At) && !at.Before(o.q.At.Add(-age)) {
				list = append(list, at)
			}
		}
	}
	return list
}

// ages returns seconds since the second factor, not older than the token.
func (o *oracle) ages(token time.Duration) []string {
	list := []string{"0", "60"}
	for _, text := range o.constants["aws:multifactorauthage"] {
		n, ok := policy.ParseNumber(text)
		if !ok {
			continue
		}
		whole, _ := n.Float64()
		for _, shift := range []int64{-1, 0, 1} {
			list = append(list, strconv.FormatInt(int64(whole)+shift, 10))
		}
	}
	return keep(list, func(text string) bool {
		n, err := strconv.Atoi(text)
		return err == nil && n >= 0 && n <= 129600
	})
}

// A channel is a way into KMS.
type channel struct {
	context map[string][]string
	fas     bool // a service calls with the caller's permissions
	unnamed bool // the policy has no address, VPC or endpoint of it
}

func (o *oracle) allChannels() []channel {
	return append(append(o.internet(), o.endpoints()...), o.services()...)
}

func (o *oracle) internet() []channel {
	list := []string{"1.0.0.5", "54.0.0.5", "2600::5"}
	var blocks []netip.Prefix
	for _, text := range o.constants["aws:sourceip"] {
		p, ok := policy.ParsePrefix(text)
		if !ok {
			continue
		}
		blocks = append(blocks, p)
		first := p.Addr()
		list = append(list, first.String(), first.Next().String(), first.Prev().String(), lastAddress(p).String(), lastAddress(p).Next().String())
	}
	var channels []channel
	for _, text := range keep(list, isPublicAddress) {
		addr := netip.MustParseAddr(text)
		c := map[string][]string{}
		o.set(c, "aws:SourceIp", text)
		o.set(c, "aws:ViaAWSService", "false")
		inside := slices.ContainsFunc(blocks, func(p netip.Prefix) bool { return p.Contains(addr) })
		channels = append(channels, channel{context: c, unnamed: !inside})
	}
	if !o.asks("aws:SourceIp") {
		return channels[:1]
	}
	return channels
}

func lastAddress(p netip.Prefix) netip.Addr {
	bytes := p.Addr().AsSlice()
	for bit := p.Bits(); bit < len(bytes)*8; bit++ {
		bytes[bit/8] |= 0x80 >> (bit % 8)
	}
	addr, _ := netip.AddrFromSlice(bytes)
	return addr
}

// isPublicAddress reports whether aws:SourceIp can hold the address.
func isPublicAddress(text string) bool {
	addr, err := netip.ParseAddr(text)
	if err != nil || addr.Is4In6() {
		return false
	}
	if addr.Is6() {
		return netip.MustParsePrefix("2000::/3").Contains(addr)
	}
	for _, block := range []string{"0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16", "172.16.0.0/12", "192.168.0.0/16", "224.0.0.0/3"} {
		if netip.MustParsePrefix(block).Contains(addr) {
			return false
		}
	}
	return true
}

func (o *oracle) endpoints() []channel {
	if !o.asks("aws:SourceIp", "aws:SourceVpc", "aws:SourceVpce", "aws:SourceVpcArn", "aws:VpcSourceIp", "aws:VpceAccount", "aws:VpceOrgID", "aws:VpceOrgPaths") {
		return nil
	}
	freshVpc := o.fresh("vpc-0bad0bad0bad0bad0", "vpc-0bad0bad0bad0bad1")
	freshVpce := o.fresh("vpce-0bad0bad0bad0bad0", "vpce-0bad0bad0bad0bad1")
	vpcs := keep(append(o.values("aws:SourceVpc"), freshVpc), vpcShape.MatchString)
	vpces := keep(append(o.values("aws:SourceVpce"), freshVpce), vpceShape.MatchString)
	addresses := []string{"10.0.0.5", "172.16.0.5", "192.168.1.5"}
	for _, text := range o.constants["aws:vpcsourceip"] {
		if p, ok := policy.ParsePrefix(text); ok {
			addresses = append(addresses, p.Addr().String(), lastAddress(p).String())
		}
	}
	accounts := append(o.values("aws:VpceAccount"), vpcOwners(o.constants["aws:sourcevpcarn"])...)
	accounts = keep(append(accounts, o.fresh("999988887777", "888877776666", "777766665555", "606060606060")), awsid.IsAccount)
	if !o.asks("aws:VpcSourceIp") {
		addresses = addresses[:1]
	}
	regions := []string{"us-east-1", "eu-west-1"}
	if !o.asks("aws:SourceVpcArn") {
		regions = regions[:1]
	}
	var list []channel
	for _, vpc := range vpcs {
		for _, vpce := range vpces {
			for _, address := range addresses {
				for i := range len(accounts) * len(regions) {
					account, region := accounts[i/len(regions)], regions[i%len(regions)]
					c := map[string][]string{}
					o.set(c, "aws:SourceVpc", vpc)
					o.set(c, "aws:SourceVpce", vpce)
					o.set(c, "aws:SourceVpcArn", "arn:aws:ec2:"+region+":"+account+":vpc/"+vpc)
					o.set(c, "aws:VpcSourceIp", address)
					o.set(c, "aws:VpceAccount", account)
					o.set(c, "aws:ViaAWSService", "false")
					fresh := !o.named(vpc) && !o.named(vpce) && !o.named(account)
					list = append(list, channel{context: c, unnamed: fresh})
					list = append(list, o.endpointsOfOrganizations(c, fresh)...)
				}
			}
		}
	}
	return list
}

// vpcOwners returns the accounts in the ARNs of VPCs.
func vpcOwners(arns []string) []string {
	var list []string
	for _, arn := range arns {
		if parts := strings.SplitN(arn, ":", 6); len(parts) == 6 {
			list = append(list, parts[4])
		}
	}
	return list
}

// endpointsOfOrganizations returns variants of an endpoint whose owner is in an
// organization.
func (o *oracle) endpointsOfOrganizations(context map[string][]string, fresh bool) []channel {
	if !o.asks("aws:VpceOrgID", "aws:VpceOrgPaths") {
		return nil
	}
	ids := append(o.values("aws:VpceOrgID"), o.fresh("o-attacker01", "o-attacker02", "o-stranger77"))
	for _, path := range o.constants["aws:vpceorgpaths"] {
		id, _, _ := strings.Cut(path, "/")
		ids = append(ids, id)
	}
	var list []channel
	for _, id := range keep(ids, orgShape.MatchString) {
		paths := []string{id + "/r-zz99/"}
		for _, pattern := range o.constants["aws:vpceorgpaths"] {
			paths = append(paths, fillStars(pattern, id, id[len("o-"):], "", "r-zz99")...)
		}
		for _, path := range keep(paths, isOrgPath) {
			if strings.HasPrefix(path, id+"/") {
				c := maps.Clone(context)
				o.set(c, "aws:VpceOrgID", id)
				o.set(c, "aws:VpceOrgPaths", path)
				list = append(list, channel{context: c, unnamed: fresh && !o.named(id)})
			}
		}
	}
	return list
}

// services returns forward access sessions. What aws:SourceIp holds in them is
// not settled, so there are none for policies that ask.
func (o *oracle) services() []channel {
	if o.asks("aws:SourceIp") || !o.asks("kms:ViaService", "aws:ViaAWSService", "aws:CalledVia", "aws:CalledViaFirst", "aws:CalledViaLast", "aws:CalledViaAWSMCP", "aws:ViaAWSMCPService", "kms:GrantIsForAWSResource") {
		return nil
	}
	region := strings.Split(o.q.KeyARN, ":")[3]
	via := o.values("kms:ViaService")
	for _, pattern := range o.constants["kms:viaservice"] {
		via = append(via, fillStars(pattern, region, "s3", "")...)
	}
	via = keep(append(via, "ssm."+region+".amazonaws.com", "s3."+region+".amazonaws.com"), func(s string) bool {
		return viaShape.MatchString(s) && strings.Split(s, ".")[1] == region && knownVia(strings.Split(s, ".")[0])
	})
	chains := [][]string{nil, {"cloudformation.amazonaws.com"}, {"athena.amazonaws.com"}, {"cloudformation.amazonaws.com", "dynamodb.amazonaws.com"}}
	for _, key := range []string{"aws:calledvia", "aws:calledviafirst", "aws:calledvialast"} {
		for _, name := range o.constants[key] {
			if serviceShape.MatchString(name) {
				chains = append(chains, []string{name})
			}
		}
	}
	if !o.asks("aws:CalledVia", "aws:CalledViaFirst", "aws:CalledViaLast") {
		chains = chains[:1]
	}
	var list []channel
	for _, name := range via {
		for _, chain := range chains {
			c := map[string][]string{}
			o.set(c, "kms:ViaService", name)
			o.set(c, "aws:ViaAWSService", "true")
			if chain != nil {
				o.set(c, "aws:CalledVia", chain...)
				o.set(c, "aws:CalledViaFirst", chain[0])
				o.set(c, "aws:CalledViaLast", chain[len(chain)-1])
			}
			list = append(list, channel{context: c, fas: true, unnamed: true})
		}
	}
	return append(list, o.mcpServers()...)
}

// mcpServers returns calls by managed MCP servers. Whether other calls show
// aws:ViaAWSMCPService is not settled.
func (o *oracle) mcpServers() []channel {
	if !o.asks("aws:CalledViaAWSMCP", "aws:ViaAWSMCPService") || o.asks("kms:ViaService", "aws:CalledVia", "aws:CalledViaFirst", "aws:CalledViaLast") {
		return nil
	}
	var list []channel
	for _, name := range keep(append(o.values("aws:CalledViaAWSMCP"), "aws-mcp.amazonaws.com"), serviceShape.MatchString) {
		c := map[string][]string{}
		o.set(c, "aws:CalledViaAWSMCP", name)
		o.set(c, "aws:ViaAWSMCPService", "true")
		o.set(c, "aws:ViaAWSService", "true")
		list = append(list, channel{context: c, fas: true, unnamed: true})
	}
	return list
}

// knownVia reports whether the oracle trusts the service to call KMS for callers.
func knownVia(name string) bool {
	return slices.Contains([]string{"ssm", "s3", "ec2", "dynamodb", "secretsmanager", "sqs", "sns", "lambda", "rds", "ebs", "kinesis", "logs", "backup", "q", "qbusiness", "supportauthz", "bedrock-agentcore"}, name)
}

// join makes a request out of a caller and a channel, with what the key fixes.
func (o *oracle) join(r oracleRequest, ch channel) (oracleRequest, bool) {
	if ch.fas && (o.asks("aws:TokenIssueTime", "aws:MultiFactorAuthPresent", "aws:MultiFactorAuthAge", "aws:SourceIdentity") || o.asks(originKeys()...)) {
		return oracleRequest{}, false // what survives a forward access session is not settled
	}
	if evaluate.IsFederated(r.Request) && o.asks("aws:MultiFactorAuthPresent", "aws:MultiFactorAuthAge") {
		return oracleRequest{}, false // whether a federated user carries the keys is not settled
	}
	if !ch.fas && o.asks("aws:ViaAWSMCPService") {
		return oracleRequest{}, false // whether direct calls show false or nothing is not settled
	}
	maps.Copy(r.Context, ch.context)
	r.unnamed, r.fas = ch.unnamed && !o.named(first(r.Request, "aws:Ec2InstanceSourceVpc")), ch.fas
	region := strings.Split(o.q.KeyARN, ":")[3]
	o.set(r.Context, "aws:RequestedRegion", region)
	o.set(r.Context, "aws:ResourceAccount", o.q.Account)
	if o.q.Key.Org != "" {
		o.set(r.Context, "aws:ResourceOrgID", o.q.Key.Org)
		o.set(r.Context, "aws:ResourceOrgPaths", o.q.Key.Org+"/r-ab12/ou-ab12-11111111/")
	}
	o.set(r.Context, "aws:CurrentTime", o.q.At.Format(time.RFC3339))
	o.set(r.Context, "aws:EpochTime", strconv.FormatInt(o.q.At.Unix(), 10))
	o.set(r.Context, "aws:SecureTransport", "true")
	o.set(r.Context, "kms:KeySpec", o.q.Key.Spec)
	o.set(r.Context, "kms:KeyUsage", o.q.Key.Usage)
	o.set(r.Context, "kms:CustomerMasterKeySpec", o.q.Key.Spec)
	o.set(r.Context, "kms:CustomerMasterKeyUsage", o.q.Key.Usage)
	o.set(r.Context, "kms:KeyOrigin", o.q.Key.Origin)
	o.set(r.Context, "kms:MultiRegion", strconv.FormatBool(*o.q.Key.MultiRegion))
	for key, value := range o.q.Key.Tags {
		o.set(r.Context, "aws:ResourceTag/"+key, value)
	}
	return r, true
}

// A freeKey is a key that the caller sets at will, with what it may set.
type freeKey struct {
	name   string
	values []string // "\x00" stands for absence
}

const absent = "\x00"

// freeKeys lists what the caller of this request may choose for the action.
func (o *oracle) freeKeys(base oracleRequest) []freeKey {
	var list []freeKey
	own := o.ownTexts(base)
	for _, key := range slices.Sorted(maps.Keys(o.mentioned)) {
		valid := func(string) bool { return true }
		canBeAbsent := true
		values := o.values(key, own...)
		switch {
		case strings.HasPrefix(key, "aws:principaltag/") && rootARN.MatchString(base.Principal):
			continue // a root user cannot be tagged
		case strings.HasPrefix(key, "aws:principaltag/") && !tagKeyShape.MatchString(key[len("aws:principaltag/"):]):
			continue
		case strings.HasPrefix(key, "aws:principaltag/"):
			valid = tagShape.MatchString
		case strings.HasPrefix(key, "kms:encryptioncontext") && !o.hasContext(base.Action):
			continue
		case strings.HasPrefix(key, "kms:encryptioncontext:"):
		case key == "kms:encryptioncontextkeys":
			values = o.contextNames()
		case key == "aws:useragent":
			valid, canBeAbsent = func(s string) bool { return s != "" }, false
		case key == "aws:sourceidentity" && evaluate.PrincipalKind(base.Principal) == "role":
			valid = sessionShape.MatchString
		case key == "kms:encryptionalgorithm" && o.hasContext(base.Action) && base.Action != kmsapi.CreateGrant:
			values, canBeAbsent = []string{"SYMMETRIC_DEFAULT"}, false
		case key == "kms:datakeypairspec" && strings.Contains(base.Action, "KeyPair"):
			values, canBeAbsent = []string{
				"RSA_2048", "RSA_3072", "RSA_4096", "ECC_NIST_P256", "ECC_NIST_P384", "ECC_NIST_P521", "ECC_SECG_P256K1", "ECC_NIST_EDWARDS25519", "SM2",
			}, false
		case key == "kms:reencryptonsamekey" && base.Action == "kms:ReEncryptTo":
			values, canBeAbsent = []string{"true", "false"}, false
		case key == "kms:granteeprincipal" && base.Action == "kms:CreateGrant":
			values = append(keep(values, policy.IsPrincipalARN), base.Principal)
		case key == "kms:retiringprincipal" && base.Action == "kms:CreateGrant":
			values, valid = append(values, base.Principal), policy.IsPrincipalARN
		case (key == "kms:granteeserviceprincipal" || key == "kms:retiringserviceprincipal") && base.Action == "kms:CreateGrant":
			values = append(keep(values, serviceShape.MatchString), "us-east-1.supportauthz.amazonaws.com")
		case key == "kms:grantconstraintsourcearn" && base.Action == "kms:CreateGrant":
			values = append(values, "arn:aws:s3:::stranger")
			valid = func(s string) bool { return strings.HasPrefix(s, "arn:aws:") && strings.Count(s, ":") >= 5 }
		case register.MatchString(key) && strings.HasPrefix(base.Action, "kms:GenerateDataKey") && !strings.HasSuffix(base.Action, "Plaintext") && !base.fas:
			values = append(values, strings.Repeat("5a", 48))
			for _, v := range values {
				values = append(values, strings.ToLower(v))
			}
			valid = func(s string) bool { return measurement.MatchString(s) && strings.Trim(s, "0") != "" }
		case key == "kms:grantconstrainttype" && base.Action == "kms:CreateGrant":
			values = []string{"EncryptionContextEquals", "EncryptionContextSubset"}
		case key == "kms:grantoperations" && base.Action == "kms:CreateGrant":
			values, canBeAbsent = []string{"Encrypt\x01Decrypt", "DescribeKey\x01RetireGrant", "Sign\x01Verify", "Encrypt\x01DescribeKey", "Decrypt\x01DescribeKey"}, false
			for _, a := range kmsapi.Actions() {
				if a.Grantable {
					values = append(values, a.Operation(), "Encrypt\x01"+a.Operation(), "Sign\x01"+a.Operation(), "GenerateMac\x01"+a.Operation())
				}
			}
		case key == "kms:bypasspolicylockoutsafetycheck" && base.Action == putKeyPolicy:
			values, canBeAbsent = []string{"true", "false"}, false
		case key == "kms:grantisforawsresource" && base.Action == "kms:CreateGrant" && base.fas:
			values, canBeAbsent = []string{"true", "false"}, false
		default:
			continue
		}
		values = keep(values, valid)
		if canBeAbsent {
			values = append(values, absent)
		}
		list = append(list, freeKey{key, values})
	}
	return list
}

var (
	register    = regexp.MustCompile(`^kms:recipientattestation:(imagesha384|pcr([0-9]|[12][0-9]|3[01])|nitrotpmpcr([0-9]|1[0-9]|2[0-3]))$`)
	measurement = regexp.MustCompile(`^[0-9a-f]{96}$`)
)

// hasContext reports whether a request for the action has an encryption context.
func (o *oracle) hasContext(action string) bool {
	known, _ := kmsapi.FindAction(action)
	return known.Context && o.q.Key.Spec == "SYMMETRIC_DEFAULT"
}

// ownTexts returns the texts of the request that a variable may stand for, and
// the policy's values with variables filled in from the request.
func (o *oracle) ownTexts(base oracleRequest) []string {
	var list []string
	for _, values := range base.Context {
		list = append(list, values...)
	}
	if len(o.sourced) > 0 {
		list = append(list, o.q.KeyARN, o.q.KeyARN[strings.LastIndexByte(o.q.KeyARN, '/')+1:])
	}
	for key := range o.sourced {
		for _, constants := range o.constants {
			for _, constant := range constants {
				if !strings.Contains(strings.ToLower(constant), "${"+key) {
					continue
				}
				list = append(list, variableName.ReplaceAllStringFunc(constant, func(v string) string {
					m := variableName.FindStringSubmatch(v)
					if readings := evaluate.ContextValues(base.Request, m[1]); len(readings) == 1 {
						return readings[0][0]
					}
					return m[2]
				}))
			}
		}
	}
	return list
}

// parameters yields the request with at most limit choices of its free keys.
func (o *oracle) parameters(base oracleRequest, limit int) func(func(oracleRequest) bool) {
	return func(yield func(oracleRequest) bool) {
		if base.Action == "kms:CreateGrant" && o.asks("kms:GrantIsForAWSResource") && !base.fas {
			return // whether a direct call carries the key, AWS does not say
		}
		free := o.freeKeys(base)
		total := 1
		for _, f := range free {
			total *= max(1, len(f.values))
			if total > limit {
				total = limit + 1
				break
			}
		}
		for i := range min(total, limit) {
			r := base
			r.Context = maps.Clone(base.Context)
			rest := i
			for _, f := range free {
				if len(f.values) == 0 {
					continue
				}
				pick := rest % len(f.values)
				rest /= len(f.values)
				if total > limit {
					pick = o.rng.IntN(len(f.values))
				}
				if value := f.values[pick]; value != absent {
					o.set(r.Context, f.name, strings.Split(value, "\x01")...)
				}
			}
			o.linkEncryptionContext(&r)
			if r.Action == "kms:CreateGrant" && !o.grantCanBe(r.Request) {
				continue
			}
			r.stranger = r.stranger && !o.namesCaller(r.Context)
			if !yield(r) {
				return
			}
		}
	}
}

// linkEncryptionContext adds the names in the encryption context to
// kms:EncryptionContextKeys.
func (o *oracle) linkEncryptionContext(r *oracleRequest) {
	if !o.asks("kms:EncryptionContextKeys") {
		return
	}
	const prefix = "kms:EncryptionContext:"
	names := r.Context["kms:EncryptionContextKeys"]
	for name := range r.Context {
		if strings.HasPrefix(name, prefix) {
			names = append(names[:len(names):len(names)], name[len(prefix):])
		}
	}
	slices.Sort(names)
	o.set(r.Context, "kms:EncryptionContextKeys", names...)
}

// contextNames returns sets of names for the part of an encryption context
// that no other key asks for.
func (o *oracle) contextNames() []string {
	list := []string{"other"}
	for _, name := range o.constants["kms:encryptioncontextkeys"] {
		for _, instance := range textInstances(name) {
			if instance != "" && !o.asks("kms:EncryptionContext:"+instance) {
				list = append(list, instance)
			}
		}
	}
	for _, name := range list {
		if name != "other" {
			list = append(list, name+"\x01other")
		}
	}
	return list
}

// show returns the request in one line.
func (r oracleRequest) show() string {
	context, err := json.Marshal(r.Context)
	if err != nil {
		panic(err)
	}
	return fmt.Sprintf("%s session=%q id=%q parent=%q %s %s", r.Principal, r.Session, r.UniqueID, r.Parent, r.Action, context)
}

// counts reports whether a request is one of the ask's that the key can serve:
// a grant has an operation of the class, and none that the key does not support.
func (o *oracle) counts(r oracleRequest, a kmsapi.Ask) bool {
	kind := (kmsapi.KeyKind{Spec: o.q.Key.Spec, Usage: o.q.Key.Usage}).Set()
	if known, _ := kmsapi.FindAction(a.Action); known.Keys&kind == 0 {
		return false
	}
	if a.Action != kmsapi.CreateGrant {
		return true
	}
	carried := r.Context["kms:GrantOperations"]
	if !o.asks("kms:GrantOperations") {
		carried = nil
		for _, op := range kmsapi.Actions() {
			if op.Grantable && op.Keys&kind != 0 {
				carried = append(carried, op.Operation())
			}
		}
	}
	ofClass := false
	for _, name := range carried {
		op, _ := kmsapi.FindAction("kms:" + name)
		if op.Keys&kind == 0 {
			return false
		}
		ofClass = ofClass || op.Class == a.Class || a.Class == kmsapi.ClassOther && op.Class == kmsapi.ClassIdentity
	}
	return ofClass
}

// verdictHolds holds a verdict on an action against the oracle: what is not
// open to some kind of caller must not surely let such a caller in.
func (o *oracle) verdictHolds(t testing.TB, name string, a kmsapi.Ask, v Verdict, limit int) {
	t.Helper()
	var escapes func(oracleRequest) bool
	switch v {
	case Private:
		escapes = func(oracleRequest) bool { return true }
	case Shared:
		escapes = func(r oracleRequest) bool { return r.stranger }
	case Network:
		escapes = func(r oracleRequest) bool { return r.stranger && r.unnamed }
	default:
		return
	}
	if r, ok := o.search(a.Action, limit, func(r oracleRequest) bool { return o.counts(r, a) && escapes(r) }); ok {
		t.Errorf("%s: %s of class %s is %s, but Allows lets this in:\n\t%s", name, a.Action, a.Class, v, r.show())
	}
}

// ownerHolds holds what is said of the owner against requests of its account:
// AccessNo lets none in, AccessNamed nobody but the principals listed, and those
// of whom the text does not say whether they are the account's: by a unique id, or
// from a network that it names.
func ownerHolds(t testing.TB, name string, p *policy.Policy, q Question, d Owner, seed uint64, limit int) {
	t.Helper()
	o := newOracle(p, q, seed)
	o.insiders = true
	for action, access := range map[string]Access{putKeyPolicy: d.Manage, decryptData: d.Decrypt} {
		if access != AccessNo && access != AccessNamed {
			continue
		}
		r, ok := o.search(action, limit, func(r oracleRequest) bool {
			if access == AccessNamed && action == putKeyPolicy && first(r.Request, "aws:ViaAWSService") == "true" {
				return false // AWS does not say which services change key policies for their customers
			}
			listed := slices.Contains(o.policies, r.Principal) || slices.Contains(o.policies, r.Session) || slices.Contains(o.policies, r.Parent)
			return access == AccessNo || !listed && r.unnamed && !o.named(r.UniqueID)
		})
		if ok {
			t.Errorf("%s: for the owner, %s is %v, but Allows lets this in:\n\t%s", name, action, access, r.show())
		}
	}
	if d.Witness != nil && evaluate.AllowsUnder(p, *d.Witness, q.RCPs) != evaluate.Yes {
		t.Errorf("%s: the owner's witness is not allowed:\n\t%s", name, oracleRequest{Request: *d.Witness}.show())
	}
}
