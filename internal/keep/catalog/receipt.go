package catalog

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"strings"

	"github.com/heed-platform/heed/internal/clock"
	"github.com/heed-platform/heed/internal/fact"
	"github.com/heed-platform/heed/internal/person"
	"github.com/heed-platform/heed/internal/policy/define"
)

// ReceiptSchema names the fields of a Receipt and their meaning.
const ReceiptSchema = "ISO/IEC TS 27560:2023; heed 1"

// Receipt is the proof of one answer, for the person and for an auditor: the
// mandatory fields of ISO/IEC TS 27560 as the W3C Data Privacy Vocabulary maps
// them, and what shows that the text was this one.
type Receipt struct {
	Schema      string         `json:"schema_version"`
	ID          string         `json:"receipt_id"` // of the content: the same answer has the same receipt
	Record      string         `json:"record_id"`
	Principal   person.Ref     `json:"pii_principal_id"`
	Notice      ReceiptNotice  `json:"privacy_notice"`
	Language    string         `json:"language"`
	Purpose     ReceiptPurpose `json:"purpose"`
	Categories  []ReceiptData  `json:"pii_information"`
	Controllers []ReceiptParty `json:"pii_controllers"`
	Storage     string         `json:"storage_locations"`
	Retention   string         `json:"retention_period"`
	Place       string         `json:"jurisdiction"`
	Recipients  []ReceiptParty `json:"recipient_third_parties"` // none is a statement, so it is never left out
	Withdrawal  string         `json:"withdrawal_method"`
	Return      string         `json:"value_in_return"`
	Events      []ReceiptEvent `json:"events"`
}

// ReceiptNotice is the text that was shown, by version and hash.
type ReceiptNotice struct {
	Ref   string `json:"notice"`
	Title string `json:"title"`
	Text  string `json:"text"`
	Hash  string `json:"sha256"`
}

// ReceiptPurpose is what was answered.
type ReceiptPurpose struct {
	Key     string `json:"purpose"`
	Label   string `json:"label"`
	Basis   string `json:"lawful_basis"`
	Channel string `json:"channel,omitempty"`
	Topic   string `json:"topic,omitempty"`
}

// ReceiptData is one kind of data that the notice names for the purpose.
type ReceiptData struct {
	Key       string `json:"category"`
	Label     string `json:"label"`
	Sensitive bool   `json:"special_category"`
}

// ReceiptParty is a controller or a recipient.
type ReceiptParty struct {
	ID      string `json:"party_id"`
	Name    string `json:"party_name"`
	Address string `json:"party_address"`
	Contact string `json:"party_contact"`
	Role    string `json:"party_role"`
}

// ReceiptEvent is what happened, when and how we know.
type ReceiptEvent struct {
	State    string        `json:"event_state"` // granted, denied, withdrawn, objected
	Said     clock.Instant `json:"said_at"`
	Received clock.Instant `json:"received_at"`
	Method   string        `json:"method"`
	Source   string        `json:"source"`
	Evidence string        `json:"evidence,omitempty"`
	Message  string        `json:"message_id,omitempty"`
}

