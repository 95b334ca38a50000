// Package gpp reads strings of the IAB's Global Privacy Platform: a header that
// lists sections, and the sections, each a law's own words about what a person
// allowed or refused.
//
//	header ~ section ~ section …        section = segment . segment …
//
// It knows every section that the official library (@iabgpp/cmpapi 3.2) knows:
// EU and Canadian TCF, US privacy, US national (version 1 and 2) and twenty-one
// states. How the segments of the states are laid out is data (us.go). A bare TC
// string is read as its one section.
//
// It promises: fields come out under the library's names with its values; what
// is cut, lengthened or out of range is refused with a problem. Of a string that
// is refused, the sections that could be read are still given, because a refusal
// in them was said; nothing in them may count as a yes. It does not say what an
// opt-out stops (package consent). Start reading at Decode.
package gpp
