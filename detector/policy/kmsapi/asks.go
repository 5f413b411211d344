package kmsapi

import "slices"

// An Ask is one thing that outsiders may be able to do. CreateGrant is asked
// for once for each class of which a grant can carry an operation.
type Ask struct {
	Action string // "kms:Encrypt"
	Class  Class  // "" where no class is asked about: a service's, or the owner's action
}

// Asks lists the asks of a class.
func Asks(class Class) []Ask { return slices.Clip(askTable[class]) }

// Weighty lists the asks that decide the verdict.
func Weighty() []Ask { return slices.Clip(weightyAsks) }

// The asks by class, and those that decide the verdict; they never change.
var (
	askTable = map[Class][]Ask{
		ClassEncrypt: listAsks(ClassEncrypt), ClassUse: listAsks(ClassUse), ClassOther: listAsks(ClassOther),
	}
	weightyAsks = slices.Concat(listAsks(ClassEncrypt), listAsks(ClassUse))
)

func listAsks(class Class) []Ask {
	var list []Ask
	for _, name := range ClassActions(class) {
		list = append(list, Ask{name, class})
	}
	return list
}

// TakesContext reports whether an action takes an encryption context.
// Source: Service Authorization Reference, AWS KMS.
func TakesContext(action string) bool {
	known, _ := FindAction(action)
	return known.Context
}
