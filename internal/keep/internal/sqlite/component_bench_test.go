package sqlite_test

import (
	"encoding/binary"
	"path/filepath"
	"testing"

	"github.com/heed-platform/heed/internal/fact"
	"github.com/heed-platform/heed/internal/keep/internal/sqlite"
	"github.com/heed-platform/heed/internal/keep/internal/store"
	"github.com/heed-platform/heed/internal/person"
)

// BenchmarkComponent reads 500 people of three fragments each, as the line does
// for a batch when audiences or campaigns are live.
func BenchmarkComponent(b *testing.B) {
	ids, err := sqlite.OpenIdentity(b.Context(), filepath.Join(b.TempDir(), "keys.db"))
	if err != nil {
		b.Fatal(err)
	}
	defer ids.Close()
	const people = 500
	var frags []store.Fragment
	var links []store.Link
	hash := func(n int) (h person.Hash) {
		binary.BigEndian.PutUint64(h[:], uint64(n)*0x9E3779B97F4A7C15+1)
		return h
	}
	for n := range 3 * people {
		ref := [16]byte{1}
		binary.BigEndian.PutUint32(ref[4:], uint32(n))
		frags = append(frags, store.Fragment{Hash: hash(n), Tomb: hash(n + 1<<30), NS: person.Email, Ref: person.RefOf(ref), Key: []byte("wrapped key")})
		if n%3 != 0 {
			links = append(links, store.Link{A: hash(n - n%3), B: hash(n), Verified: true, At: 1})
		}
	}
	stand, _, err := ids.Admit(b.Context(), frags, links)
	if err != nil {
		b.Fatal(err)
	}
	var asked []fact.FragmentID
	for i, f := range stand {
		if i%3 == 0 {
			asked = append(asked, f.ID)
		}
	}
	b.ResetTimer()
	for b.Loop() {
		if _, _, whole, err := ids.Component(b.Context(), asked, 20_000); err != nil || !whole {
			b.Fatal(whole, err)
		}
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/people, "ns/person")
}
