package history

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/klauspost/compress/gzip"
)

// An unwrapper takes records out of what tools wrap around them. It reads text
// that is valid JSON and small enough to be held.
type unwrapper struct {
	s       *scanner
	offset  int64
	format  string // of the outermost wrapping
	depth   int
	records int64 // records seen
	wanted  int   // records handed on
	err     error // the first thing that could not be read
}

// fields are the members of an object by name; of two with one name the last.
// What counts in a record is read again by package detector, which refuses
// such an object.
type fields = map[string]json.RawMessage

// maxDepth is how many wrappings may lie around a record.
const maxDepth = 8

func (u *unwrapper) fail(format string, args ...any) {
	if u.err == nil {
		u.err = fmt.Errorf(format, args...)
	}
}

func (u *unwrapper) name(format string) {
	if u.format == "" {
		u.format = format
	}
}

// element reads a value from a list of that kind; kind is "" if it was in none.
func (u *unwrapper) element(kind string, text []byte) {
	if u.depth++; u.depth > maxDepth {
		u.fail("wrapped more than %d times", maxDepth)
		return
	}
	defer func() { u.depth-- }()
	switch text[0] {
	case '{':
		u.object(kind, text)
	case '[':
		u.list(kind, text)
	case '"':
		u.text(decode(text))
	default:
		u.fail("expected a record, found %s", excerpt(text))
	}
}

// list reads rows that are lists themselves, and lists within a list.
func (u *unwrapper) list(kind string, text []byte) {
	var values []json.RawMessage
	if err := json.Unmarshal(text, &values); err != nil {
		u.fail("%s", err)
		return
	}
	switch kind {
	case "QueryResultRows":
		u.name("CloudTrail Lake")
	case "results":
		u.name("CloudWatch Logs Insights")
	default:
		for _, v := range values {
			u.element("", v)
		}
		return
	}
	cells := map[string]string{}
	for _, v := range values {
		var cell map[string]string
		if json.Unmarshal(v, &cell) != nil {
			u.fail("expected cells of text, found %s", excerpt(v))
			return
		}
		if kind == "results" {
			cells[strings.ToLower(cell["field"])] = cell["value"]
			continue
		}
		for name, value := range cell {
			cells[strings.ToLower(name)] = value
		}
	}
	u.row(cells)
}

// object reads an object: a record, or what wraps one.
func (u *unwrapper) object(kind string, text []byte) {
	var m fields
	if err := json.Unmarshal(text, &m); err != nil {
		u.fail("%s", err)
		return
	}
	switch {
	case m["eventSource"] != nil && m["eventName"] != nil && m["s3"] == nil:
		u.record(kind, m, text)
	case kind == "ResultSet.Rows":
		u.athena(m)
	case kind == "" && u.lists(m):
	case u.tool(m):
	case u.stored(m):
	default:
		u.unknown(kind, m, text)
	}
}

// record passes on a record that is wanted.
func (u *unwrapper) record(kind string, m fields, text []byte) {
	switch {
	case kind == "Records":
		u.name(logFile)
	case m["p_log_type"] != nil:
		u.name("Panther")
	default:
		u.name(record)
	}
	u.records++
	if u.s.w.matcher.wants(decode(m["eventName"])) {
		u.hand(text)
	}
}

func (u *unwrapper) hand(text []byte) {
	u.wanted++
	u.s.emit(Record{Text: text, Format: u.format, Offset: u.offset})
}

// lists reads the lists of a document that was held whole.
func (u *unwrapper) lists(m fields) bool {
	found := false
	for name, value := range m {
		if isList(name) && len(value) > 0 && value[0] == '[' {
			found = true
			var elements []json.RawMessage
			if err := json.Unmarshal(value, &elements); err != nil {
				u.fail("%s", err)
			}
			for _, e := range elements {
				u.element(name, e)
			}
		}
	}
	return found
}

// tool reads what tools of AWS and others wrap around the record's own text.
func (u *unwrapper) tool(m fields) bool {
	for _, w := range []struct{ member, format string }{
		{"CloudTrailEvent", "lookup-events"},
		{"requestPayload", "Lambda destination"},
		{"detail", "EventBridge"},
		{"Body", "SQS"},
		{"body", "SQS"},
		{"Sns", "SNS"},
		{"_raw", "Splunk"},
		{"result", "Splunk"},
		{"message", "CloudWatch Logs"},
		{"eventJson", "CloudTrail Lake"},
	} {
		value := m[w.member]
		if len(value) == 0 || value[0] != '"' && value[0] != '{' {
			continue
		}
		u.name(w.format)
		if string(m["preview"]) != "true" { // Splunk: the final rows come again without it
			u.element("", value)
		}
		return true
	}
	switch {
	case decode(m["Type"]) == "Notification" && m["Message"] != nil:
		u.name("SNS")
		u.element("", m["Message"])
	case m["TopicArn"] != nil && m["Message"] != nil:
		u.name("SNS")
		u.element("", m["Message"])
	case m["awslogs"] != nil:
		u.name("CloudWatch Logs")
		u.packed(m["awslogs"])
	default:
		return false
	}
	return true
}

