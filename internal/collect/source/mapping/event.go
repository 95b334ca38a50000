package mapping

import (
	"bytes"
	"slices"
	"strings"

	"github.com/heed-platform/heed/internal/clock"
	"github.com/heed-platform/heed/internal/collect/event/strict"
	"github.com/heed-platform/heed/internal/collect/source/table"
	"github.com/heed-platform/heed/internal/fact"
	"github.com/heed-platform/heed/internal/person"
)

// event is a rule that makes an event of the Segment spec out of rows.
type event struct {
	label string // tells rules of one kind of rows apart, in ids
	when  conditions
	raw   *string // the row, or the part of it under this path, is an event already
	newID bool    // its own messageId is passed over

	typ        fact.EventType
	name       *template // track's event; page's and screen's name; group's and alias's id
	ids        []identifier
	time       *spoken
	notice     string
	properties object
	traits     object
	context    object
	grants     []*grant
}

// identifier is a namespace with what may stand in it.
type identifier struct {
	ns     person.Namespace
	values []*spoken
}

// grant is a rule that enters something into the consent ledger.
type grant struct {
	when conditions

	status, purpose, channel, topic, notice, language, jurisdiction, method, evidence *spoken

	said *spoken
}

// item is a rule that makes an item of the catalog.
type item struct {
	when   conditions
	fields object
}

// Made is what one rule made.
type Made struct {
	Item      bool   // of the catalog, else an event
	Label     string // of the rule
	Raw       bool   // it came as an event: JSON is all of it
	JSON      []byte // an item, or an event without messageId
	ByContent bool   // its id is made of what it says, and not of the row's key alone
	Timeless  bool   // nothing said when it was
	Grants    []fact.Grant
}

// Make applies every rule to the rows of a group, or to one row. Either all that
// the rows make is given to yield, or a fault and nothing.
func (r *Rows) Make(s *Scope, rows []Record, yield func(Made)) *table.Fault {
	s.reset(rows)
	var all []Made
	for _, e := range r.events {
		if !e.when.hold(s) {
			continue
		}
		m, fault := e.make(s)
		if fault != nil {
			return fault
		}
		all = append(all, m)
	}
	for _, i := range r.items {
		if !i.when.hold(s) {
			continue
		}
		b, _, fault := i.fields.make(nil, s)
		if fault != nil {
			return fault
		}
		all = append(all, Made{Item: true, JSON: b})
	}
	for _, m := range all {
		yield(m)
	}
	return nil
}

func (e *event) make(s *Scope) (Made, *table.Fault) {
	m := Made{Label: e.label, ByContent: e.typ == fact.Identify || len(e.grants) > 0}
	if e.raw != nil {
		value := strict.Find(s.Rows[0].Value, *e.raw)
		if len(value) == 0 || value[0] != '{' {
			return m, bad(NotAnObject)
		}
		if !e.newID {
			m.Raw, m.JSON = true, slices.Clone(value)
			return m, nil
		}
		m.ByContent, m.JSON = true, without(value, "messageId")
		return m, nil
	}
	b := make([]byte, 0, 512)
	b = append(append(append(b, `{"type":"`...), e.typ.String()...), '"')
	var at string
	var fault *table.Fault
	if e.time != nil {
		var text []byte
		var known bool
		if text, known, fault = e.time.make(nil, s); fault != nil {
			return m, fault.In("time")
		}
		if known {
			at = string(text)
			b = append(append(b, `,"timestamp":`...), text...)
		}
	}
	if m.Timeless = at == ""; m.Timeless && acts(e.typ) {
		return m, bad(NoTime)
	}
	if e.name != nil {
		b = append(append(append(b, `,"`...), nameField[e.typ]...), `":`...)
		b = strict.AppendText(b, e.name.text(s))
	}
	ids, fault := e.identify(s)
	if fault != nil {
		return m, fault
	}
	b = ids.envelope(b)
	if b, fault = e.describe(b, s, &ids); fault != nil {
		return m, fault
	}
	if m.Grants, fault = e.grant(s, at); fault != nil {
		return m, fault.In("grants")
	}
	if b, fault = e.around(b, s, &ids, m.Grants); fault != nil {
		return m, fault
	}
	m.JSON = append(b, '}')
	return m, nil
}

// acts reports whether events of a type are something done. What was done has a
// time; what is merely known of somebody may be true for as long as one likes.
func acts(t fact.EventType) bool { return t == fact.Track || t == fact.Page || t == fact.Screen }

