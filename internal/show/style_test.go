package show

import (
	"bytes"
	"slices"
	"testing"
)

func TestLines(t *testing.T) {
	for _, row := range []struct {
		name  string
		width int
		text  string
		want  []string
	}{
		{"no terminal", 0, "a b c d e f g h i j k l m n o p q r s t u v", []string{"a b c d e f g h i j k l m n o p q r s t u v"}},
		{"too narrow to wrap", 25, "a b c d e f g h i j k l m n o p q r s t u v", []string{"a b c d e f g h i j k l m n o p q r s t u v"}},
		{"short", 40, "one two", []string{"one two"}},
		{"exactly", 31, "twelve chars twenty.", []string{"twelve chars twenty."}},
		{"at a space", 31, "twelve chars twenty.. and more", []string{"twelve chars", "twenty.. and more"}},
		{"a long word stays whole", 31, "see arn:aws:kms:us-east-1:111122223333:key/x there", []string{"see", "arn:aws:kms:us-east-1:111122223333:key/x", "there"}},
		{"characters, not bytes", 31, "üüüüüüüüüü üüüüüüüüü", []string{"üüüüüüüüüü üüüüüüüüü"}},
		{"one long word", 31, "arn:aws:kms:us-east-1:111122223333:key/x", []string{"arn:aws:kms:us-east-1:111122223333:key/x"}},
	} {
		if got := (Style{Width: row.width}).lines(row.text, 11); !slices.Equal(got, row.want) {
			t.Errorf("%s: %q, want %q", row.name, got, row.want)
		}
	}
}

// TestColumns checks that COLUMNS sets the width even without a terminal.
func TestColumns(t *testing.T) {
	for value, want := range map[string]int{"": 0, "92": 92, "-1": 0, "wide": 0} {
		t.Setenv("COLUMNS", value)
		if got := StyleFor(&bytes.Buffer{}); got != (Style{Width: want}) {
			t.Errorf("COLUMNS=%s gives %+v, want width %d and no color", value, got, want)
		}
	}
}
