// Package giventest holds what the tests of keep are given: rows named by
// numbers, and short ways to write, read and compare them.
//
// It knows no engine and checks nothing by itself. Start reading at Frag.
package giventest

import (
	"context"
	"encoding/binary"
	"fmt"
	"iter"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/heed-platform/heed/internal/clock"
	"github.com/heed-platform/heed/internal/fact"
	"github.com/heed-platform/heed/internal/keep/internal/store"
	"github.com/heed-platform/heed/internal/person"
)

// Place is somewhere a keep lives. Each call opens it; what is opened is closed
// when t ends, if the test did not close it before. On an engine with one
// process the first must be closed before the second is opened.
type Place func(t *testing.T) (store.Identity, store.Data)

// Test is one test of the suite; the place it gets is empty.
type Test struct {
	Name string
	Run  func(t *testing.T, open Place)
}

// Equal fails the test when got is not want; empty and nil are the same.
func Equal[T any](t testing.TB, what string, got, want T) {
	t.Helper()
	if diff := cmp.Diff(want, got, cmpopts.EquateEmpty(), cmp.AllowUnexported(person.Ref{})); diff != "" {
		t.Fatalf("%s (-want +got):\n%s", what, diff)
	}
}

// Must fails the test on an error.
func Must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// Collect lists what an iterator yields.
func Collect[T any](t testing.TB, seq iter.Seq2[T, error]) []T {
	t.Helper()
	var all []T
	for v, err := range seq {
		Must(t, err)
		all = append(all, v)
	}
	return all
}

// Read runs f on a snapshot.
func Read(t testing.TB, d store.Data, f func(ctx context.Context, r store.Reader)) {
	t.Helper()
	Must(t, d.Read(t.Context(), func(r store.Reader) error { f(t.Context(), r); return nil }))
}

// Write runs f in a transaction that must succeed.
func Write(t testing.TB, d store.Data, f func(ctx context.Context, w store.Writer) error) {
	t.Helper()
	Must(t, d.Write(t.Context(), func(w store.Writer) error { return f(t.Context(), w) }))
}

// Hash is a person.Hash that a test can name by a number.
func Hash(n uint64) (h person.Hash) {
	binary.BigEndian.PutUint64(h[:8], n*0x9E3779B97F4A7C15)
	binary.BigEndian.PutUint64(h[8:], n)
	return h
}

// Frag is a fragment that does not exist yet, named by a number.
func Frag(n uint64) store.Fragment {
	return store.Fragment{
		Hash: Hash(n), Tomb: Hash(n + 1<<40), NS: person.Email, Ref: person.RefOf([16]byte(Hash(n + 1<<41))),
		Key: fmt.Appendf(nil, "wrapped key %d", n), Created: clock.Instant(n),
	}
}

// Frags are several of them.
func Frags(ns ...uint64) []store.Fragment {
	var out []store.Fragment
	for _, n := range ns {
		out = append(out, Frag(n))
	}
	return out
}

// Link joins the fragments named a and b.
func Link(a, b uint64, verified bool, at clock.Instant, message uint64) store.Link {
	return store.Link{A: Hash(a), B: Hash(b), Verified: verified, At: at, Message: Hash(message)}
}

// Admit admits and returns the ids by the fragments' numbers.
func Admit(t testing.TB, i store.Identity, ns []uint64, links ...store.Link) map[uint64]fact.FragmentID {
	t.Helper()
	stand, _, err := i.Admit(t.Context(), Frags(ns...), links)
	Must(t, err)
	ids := map[uint64]fact.FragmentID{}
	for _, n := range ns {
		for _, f := range stand {
			if f.Hash == Hash(n) {
				ids[n] = f.ID
			}
		}
	}
	if len(ids) != len(ns) {
		t.Fatalf("%d of %d fragments came back", len(ids), len(ns))
	}
	return ids
}

// Hashes are several of them.
func Hashes(ns ...uint64) []person.Hash {
	var out []person.Hash
	for _, n := range ns {
		out = append(out, Hash(n))
	}
	return out
}

// Facts are the facts of a chain from one number to another.
func Facts(id fact.FragmentID, from, to uint64) []store.Fact {
	var out []store.Fact
	for n := from; n <= to; n++ {
		out = append(out, store.Fact{
			Fragment: id, N: n, Kind: fact.Kind(1 + n%10), Received: clock.Instant(1_000_000 + n),
			Body: fmt.Appendf(nil, "fact %d of %d, sealed, with a tag at the end", n, id),
		})
	}
	return out
}

// Chain reads a chain from a number on.
func Chain(t testing.TB, d store.Data, id fact.FragmentID, from uint64) (got []store.Fact) {
	t.Helper()
	Read(t, d, func(ctx context.Context, r store.Reader) { got = Collect(t, r.Facts(ctx, id, from)) })
	return got
}

// Enqueue adds jobs and returns how many were new.
func Enqueue(t testing.TB, d store.Data, jobs ...store.Job) (added int) {
	t.Helper()
	Write(t, d, func(ctx context.Context, w store.Writer) (err error) {
		added, err = w.Enqueue(ctx, jobs)
		return err
	})
	return added
}
