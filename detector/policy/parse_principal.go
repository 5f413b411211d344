package policy

import (
	"strconv"
	"strings"

	"github.com/kmsentry/kmsentry/internal/awsid"
)

// principals reads the value of Principal or NotPrincipal: "*" or an object
// with at least one kind and at least one entry per kind. A part that cannot be
// read becomes an unknown principal.
// Source: IAM User Guide, reference_policies_elements_principal.html.
func (s *scanner) principals() ([]Principal, *ParseError) {
	const want = `"*" or an object`
	if mark, ok := s.givenMark(); ok {
		return []Principal{{KindAWS, mark}}, nil
	}
	c, start := s.peek(), s.pos
	var err *ParseError
	if c == '"' {
		var text string
		text, err = s.str(want)
		if err == nil && text != "*" {
			err = s.fail(start, want, "string "+quoteShort(Shown(text)))
		}
		if err == nil {
			return []Principal{{KindAWS, text}}, nil
		}
	} else if err = s.enter('{', want); err == nil {
		return s.principalKinds(start)
	}
	mark, err := s.recover(start, err)
	return []Principal{{KindAWS, mark}}, err
}

// principalKinds reads the rest of the object of Principal, which starts at
// offset start and whose opening brace has been consumed.
func (s *scanner) principalKinds(start int) ([]Principal, *ParseError) {
	var list []Principal
	var seen [KindCanonicalUser + 1]bool
	for first := true; ; first = false {
		name, at, ok, err := s.member(first)
		if err != nil {
			return nil, err
		}
		if !ok {
			break
		}
		kind := parseKind(name)
		switch {
		case kind == 0:
			err = s.fail(at, "AWS, Service, Federated or CanonicalUser", quoteShort(Shown(name)))
		case seen[kind]:
			err = s.fail(at, name+" once", "it again")
		}
		if err != nil {
			mark, err := s.recoverMember(err)
			if err != nil {
				return nil, err
			}
			list = append(list, Principal{KindAWS, mark})
			continue
		}
		seen[kind] = true
		from := len(s.unknown)
		if list, err = s.principalEntries(list, kind); err != nil {
			return nil, err.under(name)
		}
		s.within(from, name)
	}
	if len(list) == 0 {
		mark, err := s.note(s.fail(start, "at least one principal", "an empty object"))
		return []Principal{{KindAWS, mark}}, err
	}
	return list, nil
}

func parseKind(name string) PrincipalKind {
	switch name {
	case "AWS":
		return KindAWS
	case "Service":
		return KindService
	case "Federated":
		return KindFederated
	case "CanonicalUser":
		return KindCanonicalUser
	default:
		return 0
	}
}

// principalEntries reads the entries under one kind and appends them to list.
func (s *scanner) principalEntries(list []Principal, kind PrincipalKind) ([]Principal, *ParseError) {
	want := wantPrincipal(kind)
	if s.peek() != '[' {
		return s.principalEntry(list, kind, want)
	}
	start := s.pos
	s.pos++
	n := 0
	for ; ; n++ {
		ok, err := s.element(n == 0)
		if err != nil {
			return nil, err
		}
		if !ok {
			break
		}
		from := len(s.unknown)
		if list, err = s.principalEntry(list, kind, want); err != nil {
			return nil, err.under("[" + strconv.Itoa(n) + "]")
		}
		if len(s.unknown) > from {
			s.within(from, "["+strconv.Itoa(n)+"]")
		}
	}
	if n == 0 {
		mark, err := s.note(s.fail(start, "at least one principal", "an empty list"))
		return append(list, Principal{kind, mark}), err
	}
	return list, nil
}

func (s *scanner) principalEntry(list []Principal, kind PrincipalKind, want string) ([]Principal, *ParseError) {
	s.space()
	at := s.pos
	text, err := s.str(want)
	switch {
	case err != nil:
	case HasMark(text) || validPrincipal(kind, text):
		return append(list, Principal{kind, text}), nil
	default:
		err = s.fail(at, want, quoteShort(text))
	}
	mark, err := s.recover(at, err)
	if err == nil && kind == KindAWS {
		mark = s.unknownPrincipal(text, mark)
	}
	if text == "*" {
		kind = KindAWS // AWS does not say whom "*" covers under another kind
	}
	return append(list, Principal{kind, mark}), err
}

