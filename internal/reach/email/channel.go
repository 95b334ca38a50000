package email

import (
	"context"
	"crypto/x509"
	"net/mail"
	"net/netip"
	"net/url"
	"strconv"
	"strings"
	"sync"
	"time"

	gomail "github.com/wneessen/go-mail"
	"github.com/wneessen/go-mail/smtp"
	"golang.org/x/net/idna"

	"github.com/heed-platform/heed/internal/keep/gate"
	"github.com/heed-platform/heed/internal/problem"
	"github.com/heed-platform/heed/internal/reach/delivery"
)

// DefaultTimeout is how long connecting may take, and then handing over.
const DefaultTimeout = 10 * time.Second

var (
	errURL = problem.New(problem.Invalid, "smtp-url-invalid",
		"The mail server is smtp://USER:PASSWORD@HOST:PORT or smtps://…; without TLS (?tls=off) only a server without password is used.")
	errFrom = problem.New(problem.Invalid, "mail-from-invalid", "Mail comes from one address, as in Shop <hello@shop.example>.")
	errKey  = problem.New(problem.Invalid, "dkim-key-invalid",
		"Mail is signed with a domain, a selector and a private key in PEM: RSA of 1024 bits or more, or Ed25519.")
)

// Options are what a Channel is made of.
type Options struct {
	// URL is smtp:// (STARTTLS is demanded, except of this machine) or smtps://
	// (TLS from the start). ?tls=off gives up on TLS.
	URL     string
	From    string         // who writes: "Shop <hello@shop.example>"
	Keys    []Key          // each signs every letter; none is no signature
	Timeout time.Duration  // 0 is DefaultTimeout
	Roots   *x509.CertPool // nil is the machine's
}

// Channel sends letters. It may be used by many goroutines at once.
type Channel struct {
	from    mail.Address
	domain  string // of From, in ASCII
	signers []signer
	client  *gomail.Client
	timeout time.Duration
	travels string

	mu   sync.Mutex
	idle []*smtp.Client // connections that may be used again
}

// New makes a Channel and connects to nothing. The problems are
// smtp-url-invalid, mail-from-invalid and dkim-key-invalid.
func New(o Options) (*Channel, error) {
	c := &Channel{timeout: o.Timeout}
	if c.timeout == 0 {
		c.timeout = DefaultTimeout
	}
	from, err := mail.ParseAddress(o.From)
	if err != nil {
		return nil, errFrom.Because(err)
	}
	address, _, err := ascii(from.Address)
	if err != nil {
		return nil, errFrom.Because(err)
	}
	c.from = mail.Address{Name: from.Name, Address: address}
	c.domain = address[strings.LastIndexByte(address, '@')+1:]
	for _, k := range o.Keys {
		s, err := k.signer()
		if err != nil {
			return nil, err
		}
		c.signers = append(c.signers, s)
	}
	return c, c.dial(o)
}

// dial prepares connecting.
func (c *Channel) dial(o Options) error {
	u, err := url.Parse(o.URL)
	if err != nil || u.Hostname() == "" || u.Scheme != "smtp" && u.Scheme != "smtps" {
		return errURL // the cause would quote the password
	}
	off := u.Query().Get("tls") == "off"
	if off && (u.User != nil || u.Scheme == "smtps") {
		return errURL
	}
	options := []gomail.Option{gomail.WithTimeout(c.timeout), gomail.WithHELO(c.domain), gomail.WithTLSConfig(secured(u.Hostname(), o.Roots))}
	c.travels = "tls"
	switch {
	case u.Scheme == "smtps":
		options = append(options, gomail.WithSSL(), gomail.WithPort(port(u, 465)))
	case off:
		c.travels = "in clear, to a mail server that the operator trusts"
		options = append(options, gomail.WithTLSPolicy(gomail.NoTLS), gomail.WithPort(port(u, 25)))
	case here(u.Hostname()):
		c.travels = "to this machine's mail server"
		options = append(options, gomail.WithTLSPolicy(gomail.TLSOpportunistic), gomail.WithPort(port(u, 25)))
	default:
		options = append(options, gomail.WithTLSPolicy(gomail.TLSMandatory), gomail.WithPort(port(u, 587)))
	}
	if password, ok := u.User.Password(); ok {
		options = append(options, gomail.WithSMTPAuth(gomail.SMTPAuthAutoDiscover),
			gomail.WithUsername(u.User.Username()), gomail.WithPassword(password))
	}
	if c.client, err = gomail.NewClient(u.Hostname(), options...); err != nil {
		return errURL
	}
	return nil
}

// here reports whether a host name can only mean this machine.
func here(host string) bool {
	a, err := netip.ParseAddr(host)
	return host == "localhost" || err == nil && a.IsLoopback()
}

func port(u *url.URL, usual int) int {
	n, err := strconv.ParseUint(u.Port(), 10, 16)
	if err != nil || n == 0 {
		return usual
	}
	return int(n)
}

// Protection says how letters travel.
func (c *Channel) Protection() string { return c.travels }

// Send hands one letter to the server.
func (c *Channel) Send(ctx context.Context, label delivery.Label, cleared gate.Cleared) error {
	l, err := cleared.Open()
	if err != nil {
		return err
	}
	return c.send(ctx, label, l)
}

func (c *Channel) send(ctx context.Context, label delivery.Label, l gate.Letter) error {
	to, plain, err := ascii(l.To.Reveal())
	if err != nil {
		return delivery.Fail(delivery.Refused, "address_invalid", err)
	}
	raw, err := c.compose(label, l, to)
	if err != nil {
		return delivery.Fail(delivery.Refused, "mail_unwritable", err)
	}
	return c.transmit(ctx, to, plain, raw)
}

var errAddress = problem.New(problem.Invalid, "mail-address-invalid", "An email address is one name, an at sign and one domain.")

// ascii is a single address whose domain can be looked up; plain is whether its
// name is ASCII too. What holds a display name, a second address or a line break
// is no address.
func ascii(address string) (ascii string, plain bool, err error) {
	parsed, err := mail.ParseAddress(address)
	if err != nil || parsed.Name != "" || parsed.Address != strings.TrimSpace(address) || strings.ContainsFunc(address, control) {
		return "", false, errAddress
	}
	at := strings.LastIndexByte(parsed.Address, '@')
	domain, err := idna.Lookup.ToASCII(parsed.Address[at+1:])
	if err != nil || !strings.Contains(domain, ".") {
		return "", false, errAddress
	}
	name := parsed.Address[:at]
	plain = !strings.ContainsFunc(name, func(r rune) bool { return r > '~' })
	return name + "@" + domain, plain, nil
}

func control(r rune) bool { return r < ' ' || r == 0x7F || r == 0x85 || r == '\u2028' || r == '\u2029' }
