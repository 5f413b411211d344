package detector

import (
	"errors"
	"fmt"
	"strings"
	"time"
)

// The calls that put a key policy in force, and who serves them.
const (
	eventSource  = "kms.amazonaws.com"
	createKey    = "CreateKey"
	putKeyPolicy = "PutKeyPolicy"
	replicateKey = "ReplicateKey"
)

// A record is a CloudTrail record, opened where this package reads it.
//
// An object that is read never holds a member twice, and the members of the
// record, its request and its response that matter never stand there in
// another letter case: either makes the record unreadable, because another
// reader could take it for something else.
type record struct {
	top       object
	identity  object // userIdentity
	session   object // userIdentity.sessionContext
	request   object // requestParameters
	response  object // responseElements
	metadata  object // what the response tells of the key, or of the replica
	resources []object
	event     Event
}

// read opens a record of any call. Request and response are opened only when
// the call sets a key policy.
func (r *record) read(text []byte) error {
	top, err := readDocument(text)
	if err != nil {
		return err
	}
	r.top = top
	r.event.ID = top.text("eventID")
	if err := r.name(); err != nil {
		return err
	}
	r.event = r.readEvent()
	if !r.setsPolicy() {
		return nil
	}
	return r.open()
}

// name checks that this is a record of some call.
func (r *record) name() error {
	err := r.top.requireCase("eventID", "eventSource", "eventName", "eventTime", "awsRegion", "recipientAccountId",
		"errorCode", "userIdentity", "requestParameters", "responseElements", "resources")
	if err != nil {
		return err
	}
	if raw := r.top.raw("errorCode"); raw != nil && kindOf(raw) != "a string" {
		return r.top.fault("errorCode: want a string, got %s", kindOf(raw))
	}
	for _, name := range []string{"eventSource", "eventName"} {
		raw := r.top.raw(name)
		if raw == nil {
			return r.top.fault("want member %q, got none%s", name, r.hint())
		}
		if kind := kindOf(raw); kind != "a string" {
			return r.top.fault("%s: want a string, got %s", name, kind)
		}
		if r.top.text(name) == "" {
			return r.top.fault("%s: want a name, got %q", name, "")
		}
	}
	return nil
}

// hint tells the two near misses apart: what carries a record is not a record.
func (r *record) hint() string {
	switch {
	case r.top.raw("detail") != nil:
		return ` (this is an EventBridge event; its record is in "detail")`
	case r.top.raw("Records") != nil:
		return ` (this is a CloudTrail log file; its records are in "Records")`
	default:
		return ""
	}
}

// setsPolicy reports whether the call sets a key policy.
func (r *record) setsPolicy() bool {
	if r.event.Source != eventSource {
		return false
	}
	switch r.event.Name {
	case createKey, putKeyPolicy, replicateKey:
		return true
	default:
		return false
	}
}

// refused reports whether AWS refused the call. A refused call has an error
// code and no response; a record with both contradicts itself, and what cannot
// be ruled out is taken for done.
// Source: CloudTrail User Guide, cloudtrail-event-reference-record-contents.html,
// errorCode and responseElements.
func (r *record) refused() bool {
	return r.event.ErrorCode != "" && len(r.response.members) == 0
}

// open reads the objects of a call that sets a key policy.
func (r *record) open() (err error) {
	r.identity, err = r.top.object("userIdentity")
	if err != nil {
		return err
	}
	r.session, err = r.identity.object("sessionContext")
	if err != nil {
		return err
	}
	r.request, err = r.top.object("requestParameters")
	if err != nil {
		return err
	}
	r.response, err = r.top.object("responseElements")
	if err != nil {
		return err
	}
	r.resources, err = r.top.objects("resources")
	if err != nil {
		return err
	}
	metadata := "keyMetadata"
	if r.event.Name == replicateKey {
		metadata = "replicaKeyMetadata"
	}
	r.metadata, err = r.response.object(metadata)
	if err != nil {
		return err
	}
	r.event.Bypass = r.request.text("bypassPolicyLockoutSafetyCheck") == "true"
	err = r.request.requireCase("policy", "keyId", "replicaRegion", "omitted", "bypassPolicyLockoutSafetyCheck")
	if err != nil {
		return err
	}
	return r.response.requireCase(metadata, "replicaPolicy", "keyId", "omitted")
}

// readEvent reads what identifies the call.
func (r *record) readEvent() Event {
	return Event{
		ID:           r.top.text("eventID"),
		RequestID:    r.top.text("requestID"),
		Name:         r.top.text("eventName"),
		Source:       r.top.text("eventSource"),
		Version:      r.top.text("eventVersion"),
		APIVersion:   r.top.text("apiVersion"),
		Time:         parseTime(r.top.text("eventTime")),
		Region:       r.top.text("awsRegion"),
		Account:      r.top.text("recipientAccountId"),
		ErrorCode:    r.top.text("errorCode"),
		ErrorMessage: r.top.text("errorMessage"),
	}
}

// readSource reads where the call came from.
func (r *record) readSource() Source {
	address := r.top.text("sourceIPAddress")
	return Source{
		Address:     address,
		IsIP:        isAddress(address),
		UserAgent:   r.top.text("userAgent"),
		VPCEndpoint: r.top.text("vpcEndpointId"),
	}
}

// readPolicy returns the text of the key policy that the call set or tried to
// set. "" with a nil error means AWS's default policy, or a refused call that
// shows none. An error means that the call set a policy which the record does
// not show.
//
// Source: KMS Developer Guide, logging-using-cloudtrail.html, and the KMS API
// Reference: Policy is required in PutKeyPolicy, and the default policy stands
// in for it in CreateKey and ReplicateKey. CloudTrail leaves out request
// parameters and response elements of more than 100 KB and says "omitted"
// (CloudTrail User Guide, cloudtrail-event-reference-record-contents.html).
func (r *record) readPolicy() (string, error) {
	text := r.request.text("policy")
	if r.event.Name == replicateKey {
		if replica := r.response.text("replicaPolicy"); strings.TrimSpace(replica) != "" {
			text = replica
		}
	}
	switch {
	case strings.TrimSpace(text) != "":
		return text, nil
	case r.refused():
		return "", nil
	case r.request.text("omitted") == "true", r.event.Name == replicateKey && r.response.text("omitted") == "true":
		return "", errors.New("the record does not show the key policy: CloudTrail left it out because of its size")
	case r.event.Name == putKeyPolicy:
		return "", fmt.Errorf("the record does not show the key policy: requestParameters.policy: want text, got %s", r.shownPolicy())
	default:
		return "", nil
	}
}

// shownPolicy says what stands where the policy should.
func (r *record) shownPolicy() string {
	if r.request.raw("policy") == nil {
		return "nothing"
	}
	return "empty text"
}

// parseTime reads the two forms of time in CloudTrail records; the zero time
// when text is neither. The basic form stands in sessionContext.attributes.
// Source: CloudTrail User Guide, cloudtrail-event-reference-user-identity.html.
func parseTime(text string) time.Time {
	for _, layout := range []string{time.RFC3339, "20060102T150405Z"} {
		if t, err := time.Parse(layout, text); err == nil {
			return t.UTC()
		}
	}
	return time.Time{}
}
