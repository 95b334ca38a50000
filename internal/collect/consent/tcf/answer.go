package tcf

import "slices"

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
// person allowed the publisher itself, it takes both. Encoders write that
// segment whether or not the publisher asks; without any yes it says nothing.
func (c Consent) Purpose(p int) Answer {
	consent, interests := flag(c.Purposes, p), flag(c.LegitimateInterests, p) && interest(p)
	if own := c.Publisher; own != nil && slices.Contains(own.Purposes, true) {
		consent, interests = consent && flag(own.Purposes, p), interests && flag(own.LegitimateInterests, p)
	}
	switch {
	case consent:
		return Yes
	case interests:
		return Silent
	}
	return No
}

// SpecialFeature is the answer on special feature number f: 1 precise location,
// 2 scanning the device. They need a yes.
func (c Consent) SpecialFeature(f int) Answer {
	if flag(c.SpecialFeatures, f) {
		return Yes
	}
	return No
}

// interest reports whether a purpose may rest on a legitimate interest: not
// storing things on the device, and not building profiles or using them.
func interest(p int) bool { return p == 2 || p >= 7 }

func flag(flags []bool, n int) bool { return n >= 1 && n <= len(flags) && flags[n-1] }
