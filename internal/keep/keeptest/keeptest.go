// Package keeptest holds one conformance suite that every engine of keep must
// pass, so that what heed promises does not depend on the database.
//
// It says what store.Identity and store.Data mean where their comments leave
// room. Start reading at Run.
package keeptest

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

// Run holds an engine to the suite. fresh makes a new, empty place.
func Run(t *testing.T, fresh func(t *testing.T) Place) {
	t.Helper()
	for name, test := range map[string]func(*testing.T, Place){
		"facts":  testFacts,
		"states": testStates,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			test(t, fresh(t))
		})
	}
}

func equal[T any](t *testing.T, what string, got, want T) {
	t.Helper()
	if diff := cmp.Diff(want, got, cmpopts.EquateEmpty(), cmp.AllowUnexported(person.Ref{})); diff != "" {
		t.Fatalf("%s (-want +got):\n%s", what, diff)
	}
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func collect[T any](t *testing.T, seq iter.Seq2[T, error]) []T {
	t.Helper()
	var all []T
	for v, err := range seq {
		must(t, err)
		all = append(all, v)
	}
	return all
}

func read(t *testing.T, d store.Data, f func(ctx context.Context, r store.Reader)) {
	t.Helper()
	must(t, d.Read(t.Context(), func(r store.Reader) error { f(t.Context(), r); return nil }))
}

func write(t *testing.T, d store.Data, f func(ctx context.Context, w store.Writer) error) {
	t.Helper()
	must(t, d.Write(t.Context(), func(w store.Writer) error { return f(t.Context(), w) }))
}

// hash is a person.Hash that a test can name by a number.
func hash(n uint64) (h person.Hash) {
	binary.BigEndian.PutUint64(h[:8], n*0x9E3779B97F4A7C15)
	binary.BigEndian.PutUint64(h[8:], n)
	return h
}

func ref(n uint64) person.Ref { return person.RefOf([16]byte(hash(n))) }

func facts(id fact.FragmentID, from, to uint64) []store.Fact {
	var out []store.Fact
	for n := from; n <= to; n++ {
		out = append(out, store.Fact{
			Fragment: id, N: n, Kind: fact.KindEvent, Received: clock.Instant(1_000_000 + n),
			Body: fmt.Appendf(nil, "fact %d of %d, sealed, with a tag at the end", n, id),
		})
	}
	return out
}
