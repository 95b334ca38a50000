package tcf_test

import (
	"encoding/json"
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/heed-platform/heed/internal/collect/consent/bits"
	"github.com/heed-platform/heed/internal/collect/consent/tcf"
)

// core and its segments, as the official library writes them: purposes 1, 2 and
// 11, vendors 2, 6, 8 and 600 to 602; publisher consent by default.
const (
	core      = "CP1R2oAP1R2oAAfADAENAHEgAMAgAAAAAAAAEtQBAABAAGAARAlkCWgAAAAA"
	disclosed = "IAEEUAAA"
	publisher = "YAAAAAAAASAA"
)

func read(t testing.TB, text string) tcf.Consent {
	t.Helper()
	c, err := tcf.Decode(text)
	if err != nil {
		t.Fatalf("%s: %v", text, err)
	}
	return c
}

func TestDecode_segments(t *testing.T) {
	t.Parallel()
	whole := read(t, core+"."+disclosed+"."+publisher)
	if whole.Version != 2 || whole.CMP != 31 || whole.CMPVersion != 3 || whole.Policy != 4 || whole.Language != "EN" || !whole.ServiceSpecific {
		t.Errorf("read %+v", whole)
	}
	if got := whole.Vendors.IDs(); !slices.Equal(got, []int{2, 6, 8, 601, 602}) && !slices.Equal(got, []int{2, 6, 8, 600, 601, 602}) {
		t.Errorf("vendors %v", got)
	}
	if whole.Disclosed == nil || !whole.Disclosed.Has(8) || whole.Allowed != nil || whole.Publisher == nil || !slices.Equal(whole.Publisher.CustomPurposes, []bool{false, true}) {
		t.Errorf("segments %+v %+v", whole.Disclosed, whole.Publisher)
	}
	// The segments may come in any order.
	turned := read(t, core+"."+publisher+"."+disclosed)
	a, _ := json.Marshal(whole)
	b, _ := json.Marshal(turned)
	if string(a) != string(b) {
		t.Error("another order of segments was read as another string")
	}
	if alone := read(t, core); alone.Disclosed != nil || alone.Publisher != nil {
		t.Error("segments were read that are not there")
	}
}

func TestDecode_refuses(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name, text string
		err        error
	}{
		{"nothing", "", tcf.ErrEmpty},
		{"a dot at the end", core + ".", tcf.ErrEmpty},
		{"a dot at the start", "." + core, tcf.ErrEmpty},
		{"an empty segment", core + ".." + publisher, tcf.ErrEmpty},
		{"version 1", "BOS2bx5OS2bx5ABABBAAABoAAAAAFA", tcf.ErrVersion},
		{"version 3", "D" + core[1:], tcf.ErrVersion},
		{"a consent tool without a number", "CPfCRQAPfCRQAAAAAAENCgCAAAAAAOAAAAAAAAAAAAAA", tcf.ErrCMP},
		{"a segment before the core", disclosed + "." + core, tcf.ErrVersion},
		{"a segment twice", core + "." + disclosed + "." + disclosed, tcf.ErrSegment},
		{"a second core", core + "." + core, tcf.ErrSegment},
		{"an unknown segment", core + ".gAAA", tcf.ErrSegment},
		{"half of it", core[:len(core)/2], bits.ErrShort},
		{"a foreign letter", core[:9] + "+" + core[10:], bits.ErrLetters},
		{"padding of standard base64", core + "=", bits.ErrLetters},
		{"a blank", core + " ", bits.ErrLetters},
		{"something behind", core + "B", bits.ErrPadding},
		{"a language of no letters", core[:18] + "__" + core[20:], bits.ErrCountry},
		{"too long", strings.Repeat("A", 33<<10), tcf.ErrLong},
	}
	for _, tt := range tests {
		c, err := tcf.Decode(tt.text)
		if !errors.Is(err, tt.err) {
			t.Errorf("%s: %v, want %v", tt.name, err, tt.err)
		}
		if err != nil && (c.Purposes != nil || c.Version != 0) {
			t.Errorf("%s was refused, and still says something", tt.name)
		}
	}
	if _, err := tcf.DecodeSection("CPfCRQAPfCRQAAAAAAENCgCAAAAAAOAAAAAAAAAAAAAA"); err != nil {
		t.Errorf("a section of a GPP string may leave the consent tool unnamed: %v", err)
	}
}

