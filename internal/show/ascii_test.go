package show

import (
	"testing"
)

func TestTextIsASCIIInJSON(t *testing.T) {
	text, err := JSON(map[string]string{"a": "é\u202e\x7f\u009b😀\u2028<"})
	if want := `{"a":"\u00e9\u202e\u007f\u009b\ud83d\ude00\u2028<"}`; err != nil || string(text) != want {
		t.Errorf("encodeASCII = %s, %v, want %s", text, err, want)
	}
}
