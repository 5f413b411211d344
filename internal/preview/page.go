package main

import (
	_ "embed"
	"html/template"
	"io"
)

//go:embed page.html
var page string

// write writes the page of the samples.
func write(w io.Writer, samples []sample) error {
	t, err := template.New("page").Funcs(template.FuncMap{"slack": slack, "teams": teams, "mail": mail}).Parse(page)
	if err != nil {
		return err
	}
	return t.Execute(w, samples)
}
