package detector

import (
	"slices"
	"time"

	"github.com/kmsentry/kmsentry/internal/strictjson"
)

// The calls that put a key policy in force, and the service that they go to.
const (
	eventSource  = "kms.amazonaws.com"
	createKey    = "CreateKey"
	putKeyPolicy = "PutKeyPolicy"
	replicateKey = "ReplicateKey"
)

// PolicyCalls returns the names, as in eventName, of the KMS calls that put a key
// policy in force.
func PolicyCalls() []string { return []string{createKey, putKeyPolicy, replicateKey} }

// A record is a CloudTrail record whose objects have been read, as far as this
// package needs them.
//
// No object that is read holds a member twice, and no member that this package
// reads from the record, its request or its response is also there in another
// letter case: either makes the record unreadable, because another reader could
// read it differently.
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
	metadata    object // keyMetadata, or replicaKeyMetadata, of the response
	externalKey object // its xksKeyConfiguration
	regions     object // its multiRegionConfiguration
	primaryKey  object // the primaryKey of regions
	resources   []object
	event       Event
	odd         []string // clauses about parts that are of another kind than expected and count as unknown
}

// read reads the record of any call. The objects in it, such as request and
// response, are read only when the call sets a key policy.
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

// name returns an error unless the record names a call and its service.
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

// hint returns a hint for two documents that carry a record and are not one:
// an EventBridge event and a CloudTrail log file; "" for any other.
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

// open reads the objects in the record of a call that sets a key policy. One that
// is of another kind only leaves unknown what it would have said; one that holds
// a member twice makes the record unreadable.
func (r *record) open() error {
	metadata := "keyMetadata"
	if r.event.Name == replicateKey {
		metadata = "replicaKeyMetadata"
	}
	for _, part := range []struct {
		in   *object // read before
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

// note adds a clause to r.odd unless it is "".
func (r *record) note(odd string) {
	if odd != "" {
		r.odd = append(r.odd, odd)
	}
}

// readEvent returns what identifies the call.
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

// readSource returns where the call came from.
func (r *record) readSource() Source {
	address := r.top.text("sourceIPAddress")
	return Source{
		Address:     address,
		IsIP:        isAddress(address),
		UserAgent:   r.top.text("userAgent"),
		VPCEndpoint: r.top.text("vpcEndpointId"),
	}
}

// parseTime reads a time in either of the two forms that CloudTrail writes, RFC
// 3339 and, in sessionContext.attributes, the basic form of ISO 8601. It returns
// the time in UTC, or the zero time when text has neither form.
// Source: CloudTrail User Guide, cloudtrail-event-reference-user-identity.html.
func parseTime(text string) time.Time {
	for _, layout := range []string{time.RFC3339, "20060102T150405Z"} {
		if t, err := time.Parse(layout, text); err == nil {
			return t.UTC()
		}
	}
	return time.Time{}
}
