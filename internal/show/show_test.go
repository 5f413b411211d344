package show

import (
	"bytes"
	"strings"
	"testing"
	"time"
)

func TestAlign(t *testing.T) {
	var b strings.Builder
	Align(&b, [][]string{{"A", "KEY"}, {strings.Repeat("x", 50), "one"}, {"\x1b[31mred", strings.Repeat("k", 130)}})
	lines := strings.Split(b.String(), "\n")
	if len(lines) != 4 || strings.ContainsRune(b.String(), 0x1b) || strings.Index(lines[0], "KEY") != strings.Index(lines[1], "one") || len([]rune(lines[1])) > 40+2+3 {
		t.Errorf("%q", lines)
	}
	if key := strings.Index(lines[2], "kkk"); key != strings.Index(lines[0], "KEY") || len([]rune(lines[2][key:])) > 120 {
		t.Errorf("%q", lines[2])
	}
}

func TestCell(t *testing.T) {
	for text, want := range map[string]string{"": "", "key": "key", "=1+1": "'=1+1", "+1": "'+1", "-1": "'-1", "@x": "'@x", "\tx": "'\tx", "a=1": "a=1"} {
		if got := Cell(text); got != want {
			t.Errorf("%q: %q, want %q", text, got, want)
		}
	}
}

func TestWords(t *testing.T) {
	if Count(1, "key") != "1 key" || Count(0, "key") != "0 keys" || Count(2, "key") != "2 keys" {
		t.Error("counts")
	}
	if Stamp(time.Time{}) != "no time" || Stamp(time.Unix(0, 0).In(time.FixedZone("", 3600))) != "1970-01-01T00:00:00Z" {
		t.Error("times")
	}
	if Terminal(&bytes.Buffer{}) != nil || !strings.Contains(string(PageStyle()), "--public") {
		t.Error("a buffer is not a terminal, but the style has the verdicts' colors")
	}
}
