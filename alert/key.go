package alert

import "github.com/kmsentry/kmsentry/detector"

// keyName is the shortest name of the key that identifies it in its account.
func keyName(k detector.Key) string {
	for _, name := range []string{k.ID, k.Alias, k.ARN} {
		if name != "" {
			return plain(name, maxName)
		}
	}
	return "unknown key"
}

// whichKey names the key with its account and Region.
func whichKey(f *detector.Finding) string {
	k, text := f.Key, keyName(f.Key)
	if f.NoKey() {
		text = "none was made"
	}
	if k.Account != "" {
		text += " in " + plain(k.Account, maxName)
	}
	if k.Region != "" {
		text += ", " + plain(k.Region, maxName)
	}
	return text
}

// threadID is what alerts about one key share: its ARN. Without a well-formed
// one every finding is a thread of its own.
func threadID(f *detector.Finding) string {
	if isKeyARN(f.Key.ARN) {
		return f.Key.ARN
	}
	return orUnknown(Sanitize(f.UID, 64))
}

// material says where key material is that is not with AWS alone; "" when AWS
// keeps it and when the record does not say. Whoever holds it can take it away
// from one moment to the next, and with it every byte encrypted under the key.
// Source: KMS Developer Guide, importing-keys.html, keystore-external.html and
// keystore-cloudhsm.html.
func material(k detector.Key) string {
	kept := k.OutsideMaterial()
	if kept == "" {
		return ""
	}
	text := "in " + kept
	if k.Origin == "EXTERNAL" {
		text = "imported from outside AWS"
	}
	if k.CustomKeyStore != "" {
		text += " (" + plain(k.CustomKeyStore, 64) + ")"
	}
	return text + "; whoever holds it can take it away at once"
}
