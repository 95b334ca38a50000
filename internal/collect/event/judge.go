package event

import (
	"bytes"

	"github.com/heed-platform/heed/internal/clock"
	"github.com/heed-platform/heed/internal/collect/event/strict"
	"github.com/heed-platform/heed/internal/fact"
	"github.com/heed-platform/heed/internal/person"
)

// trial is one event while it is judged. The first thing that is wrong decides.
type trial struct {
	body     []byte // what the envelope's spans point into
	e        *envelope
	src      *Source
	typ      fact.EventType
	code     string
	field    string // what is wrong, as a path
	verified bool

	absent    []named // identifiers that point at nobody today
	elsewhere []person.Identifier
}

// judge fills v with the event, or with why it is quarantined.
func judge(v *Verdict, body []byte, e *envelope, typ fact.EventType, batch *shared, src *Source, received clock.Instant) {
	if e.fault == 0 && e.at.To-e.at.From <= MaxEvent {
		body, e = share(body, e, batch)
	}
	t := trial{body: body, e: e, src: src, typ: typ}
	v.Raw = e.at.Of(body)
	t.shape()
	v.Event.Type = t.typ
	if t.code == "" {
		t.fill(&v.Event, batch.sentAt, received)
	}
	if t.code == "" {
		v.Event.Raw, v.Elsewhere = v.Raw, t.elsewhere
		return
	}
	v.Event = fact.Event{Type: t.typ}
	v.Code, v.Why = t.code, Why(t.code)
	if t.field != "" {
		v.Why += " (" + t.field + ")"
	}
}

func (t *trial) refuse(code, field string) {
	if t.code == "" {
		t.code, t.field = code, field
	}
}

func (t *trial) of(s strict.Span) []byte { return s.Of(t.body) }

// shape settles whether this is an event of the spec at all, and of which type.
func (t *trial) shape() {
	e := t.e
	switch {
	case e.at.To-e.at.From > MaxEvent:
		t.refuse(TooLarge, "")
	case t.body[e.at.From] != '{':
		t.refuse(NotAnObject, "")
	case e.fault != 0:
		t.refuse(codeOf(e.fault), e.path)
	}
	if t.code != "" {
		return
	}
	if said := t.of(e.typ); !strict.IsNull(said) {
		word, ok := strict.Text(said)
		typ, known := fact.ParseEventType(word)
		switch {
		case !ok || !known:
			t.refuse(UnknownType, "type")
		case t.typ != 0 && t.typ != typ:
			t.refuse(TypeMismatch, "type")
		default:
			t.typ = typ
		}
	}
	if t.typ == 0 {
		t.refuse(UnknownType, "type")
	}
	t.mustBeObject(e.context, "context")
	t.mustBeObject(e.contextTraits.all, "context.traits")
	t.mustBeObject(e.traits.all, "traits")
	t.mustBeObject(e.properties, "properties")
}

func (t *trial) mustBeObject(s strict.Span, field string) {
	if !objectOrNothing(t.of(s)) {
		t.refuse(BadField, field)
	}
}

func (t *trial) fill(ev *fact.Event, batchSentAt []byte, received clock.Instant) {
	e := t.e
	sent := t.of(e.sentAt)
	if strict.IsNull(sent) {
		sent = batchSentAt
	}
	at, ok := when(t.of(e.timestamp), t.of(e.original), sent, t.src.Kind == Import, received)
	if !ok {
		t.refuse(BadTime, "")
	}
	*ev = fact.Event{
		Source:      t.src.Key,
		Type:        t.typ,
		Name:        t.name(),
		At:          at,
		Received:    received,
		Notice:      t.notice(),
		Origin:      t.src.Origin,
		Identifiers: t.identifiers(),
		Message:     t.message(),
	}
	ev.Verified = t.verified
	if t.src.Strict && t.code == "" {
		ev.Raw = t.of(e.at)
		t.listed(ev)
	}
}

// name is what counters and journeys know the event by.
func (t *trial) name() string {
	e := t.e
	switch t.typ {
	case fact.Track:
		name := t.required(e.event, "event")
		if name == ConsentUpdated {
			t.mustSayConsent()
		}
		return name
	case fact.Group:
		return t.requiredID(e.groupID, "groupId")
	case fact.Alias:
		t.requiredID(e.previousID, "previousId")
	case fact.Page, fact.Screen:
		if name, ok := strict.Text(t.of(e.name)); ok {
			return name
		}
		name, _ := strict.Text(strict.Find(t.of(e.properties), "name"))
		return name
	case fact.Identify:
	}
	return ""
}

