package vault

import (
	"path/filepath"
	"sync"
	"testing"
)

// Nodes that share a folder start at the same moment: all of them must hold the
// key that is in the file, or what one seals is lost at the next start.
func TestKeyring_madeByManyAtOnce(t *testing.T) {
	t.Parallel()
	for range 20 {
		path := filepath.Join(t.TempDir(), "heed.kek")
		const nodes = 8
		rings := make([]*keyring, nodes)
		var wg sync.WaitGroup
		for i := range nodes {
			wg.Go(func() {
				ring, err := openKeyring(path, true, 1)
				if err != nil {
					t.Error(err)
					return
				}
				rings[i] = ring
			})
		}
		wg.Wait()
		if t.Failed() {
			return
		}
		onDisk, err := openKeyring(path, false, 1)
		if err != nil {
			t.Fatal(err)
		}
		for i, ring := range rings {
			if _, err := onDisk.unwrap(ring.wrap([keySize]byte{1}, nil), nil); err != nil {
				t.Fatalf("node %d holds a key that is in no file: %v", i, err)
			}
		}
	}
}
