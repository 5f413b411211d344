package check

import (
	"cmp"
	"maps"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/kmsentry/kmsentry/alert/safe"
	"github.com/kmsentry/kmsentry/alert/words"
	"github.com/kmsentry/kmsentry/detector/policy/evaluate"
	"github.com/kmsentry/kmsentry/detector/policy/kmsapi"
	"github.com/kmsentry/kmsentry/internal/awsid"
	"github.com/kmsentry/kmsentry/internal/show"
)

// inWords returns a witness as a sentence: who calls what on which key, when.
func inWords(r evaluate.Request) string {
	who := safe.Sanitize(cmp.Or(r.Session, r.Principal, r.Service, "an AWS service"), 200)
	key := safe.Sanitize(cmp.Or(r.Resource, "the key"), 200)
	text := who + words.SessionOf(r) + " calls " + r.Action + " on " + key
	if timely(r) {
		text += " at " + r.Time.UTC().Format(time.RFC3339)
	}
	return text
}

// carried returns a text that lists the condition keys of the witness, with their
// values.
func carried(r evaluate.Request) string {
	var parts []string
	for _, k := range slices.Sorted(maps.Keys(r.Context)) {
		var values []string
		for _, v := range r.Context[k] {
			values = append(values, safe.Sanitize(v, 200))
		}
		parts = append(parts, safe.Sanitize(k, 100)+"="+strings.Join(values, ","))
	}
	return strings.Join(parts, " ")
}

// replay returns the witness as an AWS CLI command, to be run with the witness's
// credentials; "" when a person cannot send it, because the caller is a service, or when
// it would hold text of the policy that a shell could misread.
func replay(r evaluate.Request) string {
	if r.Service != "" || throughService(r) {
		return ""
	}
	args := verb(r)
	if args == nil {
		return ""
	}
	args = append(args, algorithm(r)...)
	args = append(args, encryptionContext(r)...)
	if arn, ok := awsid.ParseKeyARN(r.Resource); ok {
		args = append(args, "--region", arn.Region)
	}
	for i, w := range args {
		if strings.ContainsFunc(w, func(c rune) bool { return c < ' ' || c > '~' || c == '\'' }) {
			return ""
		}
		if !plainWord.MatchString(w) {
			args[i] = "'" + w + "'"
		}
	}
	return "aws kms " + strings.Join(args, " ")
}

// plainWord matches a word that needs no quotes in a shell.
var plainWord = regexp.MustCompile(`^[A-Za-z0-9_./:=,@+-]+$`)

func throughService(r evaluate.Request) bool {
	for key := range r.Context {
		switch strings.ToLower(key) {
		case "kms:viaservice", "aws:calledvia", "aws:calledviafirst", "aws:calledvialast":
			return true
		}
	}
	return strings.EqualFold(first(r, "aws:ViaAWSService"), "true")
}

// verb returns the subcommand with its required options; nil when there is none.
func verb(r evaluate.Request) []string {
	a, ok := kmsapi.FindAction(r.Action)
	if !ok || a.Command == "" {
		return nil
	}
	args := strings.Fields(a.Command)
	for i, w := range args {
		switch w {
		case "KEY":
			args[i] = keyID(r)
		case "PAIRSPEC":
			args[i] = cmp.Or(first(r, "kms:DataKeyPairSpec"), "RSA_2048")
		case "GRANTEE":
			args[i] = cmp.Or(first(r, "kms:GranteePrincipal"), r.Principal)
		case "OPERATIONS":
			args[i] = cmp.Or(first(r, "kms:GrantOperations"), "Encrypt")
		case "SIGNING":
			args[i] = cmp.Or(first(r, "kms:SigningAlgorithm"), "SIGNING_ALGORITHM")
		case "MAC":
			args[i] = cmp.Or(first(r, "kms:MacAlgorithm"), "MAC_ALGORITHM")
		}
	}
	return args
}

// keyID returns how the witness names the key: by its ARN or, when the policy requires an
// alias, by the alias, with its ARN since the caller may be in another account.
func keyID(r evaluate.Request) string {
	alias := first(r, "kms:RequestAlias")
	arn, ok := awsid.ParseKeyARN(r.Resource)
	switch {
	case alias != "" && ok:
		arn.Resource = alias
		return arn.String()
	case alias != "":
		return alias
	default:
		return cmp.Or(r.Resource, "KEY_ARN")
	}
}

// first returns the first value of a condition key in the witness; "" when it has none.
func first(r evaluate.Request, key string) string {
	for k, values := range r.Context {
		if strings.EqualFold(k, key) && len(values) > 0 {
			return values[0]
		}
	}
	return ""
}

// algorithm returns the option for the witness's encryption algorithm. ReEncrypt has one
// for each of its keys.
func algorithm(r evaluate.Request) []string {
	v := first(r, "kms:EncryptionAlgorithm")
	if v == "" {
		return nil
	}
	switch r.Action {
	case "kms:ReEncryptTo":
		return []string{"--destination-encryption-algorithm", v}
	case "kms:ReEncryptFrom":
		return []string{"--source-encryption-algorithm", v}
	case "kms:Encrypt", "kms:Decrypt":
		return []string{"--encryption-algorithm", v}
	default:
		return nil
	}
}

// encryptionContext returns the option for the witness's encryption context, as JSON
// because the CLI's shorthand cannot express commas. ReEncrypt and CreateGrant have other
// names for it.
func encryptionContext(r evaluate.Request) []string {
	const prefix = "kms:EncryptionContext:"
	entries := map[string]string{}
	for k, values := range r.Context {
		if len(k) > len(prefix) && strings.EqualFold(k[:len(prefix)], prefix) && len(values) > 0 {
			entries[k[len(prefix):]] = values[0]
		}
	}
	if len(entries) == 0 {
		return nil
	}
	text, err := show.JSON(entries)
	if err != nil {
		return nil // strings always encode
	}
	switch r.Action {
	case "kms:ReEncryptTo":
		return []string{"--destination-encryption-context", string(text)}
	case "kms:ReEncryptFrom":
		return []string{"--source-encryption-context", string(text)}
	case "kms:CreateGrant":
		return []string{"--constraints", `{"EncryptionContextSubset":` + string(text) + "}"}
	default:
		return []string{"--encryption-context", string(text)}
	}
}

// timely reports whether the policy has a condition on the time of the request. Only then
// does a proof have a time, so that two runs print the same.
func timely(r evaluate.Request) bool {
	for key := range r.Context {
		switch strings.ToLower(key) {
		case "aws:currenttime", "aws:epochtime", "aws:tokenissuetime":
			return true
		}
	}
	return false
}