// packed reads the base64 of gzip that a CloudWatch Logs subscription sends.
func (u *unwrapper) packed(value []byte) {
	var logs struct{ Data []byte }
	if err := json.Unmarshal(value, &logs); err != nil {
		u.fail("awslogs.data: expected base64: %s", err)
		return
	}
	z, err := gzip.NewReader(bytes.NewReader(logs.Data))
	if err != nil {
		u.fail("awslogs.data: %s", err)
		return
	}
	most := u.s.w.limits.unit
	text, err := io.ReadAll(io.LimitReader(z, int64(most)+1))
	switch {
	case err != nil:
		u.fail("awslogs.data: %s", err)
	case len(text) > most:
		u.fail("awslogs.data: more than %d MiB of text", most>>20)
	default:
		u.text(string(text))
	}
}

// text reads the text of a record, or of what wraps one.
func (u *unwrapper) text(text string) {
	text = strings.TrimSpace(text)
	if head := exportLine.FindString(text); head != "" {
		text = text[len(head)-1:]
	}
	if text == "" || text[0] != '{' && text[0] != '[' {
		u.records++ // a message of something else
		return
	}
	raw := []byte(text)
	if !json.Valid(raw) {
		u.fail("text within it is not valid JSON: %s", syntax(raw))
		return
	}
	u.element("", raw)
}

// unknown says what else a document is.
func (u *unwrapper) unknown(kind string, m fields, text []byte) {
	if m["s3"] != nil { // wrapped as a log file is, and easily taken for one
		u.fail(NotRecognized + ": expected a CloudTrail record, found an S3 notification")
		return
	}
	for _, other := range []struct {
		members []string
		kind    string
	}{
		{[]string{"s3Bucket", "s3ObjectKey"}, "CloudTrail's notice of a log file"},
		{[]string{"logFiles", "digestS3Object"}, "CloudTrail digest"},
		{[]string{"logFiles", "digestStartTime"}, "CloudTrail digest"},
		{[]string{"hashSignature"}, "signature of query results"},
		{[]string{"insightDetails"}, "CloudTrail Insights"},
		{[]string{"lastrow"}, "end of a Splunk export"},
		{[]string{"preview"}, "Splunk without a result"},
		{[]string{"messageType"}, "CloudWatch Logs control message"},
	} {
		if hasAll(m, other.members) {
			u.s.report.other(other.kind, u.offset)
			return
		}
	}
	switch category := decode(m["eventCategory"]); {
	case category == "Aggregated", category == "Insight", category == "NetworkActivity":
		u.s.report.other("CloudTrail "+category+" event", u.offset)
	case kind != "" && m["eventVersion"] != nil:
		u.fail("a record without eventName or eventSource")
	case len(m) == 1:
		u.only(m)
	case u.depth > 1:
		u.records++ // a message of something else
	default:
		u.fail(NotRecognized+": expected a CloudTrail record, found an object with %s", excerpt(text))
	}
}

// only reads the value of an object's only member: databases write a column of
// records so.
func (u *unwrapper) only(m fields) {
	for name, value := range m {
		if value[0] != '{' && value[0] != '"' {
			u.fail(NotRecognized+": expected a CloudTrail record, found an object with only %q", name)
			return
		}
		u.element("", value)
	}
}

func hasAll(m fields, names []string) bool {
	for _, n := range names {
		if m[n] == nil {
			return false
		}
	}
	return true
}

// decode returns a JSON string as text; "" for another value.
func decode(value []byte) string {
	var s string
	if len(value) == 0 || value[0] != '"' || json.Unmarshal(value, &s) != nil {
		return ""
	}
	return s
}

// athena reads a row of the Athena API: the first holds the columns' names.
func (u *unwrapper) athena(m fields) {
	u.name("Athena")
	var cells []struct{ VarCharValue string }
	if err := json.Unmarshal(m["Data"], &cells); err != nil {
		u.fail("Data: %s", err)
		return
	}
	if u.s.header == nil {
		u.s.header = []string{}
		for _, c := range cells {
			u.s.header = append(u.s.header, strings.ToLower(c.VarCharValue))
		}
		return
	}
	row := map[string]string{}
	for i, c := range cells {
		if i < len(u.s.header) {
			row[u.s.header[i]] = c.VarCharValue
		}
	}
	u.row(row)
}

// errNoRecord says that a row has neither a record nor the columns of one.
var errNoRecord = errors.New("a row without the columns eventName and eventSource")
