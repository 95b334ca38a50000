package gpp_test

import (
	"encoding/json"
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/heed-platform/heed/internal/collect/consent/bits"
	"github.com/heed-platform/heed/internal/collect/consent/gpp"
	"github.com/heed-platform/heed/internal/collect/consent/tcf"
	"github.com/heed-platform/heed/internal/collect/consent/usp"
)

const (
	tc     = "CPSG_8APSG_8ANwAAAENAwCgAAAAAAAAAAYgACPAAAAA"
	usca   = "DBABBg~BAUAAABA.YA"
	usnat1 = "DBABLA~BVQqAAAAAgA.QA"
)

func read(t testing.TB, text string) gpp.String {
	t.Helper()
	s, err := gpp.Decode(text)
	if err != nil {
		t.Fatalf("%s: %v", text, err)
	}
	return s
}

func TestDecode_refuses(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name, text string
		err        error
	}{
		{"nothing", "", gpp.ErrForm},
		{"another header", "DC" + usca[2:], gpp.ErrForm},
		{"a US privacy string", "1YNN", gpp.ErrForm},
		{"a header that is cut", "DB", bits.ErrShort},
		{"a header alone", "DBABBg", gpp.ErrCount},
		{"a section too many", usca + "~1YNN", gpp.ErrCount},
		{"a section too few", "DBACNYA~" + tc, gpp.ErrCount},
		{"an empty section", "DBABTA~", gpp.ErrEmpty},
		{"a blank in the header", "DBAB g~BAUAAABA.YA", bits.ErrLetters},
		{"a header with something behind", "DBABBgB~BAUAAABA.YA", bits.ErrPadding},
		{"a core that is cut", "DBABBg~BAUAA", bits.ErrShort},
		{"a core with something behind", "DBABBg~BAUAAABAB", bits.ErrPadding},
		{"a choice that does not exist", "DBABBg~B_UAAABA", bits.ErrValue},
		{"an unknown version", "DBABBg~CAUAAABA", gpp.ErrVersion},
		{"version 2 in the places of version 1", "DBABLA~CAAVAAAAAAA", bits.ErrShort},
		{"version 3 of the national section", "DBABLA~DAAVAAAAAABA.QA", gpp.ErrVersion},
		{"a dot at the end", "DBABBg~BAUAAABA.", gpp.ErrEmpty},
		{"a dot at the start", "DBABBg~.YA", gpp.ErrEmpty},
		{"two GPC segments", "DBABBg~BAUAAABA.YA.YA", gpp.ErrSegment},
		{"a segment of another type", "DBABBg~BAUAAABA.oA", gpp.ErrSegment},
		{"a segment where there is none", "DBABRg~BAoAABA.YA", gpp.ErrSegment},
		{"a GPC segment that is cut to nothing readable", "DBABBg~BAUAAABA.=", bits.ErrLetters},
		{"sensitive data that is cut", "DBABCxA~BAUAAABA", nil},
		{"a US privacy string in small letters", "DBABTA~1ynn", usp.ErrForm},
		{"a US privacy string of another version", "DBABTA~2YNN", usp.ErrForm},
		{"a TC string of version 1", "DBABMA~BOS2bx5OS2bx5ABABBAAABoAAAAAFA", tcf.ErrVersion},
		{"a TC string alone, cut", tc[:30], bits.ErrShort},
		{"Canada with an empty segment", "DBABDA~BPSG_8APSG_8AAyACAENGdCgf_gfgAfgfgBhADVqxGAD0AILVgAA..fHHHA4444ao", nil},
		{"too long", strings.Repeat("D", 65<<10), gpp.ErrLong},
	}
	for _, tt := range tests {
		_, err := gpp.Decode(tt.text)
		if err == nil || tt.err != nil && !errors.Is(err, tt.err) {
			t.Errorf("%s: %v, want %v", tt.name, err, tt.err)
		}
	}
}

func TestDecode_takes(t *testing.T) {
	t.Parallel()
	if s := read(t, "DBAA"); s.Sections != nil || s.Unknown != nil {
		t.Errorf("a header without sections: %+v", s)
	}
	if s := read(t, tc); len(s.Sections) != 1 || s.Sections[0].Name != "tcfeuv2" {
		t.Errorf("a bare TC string: %+v", s)
	}
	// Section 28 does not exist yet: it is named, and allows nothing.
	s := read(t, "DBABKYA~BAIAAAAAQA.YA")
	if !slices.Equal(s.Unknown, []int{28}) || len(s.Sections) != 0 {
		t.Errorf("an unknown section: %+v", s)
	}
	raw, err := json.Marshal(s)
	if err != nil || string(raw) != `{"sectionIds":[],"sections":{},"unknownSectionIds":[28]}` {
		t.Errorf("%s, %v", raw, err)
	}
}

