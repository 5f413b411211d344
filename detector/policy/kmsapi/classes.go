package kmsapi

import "slices"

// ClassCount is how many Classes there are.
const ClassCount = len(classTable)

// Classes lists the classes that work across accounts, in the order of their weight.
func Classes() []Class {
	list := make([]Class, 0, ClassCount)
	for _, row := range &classTable {
		list = append(list, row.class)
	}
	return list
}

// Deciding lists those of the Classes that decide the verdict.
func Deciding() []Class {
	return slices.DeleteFunc(Classes(), func(c Class) bool { return !c.Decides() })
}

// Index returns the place of a class among Classes, from 0; -1 for one that
// does not work across accounts.
func (c Class) Index() int {
	for i := range classTable {
		if classTable[i].class == c {
			return i
		}
	}
	return -1
}

// Decides reports whether what outsiders reach of the class decides the verdict.
func (c Class) Decides() bool {
	i := c.Index()
	return i >= 0 && classTable[i].decides
}
