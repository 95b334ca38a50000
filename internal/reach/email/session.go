package email

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net/textproto"

	"github.com/wneessen/go-mail/smtp"

	"github.com/heed-platform/heed/internal/reach/delivery"
)

// keptOpen is how many connections wait for the next letter.
const keptOpen = 8

func secured(host string, roots *x509.CertPool) *tls.Config {
	return &tls.Config{ServerName: host, RootCAs: roots, MinVersion: tls.VersionTLS12}
}

// transmit hands one mail over, on a connection that is open already if there
// is one.
func (c *Channel) transmit(ctx context.Context, to string, plain bool, raw []byte) error {
	s, err := c.session(ctx)
	if err != nil {
		return unreachable(err)
	}
	if err := c.talk(s, to, plain, raw); err != nil {
		_ = s.Close() // whatever state it is in, the next letter starts afresh
		return err
	}
	c.keep(s)
	return nil
}

// talk is one mail transaction (RFC 5321, 3.3). Until the last dot is sent the
// server has taken nothing.
func (c *Channel) talk(s *smtp.Client, to string, plain bool, raw []byte) error {
	if ok, _ := s.Extension("SMTPUTF8"); !ok && !plain {
		return delivery.Fail(delivery.Refused, "address_not_ascii", nil)
	}
	s.SkipSMTPUTF8(plain)
	if err := s.Mail(angled(c.from.Address)); err != nil {
		// A server that does not want us says nothing about the recipient.
		return answered(err, "smtp_sender", delivery.Later, delivery.Later)
	}
	if err := s.Rcpt(angled(to)); err != nil {
		return answered(err, "smtp", delivery.Refused, delivery.Later)
	}
	w, err := s.Data()
	if err != nil {
		return answered(err, "smtp", delivery.Refused, delivery.Later)
	}
	if _, err := w.Write(raw); err != nil {
		return unreachable(err)
	}
	if err := w.Close(); err != nil {
		return answered(err, "smtp", delivery.Refused, delivery.Unknown)
	}
	return nil
}

func angled(address string) string { return "<" + address + ">" }

// answered classes what the server said: 4xx is later (RFC 5321, 4.2.1), 5xx is
// as given, and no answer at all is silent.
func answered(err error, prefix string, refused, silent delivery.Class) error {
	reply, ok := errors.AsType[*textproto.Error](err)
	switch {
	case !ok:
		f := delivery.Fail(silent, "smtp_no_answer", err)
		f.Detail = network(err)
		return f
	case reply.Code >= 500:
		return delivery.Fail(refused, fmt.Sprintf("%s_%d", prefix, reply.Code), err)
	}
	return delivery.Fail(delivery.Later, fmt.Sprintf("%s_%d", prefix, reply.Code), err)
}

// unreachable is a failure before any letter was handed over.
func unreachable(err error) error {
	f := delivery.Fail(delivery.Later, "smtp_unreachable", err)
	if reply, ok := errors.AsType[*textproto.Error](err); ok {
		f.Code = fmt.Sprintf("smtp_sender_%d", reply.Code)
	}
	f.Detail = network(err)
	return f
}

// network says what is wrong with the connection; a server's own words are left
// out, since they may quote an address.
func network(err error) string {
	if _, quoted := errors.AsType[*textproto.Error](err); quoted {
		return ""
	}
	if errors.Is(err, io.EOF) {
		return "the server closed the connection"
	}
	return err.Error()
}

// session is a connection that works: an idle one that still answers, or a new
// one.
func (c *Channel) session(ctx context.Context) (*smtp.Client, error) {
	for {
		s := c.take()
		if s == nil {
			break
		}
		if s.UpdateDeadline(c.timeout) == nil && s.Reset() == nil {
			return s, nil
		}
		_ = s.Close()
	}
	s, err := c.client.DialToSMTPClientWithContext(ctx)
	if err != nil {
		return nil, err
	}
	return s, s.UpdateDeadline(c.timeout)
}

func (c *Channel) take() *smtp.Client {
	c.mu.Lock()
	defer c.mu.Unlock()
	n := len(c.idle)
	if n == 0 {
		return nil
	}
	s := c.idle[n-1]
	c.idle = c.idle[:n-1]
	return s
}

func (c *Channel) keep(s *smtp.Client) {
	c.mu.Lock()
	if len(c.idle) < keptOpen {
		c.idle = append(c.idle, s)
		s = nil
	}
	c.mu.Unlock()
	if s != nil {
		_ = s.Quit()
	}
}

// Close says goodbye on every idle connection.
func (c *Channel) Close() error {
	for s := c.take(); s != nil; s = c.take() {
		_ = s.UpdateDeadline(c.timeout)
		_ = s.Quit() // the letters are long taken; how the goodbye goes matters to nobody
	}
	return nil
}

// Check connects, signs in and leaves, for `heed doctor`. The error may say what
// the server said: no letter is in it.
func (c *Channel) Check(ctx context.Context) error {
	s, err := c.client.DialToSMTPClientWithContext(ctx)
	if err != nil {
		return fmt.Errorf("reach the mail server: %w", err)
	}
	return s.Quit()
}
