package vault

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"math/rand/v2"
	"testing"

	"pgregory.net/rapid"
)

// The words are part of the format: other words, and nothing that was packed with
// these can be read.
func TestPack_wordsNeverChange(t *testing.T) {
	t.Parallel()
	const want = "2f08aef5d27d40a21c6349795d6784d30af6e89e7c3d26c45a25162b68caf735"
	if sum := sha256.Sum256(words); hex.EncodeToString(sum[:]) != want {
		t.Fatalf("words.txt is %x; add another codec instead of changing it", sum)
	}
}

// What was sealed opens again, whatever it is, and nothing of it stays behind in
// what is used for the next one.
func TestPack_anyBody(t *testing.T) {
	t.Parallel()
	var r room
	rapid.Check(t, func(rt *rapid.T) {
		body := rapid.SliceOfN(rapid.Byte(), 0, 700).Draw(rt, "body")
		if rapid.Bool().Draw(rt, "text") {
			body = bytes.Repeat([]byte(rapid.StringN(1, 40, 80).Draw(rt, "text")), rapid.IntRange(1, 400).Draw(rt, "times"))
		}
		packed, codec := r.pack(body)
		got, err := unpack(bytes.Clone(packed), codec)
		if err != nil || !bytes.Equal(got, body) {
			rt.Fatalf("%d bytes came back as %d by codec %d: %v", len(body), len(got), codec, err)
		}
		r.wipe(len(body))
		for _, left := range [][]byte{r.small[:cap(r.small)], r.large[:cap(r.large)]} {
			if bytes.ContainsFunc(left, func(c rune) bool { return c != 0 }) {
				rt.Fatal("something of the body is left behind")
			}
		}
	})
}

// Bytes that nobody packed are an error and cost no memory.
func FuzzUnpack(f *testing.F) {
	var r room
	for _, n := range []int{10, 300, 9_000} {
		packed, codec := r.pack(bytes.Repeat([]byte("some words "), n/10))
		f.Add(bytes.Clone(packed), codec)
	}
	f.Add([]byte{0xff, 0xff, 0xff, 0xff, 0x0f, 0}, byte(codecWords))
	f.Fuzz(func(t *testing.T, blob []byte, codec byte) {
		body, err := unpack(blob, codec)
		if len(body) > unpacked && codec != codecPlain {
			t.Fatalf("%d bytes came out", len(body))
		}
		if codec > codecWords && !errors.Is(err, ErrNewer) {
			t.Fatalf("codec %d: %v", codec, err)
		}
	})
}

// BenchmarkSeal seals an event of usual size: what it costs, and how long it gets.
func BenchmarkSeal(b *testing.B) {
	r := rand.New(rand.NewPCG(1, 2))
	var bodies [][]byte
	for range 500 {
		bodies = append(bodies, fmt.Appendf(nil, `{"type":"track","messageId":"%016x","userId":"user-%d","event":"Product Viewed","timestamp":"2026-03-01T10:%02d:00Z","properties":{"product_id":"p-%d","name":"A thing with a name of some length","category":"Things","brand":"Some brand","price":%d.99,"currency":"EUR","quantity":1,"url":"https://shop.example/things/a-thing-with-a-name","position":3},"context":{"library":{"name":"analytics.js","version":"2.11.1"},"page":{"path":"/things/a-thing","referrer":"https://search.example/","search":"","title":"A thing - Shop","url":"https://shop.example/things/a-thing"},"userAgent":"Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0.0.0 Safari/537.36","locale":"en-US","timezone":"Europe/Berlin"}}`,
			r.Uint64(), r.IntN(100_000), r.IntN(60), r.IntN(1000), r.IntN(300)))
	}
	x := newBox([keySize]byte{1}, 1)
	n, i := 0, 0
	b.ReportAllocs()
	for b.Loop() {
		n += len(x.seal(place{kind: 1, fragment: 1, n: 1}, bodies[i%len(bodies)]))
		i++
	}
	b.ReportMetric(float64(n)/float64(b.N), "bytes")
}
