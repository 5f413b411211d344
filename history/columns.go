package history

import (
	"encoding/json"
	"regexp"
	"strings"
	"time"
)

// wholeRecord reports whether a column of that name holds the record's own text.
func wholeRecord(column string) bool {
	switch column {
	case "eventjson", "cloudtrailevent", "_raw", "event.original", "message", "@message":
		return true
	default:
		return false
	}
}

// row reads a row of a table, its cells by column in lower case: the record's
// own text where the row has it, otherwise the record put together from the columns.
func (u *unwrapper) row(cells map[string]string) {
	for column, cell := range cells {
		if wholeRecord(column) && strings.HasPrefix(strings.TrimSpace(cell), "{") {
			u.text(cell)
			return
		}
	}
	u.records++
	if cells["eventname"] == "" || cells["eventsource"] == "" {
		u.err = errNoRecord
		return
	}
	u.build(recordOf(cells))
}

// build passes on a record that was put together.
func (u *unwrapper) build(r map[string]any) {
	name, _ := r["eventName"].(string)
	if !u.s.w.matcher.wants(name) {
		return
	}
	text, err := json.Marshal(r)
	if err != nil {
		u.fail("%s", err)
		return
	}
	u.hand(text)
}

// recordOf puts a record together from columns. Source: the tables of
// Athena and CloudTrail Lake in the CloudTrail and Athena User Guides.
func recordOf(cells map[string]string) map[string]any {
	r := map[string]any{}
	for column, member := range map[string]string{
		"eventversion": "eventVersion", "eventsource": "eventSource", "eventname": "eventName", "awsregion": "awsRegion",
		"sourceipaddress": "sourceIPAddress", "useragent": "userAgent", "errorcode": "errorCode", "errormessage": "errorMessage",
		"requestid": "requestID", "eventid": "eventID", "recipientaccountid": "recipientAccountId", "sharedeventid": "sharedEventID",
		"vpcendpointid": "vpcEndpointId", "eventtype": "eventType", "apiversion": "apiVersion",
	} {
		if v := cells[column]; v != "" && v != "null" {
			r[member] = v
		}
	}
	r["eventTime"] = isoTime(cells["eventtime"])
	r["requestParameters"] = structOf(cells["requestparameters"], "policy")
	r["responseElements"] = structOf(cells["responseelements"], "replicaPolicy")
	if list := anyOf(cells["resources"]); list != nil {
		r["resources"] = resourcesOf(list)
	}
	identity, _ := structOf(cells["useridentity"], "").(map[string]any)
	if identity == nil {
		identity = map[string]any{}
	}
	restoreCase(identity)
	for column, member := range map[string]string{
		"ui_type": "type", "ui_arn": "arn", "ui_account": "accountId", "ui_principalid": "principalId", "ui_username": "userName", "ui_accesskeyid": "accessKeyId",
		"ui_invokedby":      "invokedBy",
		"useridentity_type": "type", "useridentity_arn": "arn", "useridentity_accountid": "accountId",
	} {
		if v := cells[column]; v != "" {
			identity[member] = v
		}
	}
	if mfa := cells["mfa"]; mfa != "" {
		identity["sessionContext"] = map[string]any{"attributes": map[string]any{"mfaAuthenticated": mfa}}
	}
	r["userIdentity"] = identity
	return r
}

// restoreCase gives the members of userIdentity CloudTrail's own letter case,
// which a struct in Athena or Lake has lost.
func restoreCase(m map[string]any) {
	for _, name := range []string{
		"principalId", "accountId", "accessKeyId", "userName", "invokedBy", "sessionContext", "sessionIssuer", "webIdFederationData",
		"mfaAuthenticated", "creationDate", "onBehalfOf", "userId", "identityProvider", "credentialId", "federatedProvider",
	} {
		if v, ok := m[strings.ToLower(name)]; ok && m[name] == nil {
			delete(m, strings.ToLower(name))
			m[name] = v
		}
	}
	for _, v := range m {
		if inner, ok := v.(map[string]any); ok {
			restoreCase(inner)
		}
	}
}

// isoTime returns the time of CloudTrail Lake, Athena or Presto, which is UTC, as
// CloudTrail writes it.
func isoTime(text string) string {
	for _, layout := range []string{"2006-01-02 15:04:05.999999999", "2006-01-02T15:04:05.999999999", "2006-01-02 15:04:05.999999999 UTC"} {
		if t, err := time.Parse(layout, text); err == nil {
			return t.Format(time.RFC3339)
		}
	}
	return text
}

