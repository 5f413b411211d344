package load

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
)

// fromStream reads several JSON objects, one after the other, as a loop over
// aws kms get-key-policy or a query of AWS Config prints them. Each is judged on
// its own; one that cannot be read does not hide the others. The result is
// reports whether data is such a stream, of at least two objects, the last of
// which may be malformed.
func fromStream(data []byte, scope Scope) (docs []Document, err error, is bool) {
	dec := json.NewDecoder(bytes.NewReader(data))
	var raw []json.RawMessage
	var lines []int
	line, seen := 1, 0
	var broken *Document
	for {
		var one json.RawMessage
		if err := dec.Decode(&one); err == io.EOF {
			break
		} else if err != nil {
			if broken = brokenAt(data, int(dec.InputOffset()), err); broken == nil {
				return nil, nil, false // parseJSON reports the error
			}
			break
		}
		start := int(dec.InputOffset()) - len(one)
		line += bytes.Count(data[seen:start], []byte("\n"))
		seen = start
		raw, lines = append(raw, one), append(lines, line)
	}
	if len(raw) < 2 && broken == nil || len(raw) == 0 || raw[0][0] != '{' {
		return nil, nil, false
	}
	if bytes.Contains(raw[0], []byte(`"@level"`)) {
		return nil, unrecognized("expected the output of terraform show -json, found the log of terraform plan -json; run terraform plan -out p && terraform show -json p > plan.json and check that"), true
	}
	for i, one := range raw {
		found, err := Documents(one, scope)
		if errors.Is(err, ErrNoKey) {
			continue
		}
		if err != nil {
			found = []Document{{Err: fmt.Errorf("the object at line %d: %w", lines[i], err), At: Region{Line: 1, Column: 1}}}
		}
		for j := range found {
			d := &found[j]
			d.Place = strings.TrimSuffix(fmt.Sprintf("%d/%s", i+1, d.Place), "/")
			d.move(lines[i] - 1)
			docs = append(docs, *d)
		}
	}
	if broken != nil {
		broken.Place = fmt.Sprint(len(raw) + 1)
		docs = append(docs, *broken)
	}
	if len(docs) == 0 {
		return nil, withoutKey(fmt.Sprintf("expected a key policy in one of %d objects, found none", len(raw))), true
	}
	return docs, nil, true
}

// brokenAt returns a document with the error for the malformed object that
// follows the offset, or nil when what follows does not begin as an object.
func brokenAt(data []byte, offset int, err error) *Document {
	rest := bytes.TrimLeft(data[offset:], " \t\r\n")
	if !bytes.HasPrefix(rest, []byte("{")) {
		return nil
	}
	start := len(data) - len(rest)
	line := 1 + bytes.Count(data[:start], []byte("\n"))
	found, at := err.Error(), len(data)
	var syntax *json.SyntaxError
	if errors.As(err, &syntax) {
		at = min(int(syntax.Offset), len(data))
	}
	if errors.Is(err, io.ErrUnexpectedEOF) {
		found = "the end of the input"
	}
	return &Document{
		At:  Region{Line: line, Column: 1},
		Err: fmt.Errorf("expected a whole JSON object, found %s at line %d; the objects before it are judged", found, 1+bytes.Count(data[:at], []byte("\n"))),
	}
}

// move shifts the positions in a document down by the number of lines.
func (d *Document) move(lines int) {
	for _, at := range append([]*Region{&d.At}, regionsOf(d.Statements)...) {
		if at.Line > 0 {
			at.Line += lines
		}
		if at.EndLine > 0 {
			at.EndLine += lines
		}
	}
}

func regionsOf(list []Region) []*Region {
	out := make([]*Region, len(list))
	for i := range list {
		out[i] = &list[i]
	}
	return out
}

// fromConfig reads AWS Config's configuration items of keys: one on its own,
// one inside a notification, or a list as printed by get-resource-config-history
// and stored in a snapshot in S3.
// Source: AWS Config Developer Guide, resource-config-reference.html,
// view-manage-resource-console.html and deliver-snapshot-cli.html.
func fromConfig(root *node) ([]Document, error) {
	if !root.has("configurationItems") {
		item := root
		if inner := root.get("configurationItem"); inner != nil {
			item = inner
		}
		if kind := item.str("resourceType"); kind != keyItem {
			return nil, withoutKey(fmt.Sprintf("expected a configuration item of %s, found one of %.60q", keyItem, kind))
		}
		d := configItem(item)
		return []Document{d}, d.Err
	}
	var docs []Document
	for i, item := range root.get("configurationItems").list() {
		if item.str("resourceType") == keyItem && !strings.HasPrefix(item.str("configurationItemStatus"), "ResourceDeleted") {
			d := configItem(item)
			d.Place = fmt.Sprintf("%d/%s", i+1, d.Place)
			docs = append(docs, d)
		}
	}
	if len(docs) == 0 {
		return nil, withoutKey("expected a configuration item of " + keyItem + ", found none")
	}
	return docs, nil
}

const keyItem = "AWS::KMS::Key"

// configItem reads one configuration item of a key. The policy is in
// supplementaryConfiguration.
// Source: the schema of AWS::KMS::Key in awslabs/aws-config-resource-schema.
func configItem(item *node) Document {
	d := Document{At: item.at}
	p := item.get("supplementaryConfiguration").get("Policy")
	if p == nil {
		p = item.get("supplementaryConfiguration").get("keyPolicy")
	}
	if p == nil || p.kind != textKind {
		d.Err = errors.New("expected the key policy in supplementaryConfiguration.Policy, found none")
	} else {
		text := p
		if inner, err := parseJSON([]byte(strings.TrimSpace(p.text))); err == nil && inner.kind == textKind {
			text = inner // AWS Config writes the policy as a JSON string inside the string
		}
		d = quotedDocument(text, p)
	}
	if arn := item.str("ARN") + item.str("arn"); keyARN.MatchString(arn) {
		d.KeyARN = arn
	}
	d.Place, d.Account = item.str("resourceId"), item.str("awsAccountId")+item.str("accountId")
	return d
}
