package kmsapi

import "slices"

// ClassCount is the number of Classes.
const ClassCount = len(classTable)

// Classes returns the classes that work across accounts, the most serious first.
func Classes() []Class {
	list := make([]Class, 0, ClassCount)
	for _, row := range &classTable {
		list = append(list, row.class)
	}
	return list
}

// Deciding returns those of Classes that decide the verdict.
func Deciding() []Class {
	return slices.DeleteFunc(Classes(), func(c Class) bool { return !c.Decides() })
}

// Index returns the index of the class in Classes, or -1 if it does not work
// across accounts.
func (c Class) Index() int {
	for i := range classTable {
		if classTable[i].class == c {
			return i
		}
	}
	return -1
}

// Decides reports whether outsiders' access to the class decides the verdict.
func (c Class) Decides() bool {
	i := c.Index()
	return i >= 0 && classTable[i].decides
}
