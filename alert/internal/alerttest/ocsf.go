package alerttest

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v6"

	"github.com/kmsentry/kmsentry/internal/schematest"
)

// ocsfSchema is a compiled OCSF schema; see testdata/ocsf/NOTICE.
type ocsfSchema struct {
	Version string `json:"version"`
	Classes map[string]struct {
		ocsfObject
		UID int `json:"uid"`
	} `json:"classes"`
	Objects    map[string]ocsfObject `json:"objects"`
	Dictionary struct {
		Types struct {
			Attributes map[string]struct{ Type, Regex string } `json:"attributes"`
		} `json:"types"`
	} `json:"dictionary"`
}

type ocsfObject struct {
	Attributes  map[string]ocsfAttribute `json:"attributes"`
	Constraints map[string][]string      `json:"constraints"`
}

type ocsfAttribute struct {
	Type        string         `json:"type"`
	ObjectType  string         `json:"object_type"`
	IsArray     bool           `json:"is_array"`
	Enum        map[string]any `json:"enum"`
	Requirement string         `json:"requirement"`
	Profile     string         `json:"profile"`
	Profiles    []string       `json:"profiles"`
	Deprecated  any            `json:"@deprecated"`
}

// A Schema checks findings.
type Schema struct {
	Name   string
	Faults func(raw []byte) []string // returns what is wrong with a finding in JSON; nil when it is valid
}

// OwnSchema is the name of kmsentry's own schema.
const OwnSchema = "finding.schema.json"

// FindingSchemas returns the schemas that the finding of a record must satisfy:
// every OCSF schema and our own.
func FindingSchemas(t *testing.T) []Schema {
	t.Helper()
	own := schematest.Compile(t, filepath.Join(root(t), "alert/schema", OwnSchema))
	return append(OCSFSchemas(t), Schema{OwnSchema, func(raw []byte) []string {
		v, err := jsonschema.UnmarshalJSON(bytes.NewReader(raw))
		if err == nil {
			err = own.Validate(v)
		}
		if err != nil {
			return []string{err.Error()}
		}
		return nil
	}})
}

// CheckFinding checks one finding, in JSON, against schemas.
func CheckFinding(t *testing.T, raw string, schemas []Schema) {
	t.Helper()
	for _, s := range schemas {
		for _, fault := range s.Faults([]byte(raw)) {
			t.Errorf("%s: %s", s.Name, fault)
		}
	}
}

// OCSFSchemas reads every schema in testdata/ocsf.
func OCSFSchemas(t *testing.T) []Schema {
	t.Helper()
	files, _ := filepath.Glob(filepath.Join(root(t), "alert/internal/alerttest/testdata/ocsf/*.json"))
	if len(files) < 2 {
		t.Fatalf("testdata/ocsf holds %d schemas, want at least 2", len(files))
	}
	var all []Schema
	for _, file := range files {
		raw, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		s := &ocsfSchema{}
		if err := json.Unmarshal(raw, s); err != nil {
			t.Fatalf("%s: %v", file, err)
		}
		all = append(all, Schema{"OCSF " + s.Version, s.check})
	}
	return all
}

// An ocsfCheck collects what is wrong with one event.
type ocsfCheck struct {
	schema   *ocsfSchema
	profiles []string
	errs     []string
}

// check returns every way in which the event violates the schema: unknown and
// deprecated attributes, missing required ones, wrong types, values outside enums
// and regular expressions, broken constraints, seconds instead of milliseconds.
func (s *ocsfSchema) check(raw []byte) []string {
	var event map[string]any
	if err := json.Unmarshal(raw, &event); err != nil {
		return []string{err.Error()}
	}
	c := &ocsfCheck{schema: s}
	if metadata, ok := event["metadata"].(map[string]any); ok {
		profiles, _ := metadata["profiles"].([]any)
		for _, p := range profiles {
			c.profiles = append(c.profiles, fmt.Sprint(p))
		}
	}
	found := false
	for _, class := range s.Classes {
		if float64(class.UID) == event["class_uid"] {
			found = true
			c.object("$", class.ocsfObject, event)
		}
	}
	if !found {
		c.fail("$", "expected a known class_uid, found %v", event["class_uid"])
	}
	class, _ := event["class_uid"].(float64)
	activity, _ := event["activity_id"].(float64)
	if event["type_uid"] != class*100+activity {
		c.fail("$.type_uid", "expected class_uid*100+activity_id, found %v", event["type_uid"])
	}
	return c.errs
}

