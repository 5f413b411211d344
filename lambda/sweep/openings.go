package main

import (
	"slices"
	"strings"

	"github.com/kmsentry/kmsentry/detector"
	"github.com/kmsentry/kmsentry/detector/policy/decide"
	"github.com/kmsentry/kmsentry/detector/policy/kmsapi"
	"github.com/kmsentry/kmsentry/internal/sweep"
)

// openings returns the ways in which a policy is open, or takes the key from its owner,
// as sorted strings that sweeps compare; nil when f is nil.
func openings(f *detector.Finding) []string {
	if f == nil {
		return nil
	}
	var all []string
	d := &f.Decision
	for _, g := range d.Grants {
		way := string(g.Class) + " " + g.Audience.String()
		if g.Audience == decide.Public || len(g.Named) == 0 {
			all = append(all, way)
			continue
		}
		for _, name := range g.Named {
			all = append(all, way+" "+name)
		}
	}
	for _, class := range kmsapi.Deciding() {
		if b := d.Classes.Of(class); b.Most != b.Least {
			all = append(all, string(class)+" "+decide.Undecided.String()+" "+b.Most.String())
		}
	}
	if d.Future != nil {
		all = append(all, "later "+d.Future.Verdict.String()+" "+d.Future.At.UTC().Format("2006-01-02T15:04:05Z"))
	}
	for _, k := range []struct {
		word string
		is   bool
	}{{"locked", f.OwnerLocked}, {"guarded", f.Guarded()}, {"revokes", f.Revokes()}, {"intricate", d.TooIntricate}} {
		if k.is {
			all = append(all, k.word)
		}
	}
	slices.Sort(all)
	return slices.Compact(all)
}

// grants returns the openings by grants: the grantee and the operations, without the
// id. Grants are often created anew, autoscaling's with every instance, and one for the
// same grantee and operations is not news. Grants that only allow describing or
// verifying do not count.
func grants(k *sweep.Key) []string {
	var all []string
	for _, g := range k.GrantsOut {
		if g.Decides() {
			all = append(all, grantWord(g))
		}
	}
	slices.Sort(all)
	return slices.Compact(all)
}

func grantWord(g sweep.Grant) string {
	ops := slices.Clone(g.Operations)
	slices.Sort(ops)
	return g.Audience.String() + " " + g.Grantee + " " + strings.Join(ops, ",")
}

// fresh returns the openings in now that are news after told was reported. A class that
// was reported as public covers every other opening of that class.
func fresh(now, told []string) []string {
	var news []string
	for _, way := range now {
		class, _, _ := strings.Cut(way, " ")
		if !slices.Contains(told, way) && !slices.Contains(told, class+" "+decide.Public.String()) {
			news = append(news, way)
		}
	}
	return news
}

// both returns what is in both a and b, in the order of a.
func both(a, b []string) []string {
	var all []string
	for _, way := range a {
		if slices.Contains(b, way) {
			all = append(all, way)
		}
	}
	return all
}
