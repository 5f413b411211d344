package invoke

import (
	"testing"
)

func TestSlackText(t *testing.T) {
	tests := []struct{ in, want string }{
		{"<https://a.example/x?y=1|Event> | <https://b.example|Key>", "Event: https://a.example/x?y=1 | Key: https://b.example"},
		{"&lt;!channel&gt; &amp;lt;", "<!channel> &lt;"},
		{"a < b | c > d", "a < b | c > d"},
	}
	for _, test := range tests {
		if got := slackText(test.in); got != test.want {
			t.Errorf("slackText(%q) = %q, want %q", test.in, got, test.want)
		}
	}
}
