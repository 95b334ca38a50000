package fact

import (
	"encoding/binary"
	"errors"

	"github.com/heed-platform/heed/internal/clock"
	"github.com/heed-platform/heed/internal/person"
)

// How bytes are written: the first byte is the schema of its kind. Unsigned
// numbers are uvarints, signed ones zigzag varints, texts and lists carry their
// length in front. Equal values give equal bytes; nil and empty are equal.

var (
	// ErrNewer means that a newer heed wrote these bytes.
	ErrNewer = errors.New("bytes are of a newer schema than this heed reads")
	// ErrMalformed means that no heed wrote these bytes.
	ErrMalformed = errors.New("bytes are not of this kind")
)

func appendText(b []byte, s string) []byte {
	b = binary.AppendUvarint(b, uint64(len(s)))
	return append(b, s...)
}

func appendInt(b []byte, v int64) []byte { return binary.AppendVarint(b, v) }

func appendTime(b []byte, t clock.Instant) []byte { return binary.AppendVarint(b, int64(t)) }

func appendCount(b []byte, n int) []byte { return binary.AppendUvarint(b, uint64(n)) }

func appendBool(b []byte, v bool) []byte {
	if v {
		return append(b, 1)
	}
	return append(b, 0)
}

func appendTexts(b []byte, list []string) []byte {
	b = appendCount(b, len(list))
	for _, s := range list {
		b = appendText(b, s)
	}
	return b
}

// reader takes values off the front of a text. After the first fault it gives
// zero values only, so callers look at bad once, at the end.
type reader struct {
	s   string
	bad bool
}

// open checks the schema number. The text is copied once; everything parsed
// from it shares that copy.
func open(b []byte, schema byte) (reader, error) {
	switch {
	case len(b) == 0 || b[0] == 0:
		return reader{}, ErrMalformed
	case b[0] > schema:
		return reader{}, ErrNewer
	}
	return reader{s: string(b[1:])}, nil
}

// done is the verdict: everything was read and nothing is left.
func (r *reader) done() error {
	if r.bad || r.s != "" {
		return ErrMalformed
	}
	return nil
}

func (r *reader) fail() { r.s, r.bad = "", true }

func (r *reader) uint() uint64 {
	if r.s != "" && r.s[0] < 0x80 {
		v := uint64(r.s[0])
		r.s = r.s[1:]
		return v
	}
	return r.longUint()
}

// longUint refuses numbers that are cut off, too large, or longer than needed.
func (r *reader) longUint() uint64 {
	var v uint64
	for i := 0; i < len(r.s) && i < binary.MaxVarintLen64; i++ {
		c := r.s[i]
		if c < 0x80 {
			if c == 0 || i == binary.MaxVarintLen64-1 && c > 1 {
				break
			}
			r.s = r.s[i+1:]
			return v | uint64(c)<<(7*i)
		}
		v |= uint64(c&0x7f) << (7 * i)
	}
	r.fail()
	return 0
}

func (r *reader) int() int64 {
	u := r.uint()
	return int64(u>>1) ^ -int64(u&1)
}

func (r *reader) time() clock.Instant { return clock.Instant(r.int()) }

func (r *reader) byte() byte {
	if r.s == "" {
		r.fail()
		return 0
	}
	c := r.s[0]
	r.s = r.s[1:]
	return c
}

func (r *reader) bool() bool {
	c := r.byte()
	if c > 1 {
		r.fail()
	}
	return c == 1
}

func (r *reader) text() string {
	n := r.uint()
	if n > uint64(len(r.s)) {
		r.fail()
		return ""
	}
	t := r.s[:n]
	r.s = r.s[n:]
	return t
}

// secret keeps the zero Secret for no text, so that a value reads back equal.
func (r *reader) secret() person.Secret {
	if t := r.text(); t != "" {
		return person.Hide(t)
	}
	return person.Secret{}
}

func (r *reader) hash() (h person.Hash) {
	if len(r.s) < len(h) {
		r.fail()
		return h
	}
	copy(h[:], r.s)
	r.s = r.s[len(h):]
	return h
}

func (r *reader) fixed64() uint64 {
	if len(r.s) < 8 {
		r.fail()
		return 0
	}
	var b [8]byte
	copy(b[:], r.s)
	r.s = r.s[8:]
	return binary.BigEndian.Uint64(b[:])
}

// count reads how many entries follow. Each takes at least least bytes, so that
// a short text can't make us allocate a long list.
func (r *reader) count(least int) int {
	n := r.uint()
	if n > uint64(len(r.s)/least) {
		r.fail()
		return 0
	}
	return int(n)
}

func (r *reader) texts() []string { return list(r, 1, (*reader).text) }

// list reads a count and as many entries; an empty list is nil.
func list[T any](r *reader, least int, read func(*reader) T) []T {
	n := r.count(least)
	if n == 0 {
		return nil
	}
	out := make([]T, n)
	for i := range out {
		out[i] = read(r)
	}
	if r.bad {
		return nil
	}
	return out
}