func (c *ocsfCheck) fail(path, format string, args ...any) {
	c.errs = append(c.errs, path+": "+fmt.Sprintf(format, args...))
}

// active reports whether the attribute belongs to no profile or to an enabled one.
func (c *ocsfCheck) active(a ocsfAttribute) bool {
	profiles := a.Profiles
	if len(profiles) == 0 && a.Profile != "" {
		profiles = []string{a.Profile}
	}
	return len(profiles) == 0 || slices.ContainsFunc(profiles, func(p string) bool { return slices.Contains(c.profiles, p) })
}

func (c *ocsfCheck) object(path string, o ocsfObject, v map[string]any) {
	for name, x := range v {
		a, ok := o.Attributes[name]
		switch {
		case !ok:
			c.fail(path+"."+name, "unknown attribute")
			continue
		case a.Deprecated != nil:
			c.fail(path+"."+name, "deprecated: %v", a.Deprecated)
		case !c.active(a):
			c.fail(path+"."+name, "belongs to a profile that is not enabled")
		}
		c.attribute(path+"."+name, a, x)
	}
	for name, a := range o.Attributes {
		if _, ok := v[name]; !ok && a.Requirement == "required" && c.active(a) {
			c.fail(path+"."+name, "required, missing")
		}
	}
	present := func(names []string) (n int) {
		for _, name := range names {
			if _, ok := v[name]; ok {
				n++
			}
		}
		return n
	}
	if names, ok := o.Constraints["at_least_one"]; ok && present(names) == 0 {
		c.fail(path, "expected at least one of %v", names)
	}
	if names, ok := o.Constraints["just_one"]; ok && present(names) != 1 {
		c.fail(path, "expected just one of %v", names)
	}
}

func (c *ocsfCheck) attribute(path string, a ocsfAttribute, v any) {
	if !a.IsArray {
		c.value(path, a, v)
		return
	}
	list, ok := v.([]any)
	if !ok {
		c.fail(path, "expected an array, found %T", v)
	}
	for i, x := range list {
		c.value(fmt.Sprintf("%s[%d]", path, i), a, x)
	}
}

func (c *ocsfCheck) value(path string, a ocsfAttribute, v any) {
	if a.ObjectType != "" {
		o, ok := v.(map[string]any)
		switch {
		case !ok:
			c.fail(path, "expected an object, found %T", v)
		case a.ObjectType != "object":
			c.object(path, c.schema.Objects[a.ObjectType], o)
		}
		return
	}
	number, isNumber := v.(float64)
	text, isText := v.(string)
	_, isBool := v.(bool)
	ok := true
	switch c.base(a.Type) {
	case "string_t":
		ok = isText
	case "integer_t", "long_t":
		ok = isNumber && number == float64(int64(number))
	case "boolean_t":
		ok = isBool
	case "float_t":
		ok = isNumber
	}
	if !ok {
		c.fail(path, "expected %s, found %T", a.Type, v)
	}
	if re := c.schema.Dictionary.Types.Attributes[a.Type].Regex; re != "" && isText && !regexp.MustCompile(re).MatchString(text) {
		c.fail(path, "%q does not match %s", text, a.Type)
	}
	if a.Type == "timestamp_t" && isNumber && number < 1e12 {
		c.fail(path, "%v looks like seconds, expected milliseconds", number)
	}
	if a.Enum != nil {
		if _, ok := a.Enum[fmt.Sprint(v)]; !ok {
			c.fail(path, "%v is not in the enum", v)
		}
	}
}

// base returns the basic type on which a type of the dictionary is built.
func (c *ocsfCheck) base(name string) string {
	for {
		next := c.schema.Dictionary.Types.Attributes[name].Type
		if next == "" {
			return name
		}
		name = next
	}
}