// ConsentUpdated is the track event by which Segment's tools tell that the
// person just said what they consent to.
const ConsentUpdated = "Segment Consent Preference Updated"

func (t *trial) mustSayConsent() {
	const field = "context.consent.categoryPreferences"
	switch said := strict.Find(t.of(t.e.context), "consent.categoryPreferences"); {
	case strict.IsNull(said):
		t.refuse(MissingField, field)
	case said[0] != '{':
		t.refuse(BadField, field)
	}
}

func (t *trial) required(s strict.Span, field string) string {
	raw := t.of(s)
	text, ok := strict.Text(raw)
	switch {
	case strict.IsNull(raw) || (ok && text == ""):
		t.refuse(MissingField, field)
	case !ok:
		t.refuse(BadField, field)
	}
	return text
}

func (t *trial) requiredID(s strict.Span, field string) string {
	id := t.id(s, field)
	if id == "" {
		t.refuse(MissingField, field)
	}
	return id
}

// notice is the one that the event names, else its source's. A name that is
// not text falls back to neither: the other one might promise more.
func (t *trial) notice() string {
	raw := t.of(t.e.notice)
	if strict.IsNull(raw) {
		return t.src.Notice
	}
	name, ok := strict.Text(raw)
	if !ok || name == "" || len(name) > MaxID {
		t.refuse(BadField, "context.notice")
	}
	return name
}

// listed refuses fields that the notice of a strict source does not list.
func (t *trial) listed(ev *fact.Event) {
	ask := func(kind, name string) {
		if t.code == "" && (t.src.Allowed == nil || !t.src.Allowed(ev.Notice, kind+name)) {
			t.refuse(NotInNotice, kind+strict.Telling(name))
		}
	}
	for name := range Traits(ev) {
		ask("traits.", name)
	}
	for name := range Properties(ev.Raw) {
		ask("properties.", name)
	}
	for _, id := range ev.Identifiers {
		switch id.NS {
		case person.UserID, person.AnonymousID, person.Email, person.Phone, person.MemberID, GroupID:
			// The envelope's own, or traits that were asked about above.
		default:
			ask("identifiers.", string(id.NS))
		}
	}
}

// share puts a batch's context and integrations under the event's own: what
// the event says itself stands. What was added counts against the limits.
func share(body []byte, e *envelope, batch *shared) ([]byte, *envelope) {
	if whole := under(body, e.at, e.context, "context", batch.context); whole != nil {
		body, e = whole, rescan(whole)
	}
	if whole := under(body, e.at, e.integrations, "integrations", batch.integrations); whole != nil {
		body, e = whole, rescan(whole)
	}
	return body, e
}

func rescan(body []byte) *envelope {
	var e envelope
	scanEvent(strict.New(body), &e)
	return &e
}

// under returns the event at with those members of common that its own object
// of that name lacks, or nil when there is nothing to add.
func under(body []byte, at, own strict.Span, name string, common []byte) []byte {
	if len(common) == 0 || body[at.From] != '{' {
		return nil
	}
	mine := own.Of(body)
	missing := lacking(mine, common)
	if len(missing) == 0 || !objectOrNothing(mine) {
		return nil
	}
	if own.IsZero() {
		out := append([]byte(`{"`), name...)
		out = append(append(append(out, `":{`...), missing...), '}')
		return glue(out, body[at.From+1:at.To])
	}
	out := append(append(bytes.Clone(body[at.From:own.From]), '{'), missing...)
	if mine[0] == '{' {
		return glue(out, body[own.From+1:at.To])
	}
	return append(append(out, '}'), body[own.To:at.To]...)
}

// glue joins members to the rest of an object, with a comma if more follow.
func glue(head, rest []byte) []byte {
	if !strict.Closes(rest) {
		head = append(head, ',')
	}
	return append(head, rest...)
}

// lacking is the members of common that own has not, as the inside of an object.
func lacking(own, common []byte) []byte {
	var has map[string]bool
	for name := range strict.Members(own) {
		if has == nil {
			has = map[string]bool{}
		}
		has[name] = true
	}
	var out []byte
	for name, value := range strict.Members(common) {
		if has[name] {
			continue
		}
		if len(out) > 0 {
			out = append(out, ',')
		}
		out = append(strict.AppendText(out, name), ':')
		out = append(out, value...)
	}
	return out
}