// anyOf reads JSON; nil when text is none.
func anyOf(text string) any {
	var v any
	if json.Unmarshal([]byte(text), &v) != nil {
		return nil
	}
	return v
}

// structOf reads an object that is written as JSON, or as Java writes a map.
// policy is the member that holds a key policy. A policy that is not known
// for sure is left out, and the object says so in CloudTrail's word.
func structOf(text, policy string) any {
	text = strings.TrimSpace(text)
	switch v := anyOf(text).(type) {
	case map[string]any:
		return v
	case string: // JSON text within JSON text
		return structOf(v, policy)
	}
	if len(text) < 2 || text[0] != '{' || text[len(text)-1] != '}' {
		return nil
	}
	return javaMap(text, policy)
}

// javaKey is where a member of a Java map begins.
var javaKey = regexp.MustCompile(`(?:^\{|, )([A-Za-z][A-Za-z0-9_]*)=`)

// javaMap reads {keyId=..., policy={...}, ...}, the text of a Java map, in
// which nothing is quoted: JSON delimits itself, and what else holds ", name="
// cannot be distinguished from a member. So a policy counts only when there is one.
func javaMap(text, policy string) map[string]any {
	m := map[string]any{}
	body := text
	if policy != "" {
		marker := regexp.MustCompile(`(?:\{|, )` + policy + `=`)
		places := marker.FindAllStringIndex(text, -1)
		if len(places) > 0 {
			start := places[0][1]
			var value json.RawMessage
			d := json.NewDecoder(strings.NewReader(text[start:]))
			err := d.Decode(&value)
			end := start + int(d.InputOffset())
			if err != nil || marker.MatchString(text[end:]) {
				m["omitted"] = true
				end = len(text)
			} else {
				m[policy] = string(value)
			}
			body = text[:places[0][0]] + text[end:]
			if places[0][0] == 0 {
				body = "{" + strings.TrimPrefix(text[end:], ", ")
			}
		}
	}
	keys := javaKey.FindAllStringSubmatchIndex(body, -1)
	for i, k := range keys {
		end := len(body)
		if i+1 < len(keys) {
			end = keys[i+1][0]
		}
		value := strings.TrimSuffix(body[k[1]:end], "}")
		name := body[k[2]:k[3]]
		if nested := strings.TrimSpace(body[k[1]:end]); strings.HasPrefix(nested, "{") {
			value = nested
		}
		if _, twice := m[name]; !twice && value != "null" {
			m[name] = plain(name, value)
		}
	}
	if arn := keyARN.FindString(text); arn != "" && policy == "replicaPolicy" {
		// Lake flattens the metadata of the new key too; its ARN is what counts.
		m["keyMetadata"] = map[string]any{"arn": arn}
		m["replicaKeyMetadata"] = map[string]any{"arn": arn}
	}
	return m
}

var keyARN = regexp.MustCompile(`arn:aws[a-z-]*:kms:[a-z0-9-]+:[0-9]{12}:key/[A-Za-z0-9-]+`)

// keyID is a bare key id. Source: KMS Developer Guide, concepts, key identifiers.
var keyID = regexp.MustCompile(`^(mrk-[0-9a-f]{32}|[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12})$`)

// plain gives a value of a Java map the type that CloudTrail gives it.
func plain(name, value string) any {
	if name == "bypassPolicyLockoutSafetyCheck" || name == "multiRegion" || name == "omitted" {
		return value == "true"
	}
	return value
}

// resourcesOf keeps the resources' members in CloudTrail's own letter case;
// Athena casts a row to lower case or to a list without names.
func resourcesOf(list any) any {
	elements, _ := list.([]any)
	var out []any
	for _, e := range elements {
		switch e := e.(type) {
		case map[string]any:
			r := map[string]any{}
			for name, v := range e {
				switch strings.ToLower(name) {
				case "arn":
					r["ARN"] = v
				case "accountid":
					r["accountId"] = v
				case "type":
					r["type"] = v
				}
			}
			out = append(out, r)
		case []any: // arn, accountId, type: the order of Athena's table
			r := map[string]any{}
			for i, name := range []string{"ARN", "accountId", "type"} {
				if i < len(e) {
					r[name] = e[i]
				}
			}
			out = append(out, r)
		}
	}
	return out
}
