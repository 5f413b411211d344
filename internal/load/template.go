package load

import (
	"bytes"
	"errors"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"

	"github.com/kmsentry/kmsentry/detector/policy"
	"github.com/kmsentry/kmsentry/detector/policy/kmsapi"
	"github.com/kmsentry/kmsentry/internal/awsid"
)

// fromTemplate finds the KMS keys of a CloudFormation or SAM template.
// Source: CloudFormation User Guide, aws-resource-kms-key.html and
// aws-resource-kms-replicakey.html.
func fromTemplate(root *node, scope Scope) ([]Document, error) {
	root.takeLast(func(note string) { root.notes = append(root.notes, note) })
	resources := root.get("Resources")
	if resources.kind != objectKind {
		return nil, fmt.Errorf("expected an object of Resources, found %s at line %d", resources.kind, resources.at.Line)
	}
	r := newResolver(root, scope)
	if err := r.checkParameters(); err != nil {
		return nil, err
	}
	inner, notes := r.elsewhere(resources)
	notes = append(root.notes, notes...)
	docs := append(r.keys(resources), inner...)
	if len(docs) == 0 {
		return nil, withoutKey(noKey+" of type AWS::KMS::Key or AWS::KMS::ReplicaKey", notes...)
	}
	docs[0].Notes = append(notes, docs[0].Notes...)
	return docs, nil
}

const noKey = "expected a template with a KMS key, found none"

// checkParameters returns an error for a given parameter value that the
// template's declaration does not allow.
func (r *resolver) checkParameters() error {
	if r.parameters == nil {
		return nil
	}
	for _, m := range r.parameters.members {
		v, given := r.scope.Parameters[m.name]
		if values := boundsOf(m.value).values; given && values != nil && !slices.Contains(values, v) {
			return fmt.Errorf("parameter %s: expected one of %s, found %.60q", m.name, strings.Join(values, ", "), v)
		}
	}
	return nil
}

// Parameters returns the names of a template's parameters, in order, including
// those of the templates of its StackSets. It returns nil for data that is not a
// template.
func Parameters(data []byte) []string {
	root, err := parseJSON(data)
	if err != nil {
		root, err = parseYAML(data)
	}
	if err != nil || !root.has("Resources") {
		return nil
	}
	names := memberNames(root.get("Parameters"))
	for _, m := range root.get("Resources").memberList() { // a StackSet passes parameters to its template
		if m.value.str("Type") == stackSetType {
			names = append(names, Parameters([]byte(m.value.get("Properties").str("TemplateBody")))...)
		}
	}
	return names
}

// memberNames returns the names of the members of an object, in order.
func memberNames(n *node) []string {
	var names []string
	for _, m := range n.memberList() {
		names = append(names, m.name)
	}
	return names
}

// keys returns the keys among the resources, including those inside Fn::ForEach.
func (r *resolver) keys(resources *node) []Document {
	var docs []Document
	for _, m := range resources.members {
		if strings.HasPrefix(m.name, "Fn::ForEach::") {
			if l := m.value; l.kind == listKind && len(l.items) == 3 {
				docs = append(docs, r.keys(l.items[2])...)
			}
			continue
		}
		switch m.value.str("Type") {
		case "AWS::KMS::Key":
			docs = append(docs, r.key(m.name, m.value, false))
		case "AWS::KMS::ReplicaKey":
			docs = append(docs, r.key(m.name, m.value, true))
		}
	}
	return docs
}

// key reads one key of the template.
func (r *resolver) key(id string, resource *node, replica bool) Document {
	d := Document{Place: id, At: resource.at, Parameters: memberNames(r.parameters)}
	props := resource.get("Properties")
	raw := props.get("KeyPolicy")
	if raw != nil {
		d.At = raw.at
	}
	if a := resource.get("Metadata").get("kmsentry").get("accept"); a != nil {
		d.Accept = &Accept{a.scalarText("verdict"), a.scalarText("reason"), a.scalarText("expires")}
	}
	d.Key = r.facts(props, replica)
	d.Bypass = r.fact(props, "BypassPolicyLockoutSafetyCheck", "false") != "false"
	if raw == nil && replica && resource.str("Condition") == "" {
		d.Err = errors.New("expected a KeyPolicy, which a replica key must have, found none")
		return d
	}
	r.account = r.scope.Account
	r.assumed = false
	r.readings(&d, raw, resource.str("Condition"))
	d.Account, d.StandsIn = r.account, r.assumed
	if len(d.Readings) > 0 {
		d.Key.Tags = knownTags(r, props, d.Readings[0].Text)
	}
	return d
}

