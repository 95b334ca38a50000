package profile

import (
	"fmt"
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/heed-platform/heed/internal/clock"
	"github.com/heed-platform/heed/internal/fact"
	"github.com/heed-platform/heed/internal/person"
)

var statuses = map[string]fact.GrantStatus{
	"granted": fact.Granted, "denied": fact.Denied, "withdrawn": fact.Withdrawn, "objected": fact.Objected, "unknown": 0,
}

// people is a person in the making: states by fragment.
type people map[fact.FragmentID]*fact.State

func (p people) of(id fact.FragmentID) *fact.State {
	if p[id] == nil {
		p[id] = &fact.State{}
	}
	return p[id]
}

// fold folds the fragments, or those of them that are named.
func (p people) fold(only ...fact.FragmentID) *fact.Profile {
	states := map[fact.FragmentID]fact.State{}
	var members []fact.FragmentID
	for id, s := range p {
		if len(only) == 0 || slices.Contains(only, id) {
			members = append(members, id)
			states[id] = *s
		}
	}
	return Fold(person.Ref{}, 0, members, states)
}

func TestFold_grants(t *testing.T) {
	t.Parallel()
	table, err := os.ReadFile("testdata/grants.txt")
	if err != nil {
		t.Fatal(err)
	}
	for _, block := range strings.Split(string(table), "\ncase ")[1:] {
		name, body, _ := strings.Cut(block, "\n")
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := people{}
			var got []string
			for line := range strings.SplitSeq(strings.TrimSpace(body), "\n") {
				if want, ok := strings.CutPrefix(line, "=> "); ok {
					for _, g := range p.fold().Grants {
						got = append(got, strings.TrimSpace(fmt.Sprintf("%s %d %s", g.Status, g.Received, g.Method)))
					}
					if got := strings.Join(got, ", "); got != want {
						t.Errorf("got %s, want %s", got, want)
					}
					return
				}
				hear(t, p, strings.Fields(line))
			}
			t.Error("the case has no => line")
		})
	}
}

func hear(t *testing.T, p people, words []string) {
	t.Helper()
	if words[0] == "with" {
		for _, w := range words[1:] {
			p.of(fact.FragmentID(w[0]))
		}
		return
	}
	received, err := strconv.Atoi(words[2])
	if err != nil {
		t.Fatal(err)
	}
	status, known := statuses[words[1]]
	if !known {
		t.Fatalf("no status %s", words[1])
	}
	g := fact.Grant{Purpose: "marketing", Status: status, Received: clock.Instant(received)}
	for _, w := range words[3:] {
		switch w {
		case "settles":
		case "gpc":
			g.Method = "gpc"
		default:
			g.Resolves = append(g.Resolves, fact.FragmentID(w[0]))
		}
	}
	ApplyGrant(p.of(fact.FragmentID(words[0][0])), &g)
}

// grant draws an entry; keys collide often.
var grant = rapid.Custom(func(t *rapid.T) fact.Grant {
	return fact.Grant{
		Record:   rapid.SampledFrom([]string{"r1", "r2"}).Draw(t, "record"),
		Purpose:  rapid.SampledFrom([]string{"", "marketing"}).Draw(t, "purpose"),
		Channel:  rapid.SampledFrom([]string{"", "email"}).Draw(t, "channel"),
		Status:   fact.GrantStatus(rapid.IntRange(1, 4).Draw(t, "status")),
		Method:   rapid.SampledFrom([]string{"form", "gpc"}).Draw(t, "method"),
		Received: clock.Instant(rapid.IntRange(1, 5).Draw(t, "received")),
		Resolves: rapid.SampledFrom([][]fact.FragmentID{nil, nil, {1, 2}, {2, 1}, {1, 2, 3}}).Draw(t, "resolves"),
	}
})

// TestFold_neverAllowsMore: adding a fragment never turns a no into a yes,
// unless the person settled it for the larger set.
func TestFold_neverAllowsMore(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		p := people{}
		p.of(1)
		p.of(2)
		settled := false
		for range rapid.IntRange(0, 8).Draw(t, "entries") {
			g := grant.Draw(t, "grant")
			settled = settled || sameSet(g.Resolves, []fact.FragmentID{1, 2})
			ApplyGrant(p.of(fact.FragmentID(rapid.IntRange(1, 2).Draw(t, "fragment"))), &g)
		}
		if settled {
			return
		}
		both := p.fold()
		for _, id := range []fact.FragmentID{1, 2} {
			for _, g := range p.fold(id).Grants {
				i, found := slices.BinarySearchFunc(both.Grants, g, compareGrants)
				if !found || both.Grants[i].Status < g.Status {
					t.Fatalf("%s alone, %+v together", g.Status, both.Grants)
				}
			}
		}
	})
}

