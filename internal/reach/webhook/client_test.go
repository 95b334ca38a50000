package webhook

import (
	"context"
	"crypto/x509"
	"errors"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/net/dns/dnsmessage"

	"github.com/heed-platform/heed/internal/clock"
	"github.com/heed-platform/heed/internal/problem"
)

func loopback() Guard { return Guard{Allow: []netip.Prefix{netip.MustParsePrefix("127.0.0.1/32")}} }

func newClient(o Options) *Client {
	o.Clock = clock.NewStill(vectorTime())
	if o.Timeout == 0 {
		o.Timeout = 5 * time.Second
	}
	return NewClient(o)
}

func TestPost_isSignedAndDelivered(t *testing.T) {
	t.Parallel()
	secret := mustSecret(t, vectorSecret)
	var got http.Header
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			t.Error(err)
		}
		got = r.Header
		if err := Verify(got.Get(HeaderID), got.Get(HeaderTimestamp), got.Get(HeaderSignature), body, vectorTime(), secret); err != nil || r.Method != http.MethodPost {
			t.Errorf("%s %s: %v", r.Method, body, err)
		}
		w.WriteHeader(http.StatusAccepted)
	}))
	t.Cleanup(server.Close)
	answer, err := newClient(Options{Guard: loopback()}).Post(t.Context(), server.URL+"/hook?a=1", vectorID, []byte(vectorBody), secret)
	if diff := cmp.Diff(Answer{Status: 202, Delivered: true}, answer); err != nil || diff != "" {
		t.Errorf("%v\n%s", err, diff)
	}
	if got.Get(HeaderSignature) != vectorSignature || got.Get("Content-Type") != "application/json" || got.Get("User-Agent") != "heed" {
		t.Errorf("the headers are %v", got)
	}
}

func TestPost_readsTheAnswer(t *testing.T) {
	t.Parallel()
	secret := mustSecret(t, vectorSecret)
	tests := []struct {
		name    string
		handler http.HandlerFunc
		want    Answer
	}{
		{"it wants no more", func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusGone) }, Answer{Status: 410, Disabled: true}},
		{"it is busy", func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Retry-After", "120")
			w.WriteHeader(http.StatusTooManyRequests)
		}, Answer{Status: 429, RetryAfter: 2 * time.Minute}},
		{"it is busy until", func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Retry-After", vectorTime().Add(time.Hour).Time().Format(http.TimeFormat))
			w.WriteHeader(http.StatusServiceUnavailable)
		}, Answer{Status: 503, RetryAfter: time.Hour}},
		{"nonsense", func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Retry-After", "-5 soon")
			w.WriteHeader(http.StatusBadGateway)
		}, Answer{Status: 502}},
		{"moved", func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Location", "http://169.254.169.254/latest/meta-data/")
			w.WriteHeader(http.StatusMovedPermanently)
		}, Answer{Status: 301}},
		{"moved with the body", func(w http.ResponseWriter, r *http.Request) {
			if r.URL.Path == "/again" {
				t.Error("a redirect was followed")
			}
			http.Redirect(w, r, "/again", http.StatusTemporaryRedirect)
		}, Answer{Status: 307}},
		{"an endless answer", func(w http.ResponseWriter, _ *http.Request) {
			chunk := make([]byte, 1<<16)
			for n := 0; ; n++ {
				if _, err := w.Write(chunk); err != nil {
					return
				}
				if n > 1<<10 {
					t.Error("64 MB of an answer were read")
					return
				}
			}
		}, Answer{Status: 200, Delivered: true}},
		{"an answer that unpacks", func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Encoding", "gzip")
			_, _ = io.WriteString(w, "not even gzip")
		}, Answer{Status: 200, Delivered: true}},
	}
	client := newClient(Options{Guard: loopback()})
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			server := httptest.NewServer(tt.handler)
			t.Cleanup(server.Close)
			answer, err := client.Post(t.Context(), server.URL, "m", []byte("{}"), secret)
			if diff := cmp.Diff(tt.want, answer); err != nil || diff != "" {
				t.Errorf("%v\n%s", err, diff)
			}
		})
	}
}

