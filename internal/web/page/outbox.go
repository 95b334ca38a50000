package page

import (
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"strings"

	"github.com/heed-platform/heed/internal/clock"
	"github.com/heed-platform/heed/internal/person"
	"github.com/heed-platform/heed/internal/web"
)

// Message is one message that the outbox holds.
type Message struct {
	ID      string
	At      clock.Instant
	Channel string // what it would have left by: email, sms
	To      person.Secret
	Subject person.Secret
	Text    person.Secret
	HTML    person.Secret // zero when it has none
}

// Outbox holds what was sent lately.
type Outbox interface {
	Lately() []Message // newest first
	Message(id string) (Message, bool)
}

// row is a message as a page shows it.
type row struct {
	ID, Channel, To, Subject, Text, First, At string
	HTML                                      bool
}

func (m Message) row() row {
	r := row{
		ID: m.ID, Channel: m.Channel, To: m.To.Reveal(), Subject: m.Subject.Reveal(), Text: m.Text.Reveal(),
		At: m.At.Time().Format("2 Jan 15:04:05"), HTML: !m.HTML.IsZero(),
	}
	r.First, _, _ = strings.Cut(strings.TrimSpace(r.Text), "\n")
	if r.Subject == "" {
		r.Subject = r.First
	}
	return r
}

// home is the outbox, or a sentence about a server that has none.
func (d Deps) home(w http.ResponseWriter, r *http.Request) error {
	if d.Outbox == nil || !near(r) {
		return render(w, http.StatusOK, "server.html", nil)
	}
	lately := d.Outbox.Lately()
	data := struct {
		Messages []row
		Count    string
		Try      []Try
	}{Count: count(len(lately)), Try: d.Try}
	for _, m := range lately {
		data.Messages = append(data.Messages, m.row())
	}
	return render(w, http.StatusOK, "outbox.html", data)
}

func count(n int) string {
	switch n {
	case 0:
		return "Nothing has been sent yet."
	case 1:
		return "One message."
	}
	return fmt.Sprintf("%d messages, the newest first.", n)
}

// near serves only the machine itself and its network, and only under an
// address: a name could be anybody's, pointed here.
func (Deps) near(h web.Handler) web.Handler {
	return func(w http.ResponseWriter, r *http.Request) error {
		if !near(r) {
			return web.ErrRoute
		}
		return h(w, r)
	}
}

func near(r *http.Request) bool {
	from, err := netip.ParseAddrPort(r.RemoteAddr)
	if err != nil {
		return false
	}
	if ip := from.Addr().Unmap(); !ip.IsLoopback() && !ip.IsPrivate() || r.Header.Get("X-Forwarded-For") != "" {
		return false
	}
	host, _, err := net.SplitHostPort(r.Host)
	if err != nil {
		host = r.Host
	}
	if host == "localhost" {
		return true
	}
	_, err = netip.ParseAddr(strings.Trim(host, "[]"))
	return err == nil
}

func (d Deps) message(w http.ResponseWriter, r *http.Request) error {
	m, ok := d.Outbox.Message(r.PathValue("id"))
	if !ok {
		return web.ErrRoute
	}
	return render(w, http.StatusOK, "message.html", m.row())
}

// body is a message's own HTML, in a box from which nothing gets out.
func (d Deps) body(w http.ResponseWriter, r *http.Request) error {
	m, ok := d.Outbox.Message(r.PathValue("id"))
	if !ok || m.HTML.IsZero() {
		return web.ErrRoute
	}
	h := w.Header()
	h.Set("Content-Type", "text/html; charset=utf-8")
	h.Set("Cache-Control", "no-store")
	h.Set("Content-Security-Policy", "sandbox; default-src 'none'; style-src 'unsafe-inline'; img-src data:; form-action 'none'; base-uri 'none'; frame-ancestors 'self'")
	_, err := w.Write([]byte(m.HTML.Reveal()))
	return err
}
