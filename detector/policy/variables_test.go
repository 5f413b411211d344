package policy

import (
	"fmt"
	"reflect"
	"testing"
)

func TestSplitVariables(t *testing.T) {
	for text, want := range map[string][]TextPart{
		"":                {},
		"a":               {{Text: "a"}},
		"${a:b}":          {{Variable: "a:b"}},
		"x${a:b}y":        {{Text: "x"}, {Variable: "a:b"}, {Text: "y"}},
		"${a:b}${c}":      {{Variable: "a:b"}, {Variable: "c"}},
		"${*}":            {{Text: "*", Literal: true}},
		"a${?}":           {{Text: "a"}, {Text: "?", Literal: true}},
		"${$}{x}":         {{Text: "$", Literal: true}, {Text: "{x}"}},
		"${a, 'b c'}":     {{Variable: "a", Default: "b c", HasDefault: true}},
		"${a,''}":         {{Variable: "a", HasDefault: true}},
		"x${a":            {{Text: "x"}, {Text: "${a"}},
		"${a}${b${c}":     {{Variable: "a"}, {Variable: "b${c"}},
		"$a}{":            {{Text: "$a}{"}},
		"${ aws:userid }": {{Variable: "aws:userid"}},
	} {
		if got := SplitVariables(text); !reflect.DeepEqual(append([]TextPart{}, got...), want) {
			t.Errorf("%q: %s, want %s", text, fmt.Sprintf("%+v", got), fmt.Sprintf("%+v", want))
		}
	}
}
