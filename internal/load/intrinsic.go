package load

import (
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// A resolver resolves the intrinsic functions of one template. A value that is known only
// at deployment becomes an unknown node with the text of the construct.
// Source: CloudFormation User Guide, intrinsic-function-reference.html and
// pseudo-parameter-reference.html.
type resolver struct {
	scope      Scope
	template   *node
	parameters *node
	mappings   *node
	conditions *node
	resources  *node
	account    string            // AWS::AccountId as used so far; "" while unknown and not used
	assumed    bool              // account is made up
	tried      string            // AWS::Region to try while it is unknown
	anywhere   bool              // the Region is unknown and cannot be tried
	choice     map[string]bool   // conditions as chosen for this reading
	values     map[string]string // parameters as chosen for this reading
	standIn    string            // the made-up account id; "" until it is needed
	evaluated  map[string]truth
}

func newResolver(root *node, scope Scope) *resolver {
	r := &resolver{scope: scope, template: root, tried: "us-east-1", evaluated: map[string]truth{}}
	r.parameters = root.get("Parameters")
	r.mappings = root.get("Mappings")
	r.conditions = root.get("Conditions")
	r.resources = root.get("Resources")
	return r
}

// owner returns AWS::AccountId: the given account, or a made-up one that the template does
// not name. The owner of a template's key is whoever deploys it, so any id will do that
// belongs to nobody else in the template.
func (r *resolver) owner() string {
	if r.account != "" {
		return r.account
	}
	if r.standIn == "" {
		r.standIn = freeAccount(r.template)
	}
	r.account, r.assumed = r.standIn, true
	return r.standIn
}

// freeAccount returns an account id that n does not name.
func freeAccount(n *node) string {
	taken := map[string]bool{}
	collectAccounts(n, taken)
	id := fmt.Sprintf("%012d", 0)
	for i := 1; taken[id]; i++ {
		id = fmt.Sprintf("%012d", i)
	}
	return id
}

var accountID = regexp.MustCompile(`[0-9]{12}`)

func collectAccounts(n *node, into map[string]bool) {
	n.each(func(n *node) {
		for _, id := range accountID.FindAllString(n.text, -1) {
			into[id] = true
		}
	})
}

// resolve returns n with its intrinsic functions resolved; nil for AWS::NoValue.
func (r *resolver) resolve(n *node) *node {
	switch n.kind {
	case textKind:
		if text := r.dereferenced(n.text); strings.Contains(text, "{{resolve:") { // a dynamic reference
			return joined(n, strconv.Quote(n.text), []piece{{text: text}})
		} else if text != n.text {
			return str(n, text)
		}
		return n
	case listKind:
		out := &node{kind: listKind, at: n.at}
		for _, item := range n.items {
			if v := r.resolve(item); v != nil {
				out.items = append(out.items, v)
			}
		}
		return out
	case objectKind:
		return r.object(n)
	default:
		return n
	}
}

func (r *resolver) object(n *node) *node {
	if name, arg, ok := call(n); ok {
		return r.call(n, name, arg)
	}
	out := &node{kind: objectKind, at: n.at}
	for _, m := range n.members {
		if strings.HasPrefix(m.name, "Fn::") { // Fn::Transform, Fn::ForEach among other members
			return open(n, m.name)
		}
		if m.name == "Statement" && m.value.kind == listKind {
			out.members = append(out.members, member{m.name, r.statements(m.value)})
			continue
		}
		if v := r.resolve(m.value); v != nil {
			out.members = append(out.members, member{m.name, v})
		}
	}
	return out
}

// statements resolves a list of statements. One that resolves to AWS::NoValue is replaced
// by a statement without effect, so that the others keep their indexes.
func (r *resolver) statements(list *node) *node {
	out := &node{kind: listKind, at: list.at}
	for _, item := range list.items {
		v := r.resolve(item)
		if v == nil {
			v = without(item, "Allow")
			v.at = item.at
		}
		out.items = append(out.items, v)
	}
	return out
}

// call returns the name and the argument of an intrinsic function, an object with the
// single member Ref or Fn::X; ok is false when n is not one.
func call(n *node) (name string, arg *node, ok bool) {
	if n.kind != objectKind || len(n.members) != 1 {
		return "", nil, false
	}
	m := n.members[0]
	return m.name, m.value, m.name == "Ref" || strings.HasPrefix(m.name, "Fn::")
}

// function returns the node of a function whose argument is a name.
func function(name, arg string) *node {
	return &node{kind: objectKind, members: []member{field(name, arg)}}
}

// open returns an unknown value at the position of n.
func open(n *node, what string) *node {
	return &node{kind: unknownKind, text: what, at: n.at}
}

func str(n *node, text string) *node { return &node{kind: textKind, text: text, at: n.at} }

func (r *resolver) call(n *node, name string, arg *node) *node {
	switch name {
	case "Ref":
		return r.ref(n, arg.text)
	case "Fn::GetAtt":
		return r.getAtt(n, arg)
	case "Fn::Sub":
		return r.sub(n, arg)
	case "Fn::Join":
		return r.join(n, arg)
	case "Fn::Select":
		return r.pick(n, arg)
	case "Fn::Split":
		return r.split(n, arg)
	case "Fn::FindInMap":
		return r.findInMap(n, arg)
	case "Fn::If":
		return r.branch(n, arg)
	case "Fn::ImportValue":
		return r.importValue(n, arg)
	default:
		text := "!" + strings.TrimPrefix(name, "Fn::")
		if arg.kind == textKind {
			text += " " + arg.text
		}
		return open(n, text)
	}
}

// ref resolves Ref to a pseudo parameter, a parameter or a resource.
func (r *resolver) ref(n *node, name string) *node {
	switch name {
	case "AWS::NoValue":
		return nil
	case "AWS::AccountId":
		return str(n, r.owner())
	case "AWS::Region", "AWS::Partition", "AWS::URLSuffix":
		if r.anywhere {
			u := open(n, "!Ref "+name)
			u.parts = []piece{{text: u.text, open: true, bounds: pseudoBounds(name)}}
			return u
		}
	}
	switch name {
	case "AWS::StackName":
		u := open(n, "!Ref "+name)
		u.parts = []piece{{text: u.text, open: true, bounds: bounds{never: structural, min: 1}}}
		return u
	case "AWS::Region":
		return str(n, r.region())
	case "AWS::Partition":
		return str(n, r.partition())
	case "AWS::URLSuffix":
		if r.partition() == "aws-cn" {
			return str(n, "amazonaws.com.cn")
		}
		return str(n, "amazonaws.com")
	}
	if p := r.parameters.get(name); p != nil {
		v, given := r.scope.Parameters[name]
		if d := p.get("Default"); !given && r.scope.Defaults && d != nil && d.kind != listKind && d.kind != objectKind {
			v, given = d.text, true
		}
		if !given {
			v, given = r.values[name]
		}
		if !given {
			u := open(n, "!Ref "+name)
			u.parts = []piece{{text: u.text, open: true, bounds: boundsOf(p)}}
			return u
		}
		return parameter(n, p, v)
	}
	if v, ok := r.physicalID(name); ok {
		return str(n, v)
	}
	return open(n, "!Ref "+name)
}

// parameter returns the given value of a parameter, split at commas for a list type.
func parameter(n, declaration *node, value string) *node {
	if !isList(declaration) {
		return str(n, value)
	}
	list := &node{kind: listKind, at: n.at}
	for _, v := range strings.Split(value, ",") {
		list.items = append(list.items, str(n, strings.TrimSpace(v)))
	}
	return list
}

// dereferenced replaces the dynamic references in text whose values are given.
func (r *resolver) dereferenced(text string) string {
	if len(r.scope.References) == 0 {
		return text
	}
	return reference.ReplaceAllStringFunc(text, func(found string) string {
		if v, given := r.scope.References[found]; given {
			return v
		}
		return found
	})
}

// importValue resolves Fn::ImportValue with the exports in the scope.
func (r *resolver) importValue(n, arg *node) *node {
	name := r.resolve(arg)
	if name == nil || name.kind == unknownKind {
		return open(n, "!ImportValue of "+what(name))
	}
	if v, given := r.scope.Imports[name.text]; given {
		return str(n, v)
	}
	return open(n, "!ImportValue "+name.text)
}

// isList reports whether a parameter holds several values.
func isList(declaration *node) bool {
	t := declaration.str("Type")
	return t == "CommaDelimitedList" || strings.Contains(t, "List<")
}

// physicalID returns a placeholder for the value of Ref to a resource of the template,
// which is a name that AWS generates, without wildcards. ok is false for types whose Ref is
// not such a name.
func (r *resolver) physicalID(id string) (string, bool) {
	switch r.resources.get(id).str("Type") {
	case "AWS::IAM::Role", "AWS::IAM::User", "AWS::S3::Bucket", "AWS::KMS::Key", "AWS::Lambda::Function",
		"AWS::Serverless::Function", "AWS::DynamoDB::Table", "AWS::Logs::LogGroup":
		return id, true
	case "AWS::EC2::VPC":
		return "vpc-" + id, true
	case "AWS::EC2::VPCEndpoint":
		return "vpce-" + id, true
	default:
		return "", false
	}
}

// getAtt resolves the attribute Arn of resources, which belong to the stack's account.
func (r *resolver) getAtt(n, arg *node) *node {
	id, attribute, _ := strings.Cut(arg.text, ".")
	if arg.kind == listKind && len(arg.items) == 2 {
		id, attribute = arg.items[0].text, arg.items[1].text
	}
	if attribute == "Arn" {
		if arn, ok := r.arnOf(id); ok {
			return str(n, arn)
		}
	}
	return open(n, "!GetAtt "+id+"."+attribute)
}

// arnOf returns a placeholder for a resource's ARN; ok is false for types that are not
// known here.
func (r *resolver) arnOf(id string) (string, bool) {
	own := func(service, region, rest string) (string, bool) {
		return fmt.Sprintf("arn:%s:%s:%s:%s:%s%s", r.partition(), service, region, r.owner(), rest, id), true
	}
	switch r.typeOf(id) {
	case "AWS::IAM::Role":
		return own("iam", "", "role/")
	case "AWS::IAM::User":
		return own("iam", "", "user/")
	case "AWS::S3::Bucket":
		return fmt.Sprintf("arn:%s:s3:::%s", r.partition(), strings.ToLower(id)), true
	case "AWS::Lambda::Function", "AWS::Serverless::Function":
		return own("lambda", r.region(), "function:")
	case "AWS::SQS::Queue":
		return own("sqs", r.region(), "")
	case "AWS::DynamoDB::Table":
		return own("dynamodb", r.region(), "table/")
	case "AWS::Logs::LogGroup":
		arn, ok := own("logs", r.region(), "log-group:")
		return arn + ":*", ok
	default:
		return "", false
	}
}

// typeOf returns the type of a resource; "" when there is none. It also knows the role that
// the SAM transform generates for a function, whose id is that of the function and "Role".
// Source: SAM Developer Guide, sam-specification-generated-resources-function.html.
func (r *resolver) typeOf(id string) string {
	if res := r.resources.get(id); res != nil {
		return res.str("Type")
	}
	function, isRole := strings.CutSuffix(id, "Role")
	if isRole && r.resources.get(function).str("Type") == "AWS::Serverless::Function" {
		return "AWS::IAM::Role"
	}
	return ""
}

var subVariable = regexp.MustCompile(`\$\{(!?)([^{}]*)\}`)

// sub resolves Fn::Sub, with or without a map of variables.
func (r *resolver) sub(n, arg *node) *node {
	format, own := arg, (*node)(nil)
	if arg.kind == listKind && len(arg.items) == 2 {
		format, own = arg.items[0], arg.items[1]
	}
	if format.kind != textKind {
		return open(n, "!Sub")
	}
	var parts []piece
	last, text := 0, r.dereferenced(format.text)
	for _, at := range subVariable.FindAllStringSubmatchIndex(text, -1) {
		parts = append(parts, piece{text: text[last:at[0]]})
		last = at[1]
		name := text[at[4]:at[5]]
		if at[2] < at[3] { // ${!x} is an escape for the text ${x}
			parts = append(parts, piece{text: "${" + name + "}"})
			continue
		}
		v := r.variable(n, own, strings.TrimSpace(name))
		if v == nil || v.kind == listKind || v.kind == objectKind {
			v = open(n, "${"+name+"}")
		}
		parts = append(parts, v.pieces()...)
	}
	return joined(n, "!Sub "+strconv.Quote(format.text), append(parts, piece{text: text[last:]}))
}

// variable returns the value of one name in Fn::Sub.
func (r *resolver) variable(n, own *node, name string) *node {
	if v := own.get(name); v != nil {
		return r.resolve(v)
	}
	if strings.Contains(name, ".") {
		return r.getAtt(n, str(n, name))
	}
	return r.ref(n, name)
}

// join resolves Fn::Join: [delimiter, [values]].
func (r *resolver) join(n, arg *node) *node {
	if arg.kind != listKind || len(arg.items) != 2 {
		return open(n, "!Join")
	}
	list := r.resolve(arg.items[1])
	if list == nil || list.kind != listKind {
		return open(n, "!Join of "+what(list))
	}
	var parts []piece
	var unknown *node
	for i, v := range list.items {
		if i > 0 {
			parts = append(parts, piece{text: arg.items[0].text})
		}
		if v.kind == listKind || v.kind == objectKind {
			v = open(n, v.kind.String())
		}
		if v.kind == unknownKind {
			unknown = v
		}
		parts = append(parts, v.pieces()...)
	}
	return joined(n, "!Join of "+what(unknown), parts)
}

// what returns the name of a value for the description of a function that needs it.
func what(n *node) string {
	if n == nil {
		return "nothing"
	}
	if n.kind == unknownKind {
		return n.text
	}
	return n.kind.String()
}

// pick resolves Fn::Select: [index, [values]].
func (r *resolver) pick(n, arg *node) *node {
	if arg.kind != listKind || len(arg.items) != 2 {
		return open(n, "!Select")
	}
	index := r.resolve(arg.items[0])
	list := r.resolve(arg.items[1])
	if index == nil || list == nil || list.kind != listKind {
		return open(n, "!Select of "+what(list))
	}
	if index.kind == unknownKind && len(list.items) > 0 {
		return oneOf(n, "!Select by "+what(index), list.items)
	}
	i, err := strconv.Atoi(index.text)
	if err != nil || i < 0 || i >= len(list.items) {
		return open(n, "!Select")
	}
	// AWS::NoValue among the values would shift the index.
	if raw := arg.items[1]; raw.kind == listKind && len(raw.items) != len(list.items) {
		return open(n, "!Select")
	}
	return list.items[i]
}

// split resolves Fn::Split: [delimiter, value].
func (r *resolver) split(n, arg *node) *node {
	if arg.kind != listKind || len(arg.items) != 2 || arg.items[0].text == "" {
		return open(n, "!Split")
	}
	v := r.resolve(arg.items[1])
	if v == nil || v.kind != textKind {
		return open(n, "!Split of "+what(v))
	}
	list := &node{kind: listKind, at: n.at}
	for _, part := range strings.Split(v.text, arg.items[0].text) {
		list.items = append(list.items, str(n, part))
	}
	return list
}

// maxMapped is the most values of a mapping that are tried.
const maxMapped = 64

// findInMap resolves Fn::FindInMap: [map, first key, second key] and, with
// AWS::LanguageExtensions, {DefaultValue: value} after them. A key that is not known gives
// an unknown value that is one of those it can lead to.
// Source: CloudFormation User Guide, intrinsic-function-reference-findinmap.html
// and intrinsic-function-reference-findinmap-enhancements.html.
func (r *resolver) findInMap(n, arg *node) *node {
	if arg.kind != listKind || len(arg.items) != 3 && !(len(arg.items) == 4 && arg.items[3].has("DefaultValue")) {
		return open(n, "!FindInMap")
	}
	at, by := []*node{r.mappings}, ""
	for i, a := range arg.items[:3] {
		name, known := r.mapKey(a)
		if !known && by == "" {
			by = name
		}
		if !known && i == 0 {
			return open(n, "!FindInMap by "+by)
		}
		var next []*node
		for _, m := range at {
			for _, member := range m.memberList() {
				if !known || member.name == name {
					next = append(next, member.value)
				}
			}
		}
		at = next
	}
	otherwise := (*node)(nil)
	if len(arg.items) == 4 {
		if otherwise = r.resolve(arg.items[3].get("DefaultValue")); otherwise == nil {
			otherwise = open(n, "!FindInMap")
		}
	}
	switch {
	case len(at) == 0 && otherwise != nil:
		return otherwise
	case len(at) == 0 && by == "":
		return open(n, "!FindInMap")
	case by == "":
		return at[0]
	case otherwise != nil && otherwise.kind == unknownKind:
		return open(n, "!FindInMap by "+by)
	case otherwise != nil:
		at = append(slices.Clone(at), otherwise)
	}
	return oneOf(n, "!FindInMap by "+by, at)
}

// mapKey returns a key of Fn::FindInMap or, when it is not known, the name of the value on
// which it depends.
func (r *resolver) mapKey(a *node) (name string, known bool) {
	if r.standsIn(a) {
		return a.members[0].value.text, false
	}
	key := r.resolve(a)
	if key == nil || key.kind == unknownKind || r.turnsOnStandIn(a) {
		return what(key), false
	}
	return key.text, true
}

// oneOf returns the unknown value, named what, that is one of values.
func oneOf(n *node, what string, values []*node) *node {
	u := open(n, what)
	var texts []string
	for _, v := range values {
		if v.kind == unknownKind || v.kind == listKind || v.kind == objectKind || strings.Contains(v.text, "{{resolve:") {
			return u
		}
		texts = append(texts, v.text)
	}
	slices.Sort(texts)
	if texts = slices.Compact(texts); len(texts) == 1 {
		return str(n, texts[0])
	}
	if len(texts) <= maxMapped {
		u.parts = []piece{{text: what, open: true, bounds: bounds{values: texts}}}
	}
	return u
}

// standsIn reports whether a is a Ref to a pseudo parameter whose value is not given, so
// that resolve would use a placeholder.
func (r *resolver) standsIn(a *node) bool {
	name, arg, ok := call(a)
	if !ok || name != "Ref" {
		return false
	}
	switch arg.text {
	case "AWS::AccountId":
		return r.scope.Account == ""
	case "AWS::Region":
		return r.scope.Region == ""
	case "AWS::Partition", "AWS::URLSuffix":
		return r.scope.Region == "" && r.scope.Partition == ""
	default:
		return false
	}
}