// without is an object without one of its names.
func without(value []byte, gone string) []byte {
	b := append(make([]byte, 0, len(value)), '{')
	for name, v := range strict.Members(value) {
		if name != gone {
			b = append(strict.AppendText(b, name), ':')
			b = append(append(b, v...), ',')
		}
	}
	return append(bytes.TrimSuffix(b, []byte{','}), '}')
}

// nameField is where each type of event keeps its name.
var nameField = map[fact.EventType]string{
	fact.Track: "event", fact.Page: "name", fact.Screen: "name", fact.Group: "groupId", fact.Alias: "previousId",
}

// named are the identifiers of one event.
type named struct {
	list []nameValue
}

type nameValue struct {
	ns    person.Namespace
	value string
	more  bool // not the first of its namespace
}

func (e *event) identify(s *Scope) (named, *table.Fault) {
	var out named
	for _, id := range e.ids {
		more := false
		for _, v := range id.values {
			text, fault := v.said(s)
			if fault != nil {
				return out, fault.In(string(id.ns))
			}
			if text != "" {
				out.list = append(out.list, nameValue{id.ns, text, more})
				more = true
			}
		}
	}
	return out, nil
}

// envelope writes those that have a place of their own at the top.
func (n *named) envelope(b []byte) []byte {
	for _, id := range n.list {
		switch {
		case id.ns == person.UserID && !id.more:
			b = strict.AppendText(append(b, `,"userId":`...), id.value)
		case id.ns == person.AnonymousID && !id.more:
			b = strict.AppendText(append(b, `,"anonymousId":`...), id.value)
		}
	}
	return b
}

// inTraits reports whether identify keeps the first identifier of a namespace
// among its traits.
func inTraits(ns person.Namespace) bool {
	return ns == person.Email || ns == person.Phone || ns == person.MemberID
}

// describe writes properties and, of identify and group, traits.
func (e *event) describe(b []byte, s *Scope, ids *named) ([]byte, *table.Fault) {
	var fault *table.Fault
	if e.properties != nil {
		if b, _, fault = e.properties.make(append(b, `,"properties":`...), s); fault != nil {
			return b, fault
		}
	}
	if e.typ != fact.Identify && e.typ != fact.Group {
		return b, nil
	}
	b = append(b, `,"traits":{`...)
	n := 0
	for _, id := range ids.list {
		if e.typ == fact.Identify && !id.more && inTraits(id.ns) && !e.traits.has(string(id.ns)) {
			if n++; n > 1 {
				b = append(b, ',')
			}
			b = append(append(append(b, '"'), id.ns...), `":`...)
			b = strict.AppendText(b, id.value)
		}
	}
	return e.traits.inside(b, s, n)
}

// inside writes an object's members behind n others and closes it.
func (o object) inside(b []byte, s *Scope, n int) ([]byte, *table.Fault) {
	from := len(b)
	if n > 0 {
		b = append(b, ',')
	}
	b, more, fault := o.members(b, s)
	if more == 0 {
		b = b[:from]
	}
	return append(b, '}'), fault
}

func (o object) has(name string) bool {
	return slices.ContainsFunc(o, func(f field) bool { return f.name == name })
}

// around writes the context: what is said around the event.
func (e *event) around(b []byte, s *Scope, ids *named, grants []fact.Grant) ([]byte, *table.Fault) {
	b = append(b, `,"context":{`...)
	n := 0
	next := func(name string) {
		if n++; n > 1 {
			b = append(b, ',')
		}
		b = append(append(append(b, '"'), name...), `":`...)
	}
	if e.notice != "" {
		next("notice")
		b = strict.AppendText(b, e.notice)
	}
	if e.typ != fact.Identify && e.typ != fact.Group && len(e.traits) > 0 {
		next("traits")
		var fault *table.Fault
		if b, _, fault = e.traits.make(b, s); fault != nil {
			return b, fault
		}
	}
	if external := ids.external(e.typ); len(external) > 0 {
		next("externalIds")
		b = appendExternal(b, external)
	}
	if device := ids.device(); len(device) > 0 {
		next("device")
		b = append(append(append(b, '{'), strings.Join(device, ",")...), '}')
	}
	if len(grants) > 0 {
		next("grants")
		b = appendGrants(b, grants)
	}
	return e.context.inside(b, s, n)
}

