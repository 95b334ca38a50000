package vault

import (
	"crypto/rand"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"

	"github.com/heed-platform/heed/internal/clock"
	"github.com/heed-platform/heed/internal/problem"
)

// What can be wrong with the key file.
var (
	ErrKeyMissing = problem.New(problem.Unavailable, "key-file-missing",
		"The identity store has data but its key file is not here; copy heed.kek from the first node or from its own backup. heed never makes new keys over existing data.")
	ErrKeyWrong = problem.New(problem.Unavailable, "key-file-wrong",
		"The key file does not open this identity store; put back the heed.kek that belongs to it.")

	errEpoch = errors.New("the key of this epoch was destroyed or is not in the key file")
)

// keyring holds the key-encryption keys by epoch. There is more than one only
// while keys are rotated.
type keyring struct {
	Current uint16                   `json:"current"`
	Epochs  map[uint16]string        `json:"epochs"`         // base64 of 32 bytes
	Made    map[uint16]clock.Instant `json:"made,omitempty"` // when each began; older files do not say

	opened map[uint16]*box
}

// openKeyring reads the key file. When there is none and fresh is true it makes
// one, durably, before anything is sealed with it.
func openKeyring(path string, fresh bool, now clock.Instant) (*keyring, error) {
	raw, err := os.ReadFile(path)
	switch {
	case errors.Is(err, fs.ErrNotExist) && !fresh:
		return nil, ErrKeyMissing
	case errors.Is(err, fs.ErrNotExist):
		return createKeyring(path, now)
	case err != nil:
		return nil, fmt.Errorf("read key file: %w", err)
	}
	ring := &keyring{}
	if err := json.Unmarshal(raw, ring); err != nil {
		return nil, ErrKeyWrong.Because(err)
	}
	return ring, ring.open()
}

func createKeyring(path string, now clock.Instant) (*keyring, error) {
	var key [keySize]byte
	_, _ = rand.Read(key[:])
	ring := (&keyring{}).with(1, key, now)
	raw, err := ring.bytes()
	if err != nil {
		return nil, err
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return nil, fmt.Errorf("write key file: %w", err)
	}
	err = createDurably(path, raw)
	if errors.Is(err, fs.ErrExist) { // a node that shares the folder was first
		return openKeyring(path, false, now)
	}
	if err != nil {
		return nil, fmt.Errorf("write key file: %w", err)
	}
	return ring, ring.open()
}

func (r *keyring) open() error {
	r.opened = make(map[uint16]*box, len(r.Epochs))
	for epoch, text := range r.Epochs {
		key, err := base64.StdEncoding.DecodeString(text)
		if err != nil || len(key) != keySize {
			return ErrKeyWrong.Because(fmt.Errorf("epoch %d is not 32 bytes", epoch))
		}
		r.opened[epoch] = newBox([keySize]byte(key), epoch)
	}
	if r.opened[r.Current] == nil {
		return ErrKeyWrong.Because(fmt.Errorf("current epoch %d is not in the file", r.Current))
	}
	return nil
}

// bytes is what stands in the file.
func (r *keyring) bytes() ([]byte, error) {
	raw, err := json.MarshalIndent(r, "", "  ")
	if err != nil {
		return nil, fmt.Errorf("write key file: %w", err)
	}
	return raw, nil
}

// with is the ring with one more key, which is now the current one.
func (r *keyring) with(epoch uint16, key [keySize]byte, now clock.Instant) *keyring {
	next := &keyring{Current: epoch, Epochs: maps.Clone(r.Epochs), Made: maps.Clone(r.Made), opened: maps.Clone(r.opened)}
	if next.Epochs == nil {
		next.Epochs, next.opened = map[uint16]string{}, map[uint16]*box{}
	}
	if next.Made == nil {
		next.Made = map[uint16]clock.Instant{}
	}
	next.Epochs[epoch], next.Made[epoch], next.opened[epoch] = base64.StdEncoding.EncodeToString(key[:]), now, newBox(key, epoch)
	return next
}

// alone is the ring with its current key only.
func (r *keyring) alone() *keyring {
	next := &keyring{Current: r.Current, Epochs: map[uint16]string{r.Current: r.Epochs[r.Current]}, opened: map[uint16]*box{r.Current: r.opened[r.Current]}}
	if at, known := r.Made[r.Current]; known {
		next.Made = map[uint16]clock.Instant{r.Current: at}
	}
	return next
}

// wrap seals a key for the identity store; bound ties it to its row.
func (r *keyring) wrap(key [keySize]byte, bound []byte) []byte {
	return r.opened[r.Current].seal(place{kind: kindKey, bound: bound}, key[:])
}

func (r *keyring) unwrap(wrapped, bound []byte) ([keySize]byte, error) {
	epoch, err := epochOf(wrapped)
	if err != nil {
		return [keySize]byte{}, err
	}
	b := r.opened[epoch]
	if b == nil {
		return [keySize]byte{}, fmt.Errorf("unwrap key: epoch %d: %w", epoch, errEpoch)
	}
	key, err := b.open(place{kind: kindKey, bound: bound}, wrapped)
	if err != nil || len(key) != keySize {
		return [keySize]byte{}, fmt.Errorf("unwrap key: %w", ErrTampered)
	}
	return [keySize]byte(key), nil
}

// createDurably makes a file that is on disk when it returns. It fails with
// fs.ErrExist, and changes nothing, when there is one: keys are never replaced.
func createDurably(path string, raw []byte) error {
	tmp, err := os.CreateTemp(filepath.Dir(path), ".heed-*")
	if err != nil {
		return err
	}
	defer os.Remove(tmp.Name()) //nolint:errcheck // a link keeps what counts
	_, werr := tmp.Write(raw)
	serr := tmp.Sync()
	cerr := tmp.Close()
	if err := errors.Join(werr, serr, cerr); err != nil {
		return err
	}
	if err := os.Link(tmp.Name(), path); err != nil {
		return err
	}
	return syncFolder(path)
}

func syncFolder(path string) error {
	dir, err := os.Open(filepath.Dir(path))
	if err != nil {
		return err
	}
	return errors.Join(dir.Sync(), dir.Close())
}

// replaceDurably puts other bytes in the place of a file's, all or none, and
// leaves nothing of the old ones on this disk that can be overwritten.
func replaceDurably(path string, raw []byte) error {
	old, err := os.OpenFile(path, os.O_RDWR, 0)
	if err != nil {
		return err
	}
	defer old.Close() //nolint:errcheck // nobody can reach it any more
	info, err := old.Stat()
	if err != nil {
		return err
	}
	// A name of its own would be left behind by whoever is killed here.
	next := path + ".next"
	f, err := os.OpenFile(next, os.O_RDWR|os.O_CREATE|os.O_TRUNC, 0o600)
	if err != nil {
		return err
	}
	_, werr := f.Write(raw)
	if err := errors.Join(werr, f.Sync(), f.Close()); err != nil {
		return err
	}
	if err := os.Rename(next, path); err != nil {
		return err
	}
	if err := syncFolder(path); err != nil {
		return err
	}
	_, err = old.WriteAt(make([]byte, info.Size()), 0)
	return errors.Join(err, old.Sync())
}
