package check

import (
	"bytes"
	"strconv"

	"github.com/kmsentry/kmsentry/internal/load"
)

// plain returns the text of a file with names in plain letters: of UTF-16 one byte
// for each ASCII character, and the escapes of ASCII characters in JSON and YAML
// (\u006b, \x6b) as these characters. It is for searching only: an escaped quotation
// mark becomes a plain one.
func plain(data []byte) []byte {
	if load.IsUTF16(data) {
		data = bytes.ReplaceAll(data, []byte{0}, nil) // leaves the ASCII characters
	}
	if !bytes.Contains(data, []byte(`\u00`)) && !bytes.Contains(data, []byte(`\x`)) && !bytes.Contains(data, []byte(`\U000000`)) {
		return data
	}
	text := make([]byte, 0, len(data))
	for i := 0; i < len(data); i++ {
		if c, size := escaped(data[i:]); size > 0 {
			text = append(text, c)
			i += size - 1
			continue
		}
		text = append(text, data[i])
	}
	return text
}

// escaped returns the ASCII character whose escape text begins with, and the length
// of that escape, or 0 if there is none.
func escaped(text []byte) (c byte, size int) {
	for _, prefix := range []string{`\x`, `\u00`, `\U000000`} {
		digits, ok := bytes.CutPrefix(text, []byte(prefix))
		if !ok || len(digits) < 2 {
			continue
		}
		if n, err := strconv.ParseUint(string(digits[:2]), 16, 7); err == nil {
			return byte(n), len(prefix) + 2
		}
	}
	return 0, 0
}

// mentionsKMS reports whether a file contains "kms", in any letter case.
func mentionsKMS(data []byte) bool {
	for i := 0; i+3 <= len(data); i++ {
		if data[i]|0x20 == 'k' && data[i+1]|0x20 == 'm' && data[i+2]|0x20 == 's' {
			return true
		}
	}
	return false
}

// givesEveryAction reports whether a file that does not mention KMS may still hold a key
// policy: one with principals, and with a wildcard for its actions.
func givesEveryAction(data []byte) bool {
	for _, mark := range []string{"Statement", "Principal", "Action", "*"} {
		if !bytes.Contains(data, []byte(mark)) {
			return false
		}
	}
	return true
}

// namesKey reports whether a file that cannot be read probably holds a key.
func namesKey(data []byte) bool {
	for _, mark := range []string{"AWS::KMS::", "aws_kms_", "awscc_kms_", "kms:"} {
		if bytes.Contains(data, []byte(mark)) {
			return true
		}
	}
	return false
}
