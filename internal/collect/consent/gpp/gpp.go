package gpp

import (
	"strings"

	"github.com/heed-platform/heed/internal/collect/consent/bits"
	"github.com/heed-platform/heed/internal/collect/consent/tcf"
	"github.com/heed-platform/heed/internal/collect/consent/usp"
	"github.com/heed-platform/heed/internal/problem"
)

// Why a GPP string is refused, besides the faults of packages bits, tcf and usp.
var (
	ErrForm    = problem.New(problem.Invalid, "gpp-form", "This is no GPP string: it begins with neither a GPP header of version 1 nor a TC string.")
	ErrLong    = problem.New(problem.Invalid, "gpp-too-long", "The GPP string is longer than 64 KB; hand on the string of one person and one page.")
	ErrCount   = problem.New(problem.Invalid, "gpp-section-count", "The GPP string has more or fewer sections than its header lists; hand it on whole.")
	ErrEmpty   = problem.New(problem.Invalid, "gpp-section-empty", "A section of the GPP string, or a segment of one, is empty; hand it on whole.")
	ErrSegment = problem.New(problem.Invalid, "gpp-segment", "A section of the GPP string has a segment twice, too many segments, or one of an unknown type.")
	ErrVersion = problem.New(problem.Invalid, "gpp-version", "A section of the GPP string has a version whose fields heed does not know; update heed, or the consent tool.")
)

const maxLength = 64 << 10

// String is a GPP string, read.
type String struct {
	Sections []Section // in ascending order of their ids
	// Unknown are the ids of sections that are listed and that nobody here can
	// read. They allow nothing.
	Unknown []int
}

// Section is one section, read.
type Section struct {
	ID     int
	Name   string // "usnat"
	Fields []Field
	TCF    *tcf.Consent // of section 2; nil in all others
}

// Field is one field under the official library's name. Value is an int, a
// bool, a string, a list of ints or bools, or a list of Restriction.
type Field struct {
	Name  string
	Value any
}

// Restriction is a publisher restriction, as the library names its parts.
type Restriction struct {
	Key  int   `json:"key"`  // the purpose
	Type int   `json:"type"` // 0 not allowed, 1 consent needed, 2 legitimate interest needed
	IDs  []int `json:"ids"`  // vendors
}

// Ids of sections that are not a US state's.
const (
	tcfEU = 2
	tcfCA = 5
	uspV1 = 6
	usNat = 7
)

// Decode reads a GPP string. With an error, the String holds those sections that
// could be read: enough to find a refusal in, and never a yes.
func Decode(s string) (String, error) {
	if len(s) > maxLength {
		return String{}, ErrLong
	}
	if strings.HasPrefix(s, "C") {
		section, err := decodeEU(s)
		if err != nil {
			return String{}, err
		}
		return String{Sections: []Section{section}}, nil
	}
	header, rest, some := strings.Cut(s, "~")
	ids, err := decodeHeader(header)
	if err != nil {
		return String{}, err
	}
	var texts []string
	if some {
		texts = strings.Split(rest, "~")
	}
	return decodeSections(ids, texts)
}

func decodeHeader(s string) ([]int, error) {
	if !strings.HasPrefix(s, "DB") {
		return nil, ErrForm
	}
	r := bits.Base64(s[2:])
	ids := r.FibonacciRanges()
	r.End()
	if err := r.Err(); err != nil {
		return nil, err
	}
	return ids.IDs(), nil
}

// decodeSections reads what can be read and gives the first fault.
func decodeSections(ids []int, texts []string) (String, error) {
	var out String
	var fault error
	if len(ids) != len(texts) {
		fault = ErrCount
	}
	for i, text := range texts[:min(len(ids), len(texts))] {
		section, known, err := decodeSection(ids[i], text)
		switch {
		case err != nil && fault == nil:
			fault = err
		case err != nil:
		case known:
			out.Sections = append(out.Sections, section)
		default:
			out.Unknown = append(out.Unknown, ids[i])
		}
	}
	return out, fault
}

func decodeSection(id int, text string) (s Section, known bool, err error) {
	if text == "" {
		return Section{}, true, ErrEmpty
	}
	switch id {
	case tcfEU:
		s, err = decodeEU(text)
	case tcfCA:
		s, err = decodeCanada(text)
	case uspV1:
		s, err = decodePrivacy(text)
	default:
		l, ok := layoutOf(id)
		if !ok {
			return Section{}, false, nil
		}
		s, err = l.decode(text)
	}
	return s, true, err
}

func decodePrivacy(text string) (Section, error) {
	p, err := usp.Decode(text)
	if err != nil {
		return Section{}, err
	}
	return Section{ID: uspV1, Name: "uspv1", Fields: []Field{
		{"Version", p.Version}, {"Notice", p.Notice}, {"OptOutSale", p.OptOutSale}, {"LspaCovered", p.LSPACovered},
	}}, nil
}
