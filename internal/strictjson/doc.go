// Package strictjson reads JSON texts (RFC 8259) of which no two readers can
// make different things.
//
// It takes what encoding/json takes for valid, gives every value as
// encoding/json would, and refuses to choose where encoding/json chooses
// silently:
//
//   - of two members of one name it keeps the last. RFC 8259, section 4, calls
//     what a reader does then unpredictable: the author of a text can show one
//     value to one reader and another to the next. [Value.Members] refuses them,
//     names compared after their escapes are decoded;
//   - it takes a member in any letter case for the field of a struct. Here
//     names are exact: [Decode] reads them so, and [Members.RequireCase] refuses
//     those that others would take for the real ones;
//   - a [json.Decoder] reads one value and says nothing of what follows it.
//     [Parse] refuses it.
//
// Duplicates are refused where an object is opened, so one that nobody reads
// costs nothing; [Value.AllMembers] keeps them for who has to judge them itself.
//
// A string may hold bytes that are not UTF-8, or half of a surrogate pair: both
// are read as U+FFFD, as encoding/json does. Who must not have them checks the
// text first.
//
// The package knows nothing of what the texts say. Two readers of JSON are not
// built on it, since it reads nothing of a text with a fault in it: that of key
// policies, which goes on after a part that it cannot read, and that of
// archives, which looks for records in what may be cut or damaged.
package strictjson
