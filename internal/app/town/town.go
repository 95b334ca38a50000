package town

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"slices"
	"time"
)

// Town is people and a shop, as one seed makes them.
type Town struct {
	Seed   uint64
	People int
}

// New makes a town of some people.
func New(seed uint64, people int) Town { return Town{seed, people} }

// Person is inhabitant n, from 0.
func (t Town) Person(n int) Person { return person(t.Seed, n) }

// Message is one event on its way to heed: from which source, when, and its
// bytes as an SDK or a till would send them.
type Message struct {
	Source string
	At     time.Time
	Body   []byte

	event event
}

// Live is the same event as if it happened at another time.
func (m Message) Live(at time.Time) Message {
	e := m.event
	e.Timestamp = at.UTC().Format(time.RFC3339Nano)
	return Message{Source: m.Source, At: at, Body: e.bytes(), event: e}
}

// event is the Segment spec's shape, with the members that the town uses.
type event struct {
	Type        string         `json:"type"`
	MessageID   string         `json:"messageId"`
	Timestamp   string         `json:"timestamp"`
	UserID      string         `json:"userId,omitempty"`
	AnonymousID string         `json:"anonymousId,omitempty"`
	Event       string         `json:"event,omitempty"`
	Name        string         `json:"name,omitempty"`
	Traits      map[string]any `json:"traits,omitempty"`
	Properties  map[string]any `json:"properties,omitempty"`
	Context     map[string]any `json:"context,omitempty"`
}

// scene is one person's day being written.
type scene struct {
	p    Person
	r    *rand.Rand
	day  int
	at   time.Time
	n    int
	out  []Message
	cart []line
}

type line struct {
	item    Item
	variant string
	count   int
}

// Day is everything that happens on day number n (from 0), which begins at
// start, in order of time.
func (t Town) Day(n int, start time.Time) []Message {
	var out []Message
	for i := range t.People {
		out = append(out, t.life(i, n, start)...)
	}
	slices.SortStableFunc(out, func(a, b Message) int { return a.At.Compare(b.At) })
	return out
}

// life is one person's day.
func (t Town) life(person, day int, start time.Time) []Message {
	p := t.Person(person)
	r := chance(t.Seed, person, day)
	s := &scene{p: p, r: r, day: day, at: start.Add(7*time.Hour + time.Duration(r.IntN(12*3600))*time.Second)}
	if day == person%5 {
		s.join()
	}
	if day < person%5 {
		return s.out // not in town yet
	}
	if p.Quits == day {
		s.quit()
	}
	switch r.IntN(9) {
	case 0, 1:
		s.browse(p.Handset)
	case 2:
		s.evening()
	case 3:
		s.till()
	case 4:
		if p.Returner {
			s.bringBack()
		}
	default: // most days nobody thinks of a shop
	}
	return s.out
}

// join is when a person first says who they are.
func (s *scene) join() {
	s.browse(s.p.Handset)
	account := event{
		Type: "identify", UserID: s.p.Account, AnonymousID: s.p.Handset,
		Traits:  map[string]any{"email": s.p.Email, "firstName": s.p.Given, "lastName": s.p.Family, "country": "DE", "size": s.p.Size},
		Context: map[string]any{"notice": "order@1", "timezone": "Europe/Berlin", "locale": "en"},
	}
	s.send("server", account)
	if s.p.Card != "" {
		s.send("card-desk", event{
			Type: "identify", UserID: s.p.Account,
			Traits:  map[string]any{"member_id": s.p.Card, "phone": s.p.Phone, "firstName": s.p.Given},
			Context: map[string]any{"notice": "membership@3", "externalIds": externalID("member_id", s.p.Card)},
		})
	}
	if s.p.Letter {
		s.subscribe("newsletter@2", "EMAIL", s.p.Email, "SUBSCRIBED")
	}
	if s.p.Texts {
		s.subscribe("texts@1", "SMS", s.p.Phone, "SUBSCRIBED")
	}
}

// quit takes the newsletter back.
func (s *scene) quit() { s.subscribe("newsletter@2", "EMAIL", s.p.Email, "UNSUBSCRIBED") }

// subscribe is a form with one field, the address that it is about.
func (s *scene) subscribe(notice, kind, key, status string) {
	field := "email"
	if kind == "SMS" {
		field = "phone"
	}
	s.send("server", event{
		Type: "identify", UserID: s.p.Account, Traits: map[string]any{field: key},
		Context: map[string]any{
			"notice":                  notice,
			"messaging_subscriptions": []any{map[string]any{"key": key, "type": kind, "status": status}},
		},
	})
}

func externalID(kind, id string) []any {
	return []any{map[string]any{"id": id, "type": kind, "collection": "users", "encoding": "none"}}
}

