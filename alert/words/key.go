package words

import (
	"github.com/kmsentry/kmsentry/alert/safe"
	"github.com/kmsentry/kmsentry/detector"
)

// KeyName is the shortest name of the key that identifies it in its account.
func KeyName(k detector.Key) string {
	for _, name := range []string{k.ID, k.Alias, k.ARN} {
		if name != "" {
			return safe.Plain(name, safe.MaxName)
		}
	}
	return "unknown key"
}

// WhichKey names the key with its account and Region.
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

// ThreadID is what alerts about one key share: its ARN. Without a well-formed
// one every finding is a thread of its own.
func ThreadID(f *detector.Finding) string {
	if safe.IsKeyARN(f.Key.ARN) {
		return f.Key.ARN
	}
	return safe.OrUnknown(safe.Sanitize(f.UID, 64))
}

// Material says where key material is that is not with AWS alone; "" when AWS
// keeps it and when the record does not say. Whoever holds it can take it away
// from one moment to the next, and with it every byte encrypted under the key.
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
