package sqlite

import (
	"bytes"
	"context"
	"encoding/binary"
	"math/rand/v2"
	"path/filepath"
	"sync"
	"testing"

	"github.com/heed-platform/heed/internal/keep/internal/store"
	"github.com/heed-platform/heed/internal/keep/keeptest/longtest"
	"github.com/heed-platform/heed/internal/person"
)

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// unwiped counts the pages whose gaps hold something, and holds the file to
// SQLite's own check.
func unwiped(t *testing.T, d *db) (n int) {
	t.Helper()
	must(t, d.read(t.Context(), func(c conn) error {
		dirty, err := c.unwiped()
		n = len(dirty)
		if err != nil {
			return err
		}
		verdict, err := c.pragma("integrity_check")
		if verdict != "ok" {
			t.Errorf("integrity_check: %s", verdict)
		}
		return err
	}))
	return n
}

// TestWipe: rows come and go while gaps are zeroed; in the end no gap holds
// anything, and every row is what it was.
func TestWipe(t *testing.T) {
	t.Parallel()
	i, err := OpenIdentity(t.Context(), filepath.Join(t.TempDir(), "keys.db"))
	must(t, err)
	t.Cleanup(func() { must(t, i.Close()) })
	random := rand.New(rand.NewPCG(5, 6))
	live := map[person.Hash][]byte{}
	add := func(n int) {
		var some []store.Fragment
		for range n {
			f := store.Fragment{NS: person.Email, Key: make([]byte, 20+random.IntN(300))}
			binary.BigEndian.PutUint64(f.Hash[:], random.Uint64())
			binary.BigEndian.PutUint64(f.Key, random.Uint64())
			some = append(some, f)
			live[f.Hash] = f.Key
		}
		_, _, err := i.Admit(t.Context(), some, nil)
		must(t, err)
	}
	remove := func(n int) {
		var some []person.Hash
		for h := range live {
			if some = append(some, h); len(some) == n {
				break
			}
		}
		found, err := i.Find(t.Context(), some)
		must(t, err)
		must(t, i.db.simply(t.Context(), func(c conn) error {
			for _, f := range found {
				must(t, c.bury(f.ID, 1))
				delete(live, f.Hash)
			}
			return nil
		}))
	}
	add(2000)
	remove(1500)
	if unwiped(t, i.db) == 0 {
		t.Error("control: rows were moved and left nothing behind, so this test sees nothing")
	}
	var all sync.WaitGroup
	ctx, stop := context.WithCancel(t.Context())
	all.Go(func() {
		for ctx.Err() == nil {
			if err := i.db.wipe(t.Context()); err != nil {
				t.Error(err)
			}
		}
	})
	for range longtest.Rounds(8, 60) {
		add(100)
		remove(90)
	}
	stop()
	all.Wait()
	must(t, i.db.wipe(t.Context()))
	if n := unwiped(t, i.db); n > 0 {
		t.Errorf("%d pages hold something in their gaps", n)
	}
	for h, key := range live {
		found, err := i.Find(t.Context(), []person.Hash{h})
		must(t, err)
		if len(found) != 1 || !bytes.Equal(found[0].Key, key) {
			t.Fatalf("a row that nobody removed is %v", found)
		}
	}
}
