package words

import (
	"github.com/kmsentry/kmsentry/alert/safe"
	"github.com/kmsentry/kmsentry/detector"
)

// KeyName returns the key's id or, when that is not known, its alias or ARN; "unknown
// key" when none is known.
func KeyName(k detector.Key) string {
	for _, name := range []string{k.ID, k.Alias, k.ARN} {
		if name != "" {
			return safe.Plain(name, safe.MaxName)
		}
	}
	return "unknown key"
}

// WhichKey returns the key with its account and Region.
func WhichKey(f *detector.Finding) string {
	k, text := f.Key, KeyName(f.Key)
	if f.NoKey() {
		text = "none was made"
	}
	if k.Account != "" {
		text += " in " + safe.Plain(k.Account, safe.MaxName)
	}
	if k.Region != "" {
		text += ", " + safe.Plain(k.Region, safe.MaxName)
	}
	return text
}

// ThreadID returns the id that alerts about one key share, the key's ARN. Without a
// well-formed ARN, every finding is a thread of its own.
func ThreadID(f *detector.Finding) string {
	if safe.IsKeyARN(f.Key.ARN) {
		return f.Key.ARN
	}
	return safe.OrUnknown(safe.Sanitize(f.UID, 64))
}

// Material returns a text that says where the key material comes from or is kept, or
// "" if KMS alone generates and keeps it or the record does not say. Whoever holds
// the material can take it away at any time, and with it all data encrypted under the
// key.
// Source: KMS Developer Guide, importing-keys.html, keystore-external.html and
// keystore-cloudhsm.html.
func Material(k detector.Key) string {
	kept := k.OutsideMaterial()
	if kept == "" {
		return ""
	}
	text := "in " + kept
	if k.Origin == "EXTERNAL" {
		text = "imported from outside AWS"
	}
	if k.CustomKeyStore != "" {
		text += " (" + safe.Plain(k.CustomKeyStore, 64) + ")"
	}
	return text + "; whoever holds it can take it away at once"
}
