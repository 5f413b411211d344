package load

import (
	"math"
	"regexp"
	"regexp/syntax"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/kmsentry/kmsentry/internal/awsid"
)

// structural has the characters that affect how a value in a key policy is read:
// wildcards, the separators of ARNs, and "$" for variables.
const structural = "*?:/$"

// boundsOf returns what a parameter's declaration says about its value. For a parameter
// whose value comes from Parameter Store that is nothing, since its pattern and length are
// about the name.
// Source: CloudFormation User Guide, parameters-section-structure.html.
func boundsOf(declaration *node) bounds {
	t := declaration.str("Type")
	b := bounds{many: isList(declaration)}
	if strings.HasPrefix(t, "AWS::SSM::") {
		return b
	}
	if t == "Number" {
		b.never = structural
		return b
	}
	if allowed := declaration.get("AllowedValues"); allowed != nil && allowed.kind == listKind && !b.many {
		for _, v := range allowed.items {
			b.values = append(b.values, v.text)
		}
	}
	pattern := declaration.str("AllowedPattern")
	if re, err := syntax.Parse(pattern, syntax.Perl); err == nil && pattern != "" && !readsOtherwise.MatchString(pattern) {
		b.min = leastLength(re)
		for _, c := range structural {
			if !canHold(re, c) {
				b.never += string(c)
			}
		}
	}
	if b.many {
		return b // the lengths are those of the whole list
	}
	least, most := lengthOf(declaration, "MinLength", 0), lengthOf(declaration, "MaxLength", math.MaxInt)
	b.min = max(b.min, least)
	if most == 0 && b.values == nil {
		b.values = []string{""}
	}
	if fit := slices.DeleteFunc(slices.Clone(b.values), func(v string) bool {
		n := utf8.RuneCountInString(v)
		return n < least || n > most
	}); len(fit) > 0 { // if nothing fits, CloudFormation refuses every value
		b.values = fit
	}
	return b
}

// lengthOf returns the named bound of a parameter's length, or otherwise when there is
// none.
func lengthOf(declaration *node, name string, otherwise int) int {
	if n, err := strconv.Atoi(declaration.scalarText(name)); err == nil && n >= 0 {
		return n
	}
	return otherwise
}

// readsOtherwise matches a pattern that Java, whose regular expressions CloudFormation
// uses, reads differently from Go: in Java, a class inside a class is a union, and && is
// an intersection. Nothing is known about the values of such a pattern.
// Source: java.util.regex.Pattern.
var readsOtherwise = regexp.MustCompile(`\[[^\]]*\[|&&`)

// canHold reports whether some text that re matches as a whole contains c.
func canHold(re *syntax.Regexp, c rune) bool {
	switch re.Op {
	case syntax.OpAnyChar, syntax.OpAnyCharNotNL:
		return true
	case syntax.OpLiteral:
		return strings.ContainsRune(string(re.Rune), c)
	case syntax.OpCharClass:
		for i := 0; i+1 < len(re.Rune); i += 2 {
			if re.Rune[i] <= c && c <= re.Rune[i+1] {
				return true
			}
		}
		return false
	}
	for _, sub := range re.Sub {
		if canHold(sub, c) {
			return true
		}
	}
	return false
}

// leastLength returns the length of the shortest text that re matches as a whole.
func leastLength(re *syntax.Regexp) int {
	switch re.Op {
	case syntax.OpLiteral:
		return len(re.Rune)
	case syntax.OpCharClass, syntax.OpAnyChar, syntax.OpAnyCharNotNL:
		return 1
	case syntax.OpCapture, syntax.OpPlus:
		return leastLength(re.Sub[0])
	case syntax.OpRepeat:
		return re.Min * leastLength(re.Sub[0])
	case syntax.OpConcat:
		sum := 0
		for _, sub := range re.Sub {
			sum += leastLength(sub)
		}
		return sum
	case syntax.OpAlternate:
		least := leastLength(re.Sub[0])
		for _, sub := range re.Sub[1:] {
			least = min(least, leastLength(sub))
		}
		return least
	default: // anchors, and expressions that may match the empty text
		return 0
	}
}

// pseudoBounds returns what is known about a pseudo parameter whose value is not given.
// Source: CloudFormation User Guide, pseudo-parameter-reference.html.
func pseudoBounds(name string) bounds {
	if name == "AWS::Partition" {
		var b bounds
		for _, p := range awsid.Partitions() {
			b.values = append(b.values, p.Name)
		}
		return b
	}
	return bounds{never: structural, min: len("a.b")} // Region and URL suffix: letters, digits, hyphens and dots
}
