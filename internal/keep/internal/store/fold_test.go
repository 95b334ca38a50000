package store

import (
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/heed-platform/heed/internal/clock"
	"github.com/heed-platform/heed/internal/fact"
	"github.com/heed-platform/heed/internal/person"
)

// TestFoldEdges: any order of arrival gives the same edges.
func TestFoldEdges(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		edges := rapid.SliceOf(rapid.Custom(func(t *rapid.T) Edge {
			id := rapid.Int64Range(1, 3)
			return Edge{
				A: fact.FragmentID(id.Draw(t, "a")), B: fact.FragmentID(id.Draw(t, "b")), Verified: rapid.Bool().Draw(t, "verified"),
				At: clock.Instant(rapid.Int64Range(1, 3).Draw(t, "at")), Message: person.Hash{rapid.Byte().Draw(t, "message")},
			}
		})).Draw(t, "edges")
		folded := FoldEdges(edges)
		if diff := cmp.Diff(folded, FoldEdges(rapid.Permutation(edges).Draw(t, "order"))); diff != "" {
			t.Fatal(diff)
		}
		if diff := cmp.Diff(folded, FoldEdges(folded)); diff != "" {
			t.Fatal(diff)
		}
		for _, e := range edges {
			best := 0
			for _, f := range folded {
				if f.A == min(e.A, e.B) && f.B == max(e.A, e.B) && f.Verified == e.Verified {
					best++
					if e.Before(f) {
						t.Fatalf("%v is better than %v", e, f)
					}
				}
			}
			if want := 1; e.A != e.B && best != want {
				t.Fatalf("%d edges stand for %v", best, e)
			}
		}
	})
}

func TestFoldFragments(t *testing.T) {
	t.Parallel()
	one, two := person.Hash{1}, person.Hash{2}
	got := FoldFragments([]Fragment{{Hash: two, Key: []byte("a")}, {Hash: one, Key: []byte("b")}, {Hash: two, Key: []byte("c"), Verified: true}})
	want := []Fragment{{Hash: one, Key: []byte("b")}, {Hash: two, Key: []byte("a"), Verified: true}}
	if diff := cmp.Diff(want, got, cmp.AllowUnexported(person.Ref{})); diff != "" {
		t.Error(diff)
	}
}

func TestLast(t *testing.T) {
	t.Parallel()
	rows := []Item{{"b", []byte("1")}, {"a", []byte("2")}, {"b", []byte("3")}}
	if diff := cmp.Diff([]Item{{"a", []byte("2")}, {"b", []byte("3")}}, Last(rows, func(i Item) string { return i.ID })); diff != "" {
		t.Error(diff)
	}
	if string(rows[0].Body) != "1" {
		t.Error("the caller's rows were changed")
	}
}
