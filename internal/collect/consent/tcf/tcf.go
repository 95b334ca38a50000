package tcf

import (
	"strings"

	"github.com/heed-platform/heed/internal/clock"
	"github.com/heed-platform/heed/internal/collect/consent/bits"
	"github.com/heed-platform/heed/internal/problem"
)

// Why a TC string is refused, besides the faults of package bits.
var (
	ErrEmpty    = problem.New(problem.Invalid, "tcf-empty", "The TC string or one of its segments is empty; hand it on whole.")
	ErrLong     = problem.New(problem.Invalid, "tcf-too-long", "The TC string is longer than 32 KB; no vendor list needs that many letters.")
	ErrVersion  = problem.New(problem.Invalid, "tcf-version", "The TC string is not of version 2; strings of version 1 stopped being valid in 2020, and their consent must be asked for again.")
	ErrCMP      = problem.New(problem.Invalid, "tcf-cmp", "The TC string names no registered consent tool; its CMP id must be 2 or more.")
	ErrSegment  = problem.New(problem.Invalid, "tcf-segment", "The TC string has a segment twice, of an unknown type, or before its core.")
	ErrRestrict = problem.New(problem.Invalid, "tcf-restriction", "A publisher restriction in the TC string names purpose 0 or a type that TCF does not know.")
)

// maxLength bounds what is read. Four segments in which every vendor id has its
// bit, and restrictions by the hundred, stay under it.
const maxLength = 32 << 10

// Consent is a TC string, read. Purposes and special features are counted from
// 1, so number p stands at index p-1.
type Consent struct {
	Version             int
	Created             clock.Instant
	LastUpdated         clock.Instant
	CMP                 int
	CMPVersion          int
	Screen              int
	Language            string // two capital letters
	VendorList          int
	Policy              int
	ServiceSpecific     bool
	NonStandardTexts    bool
	SpecialFeatures     []bool // 12
	Purposes            []bool // 24: consent
	LegitimateInterests []bool // 24: told, and not objected to
	PurposeOne          bool
	PublisherCountry    string // two capital letters
	Vendors             bits.Set
	VendorInterests     bits.Set
	Restrictions        []Restriction // in the order of the string
	Disclosed           *bits.Set     // nil when the segment is missing
	Allowed             *bits.Set     // nil when the segment is missing
	Publisher           *Publisher    // nil when the segment is missing
}

// Restriction is what the publisher forbids some vendors, or asks of them.
type Restriction struct {
	Purpose int
	Type    int // 0 not allowed, 1 consent needed, 2 legitimate interest needed
	Vendors bits.Set
}

// Publisher is what the person allowed the publisher itself.
type Publisher struct {
	Purposes                  []bool // 24: consent
	LegitimateInterests       []bool // 24
	CustomPurposes            []bool // as many as the publisher has
	CustomLegitimateInterests []bool // as many
}

// Decode reads a TC string as it stands alone.
func Decode(s string) (Consent, error) {
	c, err := decode(s, false)
	if err == nil && c.CMP < 2 {
		err = ErrCMP
	}
	if err != nil {
		return Consent{}, err
	}
	return c, nil
}

// DecodeSection reads a TC string that is a section of a GPP string. There, as
// in the official library, the consent tool may be unnamed, and the core may end
// before the publisher restrictions; but ranges must ascend, as that library
// writes them and gives them back.
func DecodeSection(s string) (Consent, error) {
	c, err := decode(s, true)
	if err == nil && c.tangled() {
		err = bits.ErrRange
	}
	if err != nil {
		return Consent{}, err
	}
	return c, nil
}

func decode(s string, section bool) (Consent, error) {
	if len(s) > maxLength {
		return Consent{}, ErrLong
	}
	var c Consent
	first := true
	for text := range strings.SplitSeq(s, ".") {
		if text == "" {
			return c, ErrEmpty
		}
		r := bits.Base64(text)
		if first {
			readCore(&c, r, section)
		} else {
			readSegment(&c, r)
		}
		r.End()
		if err := r.Err(); err != nil {
			return c, err
		}
		first = false
	}
	return c, nil
}

func readCore(c *Consent, r *bits.Reader, section bool) {
	if c.Version = r.Int(6); c.Version != 2 {
		r.Fail(ErrVersion)
	}
	c.Created, c.LastUpdated = r.Instant(), r.Instant()
	c.CMP, c.CMPVersion, c.Screen = r.Int(12), r.Int(12), r.Int(6)
	c.Language = r.Letters()
	c.VendorList, c.Policy = r.Int(12), r.Int(6)
	c.ServiceSpecific, c.NonStandardTexts = r.Bool(), r.Bool()
	c.SpecialFeatures = r.Flags(12)
	c.Purposes, c.LegitimateInterests = r.Flags(24), r.Flags(24)
	c.PurposeOne = r.Bool()
	c.PublisherCountry = r.Letters()
	c.Vendors, c.VendorInterests = r.Vendors(), r.Vendors()
	if section && r.Left() < 12 {
		return
	}
	for range r.Int(12) {
		readRestriction(c, r)
		if r.Err() != nil {
			return
		}
	}
}

func readRestriction(c *Consent, r *bits.Reader) {
	p := Restriction{Purpose: r.Int(6), Type: r.Int(2)}
	if p.Purpose == 0 || p.Type == 3 {
		r.Fail(ErrRestrict)
	}
	p.Vendors = r.Ranges(bits.MaxID)
	c.Restrictions = append(c.Restrictions, p)
}

// The segments besides the core, by their first three bits.
const (
	typeDisclosed = 1
	typeAllowed   = 2
	typePublisher = 3
)

func readSegment(c *Consent, r *bits.Reader) {
	switch t := r.Int(3); {
	case t == typeDisclosed && c.Disclosed == nil:
		s := r.Vendors()
		c.Disclosed = &s
	case t == typeAllowed && c.Allowed == nil:
		s := r.Vendors()
		c.Allowed = &s
	case t == typePublisher && c.Publisher == nil:
		p := Publisher{Purposes: r.Flags(24), LegitimateInterests: r.Flags(24)}
		n := r.Int(6)
		p.CustomPurposes, p.CustomLegitimateInterests = r.Flags(n), r.Flags(n)
		c.Publisher = &p
	default:
		r.Fail(ErrSegment)
	}
}

// policyDisclosed is the policy version (TCF 2.3) from which a string without
// its disclosed vendors is not valid.
const policyDisclosed = 5

// Valid reports whether the string may stand for a yes: it names its consent
// tool, is bound to one service (the shared scope was abolished), and tells which
// vendors were shown where its policy asks for that. A no is a no either way.
func (c Consent) Valid() bool {
	return c.CMP >= 2 && c.ServiceSpecific && (c.Policy < policyDisclosed || c.Disclosed != nil)
}

// tangled reports whether any set of vendors was written in an order of its own.
func (c Consent) tangled() bool {
	for _, r := range c.Restrictions {
		if r.Vendors.Tangled() {
			return true
		}
	}
	return c.Vendors.Tangled() || c.VendorInterests.Tangled() ||
		c.Disclosed != nil && c.Disclosed.Tangled() || c.Allowed != nil && c.Allowed.Tangled()
}
