package vault

import (
	"errors"
	"testing"
)

// Facts that were sealed before their arrival was bound open for ever, whatever
// their row says about it; newer ones open only with their own.
func TestBox_bindsArrivalsSinceFormat2(t *testing.T) {
	t.Parallel()
	b := newBox([keySize]byte{1}, 0)
	at := func(p place) error {
		_, err := b.open(p, b.seal(place{kind: 1, n: 3, received: 7}, []byte("ada")))
		return err
	}
	if err := at(place{kind: 1, n: 3, received: 7}); err != nil {
		t.Error(err)
	}
	if err := at(place{kind: 1, n: 3, received: 8}); !errors.Is(err, ErrTampered) {
		t.Errorf("at another time it opens with %v", err)
	}
	old := b.seal(place{kind: 1, n: 3}, []byte("ada"))
	if old[0] != format {
		t.Fatalf("without a time it is sealed in format %d", old[0])
	}
	if body, err := b.open(place{kind: 1, n: 3, received: 7}, old); err != nil || string(body) != "ada" {
		t.Errorf("an old fact opens as %q, %v", body, err)
	}
	newer := b.seal(place{kind: 1, n: 3, received: 7}, []byte("ada"))
	newer[0] = formatAt + 1
	if _, err := b.open(place{kind: 1, n: 3, received: 7}, newer); !errors.Is(err, ErrNewer) {
		t.Errorf("a newer format opens with %v", err)
	}
}
