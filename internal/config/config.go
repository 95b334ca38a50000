package config

import (
	"fmt"
	"io"
	"log/slog"
	"net/netip"
	"path/filepath"
	"text/tabwriter"
	"time"
)

// Config is everything an operator may set. Its zero value is not usable;
// start from Default or Load.
type Config struct {
	Listen    string // host:port of the one public port; port 0 takes a free one
	Admin     string // host:port of metrics and profiling, or "off"
	PublicURL string // how the world reaches Listen; "" is http:// and the address that was bound

	Data     string // folder for everything heed writes itself
	Database URL    // sqlite:PATH or postgres://…; facts and projections
	Keys     URL    // same forms; the identity store, which lies apart from Database

	WriteKey   Secret // of the first server source, on an empty database; zero: one is made
	AdminToken Secret // the first API token, on an empty database; zero: one is made

	From  string // who signs email: "Shop <hello@shop.example>"
	SMTP  URL    // smtp:// or smtps://user:password@host:port; zero: no email is sent
	DKIM  DKIM
	SMS   SMS
	OIDC  OIDC
	Hooks []netip.Prefix // private networks that webhooks may reach all the same

	Quarantine time.Duration // how long an event that was not understood is kept
	Log        Log

	source map[string]string // by key name; missing is default
}

// DKIM signs email. All three are set, or none.
type DKIM struct {
	Domain   string
	Selector string
	Key      Secret // PEM
}

// SMS is an account at a gateway that speaks Twilio's API. URL, Account, Token
// and From are set, or none.
type SMS struct {
	URL     string
	Account string
	Token   Secret
	From    string
}

// OIDC is the brand's own sign-in, by OpenID Connect. Issuer, Client and Secret
// are set, or none.
type OIDC struct {
	Issuer string
	Client string
	Secret Secret
	Name   string // as people know it; "" is the issuer's host
}

// Log is how heed tells what it does.
type Log struct {
	Level  slog.Level
	Format string // "text" or "json"
}

// Off is the value of Admin that opens no second port.
const Off = "off"

// maxQuarantine keeps what cannot be searched by person shorter than any
// deadline for erasing a person.
const maxQuarantine = 14 * day

const day = 24 * time.Hour

// Default is the configuration of a program that was told nothing.
func Default() Config {
	return settle(base())
}

func base() Config {
	return Config{
		Listen:     "127.0.0.1:8480",
		Admin:      "127.0.0.1:8481",
		Data:       "heed-data",
		Quarantine: maxQuarantine,
		Log:        Log{Level: slog.LevelInfo, Format: "text"},
		source:     map[string]string{},
	}
}

// settle fills in what follows from other settings.
func settle(c Config) Config {
	if c.Database.IsZero() {
		c.Database = Locate("sqlite:" + filepath.Join(c.Data, "heed.db"))
	}
	if c.Keys.IsZero() {
		c.Keys = Locate("sqlite:" + filepath.Join(c.Data, "keys.db"))
	}
	return c
}

// Print writes every setting with its value and where it came from: default, a
// line of the file, a variable, a flag.
func (c Config) Print(w io.Writer) error {
	table := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	for _, k := range keys {
		if _, err := fmt.Fprintf(table, "%s\t%s\t%s\n", k.name, k.show(c), c.whence(k)); err != nil {
			return fmt.Errorf("print configuration: %w", err)
		}
	}
	return table.Flush()
}

func (c Config) whence(k key) string {
	if s, ok := c.source[k.name]; ok {
		return s
	}
	return "default"
}
