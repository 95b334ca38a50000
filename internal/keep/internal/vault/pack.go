package vault

import (
	_ "embed"
	"fmt"
	"sync"

	"github.com/klauspost/compress/s2"
	"github.com/klauspost/compress/zstd"
)

// How a body lies in a blob. The numbers are stored: never renumber, only add.
const (
	codecPlain = 0
	codecZstd  = 1
	codecWords = 2 // S2, against the words below

	// wordsFrom is where packing starts to pay, zstdFrom where zstd does: on an
	// event of usual size it takes ten times as long as S2 and saves less, because
	// most of what such an event says is the names of its fields.
	wordsFrom = 128
	zstdFrom  = 4 << 10

	// unpacked bounds what a body may unpack to: an event has at most 64 KB, a
	// state a few megabytes.
	unpacked = 8 << 20
)

// words are names that events are full of. They are part of the format: what was
// packed with them can be read with them only, so they never change; better ones
// are another codec.
//
//go:embed words.txt
var words []byte

//nolint:gochecknoglobals // stateless machinery: codecs that hold no data between calls
var (
	byWords   = sync.OnceValue(func() *s2.Dict { return s2.MakeDict(words, []byte(`{"type":"track"`)) })
	packer, _ = zstd.NewWriter(nil, zstd.WithEncoderLevel(zstd.SpeedFastest), zstd.WithEncoderConcurrency(2), zstd.WithEncoderCRC(false))
	opener, _ = zstd.NewReader(nil, zstd.WithDecoderMaxMemory(unpacked), zstd.WithDecoderConcurrency(2))
)

// room is where bodies are packed; it is wiped after each.
type room struct{ small, large []byte }

// pack makes a body shorter if it can. What it returns is good until wipe.
func (r *room) pack(body []byte) (packed []byte, codec byte) {
	switch {
	case len(body) < wordsFrom:
		return body, codecPlain
	case len(body) < zstdFrom:
		packed, codec = byWords().Encode(r.small[:cap(r.small)], body), codecWords
		r.small = packed
	default:
		packed, codec = packer.EncodeAll(body, r.large[:0]), codecZstd
		r.large = packed
	}
	if len(packed) >= len(body)*9/10 {
		return body, codecPlain
	}
	return packed, codec
}

// wipe leaves nothing of a body behind.
func (r *room) wipe(size int) {
	switch {
	case size < wordsFrom:
	case size < zstdFrom:
		clear(r.small[:cap(r.small)])
	default:
		clear(r.large[:cap(r.large)])
	}
}

// unpack is the body again. Only what we sealed gets here, so what does not unpack
// was sealed by a faulty program.
func unpack(body []byte, codec byte) ([]byte, error) {
	var err error
	switch codec {
	case codecPlain:
		return body, nil
	case codecZstd:
		body, err = opener.DecodeAll(body, nil)
	case codecWords:
		var n int
		if n, err = s2.DecodedLen(body); err == nil && n < zstdFrom {
			body, err = byWords().Decode(nil, body)
		} else {
			return nil, fmt.Errorf("unpack: %w", ErrTampered)
		}
	default:
		return nil, ErrNewer
	}
	if err != nil {
		return nil, fmt.Errorf("unpack: %w", ErrTampered)
	}
	return body, nil
}
