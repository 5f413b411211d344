package strictjson

// The functions in this file find the parts of a valid text. They do not check
// the syntax.

// skipSpace returns the index of the first byte at or after i that is not white
// space.
func skipSpace(text []byte, i int) int {
	for i < len(text) && (text[i] == ' ' || text[i] == '\n' || text[i] == '\t' || text[i] == '\r') {
		i++
	}
	return i
}

// next returns the index of the first byte at or after i that is not white space,
// skipping at most one comma or colon.
func next(text []byte, i int) int {
	if i = skipSpace(text, i); text[i] == ',' || text[i] == ':' {
		i = skipSpace(text, i+1)
	}
	return i
}

// endOf returns the end of the value that starts at i.
func endOf(text []byte, i int) int {
	switch text[i] {
	case '"':
		return stringEnd(text, i)
	case '{', '[':
		return bracketEnd(text, i)
	}
	for ; i < len(text); i++ { // a number or a literal
		switch text[i] {
		case ',', ']', '}', ' ', '\n', '\t', '\r':
			return i
		}
	}
	return i
}

// stringEnd returns the end of the string that starts at i.
func stringEnd(text []byte, i int) int {
	for i++; text[i] != '"'; i++ {
		if text[i] == '\\' {
			i++
		}
	}
	return i + 1
}

// bracketEnd returns the end of the object or array that starts at i.
func bracketEnd(text []byte, i int) int {
	depth := 0
	for ; ; i++ {
		switch text[i] {
		case '"':
			i = stringEnd(text, i) - 1
		case '{', '[':
			depth++
		case '}', ']':
			if depth--; depth == 0 {
				return i + 1
			}
		}
	}
}
