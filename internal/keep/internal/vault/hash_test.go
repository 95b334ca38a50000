package vault

import (
	"sync"
	"testing"

	"github.com/heed-platform/heed/internal/person"
)

// A keyed hash is the same whoever asks and how often, and words that run into
// each other are other words.
func TestHasher(t *testing.T) {
	t.Parallel()
	h := newHasher([keySize]byte{1})
	want := h.sum("email", "ada@mail.example")
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			for range 200 {
				if h.sum("email", "ada@mail.example") != want {
					t.Error("another hash of the same words")
				}
			}
		})
	}
	wg.Wait()
	others := map[person.Hash]bool{want: true}
	for _, words := range [][]string{{"emaila", "da@mail.example"}, {"email", "ada@mail.exampl", "e"}, {"emailada@mail.example"}, {"email"}, {}} {
		if others[h.sum(words...)] {
			t.Errorf("%q hashes like others", words)
		}
		others[h.sum(words...)] = true
	}
	if newHasher([keySize]byte{2}).sum("email", "ada@mail.example") == want {
		t.Error("the key does not matter")
	}
}

func BenchmarkHasher(b *testing.B) {
	h := newHasher([keySize]byte{1})
	b.ReportAllocs()
	for b.Loop() {
		h.sum("email", "ada@mail.example")
	}
}
