package email

import (
	"bytes"
	"context"
	"crypto"
	"crypto/ed25519"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/base64"
	"encoding/pem"
	"errors"
	"io"
	"mime"
	"mime/multipart"
	"mime/quotedprintable"
	"net"
	"net/mail"
	"strings"
	"testing"

	"github.com/emersion/go-msgauth/dkim"
	"github.com/google/go-cmp/cmp"

	"github.com/heed-platform/heed/internal/person"
	"github.com/heed-platform/heed/internal/problem"
	"github.com/heed-platform/heed/internal/reach/delivery"
)

func TestSend_asWritten(t *testing.T) {
	t.Parallel()
	s := &server{}
	c := channel(t, Options{URL: "smtp://" + s.start(t, nil, false)})
	if err := c.send(t.Context(), label(), letter("ada@bücher.example")); err != nil {
		t.Fatal(err)
	}
	got := s.got(t)
	if got.from != "hello@lindenlark.example" || got.to != "ada@xn--bcher-kva.example" || got.utf8 {
		t.Errorf("envelope %q %q, utf8 %v", got.from, got.to, got.utf8)
	}
	m, err := mail.ReadMessage(bytes.NewReader(got.raw))
	if err != nil {
		t.Fatal(err)
	}
	want := map[string]string{
		"From": `"Linden & Lark" <hello@lindenlark.example>`, "To": "<ada@xn--bcher-kva.example>",
		"Date": "Tue, 03 Mar 2026 11:00:00 +0000", "Message-Id": "<d-1@lindenlark.example>",
		"Auto-Submitted": "auto-generated", "List-Id": "<Running-shoes.lindenlark.example>",
		"List-Unsubscribe": "<" + label().Unsubscribe + ">", "List-Unsubscribe-Post": "List-Unsubscribe=One-Click",
		"Mime-Version": "1.0",
	}
	for name, value := range want {
		if got := m.Header[name]; len(got) != 1 || got[0] != value {
			t.Errorf("%s: %q, want %q", name, got, value)
		}
	}
	for name := range m.Header {
		if _, expected := want[name]; !expected && name != "Subject" && name != "Content-Type" {
			t.Errorf("unexpected header %s: %q", name, m.Header[name])
		}
	}
	subject, err := new(mime.WordDecoder).DecodeHeader(m.Header.Get("Subject"))
	if err != nil || subject != "Neues für dich" {
		t.Errorf("subject %q, %v", subject, err)
	}
	l := letter("")
	parts := map[string]string{"text/plain; charset=UTF-8": l.Text.Reveal(), "text/html; charset=UTF-8": l.HTML.Reveal()}
	if diff := cmp.Diff(parts, read(t, m)); diff != "" {
		t.Error(diff)
	}
}

// read gives the parts of a multipart/alternative mail, line ends as written.
func read(t *testing.T, m *mail.Message) map[string]string {
	t.Helper()
	kind, params, err := mime.ParseMediaType(m.Header.Get("Content-Type"))
	if err != nil || kind != "multipart/alternative" {
		t.Fatal(kind, err)
	}
	parts := map[string]string{}
	r := multipart.NewReader(m.Body, params["boundary"])
	for {
		p, err := r.NextRawPart()
		if errors.Is(err, io.EOF) {
			return parts
		}
		if err != nil {
			t.Fatal(err)
		}
		if p.Header.Get("Content-Transfer-Encoding") != "quoted-printable" {
			t.Errorf("part %v", p.Header)
		}
		text, err := io.ReadAll(quotedprintable.NewReader(p))
		if err != nil {
			t.Fatal(err)
		}
		parts[p.Header.Get("Content-Type")] = strings.ReplaceAll(string(text), "\r\n", "\n")
	}
}

func TestSend_serviceHasNoList(t *testing.T) {
	t.Parallel()
	s := &server{}
	c := channel(t, Options{URL: "smtp://" + s.start(t, nil, false)})
	l := letter("ada@mail.example")
	l.HTML = person.Secret{}
	if err := c.send(t.Context(), delivery.Label{Key: "d-2", List: "orders", Service: true}, l); err != nil {
		t.Fatal(err)
	}
	m, err := mail.ReadMessage(bytes.NewReader(s.got(t).raw))
	if err != nil {
		t.Fatal(err)
	}
	for name := range m.Header {
		if strings.HasPrefix(name, "List-") {
			t.Errorf("a service message says %s", name)
		}
	}
	if got := m.Header.Get("Content-Type"); got != "text/plain; charset=UTF-8" {
		t.Errorf("content type %q", got)
	}
}

