package policytest

// TextsOver returns all texts of at most n characters of an alphabet, the
// shortest first; "" alone if n is 0.
func TextsOver(alphabet string, n int) []string {
	list := []string{""}
	for from := 0; n > 0; n-- {
		to := len(list)
		for _, text := range list[from:to] {
			for _, c := range alphabet {
				list = append(list, text+string(c))
			}
		}
		from = to
	}
	return list
}

// Matches reports whether all of text, in ASCII, matches a pattern of which * is
// any number of characters and ? one. It tries everything, so both must be short.
func Matches(pattern, text string) bool {
	switch {
	case pattern == "":
		return text == ""
	case pattern[0] == '*':
		return Matches(pattern[1:], text) || text != "" && Matches(pattern, text[1:])
	default:
		return text != "" && (pattern[0] == '?' || pattern[0] == text[0]) && Matches(pattern[1:], text[1:])
	}
}
