package email

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"io"
	"math/big"
	"net"
	"sync"
	"testing"
	"time"

	"github.com/emersion/go-sasl"
	"github.com/emersion/go-smtp"

	"github.com/heed-platform/heed/internal/clock"
	"github.com/heed-platform/heed/internal/keep/gate"
	"github.com/heed-platform/heed/internal/person"
	"github.com/heed-platform/heed/internal/reach/delivery"
)

// server is a mail server in this process that answers as told.
type server struct {
	plan // guarded by mu once it has started

	mu       sync.Mutex
	taken    []taken
	sessions int
	conns    []net.Conn
}

// plan is what a server answers.
type plan struct {
	mail, rcpt, data func() error // nil is yes
	cut              bool         // the connection breaks while the body is read
}

func (s *server) now() plan {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.plan
}

// relent makes the server take everything from now on.
func (s *server) relent() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.plan = plan{}
}

func (s *server) counts() (sessions, mails int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.sessions, len(s.taken)
}

type taken struct {
	from, to, user string
	utf8, tls      bool
	raw            []byte
}

// start gives the server's address.
func (s *server) start(t *testing.T, config *tls.Config, implicit bool) string {
	t.Helper()
	var lc net.ListenConfig
	l, err := lc.Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	address := l.Addr().String()
	srv := smtp.NewServer(s)
	srv.Domain, srv.TLSConfig, srv.EnableSMTPUTF8, srv.AllowInsecureAuth = "mail.test", config, true, false
	srv.ErrorLog = quiet{}
	if implicit {
		l = tls.NewListener(l, config)
	}
	go func() { _ = srv.Serve(l) }()
	t.Cleanup(func() { _ = srv.Close() })
	return address
}

type quiet struct{}

func (quiet) Printf(string, ...any) {}
func (quiet) Println(...any)        {}

// NewSession is one connection.
func (s *server) NewSession(c *smtp.Conn) (smtp.Session, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.sessions++
	s.conns = append(s.conns, c.Conn())
	_, secure := c.TLSConnectionState()
	return &talk{server: s, conn: c.Conn(), now: taken{tls: secure}}, nil
}

type talk struct {
	server *server
	conn   net.Conn
	now    taken
}

func (k *talk) Reset()                 { k.now = taken{tls: k.now.tls, user: k.now.user} }
func (*talk) Logout() error            { return nil }
func (*talk) AuthMechanisms() []string { return []string{sasl.Plain} }

func (k *talk) Auth(string) (sasl.Server, error) {
	return sasl.NewPlainServer(func(_, user, password string) error {
		if password != "geheim" {
			return smtp.ErrAuthFailed
		}
		k.now.user = user
		return nil
	}), nil
}

func told(f func() error) error {
	if f == nil {
		return nil
	}
	return f()
}

func (k *talk) Mail(from string, o *smtp.MailOptions) error {
	k.now.from, k.now.utf8 = from, o.UTF8
	return told(k.server.now().mail)
}

func (k *talk) Rcpt(to string, _ *smtp.RcptOptions) error {
	k.now.to = to
	return told(k.server.now().rcpt)
}

func (k *talk) Data(r io.Reader) error {
	if k.server.now().cut {
		_, _ = io.CopyN(io.Discard, r, 100)
		return k.conn.Close()
	}
	raw, err := io.ReadAll(r)
	if err != nil {
		return err
	}
	if err := told(k.server.now().data); err != nil {
		return err
	}
	k.server.mu.Lock()
	defer k.server.mu.Unlock()
	k.now.raw = raw
	k.server.taken = append(k.server.taken, k.now)
	return nil
}

func (s *server) got(t *testing.T) taken {
	t.Helper()
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.taken) != 1 {
		t.Fatalf("%d mails taken, want 1", len(s.taken))
	}
	return s.taken[0]
}

// says is an answer with a code.
func says(code int, words string) func() error {
	return func() error {
		return &smtp.SMTPError{Code: code, EnhancedCode: smtp.NoEnhancedCode, Message: words}
	}
}

// certificate is for 127.0.0.1, with the pool that trusts it.
func certificate(t *testing.T) (*tls.Config, *x509.CertPool) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	c := &x509.Certificate{
		SerialNumber: big.NewInt(1), NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
		IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}, IsCA: true, BasicConstraintsValid: true,
	}
	raw, err := x509.CreateCertificate(rand.Reader, c, c, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	parsed, err := x509.ParseCertificate(raw)
	if err != nil {
		t.Fatal(err)
	}
	pool := x509.NewCertPool()
	pool.AddCert(parsed)
	return &tls.Config{Certificates: []tls.Certificate{{Certificate: [][]byte{raw}, PrivateKey: key}}, MinVersion: tls.VersionTLS12}, pool
}

func channel(t *testing.T, o Options) *Channel {
	t.Helper()
	if o.From == "" {
		o.From = "Linden & Lark <hello@lindenlark.example>"
	}
	o.Timeout = 2 * time.Second
	c, err := New(o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Close() })
	return c
}

func letter(to string) gate.Letter {
	return gate.Letter{
		ID: "019c-disclosure", Channel: "email", Purpose: "marketing.communications.email", To: person.Hide(to),
		Subject: person.Hide("Neues für dich"), Text: person.Hide("Liebe Ada,\n.\nfür dich: 10 €.\n"),
		HTML: person.Hide("<p>Liebe Ada, für dich: 10&nbsp;€.</p>"), At: clock.At(time.Date(2026, 3, 3, 11, 0, 0, 0, time.UTC)),
	}
}

func label() delivery.Label {
	return delivery.Label{
		Key: "d-1", Campaign: "hello", List: "Running shoes",
		Unsubscribe: "https://heed.example/u/" + "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789abcdefghijklmnopqrstuvwxyz",
	}
}
