package kmsapi

import "slices"

// An Ask is one thing that outsiders may be able to do: an action in a class.
// CreateGrant has an Ask for each class that works across accounts, about the
// operations of that class that a grant can carry.
type Ask struct {
	Action string // "kms:Encrypt"
	Class  Class  // "" if the question is about a service or the owner
}

// Asks returns the asks of a class; nil for one that does not work across
// accounts.
func Asks(class Class) []Ask { return slices.Clip(askTable[class]) }

// Weighty returns the asks of the classes that decide the verdict.
func Weighty() []Ask { return slices.Clip(weightyAsks) }

// Light returns the asks of the other classes that work across accounts.
func Light() []Ask { return slices.Clip(lightAsks) }

// The asks by class, those that decide the verdict, and the others. These never
// change.
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