// readings fills in the readings of the policy: one for every Region and every
// joint case of the conditions that it depends on.
func (r *resolver) readings(d *Document, raw *node, condition string) {
	names := conditionsIn(raw)
	for _, name := range names {
		if d.Turns == nil {
			d.Turns = map[string][]string{}
		}
		d.Turns[name] = r.turnsOn(name)
	}
	choices, independent := r.choices(names, condition, parametersIn(raw))
	if len(choices) == 0 {
		d.Never = condition
		return
	}
	if independent {
		d.Notes = append(d.Notes, fmt.Sprintf("the conditions depend on more than %d joint cases; each is tried on its own", maxCases))
	}
	regions, all := r.regions(raw)
	r.anywhere = !all
	defer func() { r.choice, r.values, r.tried, r.anywhere = nil, nil, "us-east-1", false }()
	var cases []readCase
	for _, region := range regions {
		r.tried = region
		for _, c := range choices {
			r.choice, r.values = c.truths, c.values
			before := len(d.Readings)
			r.reading(d, raw)
			if len(d.Readings) > before {
				cases = append(cases, readCase{region, c, d.Readings[before]})
			}
		}
	}
	if d.Default && len(d.Readings) == 0 {
		return
	}
	d.Default = false
	r.openCases(d, names, parametersIn(raw), cases)
	d.dropRepeated()
}

// A readCase is a reading together with its case.
type readCase struct {
	region  string
	choice  choice
	reading Reading
}

// openCases notes as unknown the conditions, and the partition and Region, that
// change the reading on their own. If none does, it notes the conditions that
// do so together with others.
func (r *resolver) openCases(d *Document, names, asked []string, cases []readCase) {
	// differ reports whether two cases that agree in rest, but not in
	// value, have different readings.
	differ := func(value, rest func(readCase) string) bool {
		first := map[string]map[string]Reading{}
		for _, c := range cases {
			of := first[rest(c)]
			if of == nil {
				of = map[string]Reading{}
				first[rest(c)] = of
			}
			if _, seen := of[value(c)]; !seen {
				of[value(c)] = c.reading
			}
		}
		for _, of := range first {
			for _, x := range of {
				for _, y := range of {
					if !x.same(y) {
						return true
					}
				}
			}
		}
		return false
	}
	truth := func(name string) func(readCase) string {
		return func(c readCase) string { return fmt.Sprint(c.choice.truths[name]) }
	}
	found := false
	note := func(what string) {
		found = true
		d.unknown(Unknown{Statement: -1, What: what})
	}
	for _, name := range names {
		if differ(truth(name), func(c readCase) string {
			others := maps.Clone(c.choice.truths)
			delete(others, name)
			return c.region + fmt.Sprint(others)
		}) {
			note("condition " + name)
		}
	}
	rest := func(c readCase) string { return fmt.Sprint(c.choice) }
	partition := func(c readCase) string { return awsid.PartitionOf(c.region) }
	region := func(c readCase) string { return c.region }
	if byPartition := slices.Contains(asked, "AWS::Partition"); byPartition && differ(partition, rest) {
		note("AWS::Partition")
		if differ(region, func(c readCase) string { return partition(c) + rest(c) }) {
			note("AWS::Region")
		}
	} else if differ(region, rest) {
		note("AWS::Region")
	}
	for _, name := range names {
		if all := func(readCase) string { return "" }; !found && differ(truth(name), all) {
			d.unknown(Unknown{Statement: -1, What: "condition " + name})
		}
	}
}

// parametersIn returns the names that n refers to with Ref or Fn::Sub.
func parametersIn(n *node) []string {
	var names []string
	n.each(func(n *node) {
		if name, arg, ok := call(n); ok && name == "Ref" {
			names = append(names, arg.text)
		}
		for _, m := range subVariable.FindAllStringSubmatch(n.text, -1) {
			names = append(names, strings.TrimSpace(m[2]))
		}
	})
	return names
}

func (r Reading) same(o Reading) bool {
	return bytes.Equal(r.Text, o.Text) && slices.EqualFunc(r.Open, o.Open, func(a, b policy.Unknown) bool {
		return a.Name == b.Name && a.Path == b.Path && a.Statement == b.Statement
	})
}

// dropRepeated drops readings that are the same as an earlier one.
func (d *Document) dropRepeated() {
	kept := map[string][]Reading{}
	var list []Reading
	for _, r := range d.Readings {
		if text := string(r.Text); !slices.ContainsFunc(kept[text], r.same) {
			kept[text] = append(kept[text], r)
			list = append(list, r)
		}
	}
	d.Readings = list
}

