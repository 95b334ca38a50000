package email

import (
	"bytes"
	"fmt"
	"net/mail"
	"strings"

	gomail "github.com/wneessen/go-mail"

	"github.com/heed-platform/heed/internal/keep/gate"
	"github.com/heed-platform/heed/internal/reach/delivery"
)

// compose writes the whole mail, signed, as it goes over the wire.
func (c *Channel) compose(label delivery.Label, l gate.Letter, to string) ([]byte, error) {
	m := gomail.NewMsg(gomail.WithNoDefaultUserAgent(), gomail.WithEncoding(gomail.EncodingQP))
	m.FromMailAddress(&c.from)
	m.ToMailAddress(&mail.Address{Address: to})
	m.Subject(line(l.Subject.Reveal()))
	m.SetDateWithValue(l.At.Time())
	// The same for every try: a mailbox that gets it twice shows it once.
	m.SetMessageIDWithValue(word(label.Key) + "@" + c.domain)
	m.SetGenHeader("Auto-Submitted", "auto-generated")
	if label.Unsubscribe != "" {
		// As they are: encoded or folded, mailboxes would not find them.
		m.SetGenHeaderPreformatted("List-Unsubscribe", "<"+line(label.Unsubscribe)+">")
		m.SetGenHeaderPreformatted("List-Unsubscribe-Post", "List-Unsubscribe=One-Click")
		m.SetGenHeaderPreformatted("List-Id", "<"+word(label.List)+"."+c.domain+">")
	}
	m.SetBodyString(gomail.TypeTextPlain, l.Text.Reveal())
	if !l.HTML.IsZero() {
		m.AddAlternativeString(gomail.TypeTextHTML, l.HTML.Reveal())
	}
	var raw bytes.Buffer
	if _, err := m.WriteTo(&raw); err != nil {
		return nil, fmt.Errorf("write mail: %w", err)
	}
	return c.sign(raw.Bytes())
}

// line is text without anything that could end a header.
func line(s string) string {
	return strings.Map(func(r rune) rune {
		if control(r) {
			return ' '
		}
		return r
	}, s)
}

// word is s as one label of an id: letters, digits, dots and dashes.
func word(s string) string {
	return strings.Map(func(r rune) rune {
		if r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || r == '.' || r == '-' || r == '_' {
			return r
		}
		return '-'
	}, s)
}
