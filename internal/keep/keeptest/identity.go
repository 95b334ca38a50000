package keeptest

import (
	"cmp"
	"errors"
	"slices"
	"testing"

	"github.com/heed-platform/heed/internal/clock"
	"github.com/heed-platform/heed/internal/fact"
	"github.com/heed-platform/heed/internal/keep/internal/store"
	given "github.com/heed-platform/heed/internal/keep/keeptest/giventest"
	"github.com/heed-platform/heed/internal/person"
)

func byID(fs []store.Fragment) []store.Fragment {
	slices.SortFunc(fs, func(a, b store.Fragment) int { return cmp.Compare(a.ID, b.ID) })
	return fs
}

func testAdmit(t *testing.T, open given.Place) {
	i, _ := open(t)
	ctx := t.Context()
	stand, edges, err := i.Admit(ctx, given.Frags(1, 2, 3), nil)
	given.Must(t, err)
	given.Equal(t, "no links, no edges", edges, nil)
	if len(stand) != 3 {
		t.Fatalf("%d fragments stand, want 3", len(stand))
	}
	for _, f := range stand {
		want := given.Frag(f.Hash.Uint64() / 0x9E3779B97F4A7C15)
		for n := uint64(1); n <= 3; n++ {
			if f.Hash == given.Hash(n) {
				want = given.Frag(n)
			}
		}
		want.ID = f.ID
		given.Equal(t, "as admitted", f, want)
		if f.ID <= 0 {
			t.Errorf("id %d is not positive", f.ID)
		}
	}
	stand = byID(stand)

	// Another node comes with its own key for 2, and something new.
	second := given.Frag(2)
	second.Key, second.Verified, second.Ref = []byte("other"), true, person.RefOf([16]byte{9})
	again, _, err := i.Admit(ctx, []store.Fragment{second, given.Frag(4), second}, nil)
	given.Must(t, err)
	if len(again) != 2 {
		t.Fatalf("%d fragments stand, want 2", len(again))
	}
	found, err := i.Find(ctx, given.Hashes(1, 2, 3, 4, 5, 2))
	given.Must(t, err)
	if len(found) != 4 {
		t.Fatalf("found %d, want 4", len(found))
	}
	for _, f := range found {
		switch f.Hash {
		case given.Hash(2):
			want := given.Frag(2)
			want.ID, want.Verified = f.ID, true
			given.Equal(t, "the first key and ref stay, verified is raised", f, want)
		default:
			if f.Verified {
				t.Error("verified was raised on a neighbor")
			}
		}
	}
	_, _, err = i.Admit(ctx, given.Frags(2), nil)
	given.Must(t, err)
	found, err = i.Find(ctx, given.Hashes(2))
	given.Must(t, err)
	if !found[0].Verified {
		t.Error("verified was lowered")
	}

	got, err := i.Get(ctx, []fact.FragmentID{stand[2].ID, stand[0].ID, stand[0].ID, 1 << 50, -1})
	given.Must(t, err)
	if len(got) != 2 {
		t.Errorf("got %d by id, want 2", len(got))
	}
	got, err = i.ByRef(ctx, []person.Ref{given.Frag(1).Ref, given.Frag(1).Ref, {}, given.Frag(77).Ref})
	given.Must(t, err)
	if len(got) != 1 || got[0].Hash != given.Hash(1) {
		t.Errorf("got %d by ref, want the one", len(got))
	}
	all, err := i.Scan(ctx, 0, 100)
	given.Must(t, err)
	if len(all) != 4 || !slices.IsSortedFunc(all, func(a, b store.Fragment) int { return cmp.Compare(a.ID, b.ID) }) {
		t.Errorf("scanned %d, want 4 by id", len(all))
	}
	rest, err := i.Scan(ctx, all[0].ID, 2)
	given.Must(t, err)
	given.Equal(t, "scan goes on", rest, all[1:3])
}

