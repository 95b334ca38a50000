package tell

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"github.com/google/uuid"

	"github.com/heed-platform/heed/internal/account/ledger"
	"github.com/heed-platform/heed/internal/account/request"
	"github.com/heed-platform/heed/internal/fact"
	"github.com/heed-platform/heed/internal/keep/gate"
	"github.com/heed-platform/heed/internal/person"
	"github.com/heed-platform/heed/internal/policy"
	"github.com/heed-platform/heed/internal/policy/define"
)

// Teller writes down what has to be told.
type Teller struct {
	Desk   *request.Desk
	Rules  func() *policy.Rules
	Answer func() string                                          // the address that takes recipients' answers
	Words  func(q request.Request, language, channel string) Said // what the person is told
}

// Said is a message to the person.
type Said struct{ Subject, Text string }

// Ways in which a recipient is told.
const (
	OpenDSR = "opendsr"
	Webhook = "webhook"
	Mail    = "mail"
)

// known is what one recipient has of the person.
type known struct {
	recipient string
	country   string
	fields    []string
}

// Recipients makes a part and an errand for everybody with a line in the
// disclosure ledger; only names those to tell where not all are meant. The
// dossier must come with its history and be no older than the last thing that
// left.
func (t *Teller) Recipients(ctx context.Context, p gate.Pass[gate.Honor], d gate.Dossier, q request.Request, by string, only ...string) error {
	holders, err := holdersOf(d, q)
	if err != nil {
		return err
	}
	var errands []gate.Errand
	for _, k := range holders {
		if len(only) > 0 && !slices.Contains(only, k.recipient) {
			continue
		}
		to, there := t.Rules().Recipient(k.recipient)
		way := wayOf(to, q.Right)
		part, err := t.Desk.Part(ctx, q, k.recipient, way, by)
		if err != nil {
			return err
		}
		if part.Status != request.Untold {
			continue
		}
		if !there || way == Mail && to.Contact == "" {
			if err := t.Desk.Lost(ctx, part.ID, "no_address"); err != nil {
				return err
			}
			continue
		}
		e, err := t.errand(d, q, part, to, k)
		if err != nil {
			return err
		}
		errands = append(errands, e)
	}
	return gate.Entrust(ctx, p, errands, nil)
}

// holdersOf lists who received something, in the order of the first time. What a
// recipient was told because of the request itself is not counted again.
func holdersOf(d gate.Dossier, q request.Request) ([]known, error) {
	book, err := ledger.Read(d)
	if err != nil {
		return nil, err
	}
	var out []known
	for _, v := range book.Disclosures {
		if slices.Contains(q.Told, v.ID) {
			continue
		}
		i := slices.IndexFunc(out, func(k known) bool { return k.recipient == v.Recipient })
		if i < 0 {
			i = len(out)
			out = append(out, known{recipient: v.Recipient, country: v.Country})
		}
		for _, f := range v.Fields {
			if !slices.Contains(out[i].fields, f) {
				out[i].fields = append(out[i].fields, f)
			}
		}
	}
	return out, nil
}

// wayOf is how a recipient is told. OpenDSR knows access, portability and erasure
// only; of anything else people are told.
func wayOf(r define.Recipient, right request.Right) string {
	switch {
	case r.DSR.Kind == OpenDSR && (right == request.Erasure || right == request.Access || right == request.Portability):
		return OpenDSR
	case r.DSR.Kind == Webhook:
		return Webhook
	}
	return Mail
}

// Identity is one way in which a recipient may know the person.
type Identity struct {
	NS    string `json:"ns"`
	Value string `json:"value"`
}

// identities are the identifiers among what a recipient received. One that got
// none of them knows the person by the id that heed gave it.
func identities(d gate.Dossier, fields []string) []Identity {
	p := d.Profile()
	var out []Identity
	put := func(ns, value string) {
		id := Identity{ns, value}
		if value != "" && !slices.Contains(out, id) {
			out = append(out, id)
		}
	}
	for _, id := range p.Identifiers {
		if slices.Contains(fields, "identifiers."+string(id.NS)) || slices.Contains(fields, "traits."+string(id.NS)) {
			put(string(id.NS), id.Value.Reveal())
		}
	}
	for _, a := range p.Attributes {
		if (a.Name == "email" || a.Name == "phone") && slices.Contains(fields, "traits."+a.Name) {
			put(a.Name, text(a))
		}
	}
	if len(out) == 0 {
		put("person", d.Ref().String())
	}
	return out
}