func TestPost_doesNotWait(t *testing.T) {
	t.Parallel()
	secret := mustSecret(t, vectorSecret)
	release := make(chan struct{})
	drip := func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
		if r.URL.Path == "/drip" {
			_, _ = w.Write([]byte("a"))
			_ = http.NewResponseController(w).Flush()
		}
		<-release
	}
	server := httptest.NewServer(http.HandlerFunc(drip))
	t.Cleanup(server.Close)
	t.Cleanup(func() { close(release) })
	client := newClient(Options{Guard: loopback(), Timeout: 200 * time.Millisecond})

	answer, err := client.Post(t.Context(), server.URL, "m", []byte("{}"), secret)
	if !errors.Is(err, errReach) || !answer.MayHave || answer.Delivered {
		t.Errorf("silence: %+v, %v", answer, err)
	}
	answer, err = client.Post(t.Context(), server.URL+"/drip", "m", []byte("{}"), secret)
	if err != nil || !answer.Delivered || answer.MayHave {
		t.Errorf("a dripping answer: %+v, %v", answer, err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if answer, err = client.Post(ctx, server.URL, "m", []byte("{}"), secret); !errors.Is(err, errReach) || answer.MayHave {
		t.Errorf("canceled: %+v, %v", answer, err)
	}
}

func TestPost_hugeHeader(t *testing.T) {
	t.Parallel()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("X-Long", strings.Repeat("x", 1<<20))
	}))
	t.Cleanup(server.Close)
	answer, err := newClient(Options{Guard: loopback()}).Post(t.Context(), server.URL, "m", []byte("{}"), mustSecret(t, vectorSecret))
	if !errors.Is(err, errReach) || !answer.MayHave {
		t.Errorf("%+v, %v", answer, err)
	}
}

func TestPost_overTLS(t *testing.T) {
	t.Parallel()
	secret := mustSecret(t, vectorSecret)
	server := httptest.NewUnstartedServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}))
	server.Config.ErrorLog = slog.NewLogLogger(slog.DiscardHandler, slog.LevelError) // of the handshake that must fail
	server.StartTLS()
	t.Cleanup(server.Close)
	pool := x509.NewCertPool()
	pool.AddCert(server.Certificate())
	known := newClient(Options{Guard: loopback(), Roots: pool})
	if answer, err := known.Post(t.Context(), server.URL, "m", []byte("{}"), secret); err != nil || !answer.Delivered {
		t.Errorf("%+v, %v", answer, err)
	}
	if answer, err := newClient(Options{Guard: loopback()}).Post(t.Context(), server.URL, "m", []byte("{}"), secret); !errors.Is(err, errReach) || answer.MayHave {
		t.Errorf("a stranger's certificate: %+v, %v", answer, err)
	}
}

func TestPost_refusesBeforeSending(t *testing.T) {
	t.Parallel()
	secret := mustSecret(t, vectorSecret)
	client := newClient(Options{})
	tests := []struct {
		url  string
		body string
		want error
	}{
		{"ftp://a.example", "{}", errURL},
		{"https://", "{}", errURL},
		{"https:a.example", "{}", errURL},
		{"https://user:secret@a.example/", "{}", errURL},
		{"https://a.example:port/", "{}", errURL},
		{"a.example", "{}", errURL},
		{"https://a.example/", strings.Repeat("x", maxBody+1), errBody},
	}
	for _, tt := range tests {
		answer, err := client.Post(t.Context(), tt.url, "m", []byte(tt.body), secret)
		if !errors.Is(err, tt.want) || answer != (Answer{}) {
			t.Errorf("%s: %+v, %v", tt.url, answer, err)
		}
		if err != nil && strings.Contains(err.Error(), "secret@") {
			t.Errorf("the error repeats the address: %v", err)
		}
	}
	if _, err := client.Post(t.Context(), "https://a.example/", "m", nil); !errors.Is(err, errSecret) {
		t.Errorf("unsigned: %v", err)
	}
	if err := CheckURL("https://a.example/hook"); err != nil {
		t.Error(err)
	}
}

