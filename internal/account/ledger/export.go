package ledger

import (
	"context"
	"encoding/json"
	"fmt"
	"io"

	"github.com/heed-platform/heed/internal/clock"
	"github.com/heed-platform/heed/internal/fact"
	"github.com/heed-platform/heed/internal/keep/gate"
	"github.com/heed-platform/heed/internal/person"
	"github.com/heed-platform/heed/internal/problem"
)

// What can be exported.
const (
	People      = "people"
	Events      = "events"
	Decisions   = "decisions"
	Disclosures = "disclosures"
)

var errWhat = problem.New(problem.Invalid, "export-unknown", "There is no such export; name people, events, decisions or disclosures.")

// Export writes one JSON line for each person, event, decision or disclosure
// of everybody. That it did, for whom and why, is on the record before the
// first line. It returns how many lines it wrote.
func Export(ctx context.Context, g *gate.Gate, what string, a gate.Asking, out io.Writer) (lines int, err error) {
	write, ok := writers[what]
	if !ok {
		return 0, errWhat
	}
	enc := json.NewEncoder(out)
	enc.SetEscapeHTML(false) // an event is handed out as it was sent
	emit := func(v any) error {
		lines++
		if err := enc.Encode(v); err != nil {
			return fmt.Errorf("write export: %w", err)
		}
		return nil
	}
	err = gate.ExportAll(ctx, g, what, a, func(d gate.Dossier) error { return write(ctx, d, emit) })
	return lines, err
}

// writers turn one person into lines.
var writers = map[string]func(context.Context, gate.Dossier, func(any) error) error{
	People:      writePerson,
	Events:      writeEvents,
	Decisions:   writeDecisions,
	Disclosures: writeDisclosures,
}

// personLine is one person and how they are found.
type personLine struct {
	Person      person.Ref       `json:"person"`
	Identifiers []identifierLine `json:"identifiers"`
}

type identifierLine struct {
	NS    person.Namespace `json:"ns"`
	Value string           `json:"value"`
}

func identifiersOf(p *fact.Profile) []identifierLine {
	out := make([]identifierLine, len(p.Identifiers))
	for i, id := range p.Identifiers {
		out[i] = identifierLine{id.NS, id.Value.Reveal()}
	}
	return out
}

func writePerson(_ context.Context, d gate.Dossier, emit func(any) error) error {
	return emit(personLine{d.Ref(), identifiersOf(d.Profile())})
}

// writeEvents keeps the Segment spec's names for what the spec names.
func writeEvents(ctx context.Context, d gate.Dossier, emit func(any) error) error {
	return d.Facts(ctx, func(l gate.Line) error {
		if !l.Kind.Tells() || l.Payload == nil {
			return nil
		}
		e, err := fact.ParseEvent(l.Payload)
		if err != nil {
			return fmt.Errorf("read event, number %d of fragment %d: %w", l.N, l.Fragment, err)
		}
		return emit(EventLine(d.Ref(), &e))
	})
}

// EventLine is one event as exports show it: what heed made of it, under
// "sent" what was sent, and under the Segment spec's names what the spec names.
func EventLine(of person.Ref, e *fact.Event) map[string]any {
	line := map[string]any{
		"person": of, "messageId": e.Message, "type": e.Type.String(), "timestamp": e.At, "received": e.Received,
		"source": e.Source, "notice": e.Notice, "origin": e.Origin.String(), "verified": e.Verified,
		"sent": json.RawMessage(e.Raw),
	}
	if e.Name != "" {
		line["event"] = e.Name
	}
	return line
}

// DecisionLine is one decision as exports show it.
type DecisionLine struct {
	Person    person.Ref      `json:"person"`
	ID        string          `json:"id"`
	At        clock.Instant   `json:"at"`
	Campaign  string          `json:"campaign"`
	Version   int64           `json:"version"`
	Hash      string          `json:"hash"`
	Moment    string          `json:"moment"`
	Purpose   string          `json:"purpose"`
	Channel   string          `json:"channel"`
	Chosen    bool            `json:"chosen"`
	Holdout   bool            `json:"holdout"`
	NotBefore clock.Instant   `json:"not_before,omitzero"`
	Reasons   []ReasonLine    `json:"reasons"`
	Question  json.RawMessage `json:"question,omitempty"` // what the guards were shown, for replay
}

