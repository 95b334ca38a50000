package gpp

import (
	"strings"

	"github.com/heed-platform/heed/internal/collect/consent/bits"
	"github.com/heed-platform/heed/internal/collect/consent/tcf"
)

// decodeEU reads section 2, which is a TC string.
func decodeEU(text string) (Section, error) {
	c, err := tcf.DecodeSection(text)
	if err != nil {
		return Section{}, err
	}
	p := c.Publisher
	if p == nil {
		p = &tcf.Publisher{Purposes: make([]bool, 24), LegitimateInterests: make([]bool, 24), CustomPurposes: []bool{}, CustomLegitimateInterests: []bool{}}
	}
	restrictions := []Restriction{}
	for _, r := range c.Restrictions {
		restrictions = append(restrictions, Restriction{r.Purpose, r.Type, r.Vendors.IDs()})
	}
	return Section{ID: tcfEU, Name: "tcfeuv2", TCF: &c, Fields: []Field{
		{"Version", c.Version},
		{"Created", tcf.Stamp(c.Created)},
		{"LastUpdated", tcf.Stamp(c.LastUpdated)},
		{"CmpId", c.CMP},
		{"CmpVersion", c.CMPVersion},
		{"ConsentScreen", c.Screen},
		{"ConsentLanguage", c.Language},
		{"VendorListVersion", c.VendorList},
		{"PolicyVersion", c.Policy},
		{"IsServiceSpecific", c.ServiceSpecific},
		{"UseNonStandardStacks", c.NonStandardTexts},
		{"SpecialFeatureOptins", c.SpecialFeatures},
		{"PurposeConsents", c.Purposes},
		{"PurposeLegitimateInterests", c.LegitimateInterests},
		{"PurposeOneTreatment", c.PurposeOne},
		{"PublisherCountryCode", c.PublisherCountry},
		{"VendorConsents", c.Vendors.IDs()},
		{"VendorLegitimateInterests", c.VendorInterests.IDs()},
		{"PublisherRestrictions", restrictions},
		{"PublisherPurposesSegmentType", 3},
		{"PublisherConsents", p.Purposes},
		{"PublisherLegitimateInterests", p.LegitimateInterests},
		{"NumCustomPurposes", len(p.CustomPurposes)},
		{"PublisherCustomConsents", p.CustomPurposes},
		{"PublisherCustomLegitimateInterests", p.CustomLegitimateInterests},
		{"VendorsAllowedSegmentType", 2},
		{"VendorsAllowed", ids(c.Allowed)},
		{"VendorsDisclosedSegmentType", 1},
		{"VendorsDisclosed", ids(c.Disclosed)},
	}}, nil
}

func ids(s *bits.Set) []int {
	if s == nil {
		return []int{}
	}
	return s.IDs()
}

// decodeCanada reads section 5: a core, then disclosed vendors and publisher
// purposes in any order, each at most once.
func decodeCanada(text string) (Section, error) {
	var core, disclosed, publisher []Field
	for i, part := range strings.Split(text, ".") {
		if part == "" {
			return Section{}, ErrEmpty
		}
		var err error
		switch t := bits.Base64(part).Int(3); {
		case i == 0:
			core, err = either(part, canadianCore)
		case t == 1 && disclosed == nil:
			disclosed, err = either(part, canadianDisclosed)
		case t == 3 && publisher == nil:
			publisher, err = canadianPublisher(part)
		default:
			err = ErrSegment
		}
		if err != nil {
			return Section{}, err
		}
	}
	if publisher == nil {
		publisher = emptyPublisher()
	}
	if disclosed == nil {
		disclosed = []Field{{"DisclosedVendorsSegmentType", 1}, {"DisclosedVendors", []int{}}}
	}
	return Section{ID: tcfCA, Name: "tcfcav1", Fields: append(append(core, publisher...), disclosed...)}, nil
}

// set reads one set of vendors.
type set func(*bits.Reader) bits.Set