// inside are the ways to write an address that must not be reached.
var inside = []string{
	"127.0.0.1", "127.1.2.3", "0.0.0.0", "0.1.2.3", "10.0.0.1", "172.16.0.1", "172.31.255.255", "192.168.1.1", "169.254.169.254",
	"100.64.0.1", "100.127.255.255", "192.0.0.1", "192.0.2.1", "198.18.0.1", "198.51.100.1", "203.0.113.1", "192.88.99.1", "224.0.0.1",
	"240.0.0.1", "255.255.255.255", "[::1]", "[::]", "[::ffff:127.0.0.1]", "[::ffff:169.254.169.254]", "[::ffff:a00:1]", "[::127.0.0.1]",
	"[64:ff9b::127.0.0.1]", "[64:ff9b::a9fe:a9fe]", "[64:ff9b:1::7f00:1]", "[100::1]", "[fc00::1]", "[fd12:3456::1]", "[fe80::1]", "[fe80::1%25lo]",
	"[fec0::1]", "[ff02::1]", "[2001:db8::1]", "[2001::1]", "[2002:7f00:1::1]", "[3fff::1]", "[5f00::1]",
}

func TestPost_addressesInside(t *testing.T) {
	t.Parallel()
	secret := mustSecret(t, vectorSecret)
	client := newClient(Options{Guard: Guard{Allow: []netip.Prefix{netip.MustParsePrefix("127.9.9.9/32")}}})
	for _, host := range inside {
		for _, scheme := range []string{"https", "http"} {
			answer, err := client.Post(t.Context(), scheme+"://"+host+":9/", "m", []byte("{}"), secret)
			if !errors.Is(err, errAddress) || answer != (Answer{}) {
				t.Errorf("%s://%s: %+v, %v", scheme, host, answer, err)
			}
		}
	}
	if p := problem.Of(errAddress); p.Kind != problem.Forbidden {
		t.Errorf("the kind is %v", p.Kind)
	}
}

func TestPublic(t *testing.T) {
	t.Parallel()
	for _, ip := range []string{"1.1.1.1", "93.184.216.34", "100.63.255.255", "100.128.0.1", "172.32.0.1", "192.167.0.1", "223.255.255.255", "::ffff:1.1.1.1", "2606:4700::1111", "2a00:1450::1"} {
		if !public(netip.MustParseAddr(ip)) {
			t.Errorf("%s is public", ip)
		}
	}
	if public(netip.Addr{}) {
		t.Error("no address is public")
	}
	// Over plain HTTP even a public address is refused.
	if err := (Guard{}).control(false)("tcp4", "1.1.1.1:80", nil); !errors.Is(err, errAddress) {
		t.Errorf("plain: %v", err)
	}
	for _, tt := range []struct{ network, address string }{{"tcp4", "1.1.1.1"}, {"udp4", "1.1.1.1:1"}, {"unix", "/tmp/x"}} {
		if err := (Guard{}).control(true)(tt.network, tt.address, nil); !errors.Is(err, errAddress) {
			t.Errorf("%v: %v", tt, err)
		}
	}
	if err := (Guard{}).control(true)("tcp4", "1.1.1.1:443", nil); err != nil {
		t.Error(err)
	}
}

// names is a name service on loopback that says what it is told to say.
func names(t *testing.T, say func(name string) [4]byte) *net.Resolver {
	t.Helper()
	conn, err := net.ListenPacket("udp4", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close() })
	go func() {
		buf := make([]byte, 1500)
		for {
			n, from, err := conn.ReadFrom(buf)
			if err != nil {
				return
			}
			var m dnsmessage.Message
			if err := m.Unpack(buf[:n]); err != nil || len(m.Questions) == 0 {
				continue
			}
			q := m.Questions[0]
			m.Response, m.Additionals = true, nil
			if q.Type == dnsmessage.TypeA {
				m.Answers = []dnsmessage.Resource{{
					Header: dnsmessage.ResourceHeader{Name: q.Name, Type: q.Type, Class: q.Class},
					Body:   &dnsmessage.AResource{A: say(q.Name.String())},
				}}
			}
			if out, err := m.Pack(); err == nil {
				_, _ = conn.WriteTo(out, from)
			}
		}
	}()
	return &net.Resolver{PreferGo: true, Dial: func(ctx context.Context, _, _ string) (net.Conn, error) {
		var d net.Dialer
		return d.DialContext(ctx, "udp4", conn.LocalAddr().String())
	}}
}

