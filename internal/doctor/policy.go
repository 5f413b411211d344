package doctor

import "encoding/json"

// Policy returns the IAM policy that an examination needs, as JSON. Every action only
// reads, and none reads an event, an alert or a log. Most actions do not support resource
// permissions, so the resource is "*".
func Policy(o Options) ([]byte, error) {
	type statement struct {
		Sid, Effect string
		Action      []string
		Resource    string
	}
	return json.MarshalIndent(struct {
		Version   string
		Statement []statement
	}{"2012-10-17", []statement{{"KmsentryDoctorReads", "Allow", Permissions(o), "*"}}}, "", "  ")
}
