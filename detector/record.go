package detector

import (
	"slices"
	"time"

	"github.com/kmsentry/kmsentry/internal/strictjson"
)

// The calls that put a key policy in force, and who serves them.
const (
	eventSource  = "kms.amazonaws.com"
	createKey    = "CreateKey"
	putKeyPolicy = "PutKeyPolicy"
	replicateKey = "ReplicateKey"
)

// PolicyCalls are the calls of KMS that put a key policy in force, by the names
// that CloudTrail gives them.
func PolicyCalls() []string { return []string{createKey, putKeyPolicy, replicateKey} }

// A record is a CloudTrail record, opened where this package reads it.
//
// An object that is read never holds a member twice, and the members of the
// record, its request and its response that matter are never there in
// another letter case: either makes the record unreadable, because another
// reader could take it for something else.
type record struct {
	top         object
	identity    object // userIdentity
	session     object // userIdentity.sessionContext
	issuer      object // its sessionIssuer
	attributes  object // its attributes
	federation  object // its webIdFederationData
	onBehalfOf  object // userIdentity.onBehalfOf
	inScopeOf   object // userIdentity.inScopeOf
	request     object // requestParameters
	response    object // responseElements
	metadata    object // what the response says of the key, or of the replica
	externalKey object // its xksKeyConfiguration
	regions     object // its multiRegionConfiguration
	primaryKey  object // the primaryKey of that
	resources   []object
	event       Event
	odd         []string // what was of another kind than it should be and counts as unknown
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
	for _, name := range []string{"eventSource", "eventName"} {
		v := r.top.value(name)
		if v.Kind() == strictjson.None {
			return r.top.fault("expected member %q, found none%s", name, r.hint())
		}
		if v.Kind() != strictjson.String {
			return r.top.fault("%s: expected a string, found %s", name, v.Kind())
		}
		if v.Text() == "" {
			return r.top.fault("%s: expected a name, found %q", name, "")
		}
	}
	return nil
}

// hint tells the two near misses apart: what carries a record is not a record.
func (r *record) hint() string {
	switch {
	case !r.top.isNothing("detail"):
		return ` (this is an EventBridge event; its record is in "detail")`
	case !r.top.isNothing("Records"):
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
	return slices.Contains(PolicyCalls(), r.event.Name)
}

// open reads the objects of a call that sets a key policy. One that is of
// another kind costs only what it would have told; one that holds a member
// twice makes the record unreadable.
func (r *record) open() error {
	metadata := "keyMetadata"
	if r.event.Name == replicateKey {
		metadata = "replicaKeyMetadata"
	}
	for _, part := range []struct {
		in   *object // opened before
		name string
		to   *object
	}{
		{&r.top, "userIdentity", &r.identity},
		{&r.identity, "sessionContext", &r.session},
		{&r.session, "sessionIssuer", &r.issuer},
		{&r.session, "attributes", &r.attributes},
		{&r.session, "webIdFederationData", &r.federation},
		{&r.identity, "onBehalfOf", &r.onBehalfOf},
		{&r.identity, "inScopeOf", &r.inScopeOf},
		{&r.top, "requestParameters", &r.request},
		{&r.top, "responseElements", &r.response},
		{&r.response, metadata, &r.metadata},
		{&r.metadata, "xksKeyConfiguration", &r.externalKey},
		{&r.metadata, "multiRegionConfiguration", &r.regions},
		{&r.regions, "primaryKey", &r.primaryKey},
	} {
		member, odd, err := part.in.object(part.name)
		if err != nil {
			return err
		}
		*part.to = member
		r.note(odd)
	}
	resources, odd, err := r.top.objects("resources")
	if err != nil {
		return err
	}
	r.resources = resources
	r.note(odd)
	if kind := r.top.value("errorCode").Kind(); kind != strictjson.None && kind != strictjson.String {
		r.note("errorCode: expected a string, found " + kind.String())
	}
	r.event.Outcome = r.outcome()
	r.event.Bypass = r.request.text("bypassPolicyLockoutSafetyCheck") == "true"
	if err := r.request.requireCase("policy", "keyId", "replicaRegion", "omitted", "bypassPolicyLockoutSafetyCheck"); err != nil {
		return err
	}
	return r.response.requireCase(metadata, "replicaPolicy", "keyId", "omitted")
}

// note keeps what was odd; "" is nothing.
func (r *record) note(odd string) {
	if odd != "" {
		r.odd = append(r.odd, odd)
	}
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
		ErrorCode:    r.top.whole("errorCode"),
		ErrorMessage: r.top.text("errorMessage"),
		FromConsole:  r.top.text("sessionCredentialFromConsole") == "true",
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

// parseTime reads the two forms of time in CloudTrail records; the zero time
// when text is neither. The basic form is in sessionContext.attributes.
// Source: CloudTrail User Guide, cloudtrail-event-reference-user-identity.html.
func parseTime(text string) time.Time {
	for _, layout := range []string{time.RFC3339, "20060102T150405Z"} {
		if t, err := time.Parse(layout, text); err == nil {
			return t.UTC()
		}
	}
	return time.Time{}
}