func testEdges(t *testing.T, open given.Place) {
	i, _ := open(t)
	ctx := t.Context()
	ids := given.Admit(t, i, []uint64{1, 2, 3})
	from1 := func(b uint64, verified bool, at clock.Instant, message uint64) store.Edge {
		return store.Edge{A: min(ids[1], ids[b]), B: max(ids[1], ids[b]), Verified: verified, At: at, Message: given.Hash(message)}
	}
	for _, step := range []struct {
		what  string
		links []store.Link
		want  []store.Edge // better
	}{
		{"new", []store.Link{given.Link(1, 2, false, 50, 5)}, []store.Edge{from1(2, false, 50, 5)}},
		{"again", []store.Link{given.Link(1, 2, false, 50, 5)}, nil},
		{"again, turned round", []store.Link{given.Link(2, 1, false, 50, 5)}, nil},
		{"later", []store.Link{given.Link(1, 2, false, 51, 1)}, nil},
		{"same time, larger message", []store.Link{{A: given.Hash(1), B: given.Hash(2), At: 50, Message: person.Hash{0xff, 0xff}}}, nil},
		{"earlier", []store.Link{given.Link(2, 1, false, 40, 9)}, []store.Edge{from1(2, false, 40, 9)}},
		{"verified is another edge", []store.Link{given.Link(1, 2, true, 60, 6)}, []store.Edge{from1(2, true, 60, 6)}},
		{"to itself", []store.Link{given.Link(3, 3, true, 1, 1)}, nil},
		{"the best of several", []store.Link{given.Link(3, 1, true, 9, 1), given.Link(1, 3, true, 7, 2), given.Link(1, 3, true, 8, 3)}, []store.Edge{from1(3, true, 7, 2)}},
	} {
		_, better, err := i.Admit(ctx, nil, step.links)
		given.Must(t, err)
		given.Equal(t, step.what, better, step.want)
	}
	smaller := store.Link{A: given.Hash(1), B: given.Hash(2), At: 40, Message: person.Hash{0, 1}}
	_, better, err := i.Admit(ctx, nil, []store.Link{smaller})
	given.Must(t, err)
	if len(better) != 1 || better[0].Message != smaller.Message {
		t.Errorf("same time, smaller message: %v", better)
	}
	_, edges, whole, err := i.Component(ctx, []fact.FragmentID{ids[3]}, 10)
	given.Must(t, err)
	if len(edges) != 3 || !whole {
		t.Errorf("%d edges, whole %v, want 3 and true", len(edges), whole)
	}
}

func testRefusals(t *testing.T, open given.Place) {
	i, _ := open(t)
	ctx := t.Context()
	_, _, err := i.Admit(ctx, given.Frags(1), []store.Link{given.Link(1, 2, true, 1, 1)})
	if !errors.Is(err, store.ErrNotFound) {
		t.Errorf("a link to nobody: %v, want ErrNotFound", err)
	}
	keyless := given.Frag(3)
	keyless.Key = nil
	if _, _, err := i.Admit(ctx, []store.Fragment{given.Frag(2), keyless}, nil); err == nil {
		t.Error("a fragment without a key was admitted")
	}
	left, err := i.Find(ctx, given.Hashes(1, 2, 3))
	given.Must(t, err)
	given.Equal(t, "what refused transactions left", left, nil)
}

func testCut(t *testing.T, open given.Place) {
	i, _ := open(t)
	ctx := t.Context()
	ids := given.Admit(t, i, []uint64{1, 2, 3}, given.Link(1, 2, false, 5, 5), given.Link(2, 3, true, 6, 6))
	size := func() int {
		fs, _, _, err := i.Component(ctx, []fact.FragmentID{ids[1]}, 10)
		given.Must(t, err)
		return len(fs)
	}
	given.Equal(t, "joined", size(), 3)
	pair := [][2]fact.FragmentID{{ids[2], ids[1]}, {ids[1], ids[3]}} // either order; no edge is no harm
	given.Must(t, i.Cut(ctx, pair))
	given.Must(t, i.Cut(ctx, pair))
	given.Equal(t, "cut", size(), 1)
	_, better, err := i.Admit(ctx, nil, []store.Link{given.Link(1, 2, true, 1, 1), given.Link(1, 2, false, 1, 1)})
	given.Must(t, err)
	if len(better) != 2 || !better[0].Cut || !better[1].Cut {
		t.Errorf("new evidence between a cut pair joins again: %v", better)
	}
	given.Equal(t, "still cut", size(), 1)
	fs, edges, _, err := i.Component(ctx, []fact.FragmentID{ids[1], ids[2]}, 10)
	given.Must(t, err)
	if len(fs) != 3 || len(edges) != 3 || !edges[0].Cut || !edges[1].Cut || edges[2].Cut {
		t.Errorf("evidence of a cut pair is lost: %d fragments, %v", len(fs), edges)
	}
	given.Must(t, i.Mend(ctx, pair))
	given.Equal(t, "mended", size(), 3)
}

