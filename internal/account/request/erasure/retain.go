package erasure

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/google/uuid"

	"github.com/heed-platform/heed/internal/account/ledger"
	"github.com/heed-platform/heed/internal/account/request"
	"github.com/heed-platform/heed/internal/clock"
	"github.com/heed-platform/heed/internal/fact"
	"github.com/heed-platform/heed/internal/keep/gate"
	"github.com/heed-platform/heed/internal/policy/define"
)

// Part is what one law keeps of one year: how many things, and until when.
type Part struct {
	define.Retained

	Until  clock.Instant
	events []fact.Event
}

// Count is how many things there are.
func (p Part) Count() int { return len(p.events) }

// Retained lists what the law of the person's place keeps though they are erased,
// by the day on which it ends.
func (e *Eraser) Retained(d gate.Dossier) ([]Part, error) {
	book, err := ledger.Read(d)
	if err != nil {
		return nil, err
	}
	zone, err := time.LoadLocation(e.Rules().Brand().Zone)
	if err != nil {
		return nil, fmt.Errorf("the brand's zone: %w", err)
	}
	var out []Part
	for _, law := range e.Rules().Retained(d.Jurisdiction()) {
		from := len(out)
		for _, event := range book.Events {
			if event.Type != fact.Track || !slices.Contains(law.Events, event.Name) {
				continue
			}
			until := ends(event.At, law, zone)
			if until <= e.Clock.Now() {
				continue
			}
			i := slices.IndexFunc(out[from:], func(p Part) bool { return p.Until == until })
			if i < 0 {
				out = append(out, Part{Retained: law, Until: until})
				i = len(out) - 1 - from
			}
			out[from+i].events = append(out[from+i].events, event)
		}
	}
	return out, nil
}

// ends is when what happened at may go: the last moment of its last day.
func ends(at clock.Instant, law define.Retained, zone *time.Location) clock.Instant {
	from := at.Time().In(zone)
	if law.YearEnd {
		return clock.At(time.Date(from.Year()+law.Years+1, 1, 1, 0, 0, 0, 0, zone)) - 1
	}
	return clock.At(from.AddDate(law.Years, 0, 0))
}

// retain puts apart what a law demands, once.
func (e *Eraser) retain(ctx context.Context, pass gate.Pass[gate.Honor], d gate.Dossier, q request.Request, by string) (request.Request, error) {
	if len(q.Kept) > 0 {
		return q, nil
	}
	parts, err := e.Retained(d)
	if err != nil || len(parts) == 0 {
		return q, err
	}
	var apart []gate.Kept
	var named []request.Kept
	for _, p := range parts {
		body, err := p.body(d)
		if err != nil {
			return q, err
		}
		id := uuid.NewString()
		apart = append(apart, gate.Kept{ID: id, Until: p.Until, Body: body})
		named = append(named, request.Kept{ID: id, Label: p.Label, Law: p.Law, Count: p.Count(), Until: p.Until})
	}
	if err := gate.Entrust(ctx, pass, nil, apart); err != nil {
		return q, err
	}
	return e.Desk.Keep(ctx, q.ID, by, named)
}

// body is what is kept: the properties that the law names, and what belongs with them.
func (p Part) body(d gate.Dossier) ([]byte, error) {
	type entry struct {
		Name       string        `json:"name"`
		At         clock.Instant `json:"at"`
		Properties any           `json:"properties"`
	}
	out := struct {
		Label  string                     `json:"label"`
		Law    string                     `json:"law"`
		Events []entry                    `json:"events"`
		Traits map[string]json.RawMessage `json:"traits,omitempty"`
	}{Label: p.Label, Law: p.Law, Traits: map[string]json.RawMessage{}}
	for _, event := range p.events {
		properties, err := keepOnly(event.Raw, p.Keep)
		if err != nil {
			return nil, err
		}
		out.Events = append(out.Events, entry{event.Name, event.At, properties})
	}
	for _, a := range d.Profile().Attributes {
		if _, said := out.Traits[a.Name]; !said && slices.Contains(p.Traits, a.Name) {
			out.Traits[a.Name] = json.RawMessage(a.Value.Reveal())
		}
	}
	body, err := json.Marshal(out)
	if err != nil {
		return nil, fmt.Errorf("write what is kept apart: %w", err)
	}
	return body, nil
}

// keepOnly reads the properties of an event and leaves out what no law asks for.
func keepOnly(raw fact.Raw, paths []string) (any, error) {
	var in struct {
		Properties map[string]any `json:"properties"`
	}
	dec := json.NewDecoder(bytes.NewReader(raw))
	dec.UseNumber()
	if err := dec.Decode(&in); err != nil {
		return nil, fmt.Errorf("read what a law keeps: %w", err)
	}
	out := map[string]any{}
	for _, path := range paths {
		name, below, deep := strings.Cut(path, ".")
		value, there := in.Properties[name]
		switch {
		case !there:
		case !deep:
			out[name] = value
		default:
			out[name] = each(out[name], value, below)
		}
	}
	return out, nil
}

// each keeps one more field of every element of a list.
func each(kept, value any, field string) any {
	list, ok := value.([]any)
	if !ok {
		return kept
	}
	into, ok := kept.([]any)
	if !ok {
		into = make([]any, len(list))
		for i := range into {
			into[i] = map[string]any{}
		}
	}
	for i, element := range list {
		from, ok := element.(map[string]any)
		to, ok2 := into[i].(map[string]any)
		if v, there := from[field]; ok && ok2 && there {
			to[field] = v
		}
	}
	return into
}
