package fact

import (
	"bytes"
	"encoding/binary"

	"github.com/heed-platform/heed/internal/person"
)

// The schemas that this heed writes. Raise one when a kind changes, and keep
// reading the older ones.
const (
	schemaEvent      = 1
	schemaEdge       = 1
	schemaGrant      = 1
	schemaPreference = 2 // 2 has location and sharing
	schemaMembership = 1
	schemaDecision   = 1
	schemaDisclosure = 1
	schemaOutcome    = 1
	schemaCut        = 1
	schemaNote       = 1
)

// AppendEvent appends e's bytes to b. The raw event comes last, so that reading
// one copies each of its bytes once.
func AppendEvent(b []byte, e *Event) []byte {
	b = append(b, schemaEvent)
	b = binary.AppendUvarint(b, uint64(len(e.Raw)))
	b = appendText(b, e.Source)
	b = appendText(b, e.Message)
	b = append(b, byte(e.Type))
	b = appendText(b, e.Name)
	b = appendTime(b, e.At)
	b = appendTime(b, e.Received)
	b = appendBool(b, e.Verified)
	b = appendText(b, e.Notice)
	b = append(b, byte(e.Origin))
	b = appendCount(b, len(e.Identifiers))
	for _, id := range e.Identifiers {
		b = appendIdentifier(b, id)
	}
	return append(b, e.Raw...)
}

// ParseEvent reads what AppendEvent wrote.
func ParseEvent(b []byte) (Event, error) {
	if len(b) == 0 || b[0] == 0 {
		return Event{}, ErrMalformed
	}
	if b[0] > schemaEvent {
		return Event{}, ErrNewer
	}
	n, size := binary.Uvarint(b[1:])
	if size <= 0 || n > uint64(len(b)-1-size) {
		return Event{}, ErrMalformed
	}
	head, raw := b[1+size:len(b)-int(n)], b[len(b)-int(n):]
	r := reader{s: string(head)}
	e := Event{
		Source: r.text(), Message: r.text(), Type: EventType(r.byte()), Name: r.text(),
		At: r.time(), Received: r.time(), Verified: r.bool(), Notice: r.text(), Origin: Origin(r.byte()),
		Identifiers: list(&r, 2, readIdentifier),
	}
	if err := r.done(); err != nil {
		return Event{}, err
	}
	if n > 0 {
		e.Raw = bytes.Clone(raw)
	}
	return e, nil
}

func appendIdentifier(b []byte, id person.Identifier) []byte {
	return appendText(appendText(b, string(id.NS)), id.Value.Reveal())
}

func readIdentifier(r *reader) person.Identifier {
	return person.Identifier{NS: person.Namespace(r.text()), Value: r.secret()}
}

// AppendEdge appends e's bytes to b.
func AppendEdge(b []byte, e *Edge) []byte {
	b = append(b, schemaEdge)
	b = appendInt(b, int64(e.Other))
	b = appendBool(b, e.Verified)
	b = appendTime(b, e.At)
	b = append(b, e.Message[:]...)
	b = appendText(b, e.Source)
	return appendIdentifier(b, e.Identifier)
}

// ParseEdge reads what AppendEdge wrote.
func ParseEdge(b []byte) (Edge, error) {
	return parse(b, schemaEdge, func(r *reader) Edge {
		return Edge{
			Other: FragmentID(r.int()), Verified: r.bool(), At: r.time(), Message: r.hash(), Source: r.text(),
			Identifier: readIdentifier(r),
		}
	})
}

// AppendGrant appends g's bytes to b.
func AppendGrant(b []byte, g *Grant) []byte {
	return appendGrant(append(b, schemaGrant), g)
}

// ParseGrant reads what AppendGrant wrote.
func ParseGrant(b []byte) (Grant, error) { return parse(b, schemaGrant, readGrant) }

func appendGrant(b []byte, g *Grant) []byte {
	b = appendText(b, g.Record)
	b = appendText(b, g.Purpose)
	b = appendText(b, g.Channel)
	b = appendText(b, g.Topic)
	b = append(b, byte(g.Status))
	b = appendText(b, g.Notice)
	b = appendText(b, g.Language)
	b = appendText(b, g.Jurisdiction)
	b = appendText(b, g.Method)
	b = appendText(b, g.Source)
	b = appendTime(b, g.Said)
	b = appendTime(b, g.Received)
	b = appendText(b, g.Evidence)
	b = appendText(b, g.Message)
	b = appendCount(b, len(g.Resolves))
	for _, id := range g.Resolves {
		b = appendInt(b, int64(id))
	}
	return b
}

