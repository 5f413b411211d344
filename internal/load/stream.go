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
// aws kms get-key-policy or a query of AWS Config prints them: each is judged by
// itself, and one that cannot be read hides no other. is reports whether data is
// such a stream, of at least two objects.
func fromStream(data []byte, scope Scope) (docs []Document, err error, is bool) {
	dec := json.NewDecoder(bytes.NewReader(data))
	var raw []json.RawMessage
	var lines []int
	line, seen := 1, 0
	for {
		var one json.RawMessage
		if err := dec.Decode(&one); err == io.EOF {
			break
		} else if err != nil {
			return nil, nil, false // parseJSON says what is wrong
		}
		start := int(dec.InputOffset()) - len(one)
		line += bytes.Count(data[seen:start], []byte("\n"))
		seen = start
		raw, lines = append(raw, one), append(lines, line)
	}
	if len(raw) < 2 || raw[0][0] != '{' {
		return nil, nil, false
	}
	if bytes.Contains(raw[0], []byte(`"@level"`)) {
		return nil, unrecognized("want what terraform show -json prints, got the log of terraform plan -json; run terraform plan -out p && terraform show -json p > plan.json and check that"), true
	}
	for i, one := range raw {
		found, err := Documents(one, scope)
		if err != nil {
			found = []Document{{Err: fmt.Errorf("line %d: %w", lines[i], err), At: Region{Line: 1, Column: 1}}}
		}
		for j := range found {
			d := &found[j]
			d.Place = strings.TrimSuffix(fmt.Sprintf("%d/%s", i+1, d.Place), "/")
			d.move(lines[i] - 1)
			docs = append(docs, *d)
		}
	}
	return docs, nil, true
}

// move moves the places of a document down by so many lines.
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

// fromConfig reads a configuration item of AWS Config about a key: by itself, as
// get-resource-config-history has it, or inside a notification. The policy is
// in supplementaryConfiguration.
// Source: AWS Config Developer Guide, resource-config-reference.html, and the
// schema of AWS::KMS::Key in awslabs/aws-config-resource-schema.
func fromConfig(root *node) ([]Document, error) {
	item := root
	if inner := root.get("configurationItem"); inner != nil {
		item = inner
	}
	if kind := item.str("resourceType"); kind != "AWS::KMS::Key" {
		return nil, withoutKey(fmt.Sprintf("want a configuration item of AWS::KMS::Key, got one of %.60q", kind))
	}
	p := item.get("supplementaryConfiguration").get("Policy")
	if p == nil {
		p = item.get("supplementaryConfiguration").get("keyPolicy")
	}
	if p == nil || p.kind != textKind {
		return nil, errors.New("want the key policy in supplementaryConfiguration.Policy, got none")
	}
	text := p
	if inner, err := parseJSON([]byte(strings.TrimSpace(p.text))); err == nil && inner.kind == textKind {
		text = inner // AWS Config writes it as a JSON string inside the string
	}
	d := quotedDocument(text, p)
	if arn := item.str("ARN") + item.str("arn"); keyARN.MatchString(arn) {
		d.KeyARN = arn
	}
	d.Place, d.Account = item.str("resourceId"), item.str("awsAccountId")+item.str("accountId")
	return []Document{d}, nil
}
