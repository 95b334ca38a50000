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

// reader takes values off a text from at on. After the first fault it gives
// zero values only, so callers look once, at the end.
type reader struct {
	s      string
	at     int
	bad    bool
	schema byte // that the bytes were written in
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
	return reader{s: string(b[1:]), schema: b[0]}, nil
}

// done is the verdict: everything was read and nothing is left.
func (r *reader) done() error {
	if r.bad || r.at != len(r.s) {
		return ErrMalformed
	}
	return nil
}

func (r *reader) left() int { return len(r.s) - r.at }

func (r *reader) fail() { r.at, r.bad = len(r.s), true }

func (r *reader) uint() uint64 {
	if i := r.at; i < len(r.s) {
		if c := r.s[i]; c < 0x80 {
			r.at = i + 1
			return uint64(c)
		}
	}
	return r.longUint()
}

// longUint refuses numbers that are cut off, too large, or longer than needed.
func (r *reader) longUint() uint64 {
	var v uint64
	s := r.s[r.at:]
	for i := 0; i < len(s) && i < binary.MaxVarintLen64; i++ {
		c := s[i]
		if c < 0x80 {
			if c == 0 || i == binary.MaxVarintLen64-1 && c > 1 {
				break
			}
			r.at += i + 1
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

// pair reads two numbers, which are nearly always small: days are most of what
// a state holds.
func (r *reader) pair() (a, b int64) {
	if i := r.at; i+1 < len(r.s) && r.s[i]|r.s[i+1] < 0x80 {
		r.at = i + 2
		u, v := int64(r.s[i]), int64(r.s[i+1])
		return u>>1 ^ -(u & 1), v>>1 ^ -(v & 1)
	}
	a = r.int()
	return a, r.int()
}

func (r *reader) time() clock.Instant { return clock.Instant(r.int()) }

func (r *reader) byte() byte {
	if r.at >= len(r.s) {
		r.fail()
		return 0
	}
	c := r.s[r.at]
	r.at++
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
	if n > uint64(r.left()) {
		r.fail()
		return ""
	}
	from := r.at
	r.at += int(n)
	return r.s[from:r.at]
}

// secret keeps the zero Secret for no text, so that a value reads back equal.
func (r *reader) secret() person.Secret {
	if t := r.text(); t != "" {
		return person.Hide(t)
	}
	return person.Secret{}
}

func (r *reader) hash() (h person.Hash) {
	if r.left() < len(h) {
		r.fail()
		return h
	}
	r.at += copy(h[:], r.s[r.at:])
	return h
}

func (r *reader) fixed64() uint64 {
	var b [8]byte
	if r.left() < len(b) {
		r.fail()
		return 0
	}
	r.at += copy(b[:], r.s[r.at:])
	return binary.BigEndian.Uint64(b[:])
}

// count reads how many entries follow. Each takes at least least bytes, so that
// a short text can't make us allocate a long list.
func (r *reader) count(least int) int {
	n := r.uint()
	if n > uint64(r.left()/least) {
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