func readGrant(r *reader) Grant {
	return Grant{
		Record: r.text(), Purpose: r.text(), Channel: r.text(), Topic: r.text(), Status: GrantStatus(r.byte()),
		Notice: r.text(), Language: r.text(), Jurisdiction: r.text(), Method: r.text(), Source: r.text(),
		Said: r.time(), Received: r.time(), Evidence: r.text(), Message: r.text(),
		Resolves: list(r, 1, func(r *reader) FragmentID { return FragmentID(r.int()) }),
	}
}

// AppendPreference appends p's bytes to b.
func AppendPreference(b []byte, p *Preference) []byte {
	return appendPreference(append(b, schemaPreference), p)
}

// ParsePreference reads what AppendPreference wrote.
func ParsePreference(b []byte) (Preference, error) { return parse(b, schemaPreference, readPreference) }

func appendPreference(b []byte, p *Preference) []byte {
	b = appendTexts(b, p.Muted)
	b = appendTexts(b, p.Topics)
	b = appendTexts(b, p.Channels)
	b = appendCount(b, len(p.Caps))
	for _, c := range p.Caps {
		b = appendInt(appendInt(appendText(b, c.Channel), int64(c.Count)), int64(c.Hours))
	}
	b = appendBool(b, p.QuietOn)
	b = appendInt(b, int64(p.QuietAt))
	b = appendInt(b, int64(p.QuietTo))
	b = appendTime(b, p.Break)
	b = appendText(b, p.Zone)
	b = appendText(b, p.Language)
	b = appendTime(b, p.Set)
	b = appendText(b, p.Source)
	b = appendText(b, p.Location)
	b = appendCount(b, len(p.Sharing))
	for _, s := range p.Sharing {
		b = appendBool(appendText(appendText(b, s.Device), s.Kind), s.Allowed)
	}
	return b
}

// readPreference reads the preference of a fact or a State of the schema that the
// reader opened; both took up location and sharing in their second.
func readPreference(r *reader) Preference {
	p := Preference{
		Muted: r.texts(), Topics: r.texts(), Channels: r.texts(),
		Caps: list(r, 3, func(r *reader) Cap {
			return Cap{Channel: r.text(), Count: int(r.int()), Hours: int(r.int())}
		}),
		QuietOn: r.bool(), QuietAt: int(r.int()), QuietTo: int(r.int()),
		Break: r.time(), Zone: r.text(), Language: r.text(), Set: r.time(), Source: r.text(),
	}
	if r.schema < 2 {
		return p
	}
	p.Location = r.text()
	p.Sharing = list(r, 3, func(r *reader) Share {
		return Share{Device: r.text(), Kind: r.text(), Allowed: r.bool()}
	})
	return p
}

// AppendMembership appends m's bytes to b.
func AppendMembership(b []byte, m *Membership) []byte {
	return appendMembership(append(b, schemaMembership), m)
}

// ParseMembership reads what AppendMembership wrote.
func ParseMembership(b []byte) (Membership, error) { return parse(b, schemaMembership, readMembership) }

func appendMembership(b []byte, m *Membership) []byte {
	b = appendText(b, m.Audience)
	b = appendInt(b, m.Generation)
	b = appendText(b, m.Purpose)
	b = appendBool(b, m.In)
	return appendTime(b, m.At)
}

func readMembership(r *reader) Membership {
	return Membership{
		Audience: r.text(), Generation: r.int(), Purpose: r.text(), In: r.bool(), At: r.time(),
	}
}

// AppendDecision appends d's bytes to b.
func AppendDecision(b []byte, d *Decision) []byte {
	b = append(b, schemaDecision)
	b = appendText(b, d.ID)
	b = appendText(b, d.Campaign)
	b = appendInt(b, d.Version)
	b = appendText(b, d.Hash)
	b = appendText(b, d.Moment)
	b = appendText(b, d.Purpose)
	b = appendText(b, d.Channel)
	b = appendBool(b, d.Chosen)
	b = appendBool(b, d.Holdout)
	b = appendTime(b, d.Defer)
	b = appendCount(b, len(d.Reasons))
	for i := range d.Reasons {
		b = appendReason(b, &d.Reasons[i])
	}
	b = appendText(b, string(d.Question))
	return appendTime(b, d.At)
}

