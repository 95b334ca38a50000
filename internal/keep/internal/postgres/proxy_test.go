package postgres_test

import (
	"bytes"
	"io"
	"net"
	"net/url"
	"sync"
	"sync/atomic"
	"testing"

	given "github.com/heed-platform/heed/internal/keep/keeptest/giventest"
)

// What a proxy does with what passes.
const (
	forward       = iota
	swallow       // nothing arrives, nothing breaks
	swallowCommit // COMMIT arrives, and then the line breaks
)

// proxy stands between a test and a server.
type proxy struct {
	url  string
	mode atomic.Int32
}

func newProxy(t *testing.T, server string) *proxy {
	t.Helper()
	u, err := url.Parse(server)
	given.Must(t, err)
	target := u.Host
	l, err := net.Listen("tcp", "127.0.0.1:0")
	given.Must(t, err)
	u.Host = l.Addr().String()
	p := &proxy{url: u.String()}
	var all sync.WaitGroup
	var mu sync.Mutex
	var open []net.Conn
	all.Go(func() {
		for {
			in, err := l.Accept()
			if err != nil {
				return
			}
			out, err := net.Dial("tcp", target)
			if err != nil {
				in.Close()
				continue
			}
			mu.Lock()
			open = append(open, in, out)
			mu.Unlock()
			var doomed atomic.Bool // this line ends with the next answer
			all.Go(func() { p.pass(in, out, &doomed, true) })
			all.Go(func() { p.pass(out, in, &doomed, false) })
		}
	})
	t.Cleanup(func() {
		l.Close()
		mu.Lock()
		for _, c := range open {
			c.Close()
		}
		mu.Unlock()
		all.Wait()
	})
	return p
}

func (p *proxy) pass(from, to net.Conn, doomed *atomic.Bool, up bool) {
	defer to.Close()
	buf := make([]byte, 64<<10)
	for {
		n, err := from.Read(buf)
		if err != nil || !up && doomed.Load() {
			return
		}
		if p.mode.Load() == swallow {
			continue
		}
		if up && p.mode.Load() == swallowCommit && bytes.Contains(buf[:n], []byte("commit\x00")) {
			doomed.Store(true)
		}
		if _, err := io.Copy(to, bytes.NewReader(buf[:n])); err != nil {
			return
		}
	}
}
