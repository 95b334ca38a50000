package sharing_test

import (
	"encoding/json"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/heed-platform/heed/internal/collect/sharing"
	"github.com/heed-platform/heed/internal/fact"
)

func TestKinds(t *testing.T) {
	t.Parallel()
	got := sharing.Kinds()
	slices.Sort(got)
	want := []string{"advertising_id", "contacts", "device_model", "health", "location", "motion", "network", "usage"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

const phone = `{"type":"track","event":"A","context":{"device":{"id":"d1","advertisingId":"ad-1","model":"X"},"location":{"city":"Berlin","latitude":52.5},"network":{"carrier":"T"},"withheld":["nothing"],"locale":"de"},"properties":{"steps":10,"price":1.50,"lat":52.5}}`

func TestStrip(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name    string
		raw     string
		refused []string
		want    string
		gone    []string
	}{
		{"nothing refused", phone, nil, phone, nil},
		{"not in it", `{"type":"page","context":{"ip":"1.2.3.4"}}`, []string{"location"}, `{"type":"page","context":{"ip":"1.2.3.4"}}`, nil},
		{
			"where", phone,
			[]string{"location"},
			`{"type":"track","event":"A","context":{"device":{"id":"d1","advertisingId":"ad-1","model":"X"},"network":{"carrier":"T"},"locale":"de","withheld":["location"]},"properties":{"steps":10,"price":1.50}}`,
			[]string{"location"},
		},
		{
			"finer than a town", phone,
			[]string{"position"},
			`{"type":"track","event":"A","context":{"device":{"id":"d1","advertisingId":"ad-1","model":"X"},"location":{"city":"Berlin"},"network":{"carrier":"T"},"locale":"de","withheld":["location"]},"properties":{"steps":10,"price":1.50}}`,
			[]string{"location"},
		},
		{
			"several", phone,
			[]string{"advertising_id", "device_model", "health", "network"},
			`{"type":"track","event":"A","context":{"device":{"id":"d1"},"location":{"city":"Berlin","latitude":52.5},"locale":"de","withheld":["advertising_id","device_model","health","network"]},"properties":{"price":1.50,"lat":52.5}}`,
			[]string{"advertising_id", "device_model", "health", "network"},
		},
		{"without a context", `{"properties":{"lat":1}}`, []string{"location"}, `{"properties":{},"context":{"withheld":["location"]}}`, []string{"location"}},
	}
	for _, test := range tests {
		raw, gone := sharing.Strip(fact.Raw(test.raw), test.refused)
		if string(raw) != test.want || !slices.Equal(gone, test.gone) {
			t.Errorf("%s: %s %v", test.name, []byte(raw), gone)
		}
		again, more := sharing.Strip(raw, test.refused)
		if string(again) != string(raw) || len(more) > 0 {
			t.Errorf("%s: stripped twice it is another one", test.name)
		}
	}
}

func TestRefused(t *testing.T) {
	t.Parallel()
	deny := func(device, kind string) fact.Share { return fact.Share{Device: device, Kind: kind} }
	tests := []struct {
		name    string
		words   []fact.Preference
		devices []string
		want    []string
	}{
		{"no word", []fact.Preference{{}}, []string{"7"}, nil},
		{"every device", []fact.Preference{{Sharing: []fact.Share{deny("", "motion")}}}, []string{"7"}, []string{"motion"}},
		{"this one", []fact.Preference{{Sharing: []fact.Share{deny("7", "motion"), deny("8", "usage")}}}, []string{"7"}, []string{"motion"}},
		{"the stricter counts", []fact.Preference{{Sharing: []fact.Share{{Kind: "motion", Allowed: true}}}, {Sharing: []fact.Share{deny("", "motion")}}}, nil, []string{"motion"}},
		{"an allowed device under a no for all", []fact.Preference{{Sharing: []fact.Share{deny("", "motion"), {Device: "7", Kind: "motion", Allowed: true}}}}, []string{"7"}, []string{"motion"}},
		{"nowhere", []fact.Preference{{Location: fact.LocationNone}}, nil, []string{"location"}},
		{"a town", []fact.Preference{{Location: fact.LocationCity}}, nil, []string{"position"}},
		{"exactly", []fact.Preference{{Location: fact.LocationPrecise}}, nil, nil},
		{"a word that nobody knows", []fact.Preference{{Location: "galaxy"}}, nil, []string{"location"}},
	}
	for _, test := range tests {
		if got := sharing.Refused(test.words, test.devices); !slices.Equal(got, test.want) {
			t.Errorf("%s: %v", test.name, got)
		}
	}
}

// FuzzStrip strips any event of anything: what is left is JSON, holds nothing
// refused, and everything else as it was.
func FuzzStrip(f *testing.F) {
	f.Add([]byte(phone), uint8(3))
	f.Add([]byte(`{"context":[],"properties":{"location":{"latitude":1}}}`), uint8(255))
	f.Fuzz(func(t *testing.T, body []byte, which uint8) {
		if !json.Valid(body) || len(body) == 0 || body[0] != '{' {
			return
		}
		var refused []string
		for i, k := range sharing.Kinds() {
			if which&(1<<i) != 0 {
				refused = append(refused, k)
			}
		}
		raw, gone := sharing.Strip(fact.Raw(body), refused)
		if !json.Valid(raw) {
			t.Fatalf("%q became %q", body, []byte(raw))
		}
		if len(gone) == 0 && string(raw) != string(body) {
			t.Fatal("changed without a word")
		}
		if again, more := sharing.Strip(raw, refused); len(more) > 0 || string(again) != string(raw) {
			t.Fatalf("something refused was left: %q", []byte(raw))
		}
	})
}
