package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"time"
	"unicode/utf16"
	"unicode/utf8"

	"github.com/kmsentry/kmsentry/alert"
	"github.com/kmsentry/kmsentry/detector/policy/decide"
	"github.com/kmsentry/kmsentry/detector/policy/evaluate"
	"github.com/kmsentry/kmsentry/detector/policy/kmsapi"
)

// checkJSON prints one JSON object a document and line, in ASCII. The members
// are documented in docs/check.md; new ones may be added, none changes.
type checkJSON struct {
	w       io.Writer
	explain bool
}

type jsonDocument struct {
	Source   string         `json:"source"`   // the file
	Resource string         `json:"resource"` // the key in it; "" when the file is the policy
	Line     int            `json:"line"`     // of the policy, from 1; 0 unknown
	Account  string         `json:"account"`
	Inferred bool           `json:"account_inferred"`
	Verdict  decide.Verdict `json:"verdict"`
	Least    decide.Verdict `json:"least"`
	Most     decide.Verdict `json:"most"`
	Classes  decide.Classes `json:"classes"`
	Owner    jsonOwner      `json:"owner"`
	SHA256   string         `json:"policy_sha256"`
	Grants   []jsonGrant    `json:"grants"`
	Open     []jsonOpen     `json:"undecided"`
	Unknown  []jsonUnknown  `json:"unknown"`
	Unread   []string       `json:"unread"`
	Others   []jsonGrant    `json:"others"`
	Services []jsonService  `json:"services"`
	Future   *jsonFuture    `json:"future"`
	Alone    *jsonAlone     `json:"unguarded"`
	Flags    []decide.Flag  `json:"flags"`
	Accepted string         `json:"accepted_by"`     // the exception; "" none
	Why      string         `json:"accepted_reason"` // with Accepted; "" otherwise
	Until    string         `json:"accepted_until"`  // the last day
	Notes    []string       `json:"notes"`
	Explain  []jsonNote     `json:"explain"`
	Error    string         `json:"error"`
}

// jsonOwner is who of the owner's account keeps the key, and who or what is to
// blame where it does not.
type jsonOwner struct {
	Manage    decide.Access `json:"manage"`
	Decrypt   decide.Access `json:"decrypt"`
	Named     []string      `json:"named"`
	ManageWhy *jsonOpen     `json:"manage_why"`
	ReadWhy   *jsonOpen     `json:"decrypt_why"`
}

// jsonAlone is the key policy without the resource control policies.
type jsonAlone struct {
	Verdict decide.Verdict `json:"verdict"`
	Classes decide.Classes `json:"classes"`
}

type jsonGrant struct {
	Class      kmsapi.Class          `json:"class"`
	Action     string                `json:"action"`
	Audience   decide.Verdict        `json:"audience"`
	Statements []decide.StatementRef `json:"statements"`
	Witness    alert.Witness         `json:"witness"`
	Named      []string              `json:"named"`
	Why        []string              `json:"why"`
}

type jsonOpen struct {
	Statement decide.StatementRef `json:"statement"`
	Reason    string              `json:"reason"`
}

type jsonUnknown struct {
	Name      string              `json:"name"`
	Remedy    string              `json:"remedy"`
	Statement decide.StatementRef `json:"statement"`
	Path      string              `json:"path"`
	Line      int                 `json:"line,omitempty"`
	Reason    string              `json:"reason"`
}

type jsonService struct {
	Service        string              `json:"service"`
	Statement      decide.StatementRef `json:"statement"`
	ConfusedDeputy bool                `json:"confused_deputy"`
}

type jsonFuture struct {
	At      string         `json:"at"`
	Verdict decide.Verdict `json:"verdict"`
}

type jsonNote struct {
	Statement decide.StatementRef `json:"statement"`
	Effect    string              `json:"effect"`
	Opens     decide.Verdict      `json:"opens"`
	Why       string              `json:"why"`
}

func (p *checkJSON) document(c checked) error {
	line, err := encodeASCII(p.object(c))
	if err != nil {
		return err
	}
	_, err = p.w.Write(append(line, '\n'))
	return err
}

func (p *checkJSON) end(int, tally) error { return nil }

