package doctor

import "encoding/json"

// Policy is the IAM policy that an examination needs, as JSON. Every action
// reads, and none reads an event, an alert or a log. Most take no resource, so it
// names none.
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
