package campaign

import (
	"fmt"
	"slices"

	"github.com/heed-platform/heed/internal/clock"
	"github.com/heed-platform/heed/internal/decide/guard"
	"github.com/heed-platform/heed/internal/fact"
	"github.com/heed-platform/heed/internal/keep/gate"
	"github.com/heed-platform/heed/internal/policy"
	"github.com/heed-platform/heed/internal/policy/define"
)

// Deps is what campaigns are compiled with.
type Deps struct {
	Rules *policy.Rules
	// Audience gives an audience's predicate; false when there is none.
	Audience func(key string) (gate.Predicate, bool)
	// Fields gives the field paths that a message reads of a person; nil when
	// nobody can tell yet, and then only the moment of leaving finds out.
	Fields func(Message) ([]string, error)
	// Key keys the draw, so that nobody can work out from a person's id whether a
	// campaign leaves them out.
	Key []byte
}

// Live is one version of a campaign, compiled. It never changes and many may ask
// it at once.
type Live struct {
	Approved

	rules   *policy.Rules
	key     []byte
	members gate.Predicate
	enters  gate.Predicate // nil where no audience starts it
	fields  []string       // that the message reads
	service bool
	asked   define.Topic // the campaign's topic; the zero one has no key
	caps    []fact.Cap
	quiet   []guard.Quiet
	zone    string
	zones   *guard.Zones
}

// Compile understands one version together with the workspace around it. Its
// error is a problem "campaign-invalid" with a field for each fault: besides
// those of Check, a campaign that could never speak to anybody.
func Compile(a Approved, deps Deps) (*Live, error) {
	if err := a.Check(); err != nil {
		return nil, err
	}
	brand := deps.Rules.Brand()
	l := &Live{Approved: a, rules: deps.Rules, key: deps.Key, zone: brand.Zone, zones: &guard.Zones{}}
	for _, c := range brand.Caps {
		l.caps = append(l.caps, fact.Cap{Channel: c.Channel, Count: c.Count, Hours: c.Hours})
	}
	c := checker{key: a.Key}
	l.purpose(&c)
	l.subject(&c)
	l.people(&c, deps)
	l.brandQuiet(&c, brand.Quiet)
	if deps.Fields != nil {
		var err error
		if l.fields, err = deps.Fields(a.Message); err != nil {
			return nil, err
		}
	}
	if err := c.err(); err != nil {
		return nil, err
	}
	return l, nil
}

func (l *Live) purpose(c *checker) {
	p, ok := l.rules.Purpose(l.Purpose)
	if !ok {
		c.fault("purpose", fmt.Sprintf("there is no purpose %q", l.Purpose))
		return
	}
	l.service = p.Service
	if !slices.Contains(p.Channels, l.Channel) {
		c.fault("channel", fmt.Sprintf("%s never speaks through %s", l.Purpose, l.Channel))
	}
	if moment := l.Trial(0).String(); !l.rules.Occasion(l.Purpose, moment) {
		c.fault("trigger", fmt.Sprintf("%s is a service and does not speak in the moment %q; its occasions are its own", l.Purpose, moment))
	}
	if path := "events." + l.Trigger.Event; l.Trigger.Event != "" && len(l.rules.Promising(l.rules.Category(path), l.Purpose)) == 0 {
		c.fault("trigger", fmt.Sprintf("no notice promises to use %q for %s, so it can start nothing", l.Trigger.Event, l.Purpose))
	}
	r, ok := l.rules.Recipient(l.Recipient)
	switch {
	case !ok:
		c.fault("recipient", fmt.Sprintf("there is no recipient %q", l.Recipient))
	case !slices.ContainsFunc(r.Purposes, func(p string) bool { return policy.Within(l.Purpose, p) }):
		c.fault("recipient", fmt.Sprintf("recipient %q may not receive anything for %s", l.Recipient, l.Purpose))
	}
}

// subject settles what the campaign says it is about. What touches something
// private must say so, because only then is each person's own word asked for.
func (l *Live) subject(c *checker) {
	if l.Topic != "" {
		t, ok := l.rules.Topic(l.Topic)
		if !ok {
			c.fault("topic", fmt.Sprintf("there is no topic %q", l.Topic))
		}
		l.asked = t
	}
	if t, ok := l.rules.TopicOf(l.Item.Category); ok && l.private(t) {
		c.fault("topic", fmt.Sprintf("the item is about something private; name its topic, %s", t.Key))
	}
}

// private reports whether a topic is sensitive and is not what the gate is asked
// about.
func (l *Live) private(t define.Topic) bool {
	return l.rules.Sensitive(t.Category) &&
		(!l.rules.Sensitive(l.asked.Category) || !policy.Within(t.Category, l.asked.Category))
}

func (l *Live) people(c *checker, deps Deps) {
	var ok bool
	if l.members, ok = deps.Audience(l.Audience); !ok {
		c.fault("audience", fmt.Sprintf("there is no audience %q", l.Audience))
	}
	if l.Trigger.Enters == "" {
		return
	}
	if l.enters, ok = deps.Audience(l.Trigger.Enters); !ok {
		c.fault("trigger", fmt.Sprintf("there is no audience %q", l.Trigger.Enters))
	}
}

func (l *Live) brandQuiet(c *checker, q define.Quiet) {
	if q.From == q.To {
		return
	}
	from, err := define.Minutes(q.From)
	if err != nil {
		c.fault("brand.quiet.from", "is not a time such as 20:00")
	}
	to, err := define.Minutes(q.To)
	if err != nil {
		c.fault("brand.quiet.to", "is not a time such as 08:00")
	}
	l.quiet = []guard.Quiet{{From: from, To: to}}
}

// nobody is the audience of a campaign that cannot be understood any more.
type nobody struct{}

// Fields are none.
func (nobody) Fields() []string { return nil }

// Match is a plain no.
func (nobody) Match(fact.Sight, clock.Instant) policy.Tri { return policy.No }