// No value of a person becomes a header, a recipient or a command.
func TestSend_nothingIsInjected(t *testing.T) {
	t.Parallel()
	evil := []string{
		"ada@mail.example\r\nBcc: eve@evil.example", "ada@mail.example\nRCPT TO:<eve@evil.example>", "ada@mail.example, eve@evil.example",
		"Ada <ada@mail.example>", "ada@mail.example>", "<ada@mail.example>", "ada@mail.example\x00", "ada mail.example", "", "@mail.example", "ada@",
		"ada@local", "ada@mail..example", "ada@[127.0.0.1]", "\"a\r\nb\"@mail.example", "ada@ex ample.example", "ada@mail.example\u2028x",
	}
	s := &server{}
	c := channel(t, Options{URL: "smtp://" + s.start(t, nil, false)})
	for _, to := range evil {
		err := c.send(t.Context(), label(), letter(to))
		f, ok := errors.AsType[*delivery.Failure](err)
		if !ok || f.Class != delivery.Refused || f.Code != "address_invalid" {
			t.Errorf("%q: %v", to, err)
		}
	}
	if _, mails := s.counts(); mails != 0 {
		t.Fatalf("%d mails taken", mails)
	}
	l := letter("ada@mail.example")
	l.Subject = person.Hide("Hi\r\nBcc: eve@evil.example\r\n\r\nbody\u0085\u2028x" + strings.Repeat(" long words", 50))
	odd := label()
	odd.Key, odd.List, odd.Unsubscribe = "k>\r\nX: y", "l>\r\nX: y", "https://x/\r\nX: y"
	if err := c.send(t.Context(), odd, l); err != nil {
		t.Fatal(err)
	}
	m, err := mail.ReadMessage(bytes.NewReader(s.got(t).raw))
	if err != nil {
		t.Fatal(err)
	}
	if len(m.Header["Bcc"])+len(m.Header["X"]) != 0 || m.Header.Get("To") != "<ada@mail.example>" {
		t.Errorf("headers %v", m.Header)
	}
}

func TestSend_otherAlphabets(t *testing.T) {
	t.Parallel()
	s := &server{}
	c := channel(t, Options{URL: "smtp://" + s.start(t, nil, false)})
	if err := c.send(t.Context(), label(), letter("åsa@mail.example")); err != nil {
		t.Fatal(err)
	}
	if got := s.got(t); got.to != "åsa@mail.example" || !got.utf8 {
		t.Errorf("%q, utf8 %v", got.to, got.utf8)
	}
}

func TestSend_whatTheServerSays(t *testing.T) {
	t.Parallel()
	quote := "no ada@mail.example here"
	tests := []struct {
		name  string
		plan  plan
		class delivery.Class
		code  string
	}{
		{"unknown recipient", plan{rcpt: says(550, quote)}, delivery.Refused, "smtp_550"},
		{"recipient later", plan{rcpt: says(451, quote)}, delivery.Later, "smtp_451"},
		{"closing down", plan{rcpt: says(421, quote)}, delivery.Later, "smtp_421"},
		{"body refused", plan{data: says(554, quote)}, delivery.Refused, "smtp_554"},
		{"body later", plan{data: says(452, quote)}, delivery.Later, "smtp_452"},
		{"we are refused", plan{mail: says(550, quote)}, delivery.Later, "smtp_sender_550"},
		{"cut in the middle of the body", plan{cut: true}, delivery.Unknown, "smtp_no_answer"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			s := &server{plan: tt.plan}
			c := channel(t, Options{URL: "smtp://" + s.start(t, nil, false)})
			err := c.send(t.Context(), label(), letter("ada@mail.example"))
			f, ok := errors.AsType[*delivery.Failure](err)
			if !ok || f.Class != tt.class || f.Code != tt.code {
				t.Fatalf("%v, class %v", err, f)
			}
			if strings.Contains(f.Error(), "ada") {
				t.Errorf("the log would name somebody: %s", f)
			}
			// The next letter is none the worse for it.
			s.relent()
			if err := c.send(t.Context(), label(), letter("ada@mail.example")); err != nil {
				t.Errorf("afterwards: %v", err)
			}
		})
	}
}

func TestSend_nobodyThere(t *testing.T) {
	t.Parallel()
	var lc net.ListenConfig
	l, err := lc.Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	c := channel(t, Options{URL: "smtp://" + l.Addr().String()})
	// It listens and says nothing: the wait has an end.
	err = c.send(t.Context(), label(), letter("ada@mail.example"))
	if f, ok := errors.AsType[*delivery.Failure](err); !ok || f.Class != delivery.Later || f.Code != "smtp_unreachable" {
		t.Errorf("silent: %v", err)
	}
	_ = l.Close()
	err = c.send(t.Context(), label(), letter("ada@mail.example"))
	if f, ok := errors.AsType[*delivery.Failure](err); !ok || f.Class != delivery.Later || f.Code != "smtp_unreachable" {
		t.Errorf("gone: %v", err)
	}
}

