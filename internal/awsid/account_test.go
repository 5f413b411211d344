package awsid

import (
	"strings"
	"testing"
)

func TestIsAccount(t *testing.T) {
	for text, want := range map[string]bool{
		"111122223333": true, "000000000000": true,
		"": false, "11112222333": false, "1111222233334": false, "11112222333x": false, "111122223333\n": false,
		"-11122223333": false, "1111 2222333": false,
		"１１１１":         false, // 12 bytes: 4 digits of another script
		"１１１１２２２２３３３３": false,
	} {
		if got := IsAccount(text); got != want {
			t.Errorf("IsAccount(%q) = %v, want %v", text, got, want)
		}
	}
}

func TestIsOrganization(t *testing.T) {
	for text, want := range map[string]bool{
		"o-exampleorg1": true, "o-0123456789": true, "o-" + strings.Repeat("z", 32): true,
		"": false, "o-": false, "o-123456789": false, "o-" + strings.Repeat("z", 33): false,
		"O-exampleorg1": false, "o-Exampleorg1": false, "o-example-org": false, "exampleorg123": false, "o-exampleorg1\n": false,
	} {
		if got := IsOrganization(text); got != want {
			t.Errorf("IsOrganization(%q) = %v, want %v", text, got, want)
		}
	}
}
