package tcf

import (
	"encoding/json"

	"github.com/heed-platform/heed/internal/clock"
	"github.com/heed-platform/heed/internal/collect/consent/bits"
)

// MarshalJSON writes the fields under the names of the official library
// (@iabtechlabtcf/core, TCModel): sets as lists of numbers, times as it writes
// them, a segment that is missing as if it were empty.
func (c Consent) MarshalJSON() ([]byte, error) {
	p := c.Publisher
	if p == nil {
		p = &Publisher{}
	}
	return json.Marshal(model{
		Version: c.Version, Created: Stamp(c.Created), LastUpdated: Stamp(c.LastUpdated),
		CMPID: c.CMP, CMPVersion: c.CMPVersion, ConsentScreen: c.Screen, ConsentLanguage: c.Language,
		VendorListVersion: c.VendorList, PolicyVersion: c.Policy,
		IsServiceSpecific: c.ServiceSpecific, UseNonStandardTexts: c.NonStandardTexts,
		PurposeOneTreatment: c.PurposeOne, PublisherCountryCode: c.PublisherCountry,
		SpecialFeatureOptins: numbers(c.SpecialFeatures),
		PurposeConsents:      numbers(c.Purposes), PurposeLegitimateInterests: numbers(c.LegitimateInterests),
		VendorConsents: c.Vendors.IDs(), VendorLegitimateInterests: c.VendorInterests.IDs(),
		VendorsDisclosed: ids(c.Disclosed), VendorsAllowed: ids(c.Allowed),
		PublisherRestrictions: merged(c.Restrictions),
		PublisherConsents:     numbers(p.Purposes), PublisherLegitimateInterests: numbers(p.LegitimateInterests),
		NumCustomPurposes:                  len(p.CustomPurposes),
		PublisherCustomConsents:            numbers(p.CustomPurposes),
		PublisherCustomLegitimateInterests: numbers(p.CustomLegitimateInterests),
	})
}

// model is a TC string as the official library shows it.
//
//nolint:tagliatelle // the names are the library's
type model struct {
	Version                            int           `json:"version"`
	Created                            string        `json:"created"`
	LastUpdated                        string        `json:"lastUpdated"`
	CMPID                              int           `json:"cmpId"`
	CMPVersion                         int           `json:"cmpVersion"`
	ConsentScreen                      int           `json:"consentScreen"`
	ConsentLanguage                    string        `json:"consentLanguage"`
	VendorListVersion                  int           `json:"vendorListVersion"`
	PolicyVersion                      int           `json:"policyVersion"`
	IsServiceSpecific                  bool          `json:"isServiceSpecific"`
	UseNonStandardTexts                bool          `json:"useNonStandardTexts"`
	PurposeOneTreatment                bool          `json:"purposeOneTreatment"`
	PublisherCountryCode               string        `json:"publisherCountryCode"`
	SpecialFeatureOptins               []int         `json:"specialFeatureOptins"`
	PurposeConsents                    []int         `json:"purposeConsents"`
	PurposeLegitimateInterests         []int         `json:"purposeLegitimateInterests"`
	VendorConsents                     []int         `json:"vendorConsents"`
	VendorLegitimateInterests          []int         `json:"vendorLegitimateInterests"`
	VendorsDisclosed                   []int         `json:"vendorsDisclosed"`
	VendorsAllowed                     []int         `json:"vendorsAllowed"`
	PublisherRestrictions              []restriction `json:"publisherRestrictions"`
	PublisherConsents                  []int         `json:"publisherConsents"`
	PublisherLegitimateInterests       []int         `json:"publisherLegitimateInterests"`
	NumCustomPurposes                  int           `json:"numCustomPurposes"`
	PublisherCustomConsents            []int         `json:"publisherCustomConsents"`
	PublisherCustomLegitimateInterests []int         `json:"publisherCustomLegitimateInterests"`
}

//nolint:tagliatelle // the names are the library's
type restriction struct {
	PurposeID       int   `json:"purposeId"`
	RestrictionType int   `json:"restrictionType"`
	Vendors         []int `json:"vendors"`
}

// Stamp writes a time as JavaScript's Date does in JSON.
func Stamp(at clock.Instant) string { return at.Time().Format("2006-01-02T15:04:05.000Z") }

// merged gives each pair of purpose and type once, at the place where it was
// named first, and leaves out those without vendors.
func merged(list []Restriction) []restriction {
	out := []restriction{}
	sets := map[[2]int]*bits.Set{}
	var order [][2]int
	for i := range list {
		key := [2]int{list[i].Purpose, list[i].Type}
		switch known := sets[key]; {
		case known != nil:
			known.Join(list[i].Vendors)
		case list[i].Vendors.Max() > 0:
			s := list[i].Vendors.Clone()
			sets[key] = &s
			order = append(order, key)
		}
	}
	for _, key := range order {
		out = append(out, restriction{PurposeID: key[0], RestrictionType: key[1], Vendors: sets[key].IDs()})
	}
	return out
}

func ids(s *bits.Set) []int {
	if s == nil {
		return []int{}
	}
	return s.IDs()
}

// numbers lists the flags that are set, counted from 1.
func numbers(flags []bool) []int {
	list := []int{}
	for i, set := range flags {
		if set {
			list = append(list, i+1)
		}
	}
	return list
}
