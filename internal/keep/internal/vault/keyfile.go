package vault

import (
	"crypto/hmac"
	"crypto/sha256"
)

// KeyFile is heed.kek by itself, for whoever has only a copy of a store in hand.
type KeyFile struct{ ring *keyring }

// ReadKeyFile reads a key file; ErrKeyMissing when there is none.
func ReadKeyFile(path string) (*KeyFile, error) {
	ring, err := openKeyring(path, false, 0)
	if err != nil {
		return nil, err
	}
	return &KeyFile{ring}, nil
}

// Opens reports whether the key that a key of the identity store is wrapped
// under is in the file.
func (k *KeyFile) Opens(wrapped []byte) bool {
	epoch, err := epochOf(wrapped)
	return err == nil && k.ring.opened[epoch] != nil
}

// Root is the name of the workspace key among the small named bytes of the
// identity store.
const Root = "root"

// Seal is how copies of the stores that belong to this wrapped workspace key are
// sealed; ErrKeyWrong when the file does not open it.
func (k *KeyFile) Seal(root []byte) (func(list []byte) []byte, error) {
	key, err := k.ring.unwrap(root, []byte(Root))
	if err != nil {
		return nil, ErrKeyWrong.Because(err)
	}
	return (&Vault{root: key}).SealCopy, nil
}

// SealCopy is a keyed hash over the list of what a copy of a store holds: only
// who has the workspace key can make one.
func (v *Vault) SealCopy(list []byte) []byte {
	key := v.Key("copies")
	mac := hmac.New(sha256.New, key[:])
	mac.Write(list)
	return mac.Sum(nil)
}

// Epoch is the epoch of the key that new keys are wrapped under.
func (v *Vault) Epoch() uint16 { return v.keys().Current }
