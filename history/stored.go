package history

import (
	"encoding/json"
	"strings"
	"time"
)

// stored reads records that others keep under names of their own: Elastic's
// common schema and OCSF.
func (u *unwrapper) stored(m fields) bool {
	switch {
	case m["_source"] != nil:
		u.name("Elastic")
		u.element("", m["_source"])
	case m["class_uid"] != nil && m["metadata"] != nil:
		u.name("OCSF")
		u.tree(m, fromOCSF)
	case m["event"] != nil || m["event.action"] != nil || m["event.original"] != nil:
		u.name("Elastic")
		u.tree(m, fromElastic)
	default:
		return false
	}
	return true
}

// A tree is a document whose members are found by their dotted path.
type tree map[string]any

func (u *unwrapper) tree(m fields, from func(tree) (record map[string]any, original string)) {
	t := tree{}
	for name, value := range m {
		var v any
		if json.Unmarshal(value, &v) == nil {
			t[name] = v
		}
	}
	r, original := from(t)
	if original != "" {
		u.text(original)
		return
	}
	u.records++
	if r == nil {
		return // an event of something else
	}
	u.build(r)
}

// get returns the member at a dotted path, of which any part may be one dotted name.
func (t tree) get(path string) any {
	if v, ok := t[path]; ok {
		return v
	}
	for i := range len(path) {
		if path[i] != '.' {
			continue
		}
		if inner, ok := t[path[:i]].(map[string]any); ok {
			if v := tree(inner).get(path[i+1:]); v != nil {
				return v
			}
		}
	}
	return nil
}

func (t tree) str(path string) string {
	s, _ := t.get(path).(string)
	return s
}

// set puts values that are there into a record.
func (t tree) set(r map[string]any, paths map[string]string) {
	for member, path := range paths {
		if s := t.str(path); s != "" {
			r[member] = s
		}
	}
}

// fromElastic reads a document of Elastic's AWS integration.
// Source: elastic/integrations, packages/aws/data_stream/cloudtrail.
func fromElastic(t tree) (r map[string]any, original string) {
	if original = t.str("event.original"); strings.HasPrefix(strings.TrimSpace(original), "{") {
		return nil, original
	}
	if t.str("event.action") == "" || t.str("event.provider") == "" {
		return nil, ""
	}
	r = map[string]any{}
	t.set(r, map[string]string{
		"eventName": "event.action", "eventSource": "event.provider", "eventID": "event.id", "eventTime": "@timestamp",
		"awsRegion": "cloud.region", "recipientAccountId": "aws.cloudtrail.recipient_account_id", "sourceIPAddress": "source.address",
		"userAgent": "user_agent.original", "errorCode": "aws.cloudtrail.error_code", "errorMessage": "aws.cloudtrail.error_message",
		"requestID": "aws.cloudtrail.request_id", "eventVersion": "aws.cloudtrail.event_version",
	})
	if _, ok := r["recipientAccountId"]; !ok {
		t.set(r, map[string]string{"recipientAccountId": "cloud.account.id"})
	}
	identity := map[string]any{}
	t.set(identity, map[string]string{
		"type": "aws.cloudtrail.user_identity.type", "arn": "aws.cloudtrail.user_identity.arn", "accountId": "cloud.account.id",
		"userName": "user.name", "principalId": "user.id", "accessKeyId": "aws.cloudtrail.user_identity.access_key_id",
	})
	r["userIdentity"] = identity
	r["requestParameters"] = t.object("policy", "aws.cloudtrail.flattened.request_parameters", "aws.cloudtrail.request_parameters")
	r["responseElements"] = t.object("replicaPolicy", "aws.cloudtrail.flattened.response_elements", "aws.cloudtrail.response_elements")
	if list := t.get("aws.cloudtrail.resources"); list != nil {
		r["resources"] = resourcesOf(list)
	}
	return r, ""
}

