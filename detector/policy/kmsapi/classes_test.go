package kmsapi

import (
	"slices"
	"testing"
)

func TestClasses(t *testing.T) {
	if got, want := Classes(), []Class{ClassEncrypt, ClassUse, ClassOther}; !slices.Equal(got, want) {
		t.Errorf("Classes() = %v, want %v", got, want)
	}
	if got, want := Deciding(), []Class{ClassEncrypt, ClassUse}; !slices.Equal(got, want) {
		t.Errorf("Deciding() = %v, want %v", got, want)
	}
	for _, row := range []struct {
		class   Class
		index   int
		decides bool
	}{
		{ClassEncrypt, 0, true},
		{ClassUse, 1, true},
		{ClassOther, 2, false},
		{ClassControl, -1, false},
		{ClassIdentity, -1, false},
		{"", -1, false},
	} {
		if i, decides := row.class.Index(), row.class.Decides(); i != row.index || decides != row.decides {
			t.Errorf("%q: index %d, decides %v; want %d, %v", row.class, i, decides, row.index, row.decides)
		}
	}
}

// TestAsks: each class has its asks, and those that decide the verdict and
// those that do not are all of them, in the order of the classes.
func TestAsks(t *testing.T) {
	var all []Ask
	for _, class := range Classes() {
		asks := Asks(class)
		if len(asks) < 2 || asks[len(asks)-1] != (Ask{CreateGrant, class}) {
			t.Errorf("Asks(%q) = %v, want some, with CreateGrant for the last", class, asks)
		}
		all = append(all, asks...)
	}
	if got := slices.Concat(Weighty(), Light()); !slices.Equal(got, all) {
		t.Errorf("the asks that decide and those that do not:\n%v, want\n%v", got, all)
	}
	if got := Asks(ClassControl); got != nil {
		t.Errorf("Asks(%q) = %v, want none", ClassControl, got)
	}
}