// reading adds the reading of raw under the current choice of conditions. When
// there is no policy, it sets d.Default.
func (r *resolver) reading(d *Document, raw *node) {
	var n *node
	if raw != nil {
		n = r.resolve(raw)
	}
	switch {
	case n == nil && len(conditionsIn(raw)) == 0:
		d.Default = true
	case n == nil:
		text := r.defaultPolicy()
		d.Readings = append(d.Readings, Reading{Text: text})
	case n.kind == textKind:
		text := []byte(n.text)
		d.Readings = append(d.Readings, Reading{Text: text})
	case n.kind == unknownKind:
		d.unknown(Unknown{Statement: -1, Path: "KeyPolicy", What: n.text})
		open := policy.Unknown{Statement: -1, Path: "KeyPolicy", Name: n.text}
		d.Readings = append(d.Readings, Reading{Text: fmt.Appendf(nil, `{"Statement":%s}`, quote(policy.Mark(0))), Open: []policy.Unknown{open}})
	default:
		b := reader{account: r.account, assumed: r.assumed}
		d.Readings = append(d.Readings, b.reading(n))
		for _, u := range b.unknown {
			d.unknown(u)
		}
		if len(d.Statements) == 0 {
			d.Statements = statementRegions(n)
		}
	}
}

// unknown adds u to d.Unknown unless it is already there.
func (d *Document) unknown(u Unknown) {
	for _, v := range d.Unknown {
		if v == u {
			return
		}
	}
	d.Unknown = append(d.Unknown, u)
}

// defaultPolicy returns the policy that AWS attaches to a key created without
// one.
func (r *resolver) defaultPolicy() []byte {
	return fmt.Appendf(nil, `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"AWS":"arn:%s:iam::%s:root"},"Action":"kms:*","Resource":"*"}]}`,
		r.partition(), r.owner())
}

// facts returns what the template says about the key. An omitted property has
// the default of the resource type; an unknown value stays unknown.
func (r *resolver) facts(props *node, replica bool) kmsapi.KeyFacts {
	multi := r.fact(props, "MultiRegion", "false")
	f := kmsapi.KeyFacts{
		Spec:   r.fact(props, "KeySpec", "SYMMETRIC_DEFAULT"),
		Usage:  r.fact(props, "KeyUsage", "ENCRYPT_DECRYPT"),
		Origin: r.fact(props, "Origin", "AWS_KMS"),
	}
	if replica {
		return kmsapi.KeyFacts{MultiRegion: &replica} // the rest is the primary key's
	}
	if multi == "true" || multi == "false" {
		is := multi == "true"
		f.MultiRegion = &is
	}
	return f
}

func (r *resolver) fact(props *node, name, otherwise string) string {
	raw := props.get(name)
	if raw == nil {
		return otherwise
	}
	n := r.resolve(raw)
	switch {
	case n == nil:
		return otherwise
	case n.kind == unknownKind || n.kind == listKind || n.kind == objectKind:
		return ""
	case n.kind == boolKind:
		return fmt.Sprint(n.isTrue())
	default:
		return n.text
	}
}

// tagMention matches a condition key for a tag of the key; its group is the
// tag's name.
var tagMention = regexp.MustCompile(`(?i)aws:ResourceTag/([^"\\}]*)`)

// knownTags returns the key's tags if the template declares every tag that the
// policy tests, and nil otherwise: a stack passes its own tags on to its
// resources, so a tag that the template does not declare may still be present.
// Tags of the resource override those of the stack.
// Source: CloudFormation User Guide, aws-properties-resource-tags.html.
func knownTags(r *resolver, props *node, text []byte) map[string]string {
	raw := props.get("Tags")
	if raw == nil {
		return nil
	}
	n := r.resolve(raw)
	if n == nil || n.kind != listKind {
		return nil
	}
	tags := map[string]string{}
	for _, t := range n.items {
		k, v := t.get("Key"), t.get("Value")
		if k == nil || v == nil || k.kind == unknownKind || v.kind == unknownKind {
			return nil
		}
		tags[k.text] = v.text
	}
	for _, m := range tagMention.FindAllSubmatch(text, -1) {
		if !hasTag(tags, string(m[1])) {
			return nil
		}
	}
	return tags
}

func hasTag(tags map[string]string, name string) bool {
	for k := range tags {
		if strings.EqualFold(k, name) {
			return true
		}
	}
	return false
}
