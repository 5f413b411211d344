package load

import (
	"errors"
	"fmt"
	"maps"
	"strings"
)

// elsewhere finds what a template has besides its own keys. It returns the keys in the
// templates of StackSets and, as notes, what is not checked.
func (r *resolver) elsewhere(resources *node) (docs []Document, notes []string) {
	for _, name := range macrosOf(r.template.get("Transform")) {
		if name != "AWS::LanguageExtensions" && !strings.HasPrefix(name, "AWS::Serverless-") {
			notes = append(notes, fmt.Sprintf("the macro %s may change this template; its result is not checked", name))
		}
	}
	if r.template.has("Fn::Transform") || resources.has("Fn::Transform") {
		notes = append(notes, "what Fn::Transform adds to Resources is not checked")
	}
	for _, m := range resources.members {
		switch kind := m.value.str("Type"); {
		case m.value.kind == objectKind && m.value.has("Fn::Transform"):
			notes = append(notes, fmt.Sprintf("what Fn::Transform adds to %s is not checked", m.name))
		case kind == stackSetType:
			inner, note := r.stackSet(m.name, m.value.get("Properties"))
			docs = append(docs, inner...)
			if note != "" {
				notes = append(notes, note)
			}
		case kind == "AWS::CloudFormation::Stack" || kind == "AWS::Serverless::Application":
			notes = append(notes, fmt.Sprintf("the template of the nested stack %s is not checked", m.name))
		case strings.HasSuffix(kind, "::MODULE"):
			notes = append(notes, fmt.Sprintf("the module %s in %s is not checked", kind, m.name))
		}
	}
	return docs, notes
}

// macrosOf returns the names in Transform, which is a name, an object with a Name, or a
// list of these.
func macrosOf(t *node) []string {
	switch {
	case t == nil:
		return nil
	case t.kind == textKind:
		return []string{t.text}
	case t.kind == objectKind:
		return []string{t.str("Name")}
	}
	var names []string
	for _, item := range t.items {
		names = append(names, macrosOf(item)...)
	}
	return names
}

const stackSetType = "AWS::CloudFormation::StackSet"

// stackSet returns the keys in the template that a StackSet deploys. Their accounts and
// Regions are those of its targets, which are not known.
// Source: CloudFormation User Guide, aws-resource-cloudformation-stackset.html.
func (r *resolver) stackSet(id string, props *node) (docs []Document, note string) {
	body := props.get("TemplateBody")
	if body == nil {
		return nil, fmt.Sprintf("the template of the StackSet %s is not checked", id)
	}
	body = r.resolve(body)
	if body == nil || body.kind != textKind {
		return nil, fmt.Sprintf("the template of the StackSet %s is not known before it is deployed", id)
	}
	docs, err := Documents([]byte(body.text), r.stackSetScope(props))
	if err != nil {
		if errors.Is(err, ErrNoKey) {
			return nil, ""
		}
		return nil, fmt.Sprintf("the template of the StackSet %s cannot be read: %v", id, err)
	}
	for i := range docs {
		docs[i].Place = id + "/" + docs[i].Place
		docs[i].At, docs[i].Statements = body.at, nil // positions in the inner text are not those in the file
	}
	return docs, ""
}

// stackSetScope returns the scope of a StackSet's template: the parameters that the
// StackSet gives, unless a target overrides parameters, and those that the caller gives.
func (r *resolver) stackSetScope(props *node) Scope {
	inner := Scope{Defaults: r.scope.Defaults, Imports: r.scope.Imports, References: r.scope.References, Parameters: maps.Clone(r.scope.Parameters)}
	if inner.Parameters == nil {
		inner.Parameters = map[string]string{}
	}
	overridden := false
	props.get("StackInstancesGroup").each(func(n *node) { overridden = overridden || n.has("ParameterOverrides") })
	for _, p := range props.get("Parameters").list() {
		if v := p.get("ParameterValue"); v != nil && !overridden {
			if v = r.resolve(v); v != nil && v.kind != unknownKind && v.kind != listKind && v.kind != objectKind {
				inner.Parameters[p.str("ParameterKey")] = v.text
			}
		}
	}
	return inner
}