// ReasonLine is one guard's word.
type ReasonLine struct {
	Guard    string `json:"guard"`
	Code     string `json:"code,omitempty"`
	Veto     bool   `json:"veto"`
	Marketer string `json:"marketer,omitempty"`
	Person   string `json:"person,omitempty"`
}

// DecisionLineOf shows a decision.
func DecisionLineOf(of person.Ref, d *fact.Decision) DecisionLine {
	line := DecisionLine{
		Person: of, ID: d.ID, At: d.At, Campaign: d.Campaign, Version: d.Version, Hash: d.Hash, Moment: d.Moment,
		Purpose: d.Purpose, Channel: d.Channel, Chosen: d.Chosen, Holdout: d.Holdout, NotBefore: d.Defer,
		Reasons: reasonLines(d.Reasons),
	}
	if json.Valid(d.Question) {
		line.Question = d.Question
	}
	return line
}

func reasonLines(list []fact.Reason) []ReasonLine {
	out := make([]ReasonLine, len(list))
	for i, r := range list {
		out[i] = ReasonLine(r)
	}
	return out
}

func writeDecisions(ctx context.Context, d gate.Dossier, emit func(any) error) error {
	return d.Facts(ctx, func(l gate.Line) error {
		if l.Kind != fact.KindDecision || l.Payload == nil {
			return nil
		}
		v, err := fact.ParseDecision(l.Payload)
		if err != nil {
			return fmt.Errorf("read decision, number %d of fragment %d: %w", l.N, l.Fragment, err)
		}
		return emit(DecisionLineOf(d.Ref(), &v))
	})
}

// DisclosureLine is one disclosure as exports show it: who received which kinds
// of data, for what, when, how it traveled, and what became of it.
type DisclosureLine struct {
	Person     person.Ref    `json:"person"`
	ID         string        `json:"id"`
	At         clock.Instant `json:"at"`
	Recipient  string        `json:"recipient"`
	Country    string        `json:"country,omitempty"`
	Purpose    string        `json:"purpose"`
	Channel    string        `json:"channel,omitempty"`
	Categories []string      `json:"categories"`
	Fields     []string      `json:"fields"`
	Protection string        `json:"protection,omitempty"`
	Decision   string        `json:"decision,omitempty"`
	Content    string        `json:"content,omitempty"` // hash of what left
	Outcome    string        `json:"outcome"`           // sent, refused, failed, bounced, complained, or unknown
	Code       string        `json:"outcome_code,omitempty"`
	OutcomeAt  clock.Instant `json:"outcome_at,omitzero"`
}

// DisclosureLineOf shows a disclosure.
func DisclosureLineOf(of person.Ref, d *Disclosure) DisclosureLine {
	return DisclosureLine{
		Person: of, ID: d.ID, At: d.At, Recipient: d.Recipient, Country: d.Country, Purpose: d.Purpose, Channel: d.Channel,
		Categories: append([]string{}, d.Categories...), Fields: append([]string{}, d.Fields...),
		Protection: d.Protection, Decision: d.Decision, Content: d.Content,
		Outcome: d.Status(), Code: d.Outcome.Code, OutcomeAt: d.Outcome.At,
	}
}

// writeDisclosures holds a person's disclosures until their outcomes are known,
// which may stand on another fragment.
func writeDisclosures(ctx context.Context, d gate.Dossier, emit func(any) error) error {
	r := reader{outcomes: map[string]fact.Outcome{}}
	err := d.Facts(ctx, func(l gate.Line) error {
		if l.Kind != fact.KindDisclosure && l.Kind != fact.KindOutcome {
			return nil
		}
		return r.take(l)
	})
	if err != nil {
		return err
	}
	for _, v := range r.done().Disclosures {
		if err := emit(DisclosureLineOf(d.Ref(), &v)); err != nil {
			return err
		}
	}
	return nil
}
