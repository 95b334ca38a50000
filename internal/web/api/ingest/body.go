package ingest

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"os"
	"sync"

	"github.com/klauspost/compress/gzip"

	"github.com/heed-platform/heed/internal/collect/event"
	"github.com/heed-platform/heed/internal/problem"
)

var (
	errTooLarge = problem.New(problem.TooLarge, "body-too-large", "The body is larger than 1 MB; send smaller batches.")
	errCut      = problem.New(problem.Invalid, "body-cut-short", "The body ended before it was complete; send it again.")
	errSlow     = problem.New(problem.Timeout, "body-too-slow", "The body took longer than 30 seconds to arrive; send it again, or smaller batches.")
	errGzip     = problem.New(problem.Invalid, "body-not-gzip", "The body begins like gzip and does not go on like it; compress it anew, or send it plain.")
	errEncoding = problem.New(problem.Invalid, "body-encoding-unknown", "The body has a Content-Encoding that heed does not read; send it plain or as gzip.")
)

// first is how much is set aside for a body before any of it has arrived; a
// client that promises a megabyte and sends nothing costs no more than this.
const first = 16 << 10

// readBody reads and unpacks a body, both within event.MaxBody. The bytes are
// the caller's own: events go on pointing into them after the answer, in what
// the line keeps in memory, so they are never taken back into a pool.
func readBody(w http.ResponseWriter, r *http.Request) ([]byte, error) {
	if r.ContentLength > event.MaxBody {
		return nil, errTooLarge
	}
	switch r.Header.Get("Content-Encoding") {
	case "", "identity", "gzip", "x-gzip":
	default:
		return nil, errEncoding
	}
	want := int(r.ContentLength)
	body, err := readAll(http.MaxBytesReader(w, r.Body, event.MaxBody), want)
	if err != nil {
		return nil, err
	}
	// The bytes decide, not the header: some clients forget it, and some proxies
	// unpack the body and leave it.
	if len(body) >= 2 && body[0] == 0x1f && body[1] == 0x8b {
		return unpack(body)
	}
	return body, nil
}

// readAll reads exactly want bytes, or to the end when want is negative.
func readAll(from io.Reader, want int) ([]byte, error) {
	size := first
	if want >= 0 {
		size = min(want, first)
	}
	// One byte more than is needed lets the last read see the end.
	body := make([]byte, 0, size+1)
	for {
		n, err := from.Read(body[len(body):cap(body)])
		body = body[:len(body)+n]
		if errors.Is(err, io.EOF) {
			return body, nil
		}
		if err != nil {
			return nil, readProblem(err)
		}
		if len(body) == cap(body) {
			room := 2 * cap(body)
			if want >= 0 {
				room = min(room, want+1)
			}
			body = append(make([]byte, 0, max(room, len(body)+512)), body...)
		}
	}
}

func readProblem(err error) error {
	var tooLarge *http.MaxBytesError
	var slow net.Error
	switch {
	case errors.As(err, &tooLarge):
		return errTooLarge
	case errors.Is(err, os.ErrDeadlineExceeded), errors.As(err, &slow) && slow.Timeout(), errors.Is(err, context.DeadlineExceeded):
		return errSlow.Because(err)
	}
	return errCut.Because(err)
}

// readers are unpackers that have been used; each holds about 40 KB.
var readers = sync.Pool{New: func() any { return new(gzip.Reader) }} //nolint:gochecknoglobals // a pool is shared or useless

// unpack stops one byte over the limit, so a bomb costs no more than a body.
func unpack(packed []byte) ([]byte, error) {
	z, ok := readers.Get().(*gzip.Reader)
	if !ok {
		z = new(gzip.Reader)
	}
	defer readers.Put(z)
	if err := z.Reset(bytes.NewReader(packed)); err != nil {
		return nil, errGzip.Because(err)
	}
	var out bytes.Buffer
	out.Grow(min(4*len(packed), event.MaxBody) + bytes.MinRead)
	if _, err := out.ReadFrom(io.LimitReader(z, event.MaxBody+1)); err != nil {
		return nil, errGzip.Because(err)
	}
	if out.Len() > event.MaxBody {
		return nil, errTooLarge
	}
	return out.Bytes(), nil
}
