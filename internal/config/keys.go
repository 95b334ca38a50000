package config

import (
	"errors"
	"log/slog"
	"net/netip"
	"strconv"
	"strings"
	"time"
)

// key is one setting: its name in the file, what it means, how it is read into
// a Config and shown again. An error of set says what the value should be, and
// never what it was.
type key struct {
	name   string
	help   string
	secret bool // may hold a password: has a _file spelling
	set    func(*Config, string) error
	show   func(Config) string
}

// env is the name of the variable.
func (k key) env() string { return "HEED_" + strings.ToUpper(k.name) }

// flag is the spelling on the command line.
func (k key) flag() string { return "--" + strings.ReplaceAll(k.name, "_", "-") }

// keys is the list that file, environment, flags, Print and the page
// docs/operate/README.md share.
var keys = []key{
	{
		name: "listen",
		help: "address of the one public port",
		set:  text(func(c *Config) *string { return &c.Listen }),
		show: func(c Config) string { return c.Listen },
	},
	{
		name: "admin",
		help: "address of metrics and profiling, or off; never on a public network",
		set:  text(func(c *Config) *string { return &c.Admin }),
		show: func(c Config) string { return c.Admin },
	},
	{
		name: "public_url",
		help: "how the world reaches the public port; links in messages begin with it. Empty is the address that was bound",
		set:  text(func(c *Config) *string { return &c.PublicURL }),
		show: func(c Config) string { return c.PublicURL },
	},
	{
		name: "data",
		help: "folder for everything heed writes itself",
		set:  text(func(c *Config) *string { return &c.Data }),
		show: func(c Config) string { return c.Data },
	},
	{
		name:   "database",
		help:   "facts and projections: sqlite:PATH or postgres://USER:PASSWORD@HOST/NAME",
		secret: true,
		set:    location(func(c *Config) *URL { return &c.Database }),
		show:   func(c Config) string { return c.Database.String() },
	},
	{
		name:   "keys",
		help:   "the identity store, in the same forms; never the same database, and on several nodes a PostgreSQL cluster of its own",
		secret: true,
		set:    location(func(c *Config) *URL { return &c.Keys }),
		show:   func(c Config) string { return c.Keys.String() },
	},
	{
		name:   "write_key",
		help:   "write key of the first server source, used on an empty database only. Empty: one is made and printed once",
		secret: true,
		set:    hidden(func(c *Config) *Secret { return &c.WriteKey }),
		show:   func(c Config) string { return c.WriteKey.String() },
	},
	{
		name:   "admin_token",
		help:   "first API token, used on an empty database only. Empty: one is made and printed once",
		secret: true,
		set:    hidden(func(c *Config) *Secret { return &c.AdminToken }),
		show:   func(c Config) string { return c.AdminToken.String() },
	},
	{
		name: "from",
		help: "sender of email, as in Shop <hello@shop.example>",
		set:  text(func(c *Config) *string { return &c.From }),
		show: func(c Config) string { return c.From },
	},
	{
		name:   "smtp_url",
		help:   "mail server: smtp://USER:PASSWORD@HOST:PORT, or smtps. Empty: no email leaves",
		secret: true,
		set:    location(func(c *Config) *URL { return &c.SMTP }),
		show:   func(c Config) string { return c.SMTP.String() },
	},
	{
		name: "dkim_domain",
		help: "domain that signs email",
		set:  text(func(c *Config) *string { return &c.DKIM.Domain }),
		show: func(c Config) string { return c.DKIM.Domain },
	},
	{
		name: "dkim_selector",
		help: "selector under which the domain publishes the public key",
		set:  text(func(c *Config) *string { return &c.DKIM.Selector }),
		show: func(c Config) string { return c.DKIM.Selector },
	},
	{
		name:   "dkim_key",
		help:   "private key, PEM",
		secret: true,
		set:    hidden(func(c *Config) *Secret { return &c.DKIM.Key }),
		show:   func(c Config) string { return c.DKIM.Key.String() },
	},
	{
		name: "sms_url",
		help: "SMS gateway that speaks Twilio's API. Empty: no SMS leaves",
		set:  text(func(c *Config) *string { return &c.SMS.URL }),
		show: func(c Config) string { return c.SMS.URL },
	},
	{
		name: "sms_account",
		help: "account at the gateway",
		set:  text(func(c *Config) *string { return &c.SMS.Account }),
		show: func(c Config) string { return c.SMS.Account },
	},
	{
		name:   "sms_token",
		help:   "password of the account; it also checks the gateway's signature on replies",
		secret: true,
		set:    hidden(func(c *Config) *Secret { return &c.SMS.Token }),
		show:   func(c Config) string { return c.SMS.Token.String() },
	},
	{
		name: "sms_from",
		help: "number or service that SMS come from",
		set:  text(func(c *Config) *string { return &c.SMS.From }),
		show: func(c Config) string { return c.SMS.From },
	},
	{
		name: "oidc_issuer",
		help: "the brand's own sign-in, by OpenID Connect: people with an account get into their pages by it. Empty: by one-time codes only",
		set:  text(func(c *Config) *string { return &c.OIDC.Issuer }),
		show: func(c Config) string { return c.OIDC.Issuer },
	},
	{
		name: "oidc_client",
		help: "client id of heed at the sign-in; it sends people back to PUBLIC_URL/me/login/back",
		set:  text(func(c *Config) *string { return &c.OIDC.Client }),
		show: func(c Config) string { return c.OIDC.Client },
	},
	{
		name:   "oidc_secret",
		help:   "the client's secret",
		secret: true,
		set:    hidden(func(c *Config) *Secret { return &c.OIDC.Secret }),
		show:   func(c Config) string { return c.OIDC.Secret.String() },
	},
	{
		name: "oidc_name",
		help: "what people call the sign-in. Empty is the issuer's host",
		set:  text(func(c *Config) *string { return &c.OIDC.Name }),
		show: func(c Config) string { return c.OIDC.Name },
	},
	{
		name: "webhook_allow",
		help: "private networks that webhooks may reach all the same, as in 10.1.0.0/16, 127.0.0.1/32",
		set:  setHooks,
		show: func(c Config) string { return showHooks(c.Hooks) },
	},
	{
		name: "quarantine_days",
		help: "days for which an event that was not understood is kept, 1 to 14",
		set:  setQuarantine,
		show: func(c Config) string { return strconv.Itoa(int(c.Quarantine / day)) },
	},
	{
		name: "log_level",
		help: "debug, info, warn or error",
		set:  setLevel,
		show: func(c Config) string { return strings.ToLower(c.Log.Level.String()) },
	},
	{
		name: "log_format",
		help: "text or json",
		set:  text(func(c *Config) *string { return &c.Log.Format }),
		show: func(c Config) string { return c.Log.Format },
	},
}