// Receipt makes the receipt of one entry of the consent ledger, in the language
// that the person was shown, or the brand's where that text is not known. An
// entry without a notice, such as a STOP by text, has a receipt too; Missing
// says what it cannot show.
func (w Workspace) Receipt(principal person.Ref, g fact.Grant) (Receipt, error) {
	n, known := w.notice(g)
	purpose, ok := find(w.policy.Purposes, func(p define.Purpose) bool { return p.Key == g.Purpose })
	if !ok {
		purpose = define.Purpose{Key: g.Purpose, Label: g.Purpose}
	}
	b := w.policy.Brand
	r := Receipt{
		Schema: ReceiptSchema, Record: g.Record, Principal: principal,
		Language: n.Language,
		Purpose:  ReceiptPurpose{purpose.Key, purpose.Label, define.Consent.String(), g.Channel, g.Topic},
		Storage:  b.Where, Retention: n.Keep, Place: g.Jurisdiction, Withdrawal: n.Withdraw, Return: n.Return,
		Controllers: []ReceiptParty{{b.Key, b.Name, b.Address, b.Email, define.Controller.String()}},
		Recipients:  []ReceiptParty{},
		Events: []ReceiptEvent{{
			State: g.Status.String(), Said: g.Said, Received: g.Received,
			Method: g.Method, Source: g.Source, Evidence: g.Evidence, Message: g.Message,
		}},
	}
	if known {
		r.Notice = ReceiptNotice{n.Ref(), n.Title, n.Text, n.Hash()}
	}
	if r.Place == "" {
		r.Place = b.Jurisdiction
	}
	r.Categories = w.categoriesFor(n, purpose)
	for _, key := range n.Parties {
		if v, ok := find(w.policy.Recipients, func(v define.Recipient) bool { return v.Key == key }); ok {
			r.Recipients = append(r.Recipients, ReceiptParty{v.Key, v.Label, v.Country, v.Contact, v.Role.String()})
		}
	}
	body, err := json.Marshal(r)
	if err != nil {
		return Receipt{}, fmt.Errorf("make receipt: %w", err)
	}
	sum := sha256.Sum256(body)
	r.ID = hex.EncodeToString(sum[:16])
	return r, nil
}

// Missing names the mandatory fields that this receipt cannot show, as they are
// called in JSON. An answer whose receipt is whole can be proved.
func (r Receipt) Missing() []string {
	var missing []string
	for _, field := range []struct {
		name  string
		shown bool
	}{
		{"record_id", r.Record != ""},
		{"pii_principal_id", !r.Principal.IsZero()},
		{"privacy_notice", r.Notice.Text != ""},
		{"language", r.Language != ""},
		{"purpose", r.Purpose.Key != ""},
		{"pii_information", len(r.Categories) > 0},
		{"pii_controllers", len(r.Controllers) > 0 && r.Controllers[0].Name != "" && r.Controllers[0].Address != ""},
		{"storage_locations", r.Storage != ""},
		{"retention_period", r.Retention != ""},
		{"jurisdiction", r.Place != ""},
		{"withdrawal_method", r.Withdrawal != ""},
		{"events", len(r.Events) > 0 && r.Events[0].Received != 0 && r.Events[0].Method != ""},
	} {
		if !field.shown {
			missing = append(missing, field.name)
		}
	}
	return missing
}

// notice is the text of the grant's notice: in its language, else the brand's,
// else the first by language.
func (w Workspace) notice(g fact.Grant) (define.Notice, bool) {
	for _, language := range []string{g.Language, w.policy.Brand.Language} {
		if n, ok := find(w.policy.Notices, func(n define.Notice) bool {
			return n.Ref() == g.Notice && strings.EqualFold(n.Language, language)
		}); ok {
			return n, true
		}
	}
	return find(w.policy.Notices, func(n define.Notice) bool { return n.Ref() == g.Notice })
}

// categoriesFor is what the notice names for a purpose or for one above it
// whose yes reaches it.
func (w Workspace) categoriesFor(n define.Notice, purpose define.Purpose) []ReceiptData {
	list := []ReceiptData{}
	for _, c := range n.Covers {
		for _, key := range c.Purposes {
			above, ok := find(w.policy.Purposes, func(p define.Purpose) bool { return p.Key == key })
			if key != purpose.Key && !(ok && above.CoversChildren && define.Within(purpose.Key, key)) {
				continue
			}
			d := ReceiptData{Key: c.Category, Label: c.Category}
			if v, ok := find(w.policy.Categories, func(v define.Category) bool { return v.Key == c.Category }); ok {
				d.Label = v.Label
			}
			d.Sensitive = w.sensitive(c.Category)
			list = append(list, d)
			break
		}
	}
	return list
}

func (w Workspace) sensitive(category string) bool {
	_, marked := find(w.policy.Categories, func(v define.Category) bool {
		return v.Sensitive && define.Within(category, v.Key)
	})
	return marked || define.WithinAny(category, define.AlwaysSensitive())
}

func find[T any](list []T, is func(T) bool) (T, bool) {
	for _, v := range list {
		if is(v) {
			return v, true
		}
	}
	var none T
	return none, false
}
