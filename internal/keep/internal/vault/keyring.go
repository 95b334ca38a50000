package vault

import (
	"crypto/rand"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/heed-platform/heed/internal/problem"
)

// What can be wrong with the key file.
var (
	ErrKeyMissing = problem.New(problem.Unavailable, "key-file-missing",
		"The identity store has data but its key file is not here; copy heed.kek from the first node or from its own backup. heed never makes new keys over existing data.")
	ErrKeyWrong = problem.New(problem.Unavailable, "key-file-wrong",
		"The key file does not open this identity store; put back the heed.kek that belongs to it.")
)

// keyring holds the key-encryption keys by epoch.
type keyring struct {
	Current uint16            `json:"current"`
	Epochs  map[uint16]string `json:"epochs"` // base64 of 32 bytes

	opened map[uint16]*box
}

// openKeyring reads the key file. When there is none and fresh is true it makes
// one, durably, before anything is sealed with it.
func openKeyring(path string, fresh bool) (*keyring, error) {
	raw, err := os.ReadFile(path)
	switch {
	case errors.Is(err, fs.ErrNotExist) && !fresh:
		return nil, ErrKeyMissing
	case errors.Is(err, fs.ErrNotExist):
		return createKeyring(path)
	case err != nil:
		return nil, fmt.Errorf("read key file: %w", err)
	}
	ring := &keyring{}
	if err := json.Unmarshal(raw, ring); err != nil {
		return nil, ErrKeyWrong.Because(err)
	}
	return ring, ring.open()
}

func createKeyring(path string) (*keyring, error) {
	key := make([]byte, keySize)
	_, _ = rand.Read(key)
	ring := &keyring{Current: 1, Epochs: map[uint16]string{1: base64.StdEncoding.EncodeToString(key)}}
	raw, err := json.MarshalIndent(ring, "", "  ")
	if err != nil {
		return nil, fmt.Errorf("write key file: %w", err)
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return nil, fmt.Errorf("write key file: %w", err)
	}
	err = createDurably(path, raw)
	if errors.Is(err, fs.ErrExist) { // a node that shares the folder was first
		return openKeyring(path, false)
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
		return [keySize]byte{}, fmt.Errorf("unwrap key: epoch %d was destroyed or is not in the key file", epoch)
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
	dir, err := os.Open(filepath.Dir(path))
	if err != nil {
		return err
	}
	return errors.Join(dir.Sync(), dir.Close())
}
