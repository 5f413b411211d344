// Package strictjson reads JSON texts (RFC 8259) that different parsers cannot
// interpret differently.
//
// It accepts the syntax that encoding/json accepts and decodes every value as
// encoding/json does, but rejects what encoding/json resolves silently:
//
//   - Of two members with the same name, encoding/json keeps the last. RFC 8259,
//     section 4, calls the behavior of parsers in this case unpredictable: the
//     author of a text can show different values to different parsers.
//     [Value.Members] rejects duplicates, comparing names after decoding their
//     escapes.
//   - encoding/json matches the names of members to the fields of a struct in
//     any letter case. Here names must match exactly: [Decode] requires it, and
//     [Members.RequireCase] rejects members that other parsers would match.
//   - A [json.Decoder] reads one value and ignores what follows it. [Parse]
//     rejects it.
//
// Duplicates are checked when the members of an object are read, so objects that
// are not read cost nothing. [Value.AllMembers] keeps duplicates, for callers that
// handle them.
//
// A string may contain bytes that are not UTF-8, or half of a surrogate pair: both
// are decoded as U+FFFD, as in encoding/json. A caller that must not accept them
// has to check the text first.
//
// Two parsers are not built on this package, because it reads nothing of a text
// with a syntax error: that of key policies, which continues after a part that it
// cannot read, and that of archives, which finds records in texts that may be
// truncated or damaged.
package strictjson