func TestSend_connectionsAreUsedAgain(t *testing.T) {
	t.Parallel()
	s := &server{}
	c := channel(t, Options{URL: "smtp://" + s.start(t, nil, false)})
	for range 5 {
		if err := c.send(t.Context(), label(), letter("ada@mail.example")); err != nil {
			t.Fatal(err)
		}
	}
	if sessions, mails := s.counts(); sessions != 1 || mails != 5 {
		t.Errorf("%d sessions for %d mails", sessions, mails)
	}
	// The server hangs up between letters: nobody notices.
	s.mu.Lock()
	_ = s.conns[0].Close()
	s.mu.Unlock()
	err := c.send(t.Context(), label(), letter("ada@mail.example"))
	if sessions, _ := s.counts(); err != nil || sessions != 2 {
		t.Errorf("after hanging up: %v, %d sessions", err, sessions)
	}
}

func TestSend_secured(t *testing.T) {
	t.Parallel()
	config, roots := certificate(t)
	tests := []struct {
		name          string
		url           string // %s is the address
		tls, implicit bool
		trusted       bool
		code          string
		user          string
		secure        bool
		travels       string
	}{
		{"starttls", "smtp://mailer:geheim@%s", true, false, true, "", "mailer", true, "to this machine's mail server"},
		{"tls from the start", "smtps://mailer:geheim@%s", true, true, true, "", "mailer", true, "tls"},
		{"wrong password", "smtps://mailer:falsch@%s", true, true, true, "smtp_sender_535", "", false, "tls"},
		{"not trusted", "smtps://mailer:geheim@%s", true, true, false, "smtp_unreachable", "", false, "tls"},
		{"no password in clear", "smtp://mailer:geheim@%s", false, false, true, "smtp_unreachable", "", false, "to this machine's mail server"},
		{"tls off", "smtp://%s?tls=off", true, false, true, "", "", false, "in clear, to a mail server that the operator trusts"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			s := &server{}
			cfg := config
			if !tt.tls {
				cfg = nil
			}
			o := Options{URL: strings.Replace(tt.url, "%s", s.start(t, cfg, tt.implicit), 1)}
			if tt.trusted {
				o.Roots = roots
			} else {
				o.Roots = x509.NewCertPool()
			}
			c := channel(t, o)
			if c.Protection() != tt.travels {
				t.Errorf("travels %q", c.Protection())
			}
			err := c.send(t.Context(), label(), letter("ada@mail.example"))
			if tt.code != "" {
				if f, ok := errors.AsType[*delivery.Failure](err); !ok || f.Class != delivery.Later || f.Code != tt.code {
					t.Errorf("%v", err)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			if got := s.got(t); got.user != tt.user || got.tls != tt.secure {
				t.Errorf("as %q, tls %v", got.user, got.tls)
			}
			if err := c.Check(t.Context()); err != nil {
				t.Error(err)
			}
		})
	}
}

// A server elsewhere that offers no TLS gets no letter.
func TestSend_elsewhereDemandsTLS(t *testing.T) {
	t.Parallel()
	c := channel(t, Options{URL: "smtp://mail.example"})
	if c.Protection() != "tls" || c.client.TLSPolicy() != "TLSMandatory" {
		t.Errorf("%s, %s", c.Protection(), c.client.TLSPolicy())
	}
}

func keys(t *testing.T) (list []Key, txt map[string]string) {
	t.Helper()
	r, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	_, e, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	txt = map[string]string{}
	for selector, key := range map[string]crypto.Signer{"r1": r, "e1": e} {
		raw, err := x509.MarshalPKCS8PrivateKey(key)
		if err != nil {
			t.Fatal(err)
		}
		list = append(list, Key{"lindenlark.example", selector, string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: raw}))})
	}
	public, err := x509.MarshalPKIXPublicKey(r.Public())
	if err != nil {
		t.Fatal(err)
	}
	ed, ok := e.Public().(ed25519.PublicKey)
	if !ok {
		t.Fatal("no Ed25519 key")
	}
	txt["r1._domainkey.lindenlark.example"] = "v=DKIM1; k=rsa; p=" + base64.StdEncoding.EncodeToString(public)
	txt["e1._domainkey.lindenlark.example"] = "v=DKIM1; k=ed25519; p=" + base64.StdEncoding.EncodeToString(ed)
	return list, txt
}