func testComponent(t *testing.T, open given.Place) {
	i, _ := open(t)
	ctx := t.Context()
	// A star of twenty around 100, a chain of five, and one alone.
	ns := []uint64{100, 200, 201, 202, 203, 204, 300}
	var links []store.Link
	for n := uint64(1); n <= 20; n++ {
		ns = append(ns, n)
		links = append(links, given.Link(100, n, n%2 == 0, clock.Instant(n), n))
	}
	for n := uint64(200); n < 204; n++ {
		links = append(links, given.Link(n, n+1, true, 1, n))
	}
	ids := given.Admit(t, i, ns, links...)
	for _, c := range []struct {
		from  []uint64
		limit int
		frags int
		edges int
		whole bool
	}{
		{[]uint64{300}, 10, 1, 0, true},
		{[]uint64{204}, 5, 5, 4, true},
		{[]uint64{204}, 4, 4, 3, false},
		{[]uint64{202}, 1, 1, 0, false},
		{[]uint64{7}, 21, 21, 20, true},
		{[]uint64{7}, 20, 20, 19, false},
		{[]uint64{7, 300, 200}, 27, 27, 24, true},
		{nil, 5, 0, 0, true},
	} {
		var from []fact.FragmentID
		for _, n := range c.from {
			from = append(from, ids[n])
		}
		fs, edges, whole, err := i.Component(ctx, append(from, 1<<50), c.limit)
		given.Must(t, err)
		if len(fs) != c.frags || len(edges) != c.edges || whole != c.whole {
			t.Errorf("from %v to %d: %d fragments, %d edges, whole %v; want %d, %d, %v",
				c.from, c.limit, len(fs), len(edges), whole, c.frags, c.edges, c.whole)
		}
		for _, e := range edges {
			has := func(id fact.FragmentID) bool {
				return slices.ContainsFunc(fs, func(f store.Fragment) bool { return f.ID == id })
			}
			if !has(e.A) || !has(e.B) || e.A >= e.B {
				t.Errorf("edge %d–%d is not among the fragments in order", e.A, e.B)
			}
		}
	}
}

func testBury(t *testing.T, open given.Place) {
	i, _ := open(t)
	ctx := t.Context()
	ids := given.Admit(t, i, []uint64{1, 2, 3}, given.Link(1, 2, true, 1, 1), given.Link(2, 3, true, 1, 1), given.Link(1, 3, true, 1, 1))
	for range 2 {
		given.Must(t, i.Bury(ctx, []fact.FragmentID{ids[2], ids[2], 1 << 50}, 70))
	}
	left, err := i.Find(ctx, given.Hashes(1, 2, 3))
	given.Must(t, err)
	given.Equal(t, "left", len(left), 2)
	_, edges, _, err := i.Component(ctx, []fact.FragmentID{ids[1], ids[2]}, 10)
	given.Must(t, err)
	given.Equal(t, "edges left", len(edges), 1)
	tombs := func() []store.Tombstone {
		found, err := i.Tombstones(ctx, []person.Hash{given.Frag(1).Tomb, given.Frag(2).Tomb, given.Frag(9).Tomb})
		given.Must(t, err)
		return found
	}
	given.Equal(t, "tombstones", tombs(), []store.Tombstone{{Tomb: given.Frag(2).Tomb, At: 70}})
	again := given.Admit(t, i, []uint64{2})
	if slices.Contains([]fact.FragmentID{ids[1], ids[2], ids[3]}, again[2]) {
		t.Error("an erased fragment's id was given again")
	}
	given.Must(t, i.Bury(ctx, []fact.FragmentID{again[2]}, 60))
	given.Equal(t, "the later erasure counts", tombs(), []store.Tombstone{{Tomb: given.Frag(2).Tomb, At: 70}})
	again = given.Admit(t, i, []uint64{2})
	given.Must(t, i.Bury(ctx, []fact.FragmentID{again[2]}, 80))
	given.Equal(t, "the later erasure counts", tombs(), []store.Tombstone{{Tomb: given.Frag(2).Tomb, At: 80}})
	given.Must(t, i.Bury(ctx, nil, 90))
}

func testIdentityMeta(t *testing.T, open given.Place) {
	i, _ := open(t)
	ctx := t.Context()
	got, err := i.Meta(ctx, "epoch")
	given.Must(t, err)
	given.Equal(t, "absent", got, nil)
	for _, step := range []struct {
		value  string
		insert bool
		want   string
	}{{"a", true, "a"}, {"b", true, "a"}, {"c", false, "c"}, {"d", true, "c"}, {"", false, ""}} {
		kept, err := i.SetMeta(ctx, "epoch", []byte(step.value), step.insert)
		given.Must(t, err)
		given.Equal(t, "kept", string(kept), step.want)
		got, err := i.Meta(ctx, "epoch")
		given.Must(t, err)
		given.Equal(t, "read back", string(got), step.want)
	}
}
