package wish

import (
	"context"
	"slices"
	"strconv"
	"strings"

	"github.com/heed-platform/heed/internal/account/access"
	"github.com/heed-platform/heed/internal/account/ledger"
	"github.com/heed-platform/heed/internal/clock"
	"github.com/heed-platform/heed/internal/fact"
	"github.com/heed-platform/heed/internal/keep/catalog"
	"github.com/heed-platform/heed/internal/keep/gate"
	"github.com/heed-platform/heed/internal/person"
	"github.com/heed-platform/heed/internal/problem"
)

// Entry is one thing that the person said, as the ledger has it.
type Entry struct {
	ID string // names its receipt
	At clock.Instant
	// Grant is a yes or no to a purpose; Preference is the rest, whole. One of
	// them is there.
	Grant      *fact.Grant
	Label      string // of the grant's purpose, fits "we use it for …"
	Preference *fact.Preference
}

// Receipt proves one Entry.
type Receipt struct {
	Entry

	// Consent is the proof of a grant, Choice of a preference. One of them is there.
	Consent *catalog.Receipt
	Choice  *ChoiceReceipt
}

// ChoiceSchema names the fields of a ChoiceReceipt.
const ChoiceSchema = "heed choice 1"

// ChoiceReceipt proves what a person set beside their yes and no: the fields of a
// consent receipt that mean something here, under the same names.
type ChoiceReceipt struct {
	Schema    string               `json:"schema_version"`
	Record    string               `json:"record_id"`
	Principal person.Ref           `json:"pii_principal_id"`
	Party     catalog.ReceiptParty `json:"pii_controller"`
	Received  clock.Instant        `json:"received_at"`
	Source    string               `json:"source"`
	Muted     []string             `json:"muted"`
	Topics    []string             `json:"topics"`
	Channels  []string             `json:"channels"`
	Often     []string             `json:"at_most"` // "2/168 sms": two texts in 168 hours
	Quiet     string               `json:"quiet"`
	Break     clock.Instant        `json:"break_until,omitzero"`
	Zone      string               `json:"zone"`
	Language  string               `json:"language"`
	Location  string               `json:"location"`
	Refused   []string             `json:"not_shared"` // "location", or "location 4711" for one device
}

var errReceipt = problem.New(problem.NotFound, "receipt-unknown", "There is no such receipt of yours.")

// Entries is everything that the visitor ever said about their data, the newest
// first.
func (k Desk) Entries(ctx context.Context, v access.Visitor) ([]Entry, error) {
	d, err := k.open(ctx, v)
	if err != nil {
		return nil, err
	}
	return k.entries(d)
}

func (k Desk) entries(d gate.Dossier) ([]Entry, error) {
	book, err := ledger.Read(d)
	if err != nil {
		return nil, err
	}
	var out []Entry
	for i := range book.Grants {
		g := &book.Grants[i]
		label := g.Purpose
		if p, ok := k.Rules().Purpose(g.Purpose); ok {
			label = p.Label
		}
		out = append(out, Entry{ID: g.Record, At: g.Received, Grant: g, Label: label})
	}
	for i := range book.Preferences {
		p := &book.Preferences[i]
		out = append(out, Entry{ID: choice + strconv.FormatInt(int64(p.Set), 10), At: p.Set, Preference: p})
	}
	slices.SortStableFunc(out, func(a, b Entry) int { return -int(min(1, max(-1, a.At-b.At))) })
	return out, nil
}

// choice begins the name of a preference's receipt.
const choice = "choice-"

// Receipt is the proof of one entry of the visitor's own.
func (k Desk) Receipt(ctx context.Context, v access.Visitor, id string) (Receipt, error) {
	d, err := k.open(ctx, v)
	if err != nil {
		return Receipt{}, err
	}
	all, err := k.entries(d)
	if err != nil {
		return Receipt{}, err
	}
	i := slices.IndexFunc(all, func(e Entry) bool { return e.ID == id && id != "" })
	if i < 0 {
		return Receipt{}, errReceipt
	}
	r := Receipt{Entry: all[i]}
	if r.Grant != nil {
		consent, err := k.Workspace().Receipt(d.Ref(), *r.Grant)
		r.Consent = &consent
		return r, err
	}
	r.Choice = k.choice(d.Ref(), r.ID, r.Preference)
	return r, nil
}

func (k Desk) choice(who person.Ref, id string, p *fact.Preference) *ChoiceReceipt {
	b := k.Rules().Brand()
	c := &ChoiceReceipt{
		Schema: ChoiceSchema, Record: id, Principal: who, Received: p.Set, Source: p.Source,
		Party: catalog.ReceiptParty{ID: b.Key, Name: b.Name, Address: b.Address, Contact: b.Email, Role: "controller"},
		Muted: some(p.Muted), Topics: some(p.Topics), Channels: some(p.Channels), Often: []string{}, Refused: []string{},
		Break: p.Break, Zone: p.Zone, Language: p.Language, Location: p.Location,
	}
	for _, limit := range p.Caps {
		c.Often = append(c.Often, strings.TrimSpace(often(limit)+" "+limit.Channel))
	}
	if p.QuietOn {
		c.Quiet = clockTime(p.QuietAt) + "-" + clockTime(p.QuietTo)
	}
	for _, s := range p.Sharing {
		if !s.Allowed {
			c.Refused = append(c.Refused, strings.TrimSpace(s.Kind+" "+s.Device))
		}
	}
	return c
}

// some is never nil: none is a statement.
func some(list []string) []string { return append([]string{}, list...) }
