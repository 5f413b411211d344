package fakesns

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"regexp"
	"strings"
)

// maxSize is the largest total size of a message and its attributes, 256 KiB.
// Source: SNS API reference, Publish, Message.
const maxSize = 262144

// validSubject reports whether a subject is valid by the strictest reading of SNS's
// documentation: 1 to 99 ASCII characters, none of them a control character, and the
// first one a letter, digit or punctuation.
func validSubject(subject string) bool {
	if subject == "" || len(subject) > 99 || subject[0] == ' ' {
		return false
	}
	for i := range len(subject) {
		if subject[i] < ' ' || subject[i] > '~' {
			return false
		}
	}
	return true
}

// protocols returns the members of a message with MessageStructure=json. Like SNS it
// ignores members that are not strings; "default" must be one.
func protocols(form url.Values) (map[string]string, *refusal) {
	message := form.Get("Message")
	switch structure := form.Get("MessageStructure"); structure {
	case "":
		return map[string]string{"default": message}, nil
	case "json":
	default:
		return nil, invalid("MessageStructure: %s", structure)
	}
	var members map[string]any
	if err := json.Unmarshal([]byte(message), &members); err != nil {
		return nil, invalid("Message Structure - JSON message body failed to parse")
	}
	texts := make(map[string]string, len(members))
	for name, value := range members {
		if text, ok := value.(string); ok {
			texts[name] = text
		}
	}
	if _, ok := texts["default"]; !ok {
		return nil, invalid("Message Structure - No default entry in JSON message body")
	}
	return texts, nil
}

// attributeName matches the name of an attribute.
// Source: SNS developer guide, sns-message-attributes.html.
var attributeName = regexp.MustCompile(`^[A-Za-z0-9_-]+(\.[A-Za-z0-9_-]+)*$`)

// attributes reads MessageAttributes.entry.N.* and adds their size to *size. It refuses
// more than ten, for which SNS would drop the message to subscribers with raw delivery.
func attributes(form url.Values, size *int) (map[string]string, *refusal) {
	values := map[string]string{}
	for n := 1; ; n++ {
		entry := fmt.Sprintf("MessageAttributes.entry.%d.", n)
		if !form.Has(entry + "Name") {
			break
		}
		name, kind, value := form.Get(entry+"Name"), form.Get(entry+"Value.DataType"), form.Get(entry+"Value.StringValue")
		lower := strings.ToLower(name)
		switch {
		case !attributeName.MatchString(name), len(name) > 256, strings.HasPrefix(lower, "aws."), strings.HasPrefix(lower, "amazon."):
			return nil, &refusal{http.StatusBadRequest, "ParameterValueInvalid", "The message attribute name is invalid: " + name}
		case kind != "String" && kind != "Number" && kind != "String.Array":
			return nil, &refusal{http.StatusBadRequest, "ParameterValueInvalid", "The message attribute " + name + " has an invalid type"}
		case value == "":
			return nil, &refusal{http.StatusBadRequest, "ParameterValueInvalid", "The message attribute " + name + " must contain non-empty value"}
		}
		*size += len(name) + len(kind) + len(value)
		values[name] = value
	}
	if len(values) > 10 {
		return nil, invalid("more than 10 message attributes")
	}
	return values, nil
}