func text(a fact.Attribute) string {
	var s string
	if err := json.Unmarshal([]byte(a.Value.Reveal()), &s); err != nil {
		return ""
	}
	return s
}

func (t *Teller) errand(d gate.Dossier, q, part request.Request, to define.Recipient, k known) (gate.Errand, error) {
	ids := identities(d, k.fields)
	e := gate.Errand{ID: part.ID, Request: q.ID, Recipient: k.recipient, Country: cmp.Or(to.Country, k.country), Channel: Webhook, Protection: "tls, signed"}
	for _, id := range ids {
		e.Fields = append(e.Fields, "identifiers."+id.NS)
	}
	var body []byte
	var err error
	switch part.Way {
	case OpenDSR:
		body, err = openDSR(q, part, ids, t.Answer())
	case Webhook:
		body, err = t.hook(d, q, part, ids, k)
	default:
		e.Channel, e.Protection, e.To = "email", "tls", person.Hide(to.Contact)
		e.Subject, e.Text = t.letter(q, part, ids, k)
		return e, nil
	}
	e.To, e.Payload = person.Hide(to.DSR.URL), person.Hide(string(body))
	return e, err
}

// openDSR is the body that the OpenDSR specification asks for. It has no type for
// phone numbers and cards: those travel as an extension.
func openDSR(q, part request.Request, ids []Identity, answer string) ([]byte, error) {
	type identity struct {
		Type   string `json:"identity_type"`
		Value  string `json:"identity_value"`
		Format string `json:"identity_format"`
	}
	out := struct {
		Regulation string         `json:"regulation"`
		ID         string         `json:"subject_request_id"`
		Type       string         `json:"subject_request_type"`
		Submitted  string         `json:"submitted_time"`
		Identities []identity     `json:"subject_identities"`
		Version    string         `json:"api_version"`
		Callbacks  []string       `json:"status_callback_urls"`
		Extensions map[string]any `json:"extensions,omitempty"`
	}{
		Regulation: "gdpr", ID: part.ID, Type: string(q.Right), Submitted: q.Received.Format(), Identities: []identity{}, Version: "2.0",
		Callbacks: []string{answer},
	}
	if strings.HasPrefix(q.Pack, "us") {
		out.Regulation = "ccpa"
	}
	var others []Identity
	for _, id := range ids {
		kind := map[string]string{"email": "email", "user_id": "controller_customer_id", "person": "controller_customer_id"}[id.NS]
		if kind == "" {
			others = append(others, id)
			continue
		}
		out.Identities = append(out.Identities, identity{kind, id.Value, "raw"})
	}
	if len(others) > 0 {
		out.Extensions = map[string]any{"heed": map[string]any{"identities": others}}
	}
	body, err := json.Marshal(out)
	if err != nil {
		return nil, fmt.Errorf("write an OpenDSR request: %w", err)
	}
	return body, nil
}

// hook is the payload of a signed webhook.
func (t *Teller) hook(d gate.Dossier, q, part request.Request, ids []Identity, k known) ([]byte, error) {
	var out struct {
		Type      string `json:"type"`
		Timestamp string `json:"timestamp"`
		Data      struct {
			Request  string                     `json:"request"`
			Right    request.Right              `json:"right"`
			Law      string                     `json:"law"`
			Subject  []Identity                 `json:"subject"`
			Fields   []string                   `json:"fields"` // what was handed over before
			About    string                     `json:"about,omitempty"`
			Values   map[string]json.RawMessage `json:"values,omitempty"` // what holds now
			AnswerBy string                     `json:"answer_by"`
			Answer   string                     `json:"answer_to"`
		} `json:"data"`
	}
	out.Type, out.Timestamp = "privacy."+string(q.Right), part.Received.Format()
	v := &out.Data
	v.Request, v.Right, v.Law, v.Subject, v.Fields, v.About = part.ID, q.Right, q.Law, ids, k.fields, q.About
	v.AnswerBy, v.Answer = q.Due.Format(), t.Answer()
	if q.Right == request.Rectification {
		v.Values = corrected(d, q.About, k.fields)
	}
	body, err := json.Marshal(out)
	if err != nil {
		return nil, fmt.Errorf("write a webhook about a right: %w", err)
	}
	return body, nil
}

