package detector

import "fmt"

// A Detector judges records. The zero Detector trusts nobody beside the key's owner.
type Detector struct {
	TrustedAccounts []string // 12-digit ids that count as inside
	TrustedOrgs     []string // organization ids (o-...) that count as inside
}

// A RecordError is a record that could not be read as CloudTrail's.
type RecordError struct {
	EventID string // "" when the record did not tell
	Err     error
}

func (e *RecordError) Error() string { return fmt.Sprintf("record %q: %v", e.EventID, e.Err) }

// Unwrap returns the fault itself.
func (e *RecordError) Unwrap() error { return e.Err }

// Detect judges one CloudTrail record, a JSON object. Its only errors are
// *RecordError: bytes that are not a CloudTrail record. A record of another
// call, or one whose policy keeps outsiders out, is a Result without a Finding.
func (d Detector) Detect(record []byte) (Result, error) {
	return Result{}, &RecordError{Err: fmt.Errorf("not built yet")}
}