func TestSend_signed(t *testing.T) {
	t.Parallel()
	list, txt := keys(t)
	s := &server{}
	c := channel(t, Options{URL: "smtp://" + s.start(t, nil, false), Keys: list})
	if err := c.send(t.Context(), label(), letter("ada@mail.example")); err != nil {
		t.Fatal(err)
	}
	raw := s.got(t).raw
	verify := func(raw []byte) (good int, covered []string) {
		all, err := dkim.VerifyWithOptions(bytes.NewReader(raw), &dkim.VerifyOptions{LookupTXT: func(name string) ([]string, error) {
			return []string{txt[name]}, nil
		}})
		if err != nil {
			t.Fatal(err)
		}
		for _, v := range all {
			if v.Err == nil && v.Domain == "lindenlark.example" {
				good, covered = good+1, v.HeaderKeys
			}
		}
		return good, covered
	}
	good, covered := verify(raw)
	if good != 2 {
		t.Fatalf("%d signatures hold, want 2", good)
	}
	for _, h := range []string{"From", "To", "Subject", "Date", "Message-ID", "List-Unsubscribe", "List-Unsubscribe-Post", "List-Id", "Auto-Submitted"} {
		if !strings.Contains(" "+strings.ToLower(strings.Join(covered, " "))+" ", " "+strings.ToLower(h)+" ") {
			t.Errorf("%s is not signed", h)
		}
	}
	// The controls: what is changed or added on the way breaks them.
	for name, change := range map[string]func(string) string{
		"body":             func(s string) string { return strings.Replace(s, "Liebe", "Lieber", 1) },
		"unsubscribe":      func(s string) string { return strings.Replace(s, "heed.example/u/", "evil.example/u/", 1) },
		"second from":      func(s string) string { return "From: eve@evil.example\r\n" + s },
		"added reply-to":   func(s string) string { return "Reply-To: eve@evil.example\r\n" + s },
		"second list link": func(s string) string { return "List-Unsubscribe: <https://evil.example>\r\n" + s },
	} {
		if good, _ := verify([]byte(change(string(raw)))); good != 0 {
			t.Errorf("%s: %d signatures still hold", name, good)
		}
	}
}

func TestNew_refuses(t *testing.T) {
	t.Parallel()
	small, err := rsa.GenerateKey(rand.Reader, 1024)
	if err != nil {
		t.Fatal(err)
	}
	good := string(pem.EncodeToMemory(&pem.Block{Type: "RSA PRIVATE KEY", Bytes: x509.MarshalPKCS1PrivateKey(small)}))
	tests := []struct {
		o    Options
		code string
	}{
		{Options{URL: "smtp://mail.example", From: "a@b.example", Keys: []Key{{"b.example", "s", good}}}, ""},
		{Options{URL: "http://mail.example", From: "a@b.example"}, "smtp-url-invalid"},
		{Options{URL: "smtp://", From: "a@b.example"}, "smtp-url-invalid"},
		{Options{URL: "smtp://u:p@mail.example?tls=off", From: "a@b.example"}, "smtp-url-invalid"},
		{Options{URL: "smtps://mail.example?tls=off", From: "a@b.example"}, "smtp-url-invalid"},
		{Options{URL: "smtp://mail.example", From: "nobody"}, "mail-from-invalid"},
		{Options{URL: "smtp://mail.example", From: "a@b.example, c@d.example"}, "mail-from-invalid"},
		{Options{URL: "smtp://mail.example", From: "a@b.example", Keys: []Key{{"b.example", "s", "no key"}}}, "dkim-key-invalid"},
		{Options{URL: "smtp://mail.example", From: "a@b.example", Keys: []Key{{"", "s", good}}}, "dkim-key-invalid"},
	}
	for _, tt := range tests {
		_, err := New(tt.o)
		code := ""
		if err != nil {
			code = problem.Of(err).Code
		}
		if code != tt.code {
			t.Errorf("%s %s: %q, want %q", tt.o.URL, tt.o.From, code, tt.code)
		}
		if err != nil && strings.Contains(err.Error(), ":p@") {
			t.Error("the password is quoted")
		}
	}
}

func FuzzASCII(f *testing.F) {
	for _, s := range []string{"ada@mail.example", "ada@bücher.example", "a\r\nb@c.d", `"a b"@c.d`, "Ada <ada@mail.example>"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		got, plain, err := ascii(s)
		if err != nil {
			return
		}
		if strings.ContainsAny(got, "\r\n\x00<>, ") && !strings.Contains(got, `"`) || strings.ContainsFunc(got, control) {
			t.Errorf("%q gives %q", s, got)
		}
		if plain && strings.ContainsFunc(got, func(r rune) bool { return r > '~' }) {
			t.Errorf("%q is not plain", got)
		}
		if again, _, err := ascii(got); err != nil || again != got {
			t.Errorf("%q, read again, is %q, %v", got, again, err)
		}
	})
}

func TestSend_endsWithItsContext(t *testing.T) {
	t.Parallel()
	s := &server{}
	c := channel(t, Options{URL: "smtp://" + s.start(t, nil, false)})
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	err := c.send(ctx, label(), letter("ada@mail.example"))
	if f, ok := errors.AsType[*delivery.Failure](err); !ok || f.Class != delivery.Later {
		t.Errorf("%v", err)
	}
}
