package page

import (
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"regexp"
	"strconv"
	"strings"

	"github.com/heed-platform/heed/internal/reach/delivery"
	"github.com/heed-platform/heed/internal/web"
	"github.com/heed-platform/heed/internal/web/page/look"
)

// row is a message as a page shows it.
type row struct {
	ID, Channel, To, Subject, First, At string

	Text []piece
	HTML bool
}

// piece is a stretch of a message's text; links in it can be followed.
type piece struct {
	Text string
	Link bool
}

var link = regexp.MustCompile(`https?://[^\s<>"]+[^\s<>".,;:!?)]`)

func pieces(text string) []piece {
	var out []piece
	from := 0
	for _, at := range link.FindAllStringIndex(text, -1) {
		out = append(out, piece{Text: text[from:at[0]]}, piece{Text: text[at[0]:at[1]], Link: true})
		from = at[1]
	}
	return append(out, piece{Text: text[from:]})
}

func shown(m delivery.Kept) row {
	r := row{
		ID: strconv.FormatInt(m.Number, 10), Channel: m.Channel, To: m.To.Reveal(), Subject: m.Subject.Reveal(), Text: pieces(m.Text.Reveal()),
		At: m.At.Time().Format("2 Jan 15:04:05"), HTML: !m.HTML.IsZero(),
	}
	r.First, _, _ = strings.Cut(strings.TrimSpace(m.Text.Reveal()), "\n")
	if r.Subject == "" {
		// A text message has no subject: its first sentence stands for it.
		first, _, more := strings.Cut(r.First, ". ")
		if r.Subject = first; more {
			r.Subject += " …"
		}
	}
	return r
}

// home is the outbox, or a sentence about a server that has none.
func (d Deps) home(w http.ResponseWriter, r *http.Request) error {
	box := d.outbox(r)
	if box == nil {
		return d.render(w, r, look.Page{In: "en", Name: "server.html", Title: "heed", Narrow: true})
	}
	lately := box.List()
	data := struct {
		Messages []row
		Count    string
		Try      []Try
	}{Count: count(len(lately)), Try: d.Try}
	for _, m := range lately {
		data.Messages = append(data.Messages, shown(m))
	}
	return d.render(w, r, look.Page{In: "en", Name: "outbox.html", Title: "Outbox", Data: data, Wide: true})
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

// outbox is the one to show to r, or nil. Only the machine itself and its network
// see it, and only under an address: a name could be anybody's, pointed here.
func (d Deps) outbox(r *http.Request) *delivery.Outbox {
	if !near(r) {
		return nil
	}
	return d.Outbox()
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

func (d Deps) find(r *http.Request) (delivery.Kept, bool) {
	n, err := strconv.ParseInt(r.PathValue("number"), 10, 64)
	box := d.outbox(r)
	if err != nil || box == nil {
		return delivery.Kept{}, false
	}
	return box.Find(n)
}

func (d Deps) message(w http.ResponseWriter, r *http.Request) error {
	m, ok := d.find(r)
	if !ok {
		return web.ErrRoute
	}
	shown := shown(m)
	return d.render(w, r, look.Page{In: "en", Name: "message.html", Title: shown.Subject, Data: shown, Wide: true, Frame: true})
}

// body is a message's own HTML, in a box from which nothing gets out.
func (d Deps) body(w http.ResponseWriter, r *http.Request) error {
	m, ok := d.find(r)
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