// object is c in the words of the contract; lists are never null.
func (p *checkJSON) object(c checked) jsonDocument {
	d := c.decision
	if c.err != nil {
		d = decide.Unread()
	}
	out := jsonDocument{
		Source: c.file, Resource: c.place, Line: c.at.Line, Account: c.account, Inferred: c.inferred, Verdict: d.Verdict, Least: d.Least, Most: d.Most, Classes: d.Classes, Owner: ownerOf(d.Owner), SHA256: c.sha256,
		Unknown: []jsonUnknown{}, Unread: append([]string{}, c.unread...),
		Grants: jsonGrants(c, d.Grants), Others: jsonGrants(c, d.Others),
		Open: []jsonOpen{}, Services: []jsonService{}, Explain: []jsonNote{},
		Flags: append([]decide.Flag{}, d.Flags...), Notes: append([]string{}, c.notes...),
	}
	for _, o := range d.Undecided {
		out.Open = append(out.Open, jsonOpen(o))
	}
	for _, u := range d.Unknown {
		out.Unknown = append(out.Unknown, jsonUnknown{u.Name, c.flagsFor(u), u.Statement, u.Path, u.Line, u.Reason})
	}
	for _, s := range d.Services {
		out.Services = append(out.Services, jsonService(s))
	}
	if d.Unguarded != nil {
		out.Alone = &jsonAlone{d.Unguarded.Verdict, d.Unguarded.Classes}
	}
	if c.between != "" {
		out.Notes = append(out.Notes, "the verdict lies "+c.between)
	}
	if d.Future != nil {
		out.Future = &jsonFuture{d.Future.At.UTC().Format(time.RFC3339), d.Future.Verdict}
	}
	if a := c.accepted; a.By != "" {
		out.Accepted, out.Why, out.Until = a.By, a.Reason, a.Expires.Format(time.DateOnly)
	}
	if p.explain {
		for _, n := range d.Statements {
			out.Explain = append(out.Explain, jsonNote{n.Statement, n.Effect.String(), n.Opens, n.Why})
		}
	}
	if c.err != nil {
		out.Error = c.err.Error()
	}
	return out
}

func ownerOf(o decide.Owner) jsonOwner {
	out := jsonOwner{Manage: o.Manage, Decrypt: o.Decrypt, Named: append([]string{}, o.Named...)}
	if o.ManageBlame.Reason != "" {
		out.ManageWhy = &jsonOpen{o.ManageBlame.Statement, o.ManageBlame.Reason}
	}
	if o.DecryptBlame.Reason != "" {
		out.ReadWhy = &jsonOpen{o.DecryptBlame.Statement, o.DecryptBlame.Reason}
	}
	return out
}

func jsonGrants(c checked, grants []decide.Grant) []jsonGrant {
	list := []jsonGrant{}
	for _, g := range grants {
		list = append(list, jsonGrant{
			Class: g.Class, Action: g.Action, Audience: g.Audience,
			Statements: append([]decide.StatementRef{}, g.Statements...),
			Witness:    witnessOf(c.withKey(g.Witness)),
			Named:      append([]string{}, g.Named...),
			Why:        append([]string{}, g.Why...),
		})
	}
	return list
}

// witnessOf has the time only where the answer depends on it, so that two runs
// print the same bytes.
func witnessOf(r evaluate.Request) alert.Witness {
	if !timely(r) {
		r.Time = time.Time{}
	}
	return alert.WitnessOf(r)
}

// encodeASCII returns v as JSON in which everything but printable ASCII is
// escaped: it is the same JSON, and no terminal or log acts on any of it.
func encodeASCII(v any) ([]byte, error) {
	var buf bytes.Buffer
	enc := json.NewEncoder(&buf)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(v); err != nil {
		return nil, err
	}
	var out bytes.Buffer
	for text := bytes.TrimSuffix(buf.Bytes(), []byte("\n")); len(text) > 0; {
		r, size := utf8.DecodeRune(text)
		text = text[size:]
		switch {
		case r < 0x7f: // below a space nothing is left but JSON's own line ends
			out.WriteByte(byte(r)) // #nosec G115 -- r is ASCII here
		case r < 0x10000:
			fmt.Fprintf(&out, `\u%04x`, r)
		default:
			high, low := utf16.EncodeRune(r)
			fmt.Fprintf(&out, `\u%04x\u%04x`, high, low)
		}
	}
	return out.Bytes(), nil
}