// unknownPrincipal returns text, a principal that cannot be read, with mark in
// place of the parts that are wrong. If nothing can be kept it returns mark
// alone. An account with wildcards could cover many principals; any other text
// names at most one, in the account of its ARN if that can be read. A text of
// digits can only be meant as an account.
func (s *scanner) unknownPrincipal(text, mark string) string {
	if s.crowded() {
		return mark
	}
	if text != "" && allDigits(text) {
		s.unknown[len(s.unknown)-1].Never = "*"
		return mark
	}
	a, ok := awsid.ParseARN(text)
	if !ok || strings.ContainsAny(a.Account, "*?") {
		return mark
	}
	s.unknown[len(s.unknown)-1].Never = ":" // the text split into fields at the colons
	if !awsid.IsPartition(a.Partition) {
		a.Partition = mark
	}
	if !awsid.IsAccount(a.Account) {
		a.Account = mark
	}
	named := a
	named.Partition, named.Account = "aws", "111122223333"
	if !IsPrincipalARN(named.String()) {
		a.Service, a.Region, a.Resource = mark, "", mark
	}
	return a.String()
}

func wantPrincipal(kind PrincipalKind) string {
	switch kind {
	case KindAWS:
		return `"*", an account id, a unique id, or the ARN of an account root, user, role or session`
	case KindService:
		return "the name of a service"
	default:
		return "an identifier without wildcards"
	}
}

// validPrincipal reports whether text is valid under kind. A principal cannot
// contain wildcards or variables.
func validPrincipal(kind PrincipalKind, text string) bool {
	switch kind {
	case KindAWS:
		return text == "*" || awsid.IsAccount(text) || IsUniqueID(text) || IsPrincipalARN(text)
	case KindService:
		return len(text) > 0 && onlyFrom(text, "-._")
	default:
		return text != "" && !strings.ContainsAny(text, "*?")
	}
}

// IsUniqueID reports whether text is the unique id of a user or role. IAM
// replaces a principal that was deleted by its unique id.
// Source: IAM User Guide, reference_identifiers.html; IAM API, idType: 16 to
// 128 characters.
func IsUniqueID(text string) bool {
	if len(text) < 16 || len(text) > 128 || !strings.HasPrefix(text, "AIDA") && !strings.HasPrefix(text, "AROA") {
		return false
	}
	for i := range len(text) {
		if !isDigit(text[i]) && (text[i] < 'A' || text[i] > 'Z') {
			return false
		}
	}
	return true
}

// IsPrincipalARN reports whether text is the ARN of an account root, a user, a
// role, a role session or a federated user.
func IsPrincipalARN(text string) bool {
	a, _ := awsid.ParseARN(text)
	if !awsid.IsPartition(a.Partition) || a.Region != "" || !awsid.IsAccount(a.Account) {
		return false
	}
	kind, name, _ := strings.Cut(a.Resource, "/")
	switch {
	case a.Service == "iam" && a.Resource == "root":
		return true
	case a.Service == "iam" && kind == "role":
		// Roles whose names begin with "aws:" are AWS's own.
		// Source: KMS Developer Guide, ct-ec2two.html.
		return isPathAndName(strings.TrimPrefix(name, "aws:"))
	case a.Service == "iam" && kind == "user":
		return isPathAndName(name)
	case a.Service == "sts" && kind == "federated-user":
		return isIAMName(name)
	case a.Service == "sts" && kind == "assumed-role":
		role, session, _ := strings.Cut(name, "/")
		return isIAMName(role) && isIAMName(session)
	default:
		return false
	}
}

// isPathAndName reports whether text is a user's or role's name, with an
// optional path before it. A path holds U+0021 to U+007E (IAM API, pathType), but
// in a principal it cannot contain wildcards or variables.
func isPathAndName(text string) bool {
	slash := strings.LastIndexByte(text, '/')
	path, name := text[:slash+1], text[slash+1:]
	for i := range len(path) {
		if path[i] <= ' ' || path[i] > '~' {
			return false
		}
	}
	return isIAMName(name) && !strings.ContainsAny(path, "*?") && !strings.Contains(path, "${")
}

// maxIAMName is the length of the longest user, role or session name.
// Source: IAM User Guide, reference_iam-quotas.html.
const maxIAMName = 64

// isIAMName reports whether text is a valid name of a user, role or session.
func isIAMName(text string) bool {
	return text != "" && len(text) <= maxIAMName && onlyFrom(text, "_+=,.@-")
}

// onlyFrom reports whether text consists of ASCII letters, digits and characters
// of more. It is true for "".
func onlyFrom(text, more string) bool {
	for i := range len(text) {
		c := text[i]
		letter := 'a' <= c|0x20 && c|0x20 <= 'z'
		if !letter && !isDigit(c) && strings.IndexByte(more, c) < 0 {
			return false
		}
	}
	return true
}

// ServiceLinkedPath occurs in the ARN of every service-linked role. AWS reserves
// the path.
// Source: IAM User Guide, using-service-linked-roles.html.
const ServiceLinkedPath = ":role/aws-service-role/"

// IsServiceLinked reports whether arn is the ARN of a service-linked role.
func IsServiceLinked(arn string) bool { return strings.Contains(arn, ServiceLinkedPath) }
