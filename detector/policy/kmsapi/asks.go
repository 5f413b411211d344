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

// Light lists the asks of the Classes that do not decide it.
func Light() []Ask { return slices.Clip(lightAsks) }

// The asks by class, those that decide the verdict and those that do not; they never change.
var (
	askTable    = listAsks()
	weightyAsks = asksOf(Deciding())
	lightAsks   = asksOf(slices.DeleteFunc(Classes(), Class.Decides))
)

func listAsks() map[Class][]Ask {
	table := make(map[Class][]Ask, ClassCount)
	for _, class := range Classes() {
		for _, name := range ClassActions(class) {
			table[class] = append(table[class], Ask{name, class})
		}
	}
	return table
}

func asksOf(classes []Class) []Ask {
	var list []Ask
	for _, class := range classes {
		list = append(list, askTable[class]...)
	}
	return list
}

// TakesContext reports whether an action takes an encryption context.
// Source: Service Authorization Reference, AWS KMS.
func TakesContext(action string) bool {
	known, _ := FindAction(action)
	return known.Context
}
