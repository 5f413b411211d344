package strictjson

import (
	"encoding/json"
	"errors"
	"strings"
	"testing"
)

func TestParseRefuses(t *testing.T) {
	deep := strings.Repeat("[", MaxDepth+1)
	tests := []struct {
		name, text string
		fault      Fault
		offset     int
		says       string
	}{
		{"nothing", "", Cut, 0, "unexpected end of JSON input"},
		{"white space", " \n", Cut, 2, "unexpected end of JSON input"},
		{"cut in an object", `{"a":1`, Cut, 6, "unexpected end of JSON input"},
		{"cut in a string", `"a\`, Cut, 3, "unexpected end of JSON input"},
		{"cut in a number", `1e`, Cut, 2, "unexpected end of JSON input"},
		{"cut in a literal", `nul`, Cut, 3, "unexpected end of JSON input"},
		{"no JSON", `hello`, Malformed, 0, "invalid character 'h' looking for beginning of value"},
		{"a comma too many", `[1,]`, Malformed, 3, "invalid character ']' looking for beginning of value"},
		{"a comma too many at the end of an object", `{"a":1,}`, Malformed, 7, "invalid character '}' looking for beginning of object key string"},
		{"no colon", `{"a" 1}`, Malformed, 5, "invalid character '1' after object key"},
		{"a comment", `{/**/}`, Malformed, 1, "invalid character '/' looking for beginning of object key string"},
		{"single quotes", `{'a':1}`, Malformed, 1, `invalid character '\'' looking for beginning of object key string`},
		{"a tab in a string", "[\"a\tb\"]", Malformed, 3, `invalid character '\t' in string literal`},
		{"an invalid escape", `"\x"`, Malformed, 2, "invalid character 'x' in string escape code"},
		{"a byte order mark", "\xef\xbb\xbf{}", Malformed, 0, "invalid character 'ï' looking for beginning of value"},
		{"two values", "{}\n{}", Trailing, 3, "invalid character '{' after top-level value"},
		{"a bracket too many, the last byte", `{}}`, Trailing, 2, "invalid character '}' after top-level value"},
		{"a leading zero", `01`, Trailing, 1, "invalid character '1' after top-level value"},
		{"anything after the value", ` [] , x`, Trailing, 4, "invalid character ',' after top-level value"},
		{"too deep", deep, TooDeep, MaxDepth, "exceeded max depth"},
		{"too deep within strings and objects", `{"[\"[":[[],` + deep, TooDeep, len(`{"[\"[":[[],`) + MaxDepth - 2, "exceeded max depth"},
		{"a bracket in a string as deep as it may be", deep[1:] + `"\[`, Malformed, MaxDepth + 2, "invalid character '[' in string escape code"},
		{"malformed at the depth of the limit", deep[1:] + "}", Malformed, MaxDepth, "invalid character '}'"},
		{"cut at the depth of the limit", deep[1:], Cut, MaxDepth, "unexpected end"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			v, err := Parse([]byte(test.text))
			var fault *SyntaxError
			var theirs *json.SyntaxError
			if !errors.As(err, &fault) || !errors.As(err, &theirs) || v.Kind() != None {
				t.Fatalf("Parse = %s, %v, want a *SyntaxError and encoding/json's", v.Kind(), err)
			}
			if fault.Fault != test.fault || fault.Offset != test.offset || !strings.Contains(err.Error(), test.says) {
				t.Errorf("Parse: fault %d at %d, %v, want %d at %d, %s", fault.Fault, fault.Offset, err, test.fault, test.offset, test.says)
			}
		})
	}
}
