package vault

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/rand"
	"encoding/binary"
	"errors"
	"sync"

	"github.com/heed-platform/heed/internal/clock"
	"github.com/heed-platform/heed/internal/fact"
)

// A sealed blob is: format (1 byte), key epoch (2), schema (1), codec (1),
// nonce (12), ciphertext, tag (16). The first five bytes are authenticated.
// Format 2 also binds when a fact arrived; facts have it since then.
const (
	keySize   = 32
	nonceSize = 12
	tagSize   = 16
	headSize  = 5
	format    = 1
	formatAt  = 2
	schema    = 1
)

// Kinds of blobs that are no facts; facts use their own small numbers.
const (
	kindKey        = 250
	kindState      = 251
	kindJob        = 252
	kindQuarantine = 253
	kindMeta       = 254
)

// What a reader of sealed data can meet.
var (
	ErrTampered = errors.New("sealed data was changed, moved or cut")
	ErrNewer    = errors.New("sealed by a newer heed; use that version or a later one")
)

// place is where a blob belongs; the seal is void anywhere else.
type place struct {
	kind     uint8
	fragment fact.FragmentID
	n        uint64
	prev     [tagSize]byte
	received clock.Instant // of facts; zero binds no time
	bound    []byte
}

// box seals with one key.
type box struct {
	aead  cipher.AEAD
	epoch uint16
}

func newBox(key [keySize]byte, epoch uint16) *box {
	block, err := aes.NewCipher(key[:])
	if err != nil {
		panic("aes takes 32 bytes: " + err.Error())
	}
	aead, err := cipher.NewGCM(block)
	if err != nil {
		panic("gcm takes aes: " + err.Error())
	}
	return &box{aead: aead, epoch: epoch}
}

type scratch struct {
	ad   []byte
	room room
}

//nolint:gochecknoglobals // stateless machinery: buffers that hold no data between calls
var scratches = sync.Pool{New: func() any { return &scratch{} }}

func (p place) bind(ad, head []byte) []byte {
	ad = append(ad, head...)
	ad = append(ad, p.kind)
	ad = binary.BigEndian.AppendUint64(ad, uint64(p.fragment))
	ad = binary.BigEndian.AppendUint64(ad, p.n)
	ad = append(ad, p.prev[:]...)
	if head[0] == formatAt {
		ad = binary.BigEndian.AppendUint64(ad, uint64(p.received))
	}
	return append(ad, p.bound...)
}

func (b *box) seal(p place, body []byte) []byte {
	s := scratches.Get().(*scratch) //nolint:errcheck,forcetypeassert // the pool holds nothing else
	defer scratches.Put(s)
	packed, codec := s.room.pack(body)
	out := make([]byte, headSize+nonceSize, headSize+nonceSize+len(packed)+tagSize)
	out[0], out[3], out[4] = format, schema, codec
	if p.received != 0 {
		out[0] = formatAt
	}
	binary.BigEndian.PutUint16(out[1:], b.epoch)
	nonce := out[headSize : headSize+nonceSize]
	_, _ = rand.Read(nonce)
	s.ad = p.bind(s.ad[:0], out[:headSize])
	out = b.aead.Seal(out, nonce, packed, s.ad)
	s.room.wipe(len(body))
	return out
}

func (b *box) open(p place, blob []byte) ([]byte, error) {
	if len(blob) < headSize+nonceSize+tagSize {
		return nil, ErrTampered
	}
	if blob[0] != format && blob[0] != formatAt || blob[3] > schema {
		return nil, ErrNewer
	}
	s := scratches.Get().(*scratch) //nolint:errcheck,forcetypeassert // the pool holds nothing else
	defer scratches.Put(s)
	s.ad = p.bind(s.ad[:0], blob[:headSize])
	body, err := b.aead.Open(nil, blob[headSize:headSize+nonceSize], blob[headSize+nonceSize:], s.ad)
	if err != nil {
		return nil, ErrTampered
	}
	return unpack(body, blob[4])
}

func epochOf(blob []byte) (uint16, error) {
	if len(blob) < headSize {
		return 0, ErrTampered
	}
	if blob[0] != format {
		return 0, ErrNewer
	}
	return binary.BigEndian.Uint16(blob[1:]), nil
}

// tagOf is the last sixteen bytes: what the next fact of a chain binds.
func tagOf(blob []byte) (tag [tagSize]byte) {
	if len(blob) >= tagSize {
		copy(tag[:], blob[len(blob)-tagSize:])
	}
	return tag
}