// ParseDecision reads what AppendDecision wrote.
func ParseDecision(b []byte) (Decision, error) {
	return parse(b, schemaDecision, func(r *reader) Decision {
		d := Decision{
			ID: r.text(), Campaign: r.text(), Version: r.int(), Hash: r.text(), Moment: r.text(),
			Purpose: r.text(), Channel: r.text(), Chosen: r.bool(), Holdout: r.bool(), Defer: r.time(),
			Reasons: list(r, 5, readReason),
		}
		if q := r.text(); q != "" {
			d.Question = []byte(q)
		}
		d.At = r.time()
		return d
	})
}

func appendReason(b []byte, r *Reason) []byte {
	b = appendText(b, r.Guard)
	b = appendText(b, r.Code)
	b = appendBool(b, r.Veto)
	b = appendText(b, r.Marketer)
	return appendText(b, r.Person)
}

func readReason(r *reader) Reason {
	return Reason{Guard: r.text(), Code: r.text(), Veto: r.bool(), Marketer: r.text(), Person: r.text()}
}

// AppendDisclosure appends d's bytes to b.
func AppendDisclosure(b []byte, d *Disclosure) []byte {
	b = append(b, schemaDisclosure)
	b = appendText(b, d.ID)
	b = appendText(b, d.Recipient)
	b = appendText(b, d.Country)
	b = appendText(b, d.Purpose)
	b = appendText(b, d.Channel)
	b = appendText(b, d.Class)
	b = appendTexts(b, d.Categories)
	b = appendTexts(b, d.Fields)
	b = appendText(b, d.Protection)
	b = appendText(b, d.Decision)
	b = appendText(b, d.Content)
	return appendTime(b, d.At)
}

// ParseDisclosure reads what AppendDisclosure wrote.
func ParseDisclosure(b []byte) (Disclosure, error) {
	return parse(b, schemaDisclosure, func(r *reader) Disclosure {
		return Disclosure{
			ID: r.text(), Recipient: r.text(), Country: r.text(), Purpose: r.text(), Channel: r.text(),
			Class: r.text(), Categories: r.texts(), Fields: r.texts(), Protection: r.text(), Decision: r.text(),
			Content: r.text(), At: r.time(),
		}
	})
}

// AppendOutcome appends o's bytes to b.
func AppendOutcome(b []byte, o *Outcome) []byte {
	b = append(b, schemaOutcome)
	b = appendText(b, o.Disclosure)
	b = appendText(b, o.Status)
	b = appendText(b, o.Code)
	return appendTime(b, o.At)
}

// ParseOutcome reads what AppendOutcome wrote.
func ParseOutcome(b []byte) (Outcome, error) {
	return parse(b, schemaOutcome, func(r *reader) Outcome {
		return Outcome{Disclosure: r.text(), Status: r.text(), Code: r.text(), At: r.time()}
	})
}

// AppendCut appends c's bytes to b.
func AppendCut(b []byte, c *Cut) []byte {
	b = append(b, schemaCut)
	b = appendInt(b, int64(c.Other))
	b = appendText(b, c.By)
	b = appendText(b, c.Why)
	return appendTime(b, c.At)
}

// ParseCut reads what AppendCut wrote.
func ParseCut(b []byte) (Cut, error) {
	return parse(b, schemaCut, func(r *reader) Cut {
		return Cut{Other: FragmentID(r.int()), By: r.text(), Why: r.text(), At: r.time()}
	})
}

// AppendNote appends n's bytes to b.
func AppendNote(b []byte, n *Note) []byte {
	b = append(b, schemaNote)
	b = appendText(b, n.By)
	b = appendText(b, n.Role)
	b = appendText(b, n.What)
	b = appendText(b, n.Why)
	return appendTime(b, n.At)
}

// ParseNote reads what AppendNote wrote.
func ParseNote(b []byte) (Note, error) {
	return parse(b, schemaNote, func(r *reader) Note {
		return Note{By: r.text(), Role: r.text(), What: r.text(), Why: r.text(), At: r.time()}
	})
}

// parse opens b, reads one value and insists that nothing is left.
func parse[T any](b []byte, schema byte, read func(*reader) T) (T, error) {
	var zero T
	r, err := open(b, schema)
	if err != nil {
		return zero, err
	}
	v := read(&r)
	if err := r.done(); err != nil {
		return zero, err
	}
	return v, nil
}
