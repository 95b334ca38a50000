package source

import (
	"encoding/json"
	"math/big"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/heed-platform/heed/internal/clock"
	"github.com/heed-platform/heed/internal/collect/event"
	"github.com/heed-platform/heed/internal/fact"
	"github.com/heed-platform/heed/internal/person"
)

// who are the first identifiers of the events of a name.
func (s *shop) who(name string) map[string]bool {
	out := map[string]bool{}
	for _, e := range s.events {
		if name == "" || e.Name == name {
			out[string(e.Identifiers[0].NS)+":"+e.Identifiers[0].Value.Reveal()] = true
		}
	}
	return out
}

func (s *shop) byName() map[string]int {
	out := map[string]int{}
	for _, e := range s.events {
		name := e.Name
		if e.Type != fact.Track {
			name = e.Type.String()
		}
		out[name]++
	}
	return out
}

func property(e *fact.Event, name string) string {
	raw := event.Path(e.Raw, "properties."+name)
	if text, ok := event.Text(raw); ok {
		return text
	}
	return string(raw)
}

func TestReal_completejourney(t *testing.T) {
	t.Parallel()
	s := newShop()
	dir := data(t, "purchases-completejourney")
	r, rejects := imported(t, s, Options{Paths: []string{dir}, Mapping: workspaceMapping(t, "completejourney")})
	if len(rejects) > 0 {
		t.Fatalf("%d rejects, the first is %+v", len(rejects), rejects[0])
	}
	want := map[string]int{"Order Completed": 47_243, "identify": 801, "Campaign Sent": 6_589, "Coupon Redeemed": 2_102}
	if diff := cmp.Diff(want, s.byName()); diff != "" {
		t.Errorf("events (-want +got)\n%s", diff)
	}
	if r.Rows != 75_000+92_331+801+6_589+2_102 || r.Items != 92_331 || len(s.items) != 92_331 || r.Accepted != 56_735 {
		t.Errorf("report %+v, %d items", r, len(s.items))
	}
	for name, households := range map[string]int{"": 2_379, "Order Completed": 2_377, "Campaign Sent": 1_559, "Coupon Redeemed": 410} {
		if got := len(s.who(name)); got != households {
			t.Errorf("%d households of %q, want %d", got, name, households)
		}
	}
	sales, lines := new(big.Rat), 0
	campaigns := map[string]map[string]bool{}
	for _, e := range s.events {
		switch e.Name {
		case "Order Completed":
			total, ok := new(big.Rat).SetString(property(&e, "total"))
			if !ok {
				t.Fatalf("an order without a total: %s", []byte(e.Raw))
			}
			sales.Add(sales, total)
			for range event.Elements(event.Path(e.Raw, "properties.products")) {
				lines++
			}
		case "Campaign Sent", "Coupon Redeemed":
			key := e.Name + " " + property(&e, "campaign_id")
			if campaigns[key] == nil {
				campaigns[key] = map[string]bool{}
			}
			campaigns[key][e.Identifiers[0].Value.Reveal()] = true
		}
	}
	if got := sales.FloatString(2); got != "233935.24" || lines != 75_000 {
		t.Errorf("sales %s in %d lines", got, lines)
	}
	for key, n := range map[string]int{
		"Campaign Sent 18": 1133, "Coupon Redeemed 18": 214, "Campaign Sent 13": 1077, "Coupon Redeemed 13": 196,
		"Campaign Sent 8": 1076, "Coupon Redeemed 8": 158,
	} {
		if got := len(campaigns[key]); got != n {
			t.Errorf("%s: %d households, want %d", key, got, n)
		}
	}
}

