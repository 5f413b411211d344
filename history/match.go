package history

import "bytes"

// A Matcher finds in raw bytes the places that a wanted record cannot do
// without, whatever wraps it. It may find more; it never finds less.
type Matcher interface {
	// find appends to hits the places in text, from the byte at from on, where a
	// wanted record shows. A place may lie up to reach bytes before from.
	find(text []byte, from int, hits []int) []int
	// wants says whether a record with this eventName is wanted.
	wants(name string) bool
}

// reach is how many bytes may be read past or before a place: more than the
// longest needle. What is within reach of the end of the bytes read so far is
// looked at again with the next ones.
const reach = 256

// Calls matches records by the name of the call.
type Calls struct{}

// The calls that set a key policy, and those that end or resume the use of a
// key. Source: KMS Developer Guide, key-state.html.
const (
	CreateKey           = "CreateKey"
	PutKeyPolicy        = "PutKeyPolicy"
	ReplicateKey        = "ReplicateKey"
	DisableKey          = "DisableKey"
	EnableKey           = "EnableKey"
	ScheduleKeyDeletion = "ScheduleKeyDeletion"
	CancelKeyDeletion   = "CancelKeyDeletion"
	DeleteKey           = "DeleteKey"
)

func (Calls) wants(name string) bool {
	switch name {
	case CreateKey, PutKeyPolicy, ReplicateKey, DisableKey, EnableKey, ScheduleKeyDeletion, CancelKeyDeletion, DeleteKey:
		return true
	default:
		return false
	}
}

// find looks for the names by their one capital K. The names are ASCII letters,
// and JSON writes such a letter as itself or as \u00XX: text with neither holds
// no such name.
func (c Calls) find(text []byte, from int, hits []int) []int {
	for i := from; ; i++ {
		n := bytes.IndexByte(text[i:], 'K')
		if n < 0 {
			break
		}
		if i += n; c.at(text, i) {
			hits = append(hits, i)
		}
	}
	return findHidden(text, from, hits)
}

// at reports whether text has a wanted name whose K is at i.
func (c Calls) at(text []byte, i int) bool {
	if i < 2 || i+3 > len(text) || text[i+1] != 'e' || text[i+2] != 'y' {
		return false
	}
	switch string(text[i-2 : i]) {
	case "te", "le", "ut", "el": // CreateKey, DisableKey, PutKeyPolicy, CancelKeyDeletion and their like
	default: // DescribeKey and accessKeyId are in many records
		return false
	}
	start, end := i, i+3
	if end < len(text) && isLetter(text[end]) && text[end] != 'P' && text[end] != 'D' {
		return false // accessKeyId and its like, several in every record
	}
	for start > 0 && isLetter(text[start-1]) && i-start < reach {
		start--
	}
	for end < len(text) && isLetter(text[end]) && end-i < reach {
		end++
	}
	// A letter before the name may be the "n" of an escaped line end.
	for ; start < i; start++ {
		if c.wants(string(text[start:end])) {
			return true
		}
	}
	return false
}

func isLetter(c byte) bool { return 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' }

// findHidden appends the places where letters, digits or "-" are written as
// JSON escapes, and where base64 of gzip begins: what is there is not seen
// in raw bytes. Usual writers escape neither letters nor digits.
func findHidden(text []byte, from int, hits []int) []int {
	for i := from; ; i++ {
		n := bytes.Index(text[i:], []byte(`\u00`)) // writers that escape slashes have many other backslashes
		if n < 0 {
			break
		}
		if i += n; hides(text[i:]) {
			hits = append(hits, i)
		}
	}
	for i := from; ; i++ {
		n := bytes.IndexByte(text[i:], 'H')
		if n < 0 {
			break
		}
		if i += n; bytes.HasPrefix(text[i:], []byte("H4sI")) {
			hits = append(hits, i)
		}
	}
	return hits
}

// hides reports whether text begins with the JSON escape of an ASCII letter,
// a digit or "-".
func hides(text []byte) bool {
	if len(text) < 6 || !bytes.HasPrefix(text, []byte(`\u00`)) {
		return false
	}
	switch text[4] {
	case '4', '5', '6', '7':
		return true
	case '3':
		return '0' <= text[5] && text[5] <= '9'
	default:
		return text[4] == '2' && (text[5] == 'd' || text[5] == 'D')
	}
}

// Keys matches records that name one of the keys by its ARN or id, whatever the
// call. The keys are given by id, the text after "key/".
type Keys map[string]bool

func (Keys) wants(string) bool { return true }

// find looks for what comes after "key/" and "keyId".
func (k Keys) find(text []byte, from int, hits []int) []int {
	for i := from; ; i++ {
		n := bytes.Index(text[i:], []byte("key"))
		if n < 0 {
			break
		}
		if i += n; k.at(text[i+3:]) {
			hits = append(hits, i)
		}
	}
	return findHidden(text, from, hits)
}

// at reports whether text continues with the id of one of the keys.
func (k Keys) at(text []byte) bool {
	text = bytes.TrimPrefix(text, []byte("Id"))
	for len(text) > 0 && bytes.IndexByte([]byte("/\\\":= \t\r\n"), text[0]) >= 0 {
		text = text[1:]
	}
	end := 0
	for end < len(text) && end < reach && (isLetter(text[end]) || '0' <= text[end] && text[end] <= '9' || text[end] == '-') {
		end++
	}
	return k[string(text[:end])]
}
