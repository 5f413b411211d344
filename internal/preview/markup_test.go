package main

import "testing"

func TestSlack(t *testing.T) {
	for name, c := range map[string]struct{ in, want string }{
		"words":             {"a < b & c", "a &lt; b &amp; c"},
		"entities":          {"&lt;!channel&gt; &amp;lt;", "&lt;!channel&gt; &amp;lt;"},
		"code span":         {"`*b* &lt;x&gt;`", "<code>*b* &lt;x&gt;</code>"},
		"link":              {"<https://a.example/?x=1|Key>", `<a href="https://a.example/?x=1">Key</a>`},
		"link with a quote": {`<https://a.example/"onclick=x|Key>`, `<a href="https://a.example/&#34;onclick=x">Key</a>`},
		"mention shows":     {"<!channel> <@U012AB3CD>", "<mark>!channel</mark> <mark>@U012AB3CD</mark>"},
		"bold":              {"*b* _i_ ~s~", "<b>b</b> <i>i</i> <s>s</s>"},
		"our emoji":         {":warning:", `<span class="icon warning" role="img" aria-label="warning">!</span>`},
		"another emoji":     {":tada:", "<em>:tada:</em>"},
		"a time":            {"11:04:39", "11:04:39"},
	} {
		if got := string(slack(c.in)); got != c.want {
			t.Errorf("%s: slack(%q) = %q, want %q", name, c.in, got, c.want)
		}
	}
}

func TestTeamsAndMail(t *testing.T) {
	for name, c := range map[string]struct{ got, want string }{
		"teams code": {string(teams("a `b &lt;` c")), "a <code>b &lt;</code> c"},
		"teams link": {string(teams("Key: https://a.example/#x")), `Key: <a href="https://a.example/#x">https://a.example/#x</a>`},
		"mail":       {string(mail("<img src=x> https://a.example\nx")), "&lt;img src=x&gt; <a href=\"https://a.example\">https://a.example</a>\nx"},
	} {
		if c.got != c.want {
			t.Errorf("%s: got %q, want %q", name, c.got, c.want)
		}
	}
}
