package alert

// OCSFOfKey returns one key of a sweep as an OCSF 1.6 Detection Finding (class
// 2004), JSON on one line. uid is the same when the same state is told again.
// It fails when o is invalid.
func OCSFOfKey(k SweptKey, uid string, o Options) ([]byte, error) {
	if err := o.Check(); err != nil {
		return nil, err
	}
	f := sweepOCSF(Sweep{UID: uid, Keys: []SweptKey{k}}, o, 1, narrowing[0])
	f.Message = k.title()
	f.StatusDetail = "Read from KMS; the policy and the grants are in force."
	f.FindingInfo.Title, f.FindingInfo.Desc = k.title(), "What the key policy and the grants of this key let outsiders do, as KMS answered."
	text, err := encode(f)
	return []byte(text), err
}