// corrected is the value that holds now of a field that the recipient has.
func corrected(d gate.Dossier, about string, fields []string) map[string]json.RawMessage {
	if !slices.Contains(fields, about) {
		return nil
	}
	for _, a := range d.Profile().Attributes {
		if "traits."+a.Name == about {
			return map[string]json.RawMessage{about: json.RawMessage(a.Value.Reveal())}
		}
	}
	return map[string]json.RawMessage{about: json.RawMessage("null")}
}

// asks is what a recipient is asked to do, in a sentence.
var asks = map[request.Right]string{
	request.Erasure:        "Please erase everything that you hold of this person because of us, tell those to whom you passed it on, and tell us when it is done.",
	request.Objection:      "This person objects to your use of their data for anything that their orders do not need. Please stop, tell those to whom you passed it on, and tell us when you have.",
	request.Restriction:    "This person asked that their data is kept and not used. Please stop using it and tell us when you have.",
	request.Rectification:  "This person corrected something that you had from us. Please correct it and tell us when you have.",
	request.OptOutOfSale:   "This person opted out of the sale and sharing of their data. Please stop using it, tell those to whom you passed it on, and tell us when you have.",
	request.LimitSensitive: "This person limited the use of their sensitive data. Please use it for nothing but what they ordered and tell us when you have.",
}

// letter is what people at a recipient are told.
func (t *Teller) letter(q, part request.Request, ids []Identity, k known) (subject, body person.Secret) {
	brand := t.Rules().Brand()
	var b strings.Builder
	fmt.Fprintf(&b, "Request %s\nLaw: %s\nAnswer by: %s\n\n%s\n\nThe person is known to you as:\n", part.ID, q.Law,
		q.Due.Time().Format("2 January 2006"), asks[q.Right])
	for _, id := range ids {
		fmt.Fprintf(&b, "  %s: %s\n", id.NS, id.Value)
	}
	fmt.Fprintf(&b, "\nYou had from us: %s\n", strings.Join(k.fields, ", "))
	if q.About != "" {
		fmt.Fprintf(&b, "It is about: %s\n", q.About)
	}
	fmt.Fprintf(&b, "\nPlease answer to %s and name the request.\n\n%s\n%s\n", brand.Email, brand.Name, brand.Address)
	return person.Hide(fmt.Sprintf("Request %s: %s", part.ID, strings.ReplaceAll(string(q.Right), "_", " "))), person.Hide(b.String())
}

// carriers say which recipient carries a message to the person on a channel.
func carrier(rules *policy.Rules, d define.Definitions, purpose, channel string) (define.Recipient, bool) {
	for _, r := range d.Recipients {
		known, ok := rules.Recipient(r.Key)
		if ok && known.Approved && carries(known, purpose, channel) {
			return known, true
		}
	}
	return define.Recipient{}, false
}

func carries(r define.Recipient, purpose, channel string) bool {
	covered := slices.ContainsFunc(r.Purposes, func(p string) bool { return policy.Within(purpose, p) })
	speaks := slices.ContainsFunc(r.Purposes, func(p string) bool { return strings.HasSuffix(p, "."+channel) })
	return covered && speaks && r.Role == define.Processor
}

// Person tells the person, on every address that is proven to be theirs, that a
// right was used in their name: it may be that it was not them. It returns the
// channels on which nobody may carry such a message. Whoever carries it has their
// address then, so recipients are told after it.
func (t *Teller) Person(ctx context.Context, p gate.Pass[gate.Honor], d gate.Dossier, defs define.Definitions, q request.Request, purpose string) (mute []string, err error) {
	var errands []gate.Errand
	for _, id := range d.Profile().Identifiers {
		channel := map[person.Namespace]string{person.Email: "email", person.Phone: "sms"}[id.NS]
		if channel == "" || !id.Verified {
			continue
		}
		to, ok := carrier(t.Rules(), defs, purpose, channel)
		if !ok {
			mute = append(mute, channel)
			continue
		}
		said := t.Words(q, d.Profile().Preference.Language, channel)
		errands = append(errands, gate.Errand{
			ID: uuid.NewString(), Request: q.ID, Recipient: to.Key, Country: to.Country, Channel: channel, Protection: "tls",
			Fields: []string{"identifiers." + string(id.NS)}, To: id.Value, Subject: person.Hide(said.Subject), Text: person.Hide(said.Text),
		})
	}
	return mute, gate.Entrust(ctx, p, errands, nil)
}
