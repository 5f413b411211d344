package policy

import (
	"strings"
	"testing"
	"time"
)

func TestParseDate(t *testing.T) {
	rows := []struct {
		text string
		want []string
	}{
		{"2024", []string{"2024-01-01T00:00:00Z", "1970-01-01T00:33:44Z"}},
		{"2024-03", []string{"2024-03-01T00:00:00Z"}},
		{"2024-03-09", []string{"2024-03-09T00:00:00Z"}},
		{"2024-03-09T10:20Z", []string{"2024-03-09T10:20:00Z"}},
		{"2024-03-09T10:20:30Z", []string{"2024-03-09T10:20:30Z"}},
		{"2024-03-09T10:20:30.25Z", []string{"2024-03-09T10:20:30.25Z"}},
		{"2024-03-09T10:20:30+02:00", []string{"2024-03-09T08:20:30Z"}},
		{"2024-03-09T10:20-02:30", []string{"2024-03-09T12:50:00Z"}},
		{"0", []string{"1970-01-01T00:00:00Z"}},
		{"-1", []string{"1969-12-31T23:59:59Z"}},
		{"1788220800", []string{"2026-09-01T00:00:00Z"}},
		{"-999", []string{"1969-12-31T23:43:21Z"}},
		{"", nil},
		{"-", nil},
		{"2024-13", nil},
		{"2024-1", nil},
		{"2024-02-30", nil},
		{"2024-03-09T", nil},
		{"2024-03-09T10Z", nil},
		{"2024-03-09T10:20", nil},
		{"2024-03-09T10:20:30", nil},
		{"2024-03-09T10:20:30,5Z", nil},
		{"2024-03-09T10:20:30.Z", nil},
		{"2024-03-09T10:20.5Z", nil},
		{"2024-03-09 10:20:30Z", nil},
		{"2024-03-09T10:20:30z", nil},
		{"2024-03-09T10:20:30+0200", nil},
		{"2024-03-09Z", nil},
		{"2024-03-09T1:20:30Z", nil},
		{"2024-03-09T1:20Z", nil},
		{"2024-03-09T10:20:30.123456789Z", []string{"2024-03-09T10:20:30.123456789Z"}},
		{"2024-03-09T10:20:30.1234567890Z", nil},
		{"2024-03-09T10:20:30+2:00", nil},
		{"+2024", nil},
		{"--1", nil},
		{"20x4", nil},
		{"-202", []string{"1969-12-31T23:56:38Z"}},
		{"999999999999", []string{"33658-09-27T01:46:39Z"}},
		{"2024-03Z", nil},
		{"1.5", nil},
		{"1e9", nil},
		{"9999999999999", nil},
		{" 2024", nil},
		{"next tuesday", nil},
	}
	for _, row := range rows {
		first, second, n := ParseDate(row.text)
		var got []string
		for _, at := range []time.Time{first, second}[:n] {
			got = append(got, at.Format(time.RFC3339Nano))
		}
		if len(got) != len(row.want) {
			t.Errorf("parseDate(%q) = %v, want %v", row.text, got, row.want)
			continue
		}
		for i := range got {
			if got[i] != row.want[i] {
				t.Errorf("parseDate(%q) = %v, want %v", row.text, got, row.want)
			}
		}
	}
}

func TestParseNumber(t *testing.T) {
	rows := []struct{ text, want string }{
		{"0", "0/1"},
		{"-0", "0/1"},
		{"42", "42/1"},
		{"-7.50", "-15/2"},
		{"1e3", "1000/1"},
		{"2.5E-1", "1/4"},
		{"111122223333.0", "111122223333/1"},
		{"", ""},
		{"-", ""},
		{"+1", ""},
		{".5", ""},
		{"5.", ""},
		{"05", ""},
		{"1e", ""},
		{"0x10", ""},
		{"1_000", ""},
		{"1/2", ""},
		{" 1", ""},
		{"1 ", ""},
		{"1e41", ""},
		{"1e+2", "100/1"},
		{"1e-40", "1/1" + strings.Repeat("0", 40)},
		{"1e-41", ""},
		{"1e99999999999999999999", ""},
		{"1e-1000000000", ""},
		{"Inf", ""},
		{"NaN", ""},
		{"11111111111111111111111111111111111111111", ""},
	}
	for _, row := range rows {
		got := ""
		if n, ok := ParseNumber(row.text); ok {
			got = n.String()
		}
		if got != row.want {
			t.Errorf("parseNumber(%q) = %q, want %q", row.text, got, row.want)
		}
	}
}

func TestParsePrefix(t *testing.T) {
	rows := []struct{ text, want string }{
		{"203.0.113.77/24", "203.0.113.0/24"},
		{"203.0.113.77", "203.0.113.77/32"},
		{"0.0.0.0/0", "0.0.0.0/0"},
		{"2001:db8::1", "2001:db8::1/128"},
		{"2001:DB8::1/32", "2001:db8::/32"},
		{"::/0", "::/0"},
		{"", ""},
		{"203.0.113", ""},
		{"203.0.113.256", ""},
		{"203.0.113.0/33", ""},
		{"203.0.113.0/", ""},
		{"010.0.0.0/8", ""},
		{"10.0.0.0/08", ""},
		{"fe80::1%eth0", ""},
		{"*", ""},
		{" 10.0.0.1", ""},
	}
	for _, row := range rows {
		got := ""
		if p, ok := ParsePrefix(row.text); ok {
			got = p.String()
		}
		if got != row.want {
			t.Errorf("parsePrefix(%q) = %q, want %q", row.text, got, row.want)
		}
	}
}

func TestParseBool(t *testing.T) {
	rows := []struct {
		text      string
		value, ok bool
	}{
		{"true", true, true}, {"TRUE", true, true}, {"False", false, true}, {"", false, false}, {"1", false, false}, {"yes", false, false}, {" true", false, false},
	}
	for _, row := range rows {
		if value, ok := ParseBool(row.text); value != row.value || ok != row.ok {
			t.Errorf("parseBool(%q) = %v, %v, want %v, %v", row.text, value, ok, row.value, row.ok)
		}
	}
}
