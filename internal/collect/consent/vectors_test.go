package consent_test

import (
	"encoding/json"
	"os"
	"reflect"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/heed-platform/heed/internal/collect/consent/gpp"
	"github.com/heed-platform/heed/internal/collect/consent/tcf"
	"github.com/heed-platform/heed/internal/collect/consent/usp"
)

// vectors are strings with what the official libraries read in them.
type vectors struct {
	GPP       []map[string]any `json:"gpp"`
	TCF       []map[string]any `json:"tcf"`
	USP       []string         `json:"usp"`
	Generated []struct {
		GPP       string         `json:"gpp"`
		Section   string         `json:"section"`
		SectionID int            `json:"sectionId"` //nolint:tagliatelle // the file's name
		Decoded   map[string]any `json:"decoded"`
	} `json:"gpp_generated_by_official_encoder"`
}

func readVectors(t testing.TB) vectors {
	t.Helper()
	raw, err := os.ReadFile("testdata/iab/vectors.json")
	if err != nil {
		t.Fatal(err)
	}
	var v vectors
	if err := json.Unmarshal(raw, &v); err != nil {
		t.Fatal(err)
	}
	if len(v.GPP) < 7 || len(v.TCF) < 17 || len(v.USP) < 1 || len(v.Generated) < 15 {
		t.Fatal("testdata/iab/vectors.json holds fewer strings than it did")
	}
	return v
}

// strings are all of them, by kind.
func (v vectors) strings() map[string][]string {
	all := map[string][]string{"usp": append([]string{"1YYN", "1YNY"}, v.USP...)}
	for _, one := range v.GPP {
		all["gpp"] = append(all["gpp"], one["gpp"].(string))
	}
	for _, one := range v.Generated {
		all["gpp"] = append(all["gpp"], one.GPP)
	}
	for _, one := range v.TCF {
		all["tcf"] = append(all["tcf"], one["tc"].(string))
	}
	return all
}

// plain is a value as JSON shows it.
func plain(t testing.TB, v any) map[string]any {
	t.Helper()
	raw, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	var out map[string]any
	if err := json.Unmarshal(raw, &out); err != nil {
		t.Fatal(err)
	}
	return out
}

func TestVectors_gpp(t *testing.T) {
	t.Parallel()
	v := readVectors(t)
	for _, want := range v.GPP {
		text := want["gpp"].(string)
		s, err := gpp.Decode(text)
		if err != nil {
			t.Errorf("%s: %v", text, err)
			continue
		}
		got := plain(t, s)
		got["gpp"] = text
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", text, diff)
		}
	}
	for _, want := range v.Generated {
		s, err := gpp.Decode(want.GPP)
		if err != nil || len(s.Sections) != 1 {
			t.Errorf("%s: %v, %d sections", want.GPP, err, len(s.Sections))
			continue
		}
		if got := s.Sections[0]; got.ID != want.SectionID || got.Name != want.Section {
			t.Errorf("%s: read as %d %s", want.GPP, got.ID, got.Name)
		}
		if diff := cmp.Diff(want.Decoded, plain(t, s.Sections[0])); diff != "" {
			t.Errorf("%s (-want +got):\n%s", want.GPP, diff)
		}
	}
}

func TestVectors_tcf(t *testing.T) {
	t.Parallel()
	for _, want := range readVectors(t).TCF {
		text := want["tc"].(string)
		c, err := tcf.Decode(text)
		if want["error"] != nil {
			if err == nil {
				t.Errorf("%s was taken; the official library says %s", text, want["error"])
			}
			continue
		}
		if err != nil {
			t.Errorf("%s: %v", text, err)
			continue
		}
		got := plain(t, c)
		for name, value := range want {
			if name != "tc" && !reflect.DeepEqual(value, got[name]) {
				t.Errorf("%s: %s is %v, want %v", text, name, got[name], value)
			}
		}
	}
}

func TestVectors_usp(t *testing.T) {
	t.Parallel()
	for _, text := range readVectors(t).USP {
		p, err := usp.Decode(text)
		if got := "1" + p.Notice + p.OptOutSale + p.LSPACovered; err != nil || got != text || p.Version != 1 {
			t.Errorf("%s was read as %+v, %v", text, p, err)
		}
	}
}
