package main

import (
	"slices"
	"strings"

	"github.com/kmsentry/kmsentry/detector"
	"github.com/kmsentry/kmsentry/detector/policy/decide"
	"github.com/kmsentry/kmsentry/detector/policy/kmsapi"
	"github.com/kmsentry/kmsentry/internal/sweep"
)

// openings are the ways in which a policy is open or takes the key from its
// owner, one word each, sorted: what the sweep compares. Nil for a policy that
// is nothing to report.
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

// grants are the openings by grants: whom, and for what. Grants come and go
// under new ids, those of autoscaling with every instance; a new one for the
// same party and operations is not news. Those that only describe or verify do
// not count.
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

// fresh returns the openings that are news to whom told was reported. What is open
// to everyone is open to each: a key that was public is not news when it is
// open to somebody named.
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

// both returns what is in a and in b.
func both(a, b []string) []string {
	var all []string
	for _, way := range a {
		if slices.Contains(b, way) {
			all = append(all, way)
		}
	}
	return all
}
