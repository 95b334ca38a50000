package config

import (
	"encoding/pem"
	"net"
	"net/mail"
	"net/netip"
	"net/url"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/heed-platform/heed/internal/problem"
)

var errInvalid = problem.New(problem.Invalid, "config-invalid",
	"The configuration cannot be used; each place below says what to mend.")

func invalid(faults []problem.Field) error {
	p := errInvalid
	for _, f := range faults {
		p = p.At(f.Pointer, f.Reason)
	}
	return p
}

// Check fails with config-invalid, which lists every fault.
func (c Config) Check() error {
	if faults := c.faults(nil); len(faults) > 0 {
		return invalid(faults)
	}
	return nil
}

// checker gathers the faults of one Config. A setting in known has been
// reported already.
type checker struct {
	c      Config
	known  map[string]bool
	faults []problem.Field
}

func (c Config) faults(known map[string]bool) []problem.Field {
	k := &checker{c: c, known: known}
	k.addresses()
	k.stores()
	k.firstKeys()
	k.email()
	k.sms()
	k.oidc()
	if f := c.Log.Format; f != "text" && f != "json" {
		k.fault("log_format", "must be text or json")
	}
	if c.Quarantine < day || c.Quarantine > maxQuarantine {
		k.fault("quarantine_days", "must be a whole number of days from 1 to 14")
	}
	return k.faults
}

// fault names the place where the setting was written, or the setting itself.
func (k *checker) fault(name, reason string) {
	if k.known[name] {
		return
	}
	place := name
	if s, ok := k.c.source[name]; ok {
		place = s
	}
	k.faults = append(k.faults, problem.Field{Pointer: place, Reason: reason})
}

func (k *checker) addresses() {
	if !isAddress(k.c.Listen) {
		k.fault("listen", "must be HOST:PORT, as in 127.0.0.1:8480")
	}
	if k.c.Admin != Off && !isAddress(k.c.Admin) {
		k.fault("admin", "must be HOST:PORT, as in 127.0.0.1:8481, or off")
	}
	if k.c.Admin == k.c.Listen && !strings.HasSuffix(k.c.Listen, ":0") {
		k.fault("admin", "must differ from listen: metrics and profiling are not for the public")
	}
	if k.c.PublicURL != "" && !isPublic(k.c.PublicURL) {
		k.fault("public_url", "must be https://HOST without query; http only for an address of this machine, because links in messages carry keys")
	}
}

func (k *checker) stores() {
	if k.c.Data == "" {
		k.fault("data", "must name a folder")
	}
	if !isStore(k.c.Database) {
		k.fault("database", "must be sqlite:PATH or postgres://USER:PASSWORD@HOST/NAME")
	}
	if !isStore(k.c.Keys) {
		k.fault("keys", "must be sqlite:PATH or postgres://USER:PASSWORD@HOST/NAME")
	}
	if same(k.c.Keys, k.c.Database) {
		k.fault("keys", "must not be the database: what is erased would stay readable in its backups")
	}
}

func (k *checker) firstKeys() {
	if !isToken(k.c.WriteKey.Text()) {
		k.fault("write_key", "must be letters, digits and signs without space or colon")
	}
	if !isToken(k.c.AdminToken.Text()) {
		k.fault("admin_token", "must be letters, digits and signs without space or colon")
	}
}

func (k *checker) email() {
	if k.c.From != "" {
		if _, err := mail.ParseAddress(k.c.From); err != nil {
			k.fault("from", "must be an email address, as in Shop <hello@shop.example>")
		}
	}
	if !k.c.SMTP.IsZero() {
		if u, err := url.Parse(k.c.SMTP.Text()); err != nil || u.Scheme != "smtp" && u.Scheme != "smtps" || u.Hostname() == "" {
			k.fault("smtp_url", "must be smtp://USER:PASSWORD@HOST:PORT, or smtps")
		}
		if k.c.From == "" {
			k.fault("from", "must be set when smtp_url is: somebody must sign the mail")
		}
	}
	d := k.c.DKIM
	k.together("dkim_key", map[string]bool{"dkim_domain": d.Domain != "", "dkim_selector": d.Selector != "", "dkim_key": !d.Key.IsZero()})
	if block, _ := pem.Decode([]byte(d.Key.Text())); !d.Key.IsZero() && (block == nil || !strings.HasSuffix(block.Type, "PRIVATE KEY")) {
		k.fault("dkim_key", "must be a private key in PEM")
	}
}

func (k *checker) sms() {
	s := k.c.SMS
	k.together("sms_url", map[string]bool{"sms_url": s.URL != "", "sms_account": s.Account != "", "sms_token": !s.Token.IsZero(), "sms_from": s.From != ""})
	if s.URL != "" && !isPublic(s.URL) {
		k.fault("sms_url", "must be https://HOST without query; http only for an address of this machine")
	}
}

func (k *checker) oidc() {
	o := k.c.OIDC
	k.together("oidc_issuer", map[string]bool{"oidc_issuer": o.Issuer != "", "oidc_client": o.Client != "", "oidc_secret": !o.Secret.IsZero()})
	if o.Issuer != "" && !isPublic(o.Issuer) {
		k.fault("oidc_issuer", "must be https://HOST without query; http only for an address of this machine")
	}
}

// together reports the missing ones when some of a group are set.
func (k *checker) together(first string, set map[string]bool) {
	some, all := false, true
	for _, on := range set {
		some, all = some || on, all && on
	}
	if !some || all {
		return
	}
	for _, key := range keys {
		if on, member := set[key.name]; member && !on {
			k.fault(key.name, "must be set too, or nothing of its group: see "+first)
		}
	}
}

func isAddress(s string) bool {
	_, port, err := net.SplitHostPort(s)
	if err != nil {
		return false
	}
	n, err := strconv.ParseUint(port, 10, 16)
	return err == nil && strconv.FormatUint(n, 10) == port
}

func isPublic(s string) bool {
	u, err := url.Parse(s)
	if err != nil || u.Host == "" || u.RawQuery != "" || u.Fragment != "" || u.User != nil {
		return false
	}
	return u.Scheme == "https" || u.Scheme == "http" && isHere(u.Hostname())
}

// isHere reports whether a host name can only mean this machine.
func isHere(host string) bool {
	a, err := netip.ParseAddr(host)
	return host == "localhost" || err == nil && a.IsLoopback()
}

func isStore(u URL) bool {
	if path, ok := strings.CutPrefix(u.Text(), "sqlite:"); ok {
		return path != ""
	}
	parsed, err := url.Parse(u.Text())
	return err == nil && (parsed.Scheme == "postgres" || parsed.Scheme == "postgresql")
}

// same reports whether two stores are one, as far as their names tell.
func same(a, b URL) bool {
	file, ok := strings.CutPrefix(a.Text(), "sqlite:")
	other, ok2 := strings.CutPrefix(b.Text(), "sqlite:")
	if ok && ok2 {
		return filepath.Clean(file) == filepath.Clean(other)
	}
	return a.Text() == b.Text()
}

// isToken accepts what fits a Basic user name and a bearer token; empty is fine.
func isToken(s string) bool {
	return len(s) <= 200 && !strings.ContainsFunc(s, func(r rune) bool { return r <= ' ' || r > '~' || r == ':' })
}
