package invoke

import (
	"encoding/json"
	"fmt"
	"io"

	"github.com/kmsentry/kmsentry/internal/show"
)

// A jsonPrinter prints one JSON object per event.
type jsonPrinter struct {
	w    io.Writer
	show Shown
}

// jsonOutcome is one line of the output; members without a value are left out.
type jsonOutcome struct {
	Source  string          `json:"source"`
	Error   string          `json:"error,omitempty"`
	Summary json.RawMessage `json:"summary,omitempty"` // the function's answer
	Subject string          `json:"subject,omitempty"`
	Email   string          `json:"email,omitempty"`
	Chat    json.RawMessage `json:"chat,omitempty"`
	Finding json.RawMessage `json:"finding,omitempty"`
	TookMS  float64         `json:"took_ms,omitempty"`
}

func (p *jsonPrinter) outcome(o outcome) {
	line := jsonOutcome{Source: o.source, Summary: o.answer.raw, TookMS: float64(o.took.Microseconds()) / 1000}
	if o.err != nil {
		line.Error = errorText(o.err)
	}
	if m := o.message; m != nil {
		all := !p.show.chosen
		if all || p.show.email {
			line.Subject, line.Email = m.Subject, m.For("email")
		}
		if all || p.show.chat {
			line.Chat = jsonOrText(m.For("https"))
		}
		if all || p.show.finding {
			line.Finding = jsonOrText(m.For("sqs"))
		}
	}
	text, err := json.Marshal(line)
	if err != nil {
		text, _ = json.Marshal(jsonOutcome{Source: o.source, Error: err.Error()})
	}
	fmt.Fprintf(p.w, "%s\n", show.ASCII(text))
}

func (p *jsonPrinter) end() {}

// jsonOrText returns text unchanged when it is JSON, and otherwise as a JSON string.
func jsonOrText(text string) json.RawMessage {
	if json.Valid([]byte(text)) {
		return json.RawMessage(text)
	}
	quoted, _ := json.Marshal(text) // a string always marshals
	return quoted
}
