// Package tcf reads TC strings: what a person answered in a banner of the IAB
// Europe Transparency and Consent Framework, version 2.0 to 2.3.
//
//	core . disclosed vendors . allowed vendors . publisher
//
// The core comes first; the others follow in any order, each at most once, told
// apart by their first three bits. From policy version 5 (TCF 2.3) the disclosed
// vendors must be there for the string to be worth anything: Consent.Valid.
//
// It promises: every bit is read as the specification lays it out, and a string
// that is cut, lengthened or contradicts itself is refused, whole, with a
// problem. It refuses what the official library lets pass (a range that ends
// before it starts, bits after the end), never the other way round. It does not
// know the vendor list, nor what a purpose means here (package consent). Start
// reading at Decode.
package tcf
