package check

import (
	"io"
	"time"

	"github.com/kmsentry/kmsentry/alert/words"
	"github.com/kmsentry/kmsentry/detector/policy/decide"
	"github.com/kmsentry/kmsentry/detector/policy/evaluate"
	"github.com/kmsentry/kmsentry/detector/policy/kmsapi"
	"github.com/kmsentry/kmsentry/internal/show"
)

// jsonPrinter prints one JSON object per document, each on a line, in ASCII. The members
// are documented in docs/check.md; new ones may be added, but none may change.
type jsonPrinter struct {
	w       io.Writer
	explain bool
}

// A Document is a key policy, or a grant on a key, in JSON.
type Document struct {
	Source   string         `json:"source"`   // the file
	Resource string         `json:"resource"` // the key in it; "" when the file is the policy
	Line     int            `json:"line"`     // of the policy, from 1; 0 when unknown
	Account  string         `json:"account"`
	Inferred bool           `json:"account_inferred"`
	Verdict  decide.Verdict `json:"verdict"`
	Least    decide.Verdict `json:"least"`
	Most     decide.Verdict `json:"most"`
	Classes  decide.Classes `json:"classes"`
	Owner    jsonOwner      `json:"owner"`
	SHA256   string         `json:"policy_sha256"`
	Grants   []Grant        `json:"grants"`
	Open     []Open         `json:"undecided"`
	Unknown  []jsonUnknown  `json:"unknown"`
	Unread   []string       `json:"unread"`
	Others   []Grant        `json:"others"`
	Services []jsonService  `json:"services"`
	Future   *jsonFuture    `json:"future"`
	Alone    *jsonAlone     `json:"unguarded"`
	Flags    []decide.Flag  `json:"flags"`
	Accepted string         `json:"accepted_by"`     // what accepts the key, such as an exception; "" when nothing does
	Why      string         `json:"accepted_reason"` // "" when nothing accepts the key
	Until    string         `json:"accepted_until"`  // the last day; "" when nothing accepts the key
	Notes    []string       `json:"notes"`
	Explain  []jsonNote     `json:"explain"`
	Error    string         `json:"error"`
}

// jsonOwner says what the owner's account keeps of the key, and what is to blame for what
// it does not keep.
type jsonOwner struct {
	Manage    decide.Access `json:"manage"`
	Decrypt   decide.Access `json:"decrypt"`
	Named     []string      `json:"named"`
	ManageWhy *Open         `json:"manage_why"`
	ReadWhy   *Open         `json:"decrypt_why"`
}

// jsonAlone is the verdict on the key policy without resource control policies.
type jsonAlone struct {
	Verdict decide.Verdict `json:"verdict"`
	Classes decide.Classes `json:"classes"`
}

// A Grant is an action that outsiders can call, with the proof.
type Grant struct {
	Class      kmsapi.Class          `json:"class"`
	Action     string                `json:"action"`
	Audience   decide.Verdict        `json:"audience"`
	Statements []decide.StatementRef `json:"statements"`
	Witness    words.Witness         `json:"witness"`
	Named      []string              `json:"named"`
	Why        []string              `json:"why"`
}

// An Open is a statement that could not be decided, and why.
type Open struct {
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

func (p *jsonPrinter) document(c Result) error {
	line, err := show.JSON(p.object(c))
	if err != nil {
		return err
	}
	_, err = p.w.Write(append(line, '\n'))
	return err
}

func (p *jsonPrinter) end(int, tally) error { return nil }

// object returns c as a Document; lists are never null.
func (p *jsonPrinter) object(c Result) Document {
	d := c.Decision
	if c.err != nil {
		d = decide.Unread()
	}
	out := Document{
		Source: c.File, Resource: c.place, Line: c.at.Line, Account: c.Account, Inferred: c.inferred, Verdict: d.Verdict, Least: d.Least, Most: d.Most, Classes: d.Classes, Owner: ownerOf(d.Owner), SHA256: c.SHA256,
		Unknown: []jsonUnknown{}, Unread: append([]string{}, c.unread...),
		Grants: Grants(c, d.Grants), Others: Grants(c, d.Others),
		Open: []Open{}, Services: []jsonService{}, Explain: []jsonNote{},
		Flags: append([]decide.Flag{}, d.Flags...), Notes: append([]string{}, c.Notes...),
	}
	for _, o := range d.Undecided {
		out.Open = append(out.Open, Open(o))
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
	if a := c.Accepted; a.By != "" {
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
		out.ManageWhy = &Open{o.ManageBlame.Statement, o.ManageBlame.Reason}
	}
	if o.DecryptBlame.Reason != "" {
		out.ReadWhy = &Open{o.DecryptBlame.Statement, o.DecryptBlame.Reason}
	}
	return out
}

// Grants returns, for JSON, what outsiders can do with the key of c; never nil.
func Grants(c Result, grants []decide.Grant) []Grant {
	list := []Grant{}
	for _, g := range grants {
		list = append(list, Grant{
			Class: g.Class, Action: g.Action, Audience: g.Audience,
			Statements: append([]decide.StatementRef{}, g.Statements...),
			Witness:    witnessOf(c.withKey(g.Witness)),
			Named:      append([]string{}, g.Named...),
			Why:        append([]string{}, g.Why...),
		})
	}
	return list
}

// witnessOf returns the witness for JSON. It has the time only if the answer depends on
// it, so that two runs print the same bytes.
func witnessOf(r evaluate.Request) words.Witness {
	if !timely(r) {
		r.Time = time.Time{}
	}
	return words.WitnessOf(r)
}
