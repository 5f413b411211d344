package detector

import (
	"bytes"
	"encoding/json"
	"slices"

	"github.com/kmsentry/kmsentry/detector/policy"
)

// repair returns f's policy p without the Allow statements that f blames, as
// indented JSON. It returns "" when that is not surely a repair: the rest still
// lets outsiders in, now or later, or it leaves the key's owner without a sure
// way to change the policy again. q is the question that f answers.
func repair(f *Finding, p *policy.Policy, q policy.Question) string {
	var drop []int
	for _, s := range f.Statements {
		if p.Statements[s.Index].Effect == policy.Allow {
			drop = append(drop, s.Index)
		}
	}
	if len(drop) == 0 {
		return ""
	}
	text := without(f.Policy.Text, drop)
	rest, err := policy.Parse([]byte(text))
	if err != nil {
		return ""
	}
	if d := rest.Decide(q); d.Verdict != policy.Private || d.Future != nil || !ownerManages(rest, f) {
		return ""
	}
	return text
}

// without returns the policy text without the statements at the given places,
// everything else in its order, indented; "" when no statement is left.
func without(text string, drop []int) string {
	doc, err := readDocument([]byte(text))
	if err != nil {
		return ""
	}
	var b bytes.Buffer
	separator := byte('{')
	for _, m := range doc.members {
		b.WriteByte(separator)
		separator = ','
		writeName(&b, m.name)
		if m.name != "Statement" {
			b.Write(m.value)
			continue
		}
		if kindOf(m.value) != "an array" {
			return "" // the only statement is the one to drop
		}
		kept := keep(elements(m.value), drop)
		if len(kept) == 0 {
			return ""
		}
		b.WriteByte('[')
		b.Write(bytes.Join(kept, []byte(",")))
		b.WriteByte(']')
	}
	b.WriteByte('}')
	var indented bytes.Buffer
	if json.Indent(&indented, b.Bytes(), "", "  ") != nil {
		return ""
	}
	return indented.String()
}

// keep returns the elements whose places are not in drop.
func keep(list [][]byte, drop []int) [][]byte {
	var kept [][]byte
	for i, element := range list {
		if !slices.Contains(drop, i) {
			kept = append(kept, element)
		}
	}
	return kept
}

// writeName writes a member's name and the colon.
func writeName(b *bytes.Buffer, name string) {
	literal, err := json.Marshal(name)
	if err != nil {
		literal = []byte(`""`) // not reached: a string always marshals
	}
	b.Write(literal)
	b.WriteByte(':')
}

// ownerManages reports whether the owner's account root, and with it whoever
// the account's IAM policies choose, surely may change the policy: by an Allow
// without a Condition, and with no Deny in the way.
// Source: KMS Developer Guide, key-policy-default.html.
func ownerManages(p *policy.Policy, f *Finding) bool {
	if f.Key.Account == "" {
		return false
	}
	sure := &policy.Policy{Version: p.Version, ID: p.ID}
	for _, s := range p.Statements {
		if s.Effect == policy.Allow && (len(s.Conditions) > 0 || s.NotPrincipal) {
			continue
		}
		sure.Statements = append(sure.Statements, s)
	}
	return sure.Allows(ownerRequest(f)) == policy.Yes
}

// ownerRequest is the owner's root user changing the key's policy, directly,
// over TLS and with MFA.
func ownerRequest(f *Finding) policy.Request {
	root := "arn:" + f.Key.Partition + ":iam::" + f.Key.Account + ":root"
	return policy.Request{
		Principal: root,
		Action:    "kms:PutKeyPolicy",
		Resource:  f.Key.ARN,
		Time:      f.Event.Time,
		Context: map[string][]string{
			"aws:PrincipalArn":                   {root},
			"aws:PrincipalAccount":               {f.Key.Account},
			"aws:PrincipalType":                  {"Account"},
			"aws:RequestedRegion":                {f.Key.Region},
			"aws:ResourceAccount":                {f.Key.Account},
			"aws:SecureTransport":                {"true"},
			"aws:MultiFactorAuthPresent":         {"true"},
			"aws:PrincipalIsAWSService":          {"false"},
			"aws:ViaAWSService":                  {"false"},
			"kms:CallerAccount":                  {f.Key.Account},
			"kms:BypassPolicyLockoutSafetyCheck": {"false"},
		},
	}
}