func TestConsent_answers(t *testing.T) {
	t.Parallel()
	set := func(n int, ids ...int) []bool {
		flags := make([]bool, n)
		for _, id := range ids {
			flags[id-1] = true
		}
		return flags
	}
	c := tcf.Consent{
		CMP: 31, ServiceSpecific: true, Policy: 4,
		Purposes: set(24, 1, 2, 3), LegitimateInterests: set(24, 2, 3, 4, 7), SpecialFeatures: set(12, 1),
	}
	for p, want := range map[int]tcf.Answer{0: tcf.No, 1: tcf.Yes, 2: tcf.Yes, 3: tcf.Yes, 4: tcf.No, 7: tcf.Silent, 8: tcf.No, 24: tcf.No, 25: tcf.No, -1: tcf.No} {
		if got := c.Purpose(p); got != want {
			t.Errorf("purpose %d: %d, want %d", p, got, want)
		}
	}
	if c.SpecialFeature(1) != tcf.Yes || c.SpecialFeature(2) != tcf.No || c.SpecialFeature(13) != tcf.No {
		t.Error("special features")
	}
	c.Publisher = &tcf.Publisher{Purposes: set(24)}
	if c.Purpose(1) != tcf.Yes {
		t.Error("a publisher who asks nothing was read as one to whom everything was refused")
	}
	c.Publisher.Purposes = set(24, 1)
	if c.Purpose(1) != tcf.Yes || c.Purpose(2) != tcf.No || c.Purpose(3) != tcf.No {
		t.Error("what the person refused the publisher itself was taken for a yes")
	}
}

func TestConsent_valid(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		c    tcf.Consent
		want bool
	}{
		"of one service":              {tcf.Consent{CMP: 31, ServiceSpecific: true, Policy: 4}, true},
		"of the shared scope":         {tcf.Consent{CMP: 31, Policy: 2}, false},
		"from nobody":                 {tcf.Consent{CMP: 1, ServiceSpecific: true, Policy: 4}, false},
		"2.3 with disclosed vendors":  {tcf.Consent{CMP: 31, ServiceSpecific: true, Policy: 5, Disclosed: &bits.Set{}}, true},
		"2.3 without them":            {tcf.Consent{CMP: 31, ServiceSpecific: true, Policy: 5}, false},
		"of a later policy, likewise": {tcf.Consent{CMP: 31, ServiceSpecific: true, Policy: 6}, false},
	} {
		if got := tt.c.Valid(); got != tt.want {
			t.Errorf("%s: %v", name, got)
		}
	}
}

// TestMarshalJSON_restrictions: one line for each purpose and type, where it was
// named first, without those that name no vendor.
func TestMarshalJSON_restrictions(t *testing.T) {
	t.Parallel()
	some, none := read(t, core).Vendors, bits.Set{}
	c := tcf.Consent{Restrictions: []tcf.Restriction{
		{Purpose: 3, Type: 1, Vendors: some}, {Purpose: 2, Type: 0, Vendors: none}, {Purpose: 1, Type: 0, Vendors: some}, {Purpose: 3, Type: 1, Vendors: some},
	}}
	raw, err := json.Marshal(c)
	if err != nil {
		t.Fatal(err)
	}
	var got struct {
		Restrictions []struct {
			Purpose int `json:"purposeId"`
		} `json:"publisherRestrictions"`
	}
	if err := json.Unmarshal(raw, &got); err != nil || len(got.Restrictions) != 2 || got.Restrictions[0].Purpose != 3 || got.Restrictions[1].Purpose != 1 {
		t.Errorf("%v %+v", err, got)
	}
}

// FuzzDecode: no string panics; what is refused says nothing; what is taken can
// be written down.
func FuzzDecode(f *testing.F) {
	for _, seed := range []string{core, core + "." + disclosed + "." + publisher, "CPF_61ePF_61eFxAAAENAiCAAAAAAAAAAAAAAQAAAAAAAAAAIIACACA", "BOS2bx5OS2bx5ABABBAAABoAAAAAFA", ""} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		c, err := tcf.Decode(text)
		if err != nil {
			if c.Purposes != nil || c.Vendors.Max() != 0 || c.Disclosed != nil {
				t.Fatal("refused, and still says something")
			}
			return
		}
		if _, err := json.Marshal(c); err != nil {
			t.Fatal(err)
		}
		if c.CMP < 2 || c.Version != 2 || len(c.Purposes) != 24 {
			t.Fatalf("took %+v", c)
		}
	})
}