// object returns the first of the members at paths that is an object, JSON or
// the text of a Java map; nil without one.
func (t tree) object(policy string, paths ...string) any {
	for _, path := range paths {
		switch v := t.get(path).(type) {
		case map[string]any:
			return v
		case string:
			if m := structOf(v, policy); m != nil {
				return m
			}
		}
	}
	return nil
}

// fromOCSF reads an API Activity of Security Lake, in the forms of its source
// versions 1 (OCSF 1.0.0-rc.2) and 2 (1.1.0). Source: ocsf/examples, mappings
// of CloudTrail.
func fromOCSF(t tree) (r map[string]any, original string) {
	if original = t.str("raw_data"); strings.HasPrefix(strings.TrimSpace(original), "{") {
		return nil, original
	}
	if t.str("api.operation") == "" {
		return nil, ""
	}
	r = map[string]any{"eventSource": "kms.amazonaws.com"}
	t.set(r, map[string]string{
		"eventName": "api.operation", "eventSource": "api.service.name", "eventID": "metadata.uid", "awsRegion": "cloud.region",
		"recipientAccountId": "unmapped.recipientAccountId", "sharedEventID": "unmapped.sharedEventID", "sourceIPAddress": "src_endpoint.ip",
		"userAgent": "http_request.user_agent", "errorCode": "api.response.error", "errorMessage": "api.response.message", "requestID": "api.request.uid",
	})
	if domain := t.str("src_endpoint.domain"); r["sourceIPAddress"] == nil && domain != "" {
		r["sourceIPAddress"] = domain
	}
	if r["recipientAccountId"] == nil {
		t.set(r, map[string]string{"recipientAccountId": "cloud.account.uid"})
	}
	if ms, ok := t.get("time").(float64); ok {
		r["eventTime"] = time.UnixMilli(int64(ms)).UTC().Format(time.RFC3339)
	}
	r["userIdentity"] = ocsfIdentity(t)
	r["requestParameters"] = t.request()
	r["responseElements"] = t.object("replicaPolicy", "api.response.data", "unmapped.responseElements")
	if list, ok := t.get("resources").([]any); ok {
		r["resources"] = ocsfResources(list)
	}
	return r, ""
}

// request returns the request's parameters, also where they were flattened.
func (t tree) request() any {
	if v := t.object("policy", "api.request.data", "unmapped.requestParameters"); v != nil {
		return v
	}
	m := map[string]any{}
	if unmapped, ok := t["unmapped"].(map[string]any); ok {
		for name, v := range unmapped {
			if rest, ok := strings.CutPrefix(name, "requestParameters."); ok {
				m[rest] = v
			}
		}
	}
	if m["policy"] == nil {
		m["omitted"] = true // nobody can say that there was none
	}
	return m
}

func ocsfIdentity(t tree) map[string]any {
	identity := map[string]any{}
	t.set(identity, map[string]string{
		"type": "actor.user.type", "arn": "actor.user.uid", "userName": "actor.user.name",
		"accountId": "actor.user.account.uid", "accessKeyId": "actor.user.credential_uid", "invokedBy": "actor.invoked_by",
	})
	if identity["accountId"] == nil {
		t.set(identity, map[string]string{"accountId": "actor.user.account_uid"})
	}
	if mfa, ok := t.get("actor.session.is_mfa").(bool); ok {
		said := "false"
		if mfa {
			said = "true"
		}
		identity["sessionContext"] = map[string]any{"attributes": map[string]any{"mfaAuthenticated": said}}
	}
	return identity
}

func ocsfResources(list []any) []any {
	var out []any
	for _, e := range list {
		if m, ok := e.(map[string]any); ok {
			r := map[string]any{}
			tree(m).set(r, map[string]string{"ARN": "uid", "type": "type", "accountId": "owner.account.uid"})
			if r["accountId"] == nil {
				tree(m).set(r, map[string]string{"accountId": "account_uid"})
			}
			out = append(out, r)
		}
	}
	return out
}