func TestPost_namesThatLeadInside(t *testing.T) {
	t.Parallel()
	var called atomic.Int32
	server := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { called.Add(1) }))
	t.Cleanup(server.Close)
	_, port, err := net.SplitHostPort(server.Listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	resolver := names(t, func(string) [4]byte { return [4]byte{127, 0, 0, 1} })
	secret := mustSecret(t, vectorSecret)
	// Numbers that a C library would take for 127.0.0.1 are no names to Go.
	for _, host := range []string{"2130706433", "0177.0.0.1", "127.1"} {
		answer, err := newClient(Options{Resolver: resolver}).Post(t.Context(), "http://"+host+":"+port+"/", "m", []byte("{}"), secret)
		if err == nil || answer != (Answer{}) {
			t.Errorf("%s: %+v, %v", host, answer, err)
		}
	}
	hosts := []string{"inside.example", "0x7f000001", "127.0.0.1.example", "localhost"}
	for _, host := range hosts {
		address := "http://" + host + ":" + port + "/"
		if answer, err := newClient(Options{Resolver: resolver}).Post(t.Context(), address, "m", []byte("{}"), secret); !errors.Is(err, errAddress) {
			t.Errorf("%s: %+v, %v", host, answer, err)
		}
	}
	if called.Load() != 0 {
		t.Errorf("the server inside was called %d times", called.Load())
	}
	// The control: it is the guard that keeps it from being reached.
	for _, host := range hosts {
		address := "http://" + host + ":" + port + "/"
		if _, err := newClient(Options{Resolver: resolver, Guard: loopback()}).Post(t.Context(), address, "m", []byte("{}"), secret); err != nil {
			t.Errorf("%s with leave: %v", host, err)
		}
	}
	if int(called.Load()) != len(hosts) {
		t.Errorf("with leave the server was called %d times", called.Load())
	}
}

// The name leads to an allowed address when it is checked, and inside when it
// is asked again.
func TestPost_rebinding(t *testing.T) {
	t.Parallel()
	listener, err := net.Listen("tcp4", "127.0.0.2:0")
	if err != nil {
		t.Fatal(err)
	}
	server := &httptest.Server{Listener: listener, Config: &http.Server{
		Handler:           http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.Header().Set("Connection", "close") }),
		ReadHeaderTimeout: time.Second,
	}}
	server.Start()
	t.Cleanup(server.Close)
	_, port, err := net.SplitHostPort(listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	last := atomic.Uint32{}
	last.Store(2)
	resolver := names(t, func(string) [4]byte { return [4]byte{127, 0, 0, byte(last.Load())} })
	client := newClient(Options{Resolver: resolver, Guard: Guard{Allow: []netip.Prefix{netip.MustParsePrefix("127.0.0.2/32")}}})
	secret := mustSecret(t, vectorSecret)
	if answer, err := client.Post(t.Context(), "http://rebind.example:"+port, "m", []byte("{}"), secret); err != nil || !answer.Delivered {
		t.Fatalf("%+v, %v", answer, err)
	}
	last.Store(1)
	if answer, err := client.Post(t.Context(), "http://rebind.example:"+port, "m", []byte("{}"), secret); !errors.Is(err, errAddress) {
		t.Errorf("after the name moved: %+v, %v", answer, err)
	}
}

func FuzzCheckURL(f *testing.F) {
	for _, s := range append([]string{"https://a.example/x?y#z", "https://u@h", "HTTPS://[::1]:80", "https://%31"}, inside...) {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		u, err := parse(s)
		if err == nil && (u.User != nil || u.Hostname() == "" || u.Scheme != "https" && u.Scheme != "http") {
			t.Fatalf("%q became %q", s, u)
		}
	})
}