// TestDecode_nationalV1 reads version 1 in both of its layouts.
func TestDecode_nationalV1(t *testing.T) {
	t.Parallel()
	for text, child := range map[string][]int{"DBABLA~BVQqAAAAAgA": {0, 0}, "DBABLA~BVVVkkkkkpFY.YA": {2, 1}} {
		fields := map[string]any{}
		for _, f := range read(t, text).Sections[0].Fields {
			fields[f.Name] = f.Value
		}
		if list, _ := fields["SensitiveDataProcessing"].([]int); len(list) != 12 {
			t.Errorf("%s: %d kinds of sensitive data", text, len(list))
		}
		if diff := cmp.Diff(child, fields["KnownChildSensitiveDataConsents"]); diff != "" {
			t.Errorf("%s (-want +got):\n%s", text, diff)
		}
	}
}

// TestDecode_partly: of a string that is refused, what can be read is given.
func TestDecode_partly(t *testing.T) {
	t.Parallel()
	for name, text := range map[string]string{
		"the other section is broken": "DBACLMA~BVVVkkkkkpFY.YA~BAUAA",
		"a section is missing":        "DBACLMA~BVVVkkkkkpFY.YA",
	} {
		s, err := gpp.Decode(text)
		if err == nil || len(s.Sections) == 0 || !s.Sections[0].Refusals().Sale || !s.Sections[0].Refusals().GPC {
			t.Errorf("%s: %+v, %v", name, s, err)
		}
	}
}

func TestRefusals(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name, text string
		want       gpp.Refusals
	}{
		{"nothing", usnat1, gpp.Refusals{}},
		{"California", usca, gpp.Refusals{Sale: true, Sharing: true, GPC: true}},
		{"Iowa", "DBABCw~BAFAAAQA.QA", gpp.Refusals{Sale: true, Targeted: true}},
		{"US privacy", "DBABTA~1YYN", gpp.Refusals{Sale: true}},
		{"the whole nation", "DBABLA~BVVVkkkkkpFY.YA", gpp.Refusals{
			Sale: true, Sharing: true, Targeted: true, GPC: true, Child: true,
			// Of 2,1,0,2,1,0,… the places 2, 5, 8 and 11: faith, citizenship, place, union.
			Sensitive: []string{
				"user.demographic.citizenship_or_immigration_status", "user.demographic.philosophical_belief",
				"user.demographic.religious_belief", "user.demographic.union_membership", "user.location.precise",
			},
		}},
		{"a TC string says no to no law", tc, gpp.Refusals{}},
	}
	for _, tt := range tests {
		if diff := cmp.Diff(tt.want, read(t, tt.text).Sections[0].Refusals()); diff != "" {
			t.Errorf("%s (-want +got):\n%s", tt.name, diff)
		}
	}
}

// TestRefusals_everyPlace: every place of every section's list of sensitive data
// stands for a kind of data.
func TestRefusals_everyPlace(t *testing.T) {
	t.Parallel()
	for name, places := range gpp.Places() {
		if len(places.Kinds) != places.Count {
			t.Errorf("%s has %d places for sensitive data and %d kinds", name, places.Count, len(places.Kinds))
		}
		for _, kind := range places.Kinds {
			if len(gpp.Categories(kind)) == 0 {
				t.Errorf("%s: %q is no kind of data", name, kind)
			}
		}
	}
}

func TestSection_purposesOfCanada(t *testing.T) {
	t.Parallel()
	s := read(t, "DBABDA~BPSG_8APSG_8AAyACAENGdCgf_gfgAfgfgBhADVqxGAD0AILVgAA.fHHHA4444ao").Sections[0]
	// Express 1–6 and 13–18, of which the publisher has 1–3 and 13–15; implied 7–12.
	for p, want := range map[int]tcf.Answer{1: tcf.Yes, 3: tcf.Yes, 4: tcf.No, 7: tcf.Silent, 13: tcf.Yes, 16: tcf.No, 25: tcf.No} {
		if got := s.Purpose(p); got != want {
			t.Errorf("purpose %d: %d, want %d", p, got, want)
		}
	}
	if !s.Valid() || !s.Asks() || s.SpecialFeature(7) != tcf.Yes || s.SpecialFeature(1) != tcf.No {
		t.Error("the section was not understood")
	}
	if n := read(t, usca).Sections[0]; n.Asks() || n.Valid() || n.Purpose(1) != tcf.No || n.SpecialFeature(1) != tcf.No {
		t.Error("a US section was taken for answers about purposes")
	}
}

// FuzzDecode: no string panics, and each section that is given can be written.
func FuzzDecode(f *testing.F) {
	for _, seed := range []string{usca, usnat1, tc, "DBAA", "DBACOeA~" + tc + ".IAAA.YAAAAAAAAAAA~BPSG_8APSG_8AAyACAENGdCgf_gfgAfgfgBhADVqxGAD0AILVgAA.fHHHA4444ao~1YNN", "DBABCxA~Balo.YA"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		s, _ := gpp.Decode(text)
		raw, err := json.Marshal(s)
		if err != nil || !json.Valid(raw) {
			t.Fatal(err)
		}
		for _, section := range s.Sections {
			section.Refusals()
			if section.Name == "" || len(section.Fields) == 0 {
				t.Fatalf("%+v", section)
			}
		}
	})
}