// either reads sets in Fibonacci coding, as the specification has it, or, where
// that does not fit, as the TCF writes them: encoders did so before 2025.
func either(text string, read func(*bits.Reader, set, set) []Field) ([]Field, error) {
	r := bits.Base64(text)
	fields := read(r, (*bits.Reader).FibonacciVendors, (*bits.Reader).FibonacciVendors)
	if r.End(); r.Err() == nil {
		return fields, nil
	}
	old := bits.Base64(text)
	ascending := func(r *bits.Reader, s bits.Set) bits.Set {
		if s.Tangled() {
			r.Fail(bits.ErrRange)
		}
		return s
	}
	fields = read(old,
		func(r *bits.Reader) bits.Set { return ascending(r, r.Vendors()) },
		func(r *bits.Reader) bits.Set { return ascending(r, r.Ranges(bits.MaxID)) })
	if old.End(); old.Err() == nil {
		return fields, nil
	}
	return nil, r.Err()
}

func canadianCore(r *bits.Reader, vendors, restricted set) []Field {
	version := r.Int(6)
	if version != 1 {
		r.Fail(ErrVersion)
	}
	return []Field{
		{"Version", version},
		{"Created", tcf.Stamp(r.Instant())},
		{"LastUpdated", tcf.Stamp(r.Instant())},
		{"CmpId", r.Int(12)},
		{"CmpVersion", r.Int(12)},
		{"ConsentScreen", r.Int(6)},
		{"ConsentLanguage", r.Letters()},
		{"VendorListVersion", r.Int(12)},
		{"TcfPolicyVersion", r.Int(6)},
		{"UseNonStandardStacks", r.Bool()},
		{"SpecialFeatureExpressConsent", r.Flags(12)},
		{expressField, r.Flags(24)},
		{impliedField, r.Flags(24)},
		{"VendorExpressConsent", idsOf(vendors(r))},
		{"VendorImpliedConsent", idsOf(vendors(r))},
		{"PubRestrictions", restrictions(r, restricted)},
	}
}

func idsOf(s bits.Set) []int { return s.IDs() }

// restrictions may be missing altogether.
func restrictions(r *bits.Reader, vendors set) []Restriction {
	list := []Restriction{}
	if r.Left() < 12 {
		return list
	}
	for range r.Int(12) {
		one := Restriction{Key: r.Int(6), Type: r.Int(2)}
		if one.Key == 0 || one.Type == 3 {
			r.Fail(tcf.ErrRestrict)
		}
		one.IDs = idsOf(vendors(r))
		if r.Err() != nil {
			break
		}
		list = append(list, one)
	}
	return list
}

func canadianDisclosed(r *bits.Reader, vendors, _ set) []Field {
	return []Field{{"DisclosedVendorsSegmentType", r.Int(3)}, {"DisclosedVendors", idsOf(vendors(r))}}
}

func canadianPublisher(text string) ([]Field, error) {
	r := bits.Base64(text)
	fields := []Field{
		{"PubPurposesSegmentType", r.Int(3)},
		{pubExpressField, r.Flags(24)},
		{"PubPurposesImpliedConsent", r.Flags(24)},
	}
	n := r.Int(6)
	fields = append(fields,
		Field{"NumCustomPurposes", n},
		Field{"CustomPurposesExpressConsent", r.Flags(n)},
		Field{"CustomPurposesImpliedConsent", r.Flags(n)},
	)
	r.End()
	return fields, r.Err()
}

func emptyPublisher() []Field {
	return []Field{
		{"PubPurposesSegmentType", 3},
		{pubExpressField, make([]bool, 24)},
		{"PubPurposesImpliedConsent", make([]bool, 24)},
		{"NumCustomPurposes", 0},
		{"CustomPurposesExpressConsent", []bool{}},
		{"CustomPurposesImpliedConsent", []bool{}},
	}
}

// Names of fields of section 5 that mean something here.
const (
	expressField    = "PurposesExpressConsent"
	impliedField    = "PurposesImpliedConsent"
	pubExpressField = "PubPurposesExpressConsent"
)