func TestReal_counts(t *testing.T) {
	t.Parallel()
	tests := []struct {
		mapping, path string
		events        map[string]int
		people, items int
		rejects       int
	}{
		{"cdnow", "purchases-cdnow/CDNOW_sample.txt", map[string]int{"Order Completed": 6_919}, 2_357, 0, 0},
		{"senzing", "identity-senzing/customers.csv", map[string]int{"identify": 120}, 0, 0, 0},
		{"unomi-basic", "profiles-unomi/1-basic-test.csv", map[string]int{"identify": 3}, 3, 0, 0},
		{"unomi-actors", "profiles-unomi/6-actors-test.csv", map[string]int{"identify": 6}, 6, 0, 0},
		{"hillstrom", "uplift-hillstrom", map[string]int{"identify": 64_000, "Experiment Viewed": 64_000, "page": 9_394, "Order Completed": 578}, 64_000, 0, 0},
		{"fake1000", "identity-fake1000/fake_1000.csv", map[string]int{"identify": 1_000}, 0, 0, 0},
		{"febrl", "identity-febrl/dataset1.csv", map[string]int{"identify": 1_000}, 0, 0, 0},
		{"rldata", "identity-rldata/RLdata500.csv", map[string]int{"identify": 500}, 500, 0, 0},
		{"shopify", "catalogue-shopify", map[string]int{}, 0, 60, 0},            //nolint:misspell // the folder is called so
		{"segment-spec", "peer-segment-spec/spec-payloads.json", nil, 0, 0, 42}, // 33 name somebody
	}
	for _, tt := range tests {
		t.Run(tt.mapping, func(t *testing.T) {
			t.Parallel()
			s := newShop()
			path := filepath.Join(data(t, ""), tt.path)
			o := Options{Paths: []string{path}, Mapping: workspaceMapping(t, tt.mapping), AsOf: clock.Instant(1_700_000_000_000_000)}
			first, rejects := imported(t, s, o)
			if len(rejects) != tt.rejects {
				t.Fatalf("%d rejects, want %d: %+v", len(rejects), tt.rejects, rejects[:min(len(rejects), 5)])
			}
			if diff := cmp.Diff(tt.events, s.byName()); tt.events != nil && diff != "" {
				t.Errorf("events (-want +got)\n%s", diff)
			}
			if got := len(s.who("")); tt.people > 0 && got != tt.people {
				t.Errorf("%d people, want %d", got, tt.people)
			}
			if len(s.items) != tt.items {
				t.Errorf("%d items, want %d", len(s.items), tt.items)
			}
			if first.Accepted > 10_000 {
				return // once says enough
			}
			again, _ := imported(t, s, o)
			if again.Accepted != 0 || again.Duplicates != first.Accepted {
				t.Errorf("imported again: %+v after %+v", again, first)
			}
		})
	}
}

// Of the 36 whole events of the spec 33 name somebody; all of these come in.
func TestReal_segment(t *testing.T) {
	t.Parallel()
	for path, want := range map[string]struct {
		mapping *Mapping
		events  int
	}{
		"peer-segment-spec": {workspaceMapping(t, "segment-spec"), 33},
		"peer-segment-e2e":  {nil, 11},
	} {
		s := newShop()
		imported(t, s, Options{Paths: []string{data(t, path)}, Mapping: want.mapping})
		if len(s.events) != want.events {
			t.Errorf("%s: %d events, want %d", path, len(s.events), want.events)
		}
		for _, e := range s.events {
			var sent map[string]any
			if err := json.Unmarshal(e.Raw, &sent); err != nil || len(sent) == 0 {
				t.Errorf("%s: %v", path, err)
			}
		}
	}
}

func TestReal_senzingKeepsEveryIdentifier(t *testing.T) {
	t.Parallel()
	s := newShop()
	imported(t, s, Options{Paths: []string{data(t, "identity-senzing/customers.csv")}, Mapping: workspaceMapping(t, "senzing")})
	got := map[person.Namespace]int{}
	for _, e := range s.events {
		for _, id := range e.Identifiers {
			got[id.NS]++
		}
	}
	if got["record_id"] != 120 || got[person.Email] == 0 || got[person.Phone] == 0 || got["passport"] == 0 {
		t.Fatalf("identifiers %v", got)
	}
}
