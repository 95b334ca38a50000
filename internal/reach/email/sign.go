package email

import (
	"bytes"
	"crypto"
	"crypto/ed25519"
	"crypto/rsa"
	"crypto/x509"
	"encoding/pem"
	"fmt"

	"github.com/emersion/go-msgauth/dkim"
)

// Key signs mail as DKIM says (RFC 6376, RFC 8463). Receivers find its public
// half in the domain name system, under the selector.
type Key struct {
	Domain   string
	Selector string
	PEM      string // private: RSA or Ed25519
}

type signer struct {
	domain, selector string
	key              crypto.Signer
}

// leastBits is what receivers still accept of RSA (RFC 8301).
const leastBits = 1024

func (k Key) signer() (signer, error) {
	block, _ := pem.Decode([]byte(k.PEM))
	if block == nil || k.Domain == "" || k.Selector == "" {
		return signer{}, errKey
	}
	s := signer{domain: k.Domain, selector: k.Selector}
	if key, err := x509.ParsePKCS1PrivateKey(block.Bytes); err == nil {
		s.key = key
	} else if key, err := x509.ParsePKCS8PrivateKey(block.Bytes); err == nil {
		s.key, _ = key.(crypto.Signer)
	}
	switch key := s.key.(type) {
	case *rsa.PrivateKey:
		if key.N.BitLen() >= leastBits {
			return s, nil
		}
	case ed25519.PrivateKey:
		return s, nil
	}
	return signer{}, errKey
}

// signed are the headers that a signature covers. Those that a mail does not
// have are covered as well, so that nobody can add one on the way.
var signed = []string{
	"From", "From", "To", "To", "Cc", "Subject", "Subject", "Date", "Date", "Message-ID", "Message-ID",
	"Reply-To", "In-Reply-To", "References", "MIME-Version", "Content-Type", "Content-Type", "Content-Transfer-Encoding",
	"Auto-Submitted", "List-Id", "List-Unsubscribe", "List-Unsubscribe", "List-Unsubscribe-Post", "List-Unsubscribe-Post",
}

// sign puts one signature of each key before the mail.
func (c *Channel) sign(raw []byte) ([]byte, error) {
	for _, s := range c.signers {
		var out bytes.Buffer
		err := dkim.Sign(&out, bytes.NewReader(raw), &dkim.SignOptions{
			Domain: s.domain, Selector: s.selector, Signer: s.key, HeaderKeys: signed,
			HeaderCanonicalization: dkim.CanonicalizationRelaxed, BodyCanonicalization: dkim.CanonicalizationRelaxed,
		})
		if err != nil {
			return nil, fmt.Errorf("sign mail: %w", err)
		}
		raw = out.Bytes()
	}
	return raw, nil
}
