package policy

// Character classes of the values that AWS accepts. Each sample lists the
// class, or for open classes more than any policy can name: a key policy holds
// Latin-1 only, so one letter beyond it always is a fresh one.
// Sources: IAM and STS API references (Path, RoleName, RoleSessionName, Name,
// Tag value); Organizations API reference (OrganizationId, RootId,
// OrganizationalUnitId); KMS API reference (AliasName).

const (
	lower  = "abcdefghijklmnopqrstuvwxyz"
	upper  = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
	digits = "0123456789"
	marks  = "_-.,:;/=+@!#$%&'()*<>?[]^`{|}~\"\\"
)

func newClass(sample string) *class {
	return &class{sample: sample, has: func(r rune) bool {
		for _, s := range sample {
			if s == r {
				return true
			}
		}
		return false
	}}
}

func digitClass() *class { return newClass("7894561230") }
func hexClass() *class   { return newClass("0123456789abcdef") }
func idClass() *class    { return newClass(upper + digits) } // unique ids
func orgClass() *class   { return newClass(lower + digits) } // organization, root and OU ids
func nameClass() *class  { return newClass("xyzabcdefghijklmnopqrstuvw" + upper + digits + "_+=,.@-") }
func pathClass() *class  { return newClass("xyzabcdefghijklmnopqrstuvw" + digits + upper + marks) }
func hostClass() *class  { return newClass("xyzabcdefghijklmnopqrstuvw" + digits + "-") }
func aliasClass() *class { return newClass(lower + upper + digits + "/_-") }

// tagClass holds the characters of tag values; letters of all scripts count.
func tagClass() *class {
	sample := "xyzabcdefghijklmnopqrstuvw" + digits + upper + " _.:/=+-@"
	c := newClass(sample + letters())
	ascii := newClass(sample)
	c.has = func(r rune) bool { return ascii.has(r) || r >= 0xaa && foldable(r) }
	return c
}

// textClass holds what callers write into free request parameters.
func textClass() *class {
	return &class{
		sample: "xyzabcdefghijklmnopqrstuvw" + digits + upper + " " + marks + letters(),
		has:    func(r rune) bool { return r >= 0x20 && r != 0x7f },
	}
}

// letters are the letters of Latin-1 behind ASCII, and one from beyond.
func letters() string {
	return "àáâãäåæçèéêëìíîïðñòóôõöøùúûüýþÿÀÁÂÃÄÅÆÇÈÉÊËÌÍÎÏÐÑÒÓÔÕÖØÙÚÛÜÝÞßªµºΩЖ"
}

func foldable(r rune) bool {
	switch r {
	case 0xd7, 0xf7: // multiplication and division signs
		return false
	}
	return r == 0xaa || r == 0xb5 || r == 0xba || r >= 0xc0
}
