package form

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/heed-platform/heed/internal/clock"
	"github.com/heed-platform/heed/internal/fact"
	"github.com/heed-platform/heed/internal/person"
	"github.com/heed-platform/heed/internal/policy/define"
)

// Signup is the namespace of sign-ups: what was typed and has not confirmed
// itself belongs to a sign-up and to nobody else.
const Signup = "signup"

// Typed is the attribute that holds an address until it has confirmed itself:
// "signup_email". As an "email" it would point at whoever really has it.
func Typed(address string) string { return "signup_" + address }

// spoken is an event of the Segment spec, before it is written.
type spoken struct {
	kind, notice string
	at           clock.Instant
	traits       map[string]any
	names        []any // context.externalIds
}

// named is an identifier as context.externalIds holds it.
func named(ns, value string) any {
	return map[string]any{"id": value, "type": ns, "collection": "users", "encoding": "none"}
}

// Asking is the event that keeps the part's address, under the notice that only
// allows to ask whether it is theirs.
func (p Part) Asking(notice string) ([]byte, error) {
	return p.write(spoken{
		kind: "asked", notice: notice, at: p.Said, names: []any{named(Signup, p.ID)},
		traits: map[string]any{Typed(p.Address): p.Values[p.Address]},
	})
}

// Entered is the event that enters the part: once its address has confirmed
// itself, or at once where it has none. confirmed are the siblings whose address
// has confirmed itself before: then both are one person's.
func (p Part) Entered(at clock.Instant, confirmed []string) ([]byte, error) {
	e := spoken{kind: "entered", notice: p.Notice, at: at, traits: map[string]any{}, names: []any{named(Signup, p.ID)}}
	for name, v := range p.Values {
		e.traits[name] = v
	}
	for _, id := range confirmed {
		if o, ok := p.Others[id]; ok {
			e.traits[o.Address] = o.Value
		}
	}
	for _, k := range p.Known {
		if k.NS == string(person.MemberID) {
			e.traits[k.NS] = k.Value // where the spec has it
		} else if k.Value != p.ID {
			e.names = append(e.names, named(k.NS, k.Value))
		}
	}
	return p.write(e)
}

func (p Part) write(e spoken) ([]byte, error) {
	asked := map[string]any{"form": p.Form, "mark": p.Mark, "notice": p.Text}
	if p.Proof != "" {
		asked["proof"] = p.Proof
	}
	b, err := json.Marshal(map[string]any{
		"type": "identify", "messageId": "form-" + e.kind + "-" + p.ID, "timestamp": e.at.Time().Format(time.RFC3339Nano), "traits": e.traits,
		"context": map[string]any{"notice": e.notice, "locale": p.Language, "externalIds": e.names, "form": asked},
	})
	if err != nil {
		return nil, fmt.Errorf("write the event of a form: %w", err)
	}
	return b, nil
}

// Grants are the yeses of a part, proved by what was shown and by the event that
// entered it. They were said when the address confirmed itself, which is at.
func (p Part) Grants(e *fact.Event, at clock.Instant) []fact.Grant {
	out := make([]fact.Grant, 0, len(p.Agreed))
	for i, y := range p.Agreed {
		out = append(out, fact.Grant{
			Record: fmt.Sprintf("%s-%d", p.ID, i), Purpose: y.Purpose, Channel: y.Channel, Topic: y.Topic, Status: fact.Granted,
			Notice: p.Notice, Language: p.Language, Method: p.Method, Source: p.Source,
			Said: at, Received: e.Received, Message: e.Message, Evidence: p.evidence(i, at),
		})
	}
	return out
}

// evidence says in one line how a yes came about.
func (p Part) evidence(i int, at clock.Instant) string {
	words := []string{
		"form " + p.Form + " " + p.Mark[:16], "notice " + p.Notice + " " + p.Text, "box " + p.Boxes[i],
		"ticked " + p.Said.Time().Format(time.RFC3339),
	}
	if p.Proof != "" {
		words = append(words, "paper "+p.Proof)
	}
	if p.Address != "" {
		words = append(words, "confirmed by "+p.Channel()+" "+at.Time().Format(time.RFC3339)+" sign-up "+p.ID)
	}
	return strings.Join(words, "; ")
}

// Boxed are the labels of what a part agrees to, in the form's own words.
func (f Form) Boxed(p Part) []string {
	var out []string
	for i, y := range f.Agree {
		if slices.ContainsFunc(p.Agreed, func(o define.Agreement) bool { return o == y }) && slices.Contains(p.Boxes, Box(i)) {
			out = append(out, y.Label)
		}
	}
	return out
}
