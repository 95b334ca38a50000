package rights

import (
	"fmt"

	"github.com/heed-platform/heed/internal/account/ledger"
	"github.com/heed-platform/heed/internal/clock"
	"github.com/heed-platform/heed/internal/fact"
	"github.com/heed-platform/heed/internal/keep/catalog"
	"github.com/heed-platform/heed/internal/keep/gate"
)

// exportSchema names the fields of an Exported and their meaning.
const exportSchema = "heed person 1"

// Exported is everything heed holds about one person, to take along: events as
// they were sent, what was known, each answer with its receipt, what was decided,
// what left and who looked.
type Exported struct {
	Schema      string                  `json:"schema"`
	Made        clock.Instant           `json:"made"`
	Profile     Shown                   `json:"profile"`
	Events      []map[string]any        `json:"events"`
	Receipts    []catalog.Receipt       `json:"receipts"` // ISO/IEC TS 27560, one for each answer
	Preferences []Preference            `json:"preferences"`
	Memberships []Moved                 `json:"memberships"`
	Decisions   []ledger.DecisionLine   `json:"decisions"`
	Disclosures []ledger.DisclosureLine `json:"disclosures"`
	Receivers   []ledger.Receiver       `json:"receivers"`
	Named       []Named                 `json:"named_together"`
	Parted      []Parted                `json:"parted"`
	Looked      []Look                  `json:"looked"`
	Emptied     int                     `json:"emptied"` // facts whose content was removed when its time was over
}

// Moved is an audience entered or left.
type Moved struct {
	Audience string        `json:"audience"`
	Purpose  string        `json:"purpose"`
	In       bool          `json:"in"`
	At       clock.Instant `json:"at"`
}

// Named says that two identifiers of the person came together in one event.
type Named struct {
	NS       string        `json:"ns"`
	Value    string        `json:"value"`
	Verified bool          `json:"verified"`
	At       clock.Instant `json:"at"`
	Source   string        `json:"source"`
}

// Parted says that somebody undid a connection by hand.
type Parted struct {
	By  string        `json:"by"`
	Why string        `json:"why"`
	At  clock.Instant `json:"at"`
}

// Export is everything about the person of a dossier that came with its history.
func Export(d gate.Dossier, w catalog.Workspace) (Exported, error) {
	book, err := ledger.Read(d)
	if err != nil {
		return Exported{}, err
	}
	ref := d.Ref()
	out := Exported{
		Schema: exportSchema, Made: d.Now(), Profile: Show(d), Receipts: []catalog.Receipt{}, Receivers: book.Receivers(),
		Events:      list(book.Events, func(e fact.Event) map[string]any { return ledger.EventLine(ref, &e) }),
		Preferences: list(book.Preferences, func(p fact.Preference) Preference { return *preference(&p) }),
		Memberships: list(book.Memberships, func(m fact.Membership) Moved { return Moved{m.Audience, m.Purpose, m.In, m.At} }),
		Decisions:   list(book.Decisions, func(v fact.Decision) ledger.DecisionLine { return ledger.DecisionLineOf(ref, &v) }),
		Disclosures: list(book.Disclosures, func(v ledger.Disclosure) ledger.DisclosureLine { return ledger.DisclosureLineOf(ref, &v) }),
		Named: list(book.Edges, func(e fact.Edge) Named {
			return Named{string(e.Identifier.NS), e.Identifier.Value.Reveal(), e.Verified, e.At, e.Source}
		}),
		Parted:  list(book.Cuts, func(c fact.Cut) Parted { return Parted{c.By, c.Why, c.At} }),
		Looked:  list(book.Notes, func(n fact.Note) Look { return Look(n) }),
		Emptied: book.Emptied,
	}
	if out.Receivers == nil {
		out.Receivers = []ledger.Receiver{}
	}
	for _, g := range book.Grants {
		r, err := w.Receipt(ref, g)
		if err != nil {
			return Exported{}, fmt.Errorf("export person: %w", err)
		}
		out.Receipts = append(out.Receipts, r)
	}
	return out, nil
}
