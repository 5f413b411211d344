package email

import (
	"maps"
	"slices"
	"strings"

	"github.com/kmsentry/kmsentry/alert/safe"
	"github.com/kmsentry/kmsentry/alert/words"
	"github.com/kmsentry/kmsentry/detector/policy/decide"
	"github.com/kmsentry/kmsentry/detector/policy/evaluate"
)

// The most of a witness that the mail shows.
const (
	maxContext = 16 // condition keys
	maxValues  = 6  // values of one key
)

// proof describes the witness of the worst grant as a request.
func (m *mail) proof() {
	g := words.WorstGrant(m.f.Decision)
	if g == nil {
		return
	}
	heading := "PROOF: A REQUEST THAT THE KEY POLICY ALLOWS"
	if m.f.Attempted {
		heading = "PROOF: A REQUEST THAT THE KEY POLICY WOULD HAVE ALLOWED"
	}
	m.heading(heading)
	m.para("  ", "  ", witnessText(g.Witness))
	shown := 0
	for _, key := range slices.Sorted(maps.Keys(g.Witness.Context)) {
		if shown == maxContext {
			m.para("    ", "      ", "and more; the JSON copy of this alert has them all")
			break
		}
		shown++
		var values []string
		for _, v := range g.Witness.Context[key][:min(len(g.Witness.Context[key]), maxValues)] {
			values = append(values, safe.Plain(v, safe.MaxARN))
		}
		m.para("    ", "      ", safe.Plain(key, safe.MaxName)+" = "+strings.Join(values, ", "))
	}
	switch g.Audience {
	case decide.Public:
		m.para("  ", "  ", "The account and the names are made up: any outside account whose own IAM policy permits the call will do.")
	case decide.Network:
		m.para("  ", "  ", "The account and the names are made up: any outside account whose own IAM policy permits the call will do, from that network.")
	}
}

// witnessText describes the request in a sentence.
func witnessText(w evaluate.Request) string {
	caller := "A caller"
	switch {
	case w.Service != "":
		caller = "The AWS service " + safe.Plain(w.Service, safe.MaxName)
	case w.Principal != "":
		caller = "A caller signed in as " + safe.Plain(w.Principal, safe.MaxARN) + words.SessionOf(w)
	}
	text := caller + " sends " + safe.Sanitize(w.Action, 64)
	if w.Resource != "" {
		text += " for " + safe.Plain(w.Resource, safe.MaxARN)
	}
	if at := words.Instant(w.Time); at != "" {
		text += " at " + at
	}
	if len(w.Context) == 0 {
		return text + ". It needs no condition keys."
	}
	return text + ". The request has these condition keys:"
}
