package strictjson

import (
	"reflect"
	"strings"
	"testing"
	"time"
)

// A form is what the tests decode into.
type form struct {
	Version int               `json:"version"`
	List    []*part           `json:"list,omitempty"`
	ByName  map[string]part   `json:"by_name"`
	At      time.Time         `json:"at"`
	Any     any               `json:"any"`
	Own     own               `json:"own"`
	Plain   map[string]string `json:",omitempty"`
	Hidden  int               `json:"-"`
	private int
	embedded
}

type part struct{ Name string }

type embedded struct{ Inner int }

// own decodes itself, from an object whose members are not its fields.
type own struct{ Field int }

func (o *own) UnmarshalJSON([]byte) error { o.Field = 1; return nil }

func TestDecode(t *testing.T) {
	const text = ` {"version":1,"list":[{"Name":"a"},null],"by_name":{"x":{"Name":"b"}, "X":{}},"at":"2026-01-02T03:04:05Z","any":{"a":[{"b":1}]},"own":{"field":1,"other":2},"Plain":{"a":"b"},"Inner":7}`
	var got form
	if err := Decode([]byte(text), &got); err != nil {
		t.Fatal(err)
	}
	want := form{
		Version: 1, List: []*part{{"a"}, nil}, ByName: map[string]part{"x": {"b"}, "X": {}}, At: time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC),
		Any: map[string]any{"a": []any{map[string]any{"b": 1.0}}}, Own: own{1}, private: 0, Plain: map[string]string{"a": "b"}, embedded: embedded{7},
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("Decode:\ngot  %+v\nwant %+v", got, want)
	}
}

func TestDecodeRefuses(t *testing.T) {
	for _, test := range []struct{ name, text, want string }{
		{"no JSON", `x`, "invalid character 'x' looking for beginning of value"},
		{"more after it", `{"version":1}{}`, "invalid character '{' after top-level value"},
		{"another kind", `{"version":"1"}`, "cannot unmarshal string"},
		{"a member twice", `{"version":1,"version":2}`, `member "version": expected it once, found it twice`},
		{"in another letter case", `{"Version":1}`, `expected member "version", found "Version"`},
		{"in two letter cases", `{"version":1,"VERSION":2}`, `expected member "version", found "VERSION"`},
		{"the name of the Go field", `{"ByName":{}}`, `unknown field "ByName"`},
		{"unknown", `{"other":1}`, `unknown field "other"`},
		{"not of JSON", `{"Hidden":1}`, `unknown field "Hidden"`},
		{"not exported", `{"private":1}`, `unknown field "private"`},
		{"in a list", `{"list":[{},{"name":"a"}]}`, `"list[1]": expected member "Name", found "name"`},
		{"in a map", `{"by_name":{"x":{"Name":"a","Name":"b"}}}`, `"by_name.x": member "Name": expected it once, found it twice`},
		{"a key of a map twice", `{"Plain":{"a":"b","a":"c"}}`, `"Plain": member "a": expected it once, found it twice`},
		{"twice where names decide nothing", `{"any":[{"a":{"b":1,"b":2}}]}`, `"any[0].a": member "b": expected it once, found it twice`},
		{"twice in what decodes itself", `{"own":{"b":1,"b":2}}`, `"own": member "b": expected it once, found it twice`},
	} {
		t.Run(test.name, func(t *testing.T) {
			if err := Decode([]byte(test.text), &form{}); err == nil || !strings.Contains(err.Error(), test.want) {
				t.Errorf("Decode(%s) = %v, want %s", test.text, err, test.want)
			}
		})
	}
}
