package form

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/hkdf"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"slices"

	"github.com/heed-platform/heed/internal/clock"
	"github.com/heed-platform/heed/internal/person"
	"github.com/heed-platform/heed/internal/policy/define"
)

// The methods by which grants of forms are entered.
const (
	MethodForm  = "form"
	MethodClerk = "clerk"
)

// Part is what one address speaks for, or what needs none. It holds everything
// that is needed to enter it later, as it was agreed to, whatever the form says
// by then.
type Part struct {
	ID       string             `json:"id"`      // of this part, random
	Address  string             `json:"address"` // the attribute that must confirm itself; "" needs nobody
	Values   map[string]string  `json:"values"`
	Agreed   []define.Agreement `json:"agreed"`
	Boxes    []string           `json:"boxes"` // the inputs that were ticked, as Agreed
	Form     string             `json:"form"`  // "newsletter/en"
	Mark     string             `json:"mark"`
	Notice   string             `json:"notice"`
	Text     string             `json:"text"` // hash of the notice that was shown
	Language string             `json:"language"`
	Source   string             `json:"source"`
	Method   string             `json:"method"`
	Proof    string             `json:"proof,omitempty"` // of a clerk: the number of the paper form or the receipt
	Said     clock.Instant      `json:"said"`
	Others   map[string]Other   `json:"others,omitempty"` // the siblings' addresses, by their ids
	Known    []Known            `json:"known,omitempty"`  // identifiers that somebody has checked already
}

// Other is an address of the same post that speaks for itself.
type Other struct {
	Address string `json:"address"`
	Value   string `json:"value"`
}

// Known is an identifier that needs no confirming.
type Known struct {
	NS    string `json:"ns"`
	Value string `json:"value"`
}

// Channel is the one on which the part's address is asked.
func (p Part) Channel() string { return define.Addresses()[p.Address] }

// Clerk is who filled a form in for somebody, and what shows that they were
// there.
type Clerk struct {
	Proof string // the number of the paper form or the receipt
}

// Parts divides answers by the address that speaks for them. What needs no
// address goes with the first one on a page; with a clerk, who has the person and
// a paper before them, it is entered at once. ids makes a random id for each part.
func (f Form) Parts(a Answers, now clock.Instant, clerk *Clerk, id func() string) []Part {
	base := Part{
		Form: f.ID(), Mark: f.Mark(), Notice: f.Notice, Text: f.Shown.Hash(), Language: f.Language, Source: f.Source,
		Method: MethodForm, Said: now,
	}
	var parts []Part
	own := func(address string) *Part {
		p := base
		p.ID, p.Address, p.Values = id(), address, map[string]string{}
		parts = append(parts, p)
		return &parts[len(parts)-1]
	}
	if clerk != nil {
		base.Method, base.Proof = MethodClerk, clerk.Proof
		p := own("")
		p.Known = known(a, p.ID)
		base.Known = p.Known
	}
	for _, q := range f.Ask {
		if define.Addresses()[q.Name] != "" && a.Values[q.Name] != "" {
			own(q.Name).Values[q.Name] = a.Values[q.Name]
		}
	}
	if len(parts) == 0 {
		own("")
	}
	for _, q := range f.Ask {
		if v := a.Values[q.Name]; v != "" && define.Addresses()[q.Name] == "" {
			parts[0].Values[q.Name] = v
		}
	}
	for _, i := range a.Agreed {
		y := f.Agree[i]
		p := &parts[0]
		for j := range parts {
			if c := parts[j].Channel(); c != "" && (c == y.Channel || y.Channel == "" && slices.Contains(only(y.Purpose), c)) {
				p = &parts[j]
			}
		}
		p.Agreed, p.Boxes = append(p.Agreed, y), append(p.Boxes, Box(i))
	}
	siblings(parts)
	return parts
}

// only is the channel that a family of purposes speaks on, by its name.
func only(purpose string) []string {
	switch {
	case define.Within(purpose, "marketing.communications.email"):
		return []string{"email"}
	case define.Within(purpose, "marketing.communications.sms"):
		return []string{"sms"}
	}
	return nil
}

// known is what a clerk has seen: the card, or else the paper that this sign-up
// stands for. The paper's number names nobody: numbers come again.
func known(a Answers, id string) []Known {
	if card := a.Values[string(person.MemberID)]; card != "" {
		return []Known{{string(person.MemberID), card}}
	}
	return []Known{{Signup, id}}
}

func siblings(parts []Part) {
	for i := range parts {
		for j := range parts {
			if i == j || parts[j].Address == "" || parts[i].Address == "" {
				continue
			}
			if parts[i].Others == nil {
				parts[i].Others = map[string]Other{}
			}
			parts[i].Others[parts[j].ID] = Other{parts[j].Address, parts[j].Values[parts[j].Address]}
		}
	}
}

var errLock = errors.New("the secret does not open these answers")

// Lock seals a part under a secret of 128 bits or more. Whoever does not have
// the secret has nothing.
func Lock(secret string, p Part) ([]byte, error) {
	body, err := json.Marshal(p)
	if err != nil {
		return nil, fmt.Errorf("write answers: %w", err)
	}
	box, err := lock(secret)
	if err != nil {
		return nil, err
	}
	// The key is used once, so the nonce may be constant.
	return box.Seal(nil, make([]byte, box.NonceSize()), body, nil), nil //nolint:gosec // one secret, one message
}

// Unlock opens what Lock sealed.
func Unlock(secret string, locked []byte) (p Part, err error) {
	box, err := lock(secret)
	if err != nil {
		return p, err
	}
	body, err := box.Open(nil, make([]byte, box.NonceSize()), locked, nil)
	if err != nil {
		return p, errLock
	}
	if err := json.Unmarshal(body, &p); err != nil {
		return p, fmt.Errorf("read answers: %w", err)
	}
	return p, nil
}

func lock(secret string) (cipher.AEAD, error) {
	key, err := hkdf.Key(sha256.New, []byte(secret), nil, "heed form answers", 32)
	if err != nil {
		return nil, fmt.Errorf("lock answers: %w", err)
	}
	block, err := aes.NewCipher(key)
	if err != nil {
		return nil, fmt.Errorf("lock answers: %w", err)
	}
	return cipher.NewGCM(block)
}