// TestApplyGrant_revocationHolds is C-2 and C-3 of the ledger: a refusal beats
// every yes that was heard before it or at the same moment, whatever is claimed.
func TestApplyGrant_revocationHolds(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		var s fact.State
		for range rapid.IntRange(0, 5).Draw(t, "before") {
			g := grant.Draw(t, "grant")
			ApplyGrant(&s, &g)
		}
		no := grant.Draw(t, "no")
		no.Status = fact.Withdrawn
		ApplyGrant(&s, &no)
		for range rapid.IntRange(0, 5).Draw(t, "after") {
			g := grant.Draw(t, "late")
			g.Received = min(g.Received, no.Received)
			ApplyGrant(&s, &g)
		}
		i, found := slices.BinarySearchFunc(s.Grants, no, compareGrants)
		if !found || s.Grants[i].Status == fact.Granted {
			t.Fatalf("a withdrawal was overtaken: %+v", s.Grants)
		}
	})
}

func TestFold_preferences(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name string
		set  []fact.Preference
		want fact.Preference
	}{
		{"none", nil, fact.Preference{}},
		{
			"one is as it was set",
			[]fact.Preference{{Set: 1, Muted: []string{"a"}, QuietOn: true, QuietAt: 1320, QuietTo: 420, Zone: "Europe/Berlin"}},
			fact.Preference{Set: 1, Muted: []string{"a"}, QuietOn: true, QuietAt: 1320, QuietTo: 420, Zone: "Europe/Berlin"},
		},
		{
			"whatever one forbids is forbidden",
			[]fact.Preference{
				{Set: 1, Muted: []string{"maternity"}, Channels: []string{"sms", "email"}, Break: 50, Zone: "Europe/Berlin", Caps: []fact.Cap{{Count: 3, Hours: 24}, {Channel: "sms", Count: 1, Hours: 24}}},
				{Set: 2, Muted: []string{"golf"}, Channels: []string{"email", "push", "sms"}, Break: 40, Language: "de", Caps: []fact.Cap{{Count: 1, Hours: 24}, {Count: 5, Hours: 168}}},
			},
			fact.Preference{
				Set: 2, Muted: []string{"golf", "maternity"}, Channels: []string{"email", "sms"}, Break: 50, Zone: "Europe/Berlin", Language: "de",
				Caps: []fact.Cap{{Count: 1, Hours: 24}, {Count: 5, Hours: 168}, {Channel: "sms", Count: 1, Hours: 24}},
			},
		},
		{
			"nothing in common allows nothing",
			[]fact.Preference{{Set: 1, Channels: []string{"sms"}, Topics: []string{"a"}}, {Set: 2, Channels: []string{"email"}}, {Set: 3, Topics: []string{"b"}}},
			fact.Preference{Set: 3, Channels: []string{""}, Topics: []string{""}},
		},
		{
			"what devices may tell: no, where there is a no",
			[]fact.Preference{
				{Set: 1, Location: fact.LocationPrecise, Sharing: []fact.Share{{Kind: "location", Allowed: true}, {Device: "7", Kind: "usage"}}},
				{Set: 2, Sharing: []fact.Share{{Device: "7", Kind: "usage", Allowed: true}, {Kind: "motion", Allowed: true}}},
				{Set: 3, Location: fact.LocationCity, Sharing: []fact.Share{{Kind: "location"}}},
			},
			fact.Preference{Set: 3, Location: fact.LocationCity, Sharing: []fact.Share{{Kind: "location"}, {Kind: "motion", Allowed: true}, {Device: "7", Kind: "usage"}}},
		},
		{
			"a word about location that nobody knows allows none",
			[]fact.Preference{{Set: 1, Location: fact.LocationPrecise}, {Set: 2, Location: "galaxy"}},
			fact.Preference{Set: 2, Location: fact.LocationNone},
		},
		{
			"quiet times join over midnight",
			[]fact.Preference{{Set: 1, QuietOn: true, QuietAt: 1320, QuietTo: 360}, {Set: 2}, {Set: 3, QuietOn: true, QuietAt: 300, QuietTo: 480}},
			fact.Preference{Set: 3, QuietOn: true, QuietAt: 1320, QuietTo: 480},
		},
		{
			"quiet times apart: the shortest time that holds both",
			[]fact.Preference{{Set: 1, QuietOn: true, QuietAt: 780, QuietTo: 840}, {Set: 2, QuietOn: true, QuietAt: 1200, QuietTo: 1260}},
			fact.Preference{Set: 2, QuietOn: true, QuietAt: 780, QuietTo: 1260},
		},
		{
			"quiet all day",
			[]fact.Preference{{Set: 1, QuietOn: true, QuietAt: 0, QuietTo: 720}, {Set: 2, QuietOn: true, QuietAt: 720, QuietTo: 0}},
			fact.Preference{Set: 2, QuietOn: true, QuietAt: 0, QuietTo: 1440},
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			for _, order := range [][]int{{0, 1, 2}, {2, 1, 0}} {
				p := people{}
				for _, i := range order {
					if i < len(tt.set) {
						ApplyPreference(p.of(fact.FragmentID(10*len(p)+i)), &tt.set[i])
					}
				}
				if d := cmp.Diff(tt.want, p.fold().Preference, equal); d != "" {
					t.Error(d)
				}
			}
		})
	}
}
