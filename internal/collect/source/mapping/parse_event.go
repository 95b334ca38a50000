package mapping

import (
	"fmt"
	"regexp"
	"slices"

	"go.yaml.in/yaml/v3"

	"github.com/heed-platform/heed/internal/collect/source/table"
	"github.com/heed-platform/heed/internal/fact"
	"github.com/heed-platform/heed/internal/person"
)

// event reads a rule that makes events.
func (c *compiler) event(n *yaml.Node) *event {
	e := &event{notice: c.m.Notice}
	var names []string
	name := func(key string) entry {
		return entry{key, func(n *yaml.Node) {
			names = append(names, key)
			e.name = new(c.template(n))
		}}
	}
	said := ""
	c.object(n, slices.Concat([]entry{
		{"type", func(n *yaml.Node) {
			word := c.choice(n, "identify", "track", "page", "screen", "group", "alias")
			e.typ, _ = fact.ParseEventType(word)
		}},
		name("event"), name("name"), name("group"), name("previous"),
		{"raw", func(n *yaml.Node) { e.raw = c.raw(n) }},
		{"new_id", func(n *yaml.Node) { e.newID = c.flag(n) }},
		{"ids", func(n *yaml.Node) { c.each(n, func(k, v *yaml.Node) { e.ids = append(e.ids, c.identifier(k, v)) }) }},
		{"time", func(n *yaml.Node) { e.time = c.time(n) }},
		{"notice", func(n *yaml.Node) { e.notice = c.word(n) }},
		{"properties", func(n *yaml.Node) { e.properties = c.fields(n) }},
		{"traits", func(n *yaml.Node) { e.traits = c.fields(n) }},
		{"context", func(n *yaml.Node) { e.context = c.surrounding(n) }},
		{"grants", func(n *yaml.Node) { c.list(n, func(v *yaml.Node) { e.grants = append(e.grants, c.grant(v)) }) }},
		{"label", func(n *yaml.Node) { said = c.word(n) }},
	}, c.said(&e.when))...)
	if e.raw != nil {
		if e.typ != 0 || e.name != nil || e.ids != nil || e.time != nil || e.properties != nil || e.traits != nil || e.context != nil || e.grants != nil {
			c.say(n, "an event that is raw says everything itself")
		}
		e.label = "raw " + *e.raw + said
		return e
	}
	if e.newID {
		c.say(n, "only an event that is raw has an id already")
	}
	c.complete(n, e, names)
	e.label = c.label(n, e, said)
	return e
}

// complete says what a type of event lacks or has too much.
func (c *compiler) complete(n *yaml.Node, e *event, names []string) {
	if e.typ == 0 {
		c.say(n, "an event needs a type")
		return
	}
	needs := map[fact.EventType]string{fact.Track: "event", fact.Group: "group", fact.Alias: "previous"}[e.typ]
	may := needs
	if e.typ == fact.Page || e.typ == fact.Screen {
		may = "name"
	}
	if needs != "" && !slices.Contains(names, needs) {
		c.say(n, "%s needs %q", e.typ, needs)
	}
	for _, name := range names {
		if name != may {
			c.say(n, "%s has no %q", e.typ, name)
		}
	}
	if len(e.ids) == 0 {
		c.say(n, "an event needs ids, such as ids: {user_id: \"{customer}\"}")
	}
	if acts(e.typ) && e.time == nil {
		c.say(n, "%s is something done, and needs the time at which it was", e.typ)
	}
	if e.typ == fact.Identify && e.properties != nil {
		c.say(n, "identify has traits in place of properties")
	}
}

// label names a rule in the ids of what it makes, so that the order of rules can
// change. Two that look alike are told apart by what they say themselves.
func (c *compiler) label(n *yaml.Node, e *event, said string) string {
	label := e.typ.String()
	if e.typ == fact.Track && e.name != nil {
		for _, p := range e.name.parts {
			label += " " + p.text
		}
	}
	if said != "" {
		label = "label " + said
	}
	for _, other := range c.rows.events {
		if other.label == label {
			c.say(n, "another rule of these rows makes the same kind of event; give this one a label of its own")
			return fmt.Sprint(label, len(c.rows.events))
		}
	}
	return label
}

func (c *compiler) raw(n *yaml.Node) *string {
	if k := c.m.Files[c.rows.From].Format.Kind; k != table.Lines && k != table.JSON || c.rows.Group != nil {
		c.say(n, "only single rows of files in JSON can be events already")
	}
	if n.Tag == "!!bool" {
		if !c.flag(n) {
			c.say(n, "needs true, or the path to the event in the row")
		}
		return new(string)
	}
	return new(c.word(n))
}

var namespace = regexp.MustCompile(`^[a-z][a-z0-9_.-]{0,63}$`)

func (c *compiler) identifier(k, n *yaml.Node) identifier {
	id := identifier{ns: person.Namespace(k.Value)}
	if !namespace.MatchString(k.Value) || k.Value == "group_id" {
		c.say(k, "%q is not a kind of identifier; use user_id, member_id, email, phone or a name of your own", k.Value)
	}
	c.list(n, func(v *yaml.Node) { id.values = append(id.values, c.text(v)) })
	return id
}

// surrounding reads what else stands in the context.
func (c *compiler) surrounding(n *yaml.Node) object {
	o := c.fields(n)
	for _, f := range o {
		switch f.name {
		case "notice", "traits", "externalIds", "device", "grants":
			c.say(n, "%s has a key of its own in an event", f.name)
		}
	}
	return o
}

func (c *compiler) grant(n *yaml.Node) *grant {
	g := &grant{}
	text := func(key string, into **spoken) entry {
		return entry{key, func(n *yaml.Node) { *into = c.text(n) }}
	}
	c.object(n, slices.Concat([]entry{
		text("purpose", &g.purpose), text("channel", &g.channel), text("topic", &g.topic), text("status", &g.status),
		text("notice", &g.notice), text("language", &g.language), text("jurisdiction", &g.jurisdiction),
		text("method", &g.method), text("evidence", &g.evidence),
		{"said", func(n *yaml.Node) { g.said = c.time(n) }},
	}, c.said(&g.when))...)
	if g.purpose == nil || g.status == nil {
		c.say(n, "a grant needs a purpose and a status")
		return g
	}
	if word := g.status.template.parts; len(word) == 1 && g.status.cast.words == nil {
		if _, ok := statuses[word[0].text]; !ok {
			c.say(n, "%q is not a status; use granted, denied, withdrawn or objected", word[0].text)
		}
	}
	return g
}

// itemFields are those of an item of the catalog.
var itemFields = []string{
	"id", "name", "category", "brand", "url", "image_url", "price", "currency", "stock", "interval_days", "variants",
}

func (c *compiler) item(n *yaml.Node) *item {
	i := &item{}
	c.each(n, func(k, v *yaml.Node) {
		switch {
		case k.Value == "when":
			c.conditions(v, &i.when.when)
		case k.Value == "unless":
			c.conditions(v, &i.when.unless)
		case !slices.Contains(itemFields, k.Value):
			c.say(k, "%q is not a field of an item; use one of %v", k.Value, itemFields)
		default:
			i.fields = append(i.fields, field{k.Value, c.value(v)})
		}
	})
	if !i.fields.has("id") {
		c.say(n, "an item needs an id")
	}
	return i
}