// browse looks around on one device without saying who it is.
func (s *scene) browse(device string) {
	shelf := tasteful(s.p.Taste)
	s.send("web", event{Type: "page", AnonymousID: device, Name: "Home", Properties: map[string]any{"path": "/"}})
	for range 1 + s.r.IntN(3) {
		i := shelf[s.r.IntN(len(shelf))]
		s.send("web", event{Type: "track", AnonymousID: device, Event: "Product Viewed", Properties: product(line{item: i, count: 1})})
	}
}

// evening signs in on the laptop or the family tablet and perhaps orders.
func (s *scene) evening() {
	device := s.p.Laptop
	if device == "" || s.p.Tablet != "" && s.r.IntN(2) == 0 {
		device = s.p.Tablet
	}
	if device == "" {
		device = s.p.Handset
	}
	s.browse(device)
	s.send("server", event{
		Type: "identify", UserID: s.p.Account, AnonymousID: device, Traits: map[string]any{"firstName": s.p.Given},
		Context: map[string]any{"notice": "order@1"},
	})
	s.fill()
	s.order("server", event{UserID: s.p.Account, AnonymousID: device, Context: map[string]any{"notice": "order@1"}})
	s.wait(26 * time.Hour)
	s.send("server", event{
		Type: "track", UserID: s.p.Account, Event: "Order Shipped",
		Properties: map[string]any{"order_id": s.orderID()}, Context: map[string]any{"notice": "order@1"},
	})
}

// till buys in the shop, with the card if there is one.
func (s *scene) till() {
	if s.p.Card == "" {
		return // cash and no card: the shop does not know who it was
	}
	s.fill()
	s.order("till", event{Context: map[string]any{"notice": "membership@3", "externalIds": externalID("member_id", s.p.Card)}})
}

// bringBack returns what was bought on the last day that this person ordered.
func (s *scene) bringBack() {
	i := tasteful(s.p.Taste)[0]
	s.send("server", event{
		Type: "track", UserID: s.p.Account, Event: "Order Refunded",
		Properties: map[string]any{"order_id": s.orderID(), "products": []any{product(line{item: i, variant: s.variant(i), count: 1})}},
		Context:    map[string]any{"notice": "order@1"},
	})
}

func (s *scene) fill() {
	shelf := tasteful(s.p.Taste)
	s.cart = nil
	for range 1 + s.r.IntN(2) {
		i := shelf[s.r.IntN(len(shelf))]
		s.cart = append(s.cart, line{i, s.variant(i), 1})
	}
}

// variant is the size the person wears; the same each time.
func (s *scene) variant(i Item) string {
	if len(i.Variants) == 0 {
		return ""
	}
	if at := slices.Index(i.Variants, s.p.Size); at >= 0 {
		return i.Variants[at]
	}
	return i.Variants[s.p.Number%len(i.Variants)]
}

func (s *scene) order(source string, e event) {
	products := make([]any, 0, len(s.cart))
	var total int64
	for _, l := range s.cart {
		products = append(products, product(l))
		total += l.item.Cents * int64(l.count)
	}
	e.Type, e.Event = "track", "Order Completed"
	e.Properties = map[string]any{
		"order_id": s.orderID(), "currency": "EUR", "total": money(total), "products": products,
	}
	s.send(source, e)
}

func (s *scene) orderID() string { return fmt.Sprintf("o-%d-%d", s.p.Number, s.day) }

func product(l line) map[string]any {
	p := map[string]any{
		"product_id": l.item.ID, "name": l.item.Name, "category": l.item.Category, "brand": l.item.Brand,
		"price": money(l.item.Cents), "currency": "EUR", "quantity": l.count,
	}
	if l.variant != "" {
		p["sku"] = l.item.ID + "-" + l.variant
		p["variant"] = l.variant
	}
	return p
}

// money is a decimal with two places, as shops write prices.
func money(cents int64) json.Number {
	return json.Number(fmt.Sprintf("%d.%02d", cents/100, cents%100))
}

func (s *scene) wait(d time.Duration) { s.at = s.at.Add(d) }

func (s *scene) send(source string, e event) {
	s.wait(time.Duration(20+s.r.IntN(200)) * time.Second)
	s.n++
	e.MessageID = fmt.Sprintf("town-%d-%d-%d", s.p.Number, s.day, s.n)
	e.Timestamp = s.at.UTC().Format(time.RFC3339Nano)
	s.out = append(s.out, Message{Source: source, At: s.at, Body: e.bytes(), event: e})
}

func (e event) bytes() []byte {
	body, err := json.Marshal(e)
	if err != nil {
		panic("the town writes plain values: " + err.Error())
	}
	return body
}
