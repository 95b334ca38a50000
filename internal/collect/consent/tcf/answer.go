package tcf

// Answer is what the person said about one purpose.
type Answer uint8

// The answers. Silent is a purpose that rests on a legitimate interest to which
// the person did not object: neither a yes nor a no.
const (
	No Answer = iota
	Silent
	Yes
)

// Purpose is the answer on purpose number p. Where the string also says what the
// person allowed the publisher itself, a yes needs both.
func (c *Consent) Purpose(p int) Answer {
	switch {
	case flag(c.Purposes, p) && (c.Publisher == nil || flag(c.Publisher.Purposes, p)):
		return Yes
	case flag(c.LegitimateInterests, p) && interest(p):
		return Silent
	}
	return No
}

// SpecialFeature is the answer on special feature number f: 1 precise location,
// 2 scanning the device. They need a yes.
func (c *Consent) SpecialFeature(f int) Answer {
	if flag(c.SpecialFeatures, f) {
		return Yes
	}
	return No
}

// interest reports whether a purpose may rest on a legitimate interest: not
// storing things on the device, and not building profiles or using them.
func interest(p int) bool { return p == 2 || p >= 7 }

func flag(flags []bool, n int) bool { return n >= 1 && n <= len(flags) && flags[n-1] }
