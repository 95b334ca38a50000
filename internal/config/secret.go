package config

import (
	"fmt"
	"log/slog"
	"net/url"
	"strings"
)

const withheld = "[withheld]"

// Secret is a password, key or token. It prints, logs and marshals as
// [withheld]; only Text shows it. It holds a pointer because fmt cannot call
// methods on unexported fields and would print a plain string.
type Secret struct{ text *string }

// Hide makes a Secret.
func Hide(text string) Secret { return Secret{&text} }

// Text is the secret itself, for the one who must present it.
func (s Secret) Text() string {
	if s.text == nil {
		return ""
	}
	return *s.text
}

// IsZero reports whether nothing is set.
func (s Secret) IsZero() bool { return s.Text() == "" }

// String is [withheld], or nothing when nothing is set.
func (s Secret) String() string {
	if s.IsZero() {
		return ""
	}
	return withheld
}

// Format hides the secret under every verb.
func (s Secret) Format(f fmt.State, _ rune) { _, _ = f.Write([]byte(s.String())) }

// LogValue hides the secret.
func (s Secret) LogValue() slog.Value { return slog.StringValue(s.String()) }

// MarshalText hides the secret, in JSON and everywhere else.
func (s Secret) MarshalText() ([]byte, error) { return []byte(s.String()), nil }

// URL says where something is, perhaps with a password inside. It prints, logs
// and marshals without the password; only Text shows all of it.
type URL struct{ secret Secret }

// Locate makes a URL.
func Locate(text string) URL { return URL{Hide(text)} }

// Text is the whole URL, for the one who dials it.
func (u URL) Text() string { return u.secret.Text() }

// IsZero reports whether nothing is set.
func (u URL) IsZero() bool { return u.secret.IsZero() }

// Scheme is the part before the first colon, in lower case.
func (u URL) Scheme() string {
	scheme, _, _ := strings.Cut(u.Text(), ":")
	return strings.ToLower(scheme)
}

// String is the URL with the password withheld; text that is no URL is
// withheld whole.
func (u URL) String() string {
	if u.IsZero() {
		return ""
	}
	if u.Scheme() == "sqlite" {
		return u.Text()
	}
	// A password with an unescaped / ? or # reads as port, path, parameters or
	// fragment; the @ that ended it then stands where none belongs.
	parsed, err := url.Parse(u.Text())
	if err != nil || parsed.Scheme == "" || parsed.Opaque != "" || strings.Contains(parsed.Host+parsed.Path+parsed.RawQuery+parsed.Fragment, "@") {
		return withheld
	}
	shown := parsed.Scheme + "://"
	if parsed.User != nil {
		shown += url.User(parsed.User.Username()).String()
		if _, has := parsed.User.Password(); has {
			shown += ":" + withheld
		}
		shown += "@"
	}
	shown += parsed.Host + parsed.EscapedPath()
	// Passwords also travel as parameters, and a list of which ones would be
	// incomplete on the day a driver learns a new one.
	if parsed.RawQuery != "" {
		shown += "?" + withheld
	}
	return shown
}

// Format hides the password under every verb.
func (u URL) Format(f fmt.State, _ rune) { _, _ = f.Write([]byte(u.String())) }

// LogValue hides the password.
func (u URL) LogValue() slog.Value { return slog.StringValue(u.String()) }

// MarshalText hides the password, in JSON and everywhere else.
func (u URL) MarshalText() ([]byte, error) { return []byte(u.String()), nil }