// external are the identifiers without a place of their own.
func (n *named) external(typ fact.EventType) []nameValue {
	var out []nameValue
	for _, id := range n.list {
		switch id.ns {
		case person.UserID, person.AnonymousID, person.DeviceID, person.PushToken:
			if id.more {
				out = append(out, id)
			}
		default:
			if id.more || typ != fact.Identify || !inTraits(id.ns) {
				out = append(out, id)
			}
		}
	}
	return out
}

func appendExternal(b []byte, ids []nameValue) []byte {
	b = append(b, '[')
	for i, id := range ids {
		if i > 0 {
			b = append(b, ',')
		}
		b = strict.AppendText(append(b, `{"id":`...), id.value)
		b = strict.AppendText(append(b, `,"type":`...), string(id.ns))
		b = append(b, `,"collection":"users","encoding":"none"}`...)
	}
	return append(b, ']')
}

func (n *named) device() []string {
	var out []string
	for _, id := range n.list {
		switch {
		case id.more:
		case id.ns == person.DeviceID:
			out = append(out, string(strict.AppendText([]byte(`"id":`), id.value)))
		case id.ns == person.PushToken:
			out = append(out, string(strict.AppendText([]byte(`"token":`), id.value)))
		}
	}
	return out
}

// appendGrants writes what was said as the event tells it. Where it stands in
// the file is proof, and no part of what was said.
func appendGrants(b []byte, grants []fact.Grant) []byte {
	b = append(b, '[')
	for i := range grants {
		g := &grants[i]
		if i > 0 {
			b = append(b, ',')
		}
		b = strict.AppendText(append(b, `{"purpose":`...), g.Purpose)
		for _, f := range [...]struct{ name, value string }{
			{"channel", g.Channel},
			{"topic", g.Topic},
			{"status", g.Status.String()},
			{"notice", g.Notice},
			{"language", g.Language},
			{"jurisdiction", g.Jurisdiction},
			{"method", g.Method},
		} {
			if f.value != "" {
				b = strict.AppendText(append(append(append(b, `,"`...), f.name...), `":`...), f.value)
			}
		}
		if g.Said != 0 {
			b = strict.AppendText(append(b, `,"said":`...), g.Said.Format())
		}
		b = append(b, '}')
	}
	return append(b, ']')
}

// grant makes the entries of the ledger. at is the event's time as JSON, or "".
func (e *event) grant(s *Scope, at string) ([]fact.Grant, *table.Fault) {
	var out []fact.Grant
	for _, rule := range e.grants {
		if !rule.when.hold(s) {
			continue
		}
		g, ok, fault := rule.entry(s, at)
		if fault != nil {
			return nil, fault
		}
		if ok {
			out = append(out, g)
		}
	}
	return out, nil
}

var statuses = map[string]fact.GrantStatus{
	"granted": fact.Granted, "denied": fact.Denied, "withdrawn": fact.Withdrawn, "objected": fact.Objected,
}

// entry is absent when its status is: nothing was said then.
func (r *grant) entry(s *Scope, at string) (g fact.Grant, ok bool, fault *table.Fault) {
	var status string
	for _, f := range [...]struct {
		from *spoken
		to   *string
	}{
		{r.status, &status},
		{r.purpose, &g.Purpose},
		{r.channel, &g.Channel},
		{r.topic, &g.Topic},
		{r.notice, &g.Notice},
		{r.language, &g.Language},
		{r.jurisdiction, &g.Jurisdiction},
		{r.method, &g.Method},
		{r.evidence, &g.Evidence},
	} {
		if f.from == nil {
			continue
		}
		if *f.to, fault = f.from.said(s); fault != nil {
			return g, false, fault
		}
	}
	if status == "" {
		return g, false, nil
	}
	if g.Status, ok = statuses[status]; !ok || g.Purpose == "" {
		return g, false, bad(BadGrant)
	}
	if g.Method == "" {
		g.Method = "import"
	}
	if g.Evidence == "" {
		g.Evidence = s.Rows[s.at].File + ":" + itoa(s.Rows[s.at].Line)
	}
	if r.said != nil {
		text, known, fault := r.said.make(nil, s)
		if fault != nil {
			return g, false, fault.In("said")
		}
		if known {
			at = string(text)
		}
	}
	if at != "" {
		var t clock.Instant
		if t.UnmarshalText([]byte(strings.Trim(at, `"`))) == nil {
			g.Said = t
		}
	}
	return g, true, nil
}