func text(field func(*Config) *string) func(*Config, string) error {
	return func(c *Config, v string) error {
		*field(c) = v
		return nil
	}
}

func hidden(field func(*Config) *Secret) func(*Config, string) error {
	return func(c *Config, v string) error {
		*field(c) = Hide(v)
		return nil
	}
}

func location(field func(*Config) *URL) func(*Config, string) error {
	return func(c *Config, v string) error {
		*field(c) = Locate(v)
		return nil
	}
}

func setQuarantine(c *Config, v string) error {
	n, err := strconv.Atoi(v)
	if err != nil || n < 1 || n > int(maxQuarantine/day) {
		return errors.New("must be a whole number of days from 1 to 14")
	}
	c.Quarantine = time.Duration(n) * day
	return nil
}

func setLevel(c *Config, v string) error {
	levels := map[string]slog.Level{
		"debug": slog.LevelDebug, "info": slog.LevelInfo, "warn": slog.LevelWarn, "error": slog.LevelError,
	}
	level, ok := levels[v]
	if !ok {
		return errors.New("must be debug, info, warn or error")
	}
	c.Log.Level = level
	return nil
}

func setHooks(c *Config, v string) error {
	c.Hooks = nil
	for part := range strings.SplitSeq(v, ",") {
		p, err := netip.ParsePrefix(strings.TrimSpace(part))
		if err != nil {
			return errors.New("must be networks in CIDR form with commas between them, as in 10.1.0.0/16")
		}
		c.Hooks = append(c.Hooks, p.Masked())
	}
	return nil
}

func showHooks(hooks []netip.Prefix) string {
	parts := make([]string, len(hooks))
	for i, p := range hooks {
		parts[i] = p.String()
	}
	return strings.Join(parts, ", ")
}
