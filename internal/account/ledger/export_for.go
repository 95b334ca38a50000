package ledger

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"

	"github.com/heed-platform/heed/internal/clock"
	"github.com/heed-platform/heed/internal/keep/gate"
	"github.com/heed-platform/heed/internal/person"
)

// handedLine is one person as one purpose may hand them over.
type handedLine struct {
	Person      person.Ref       `json:"person"`
	Identifiers []identifierLine `json:"identifiers"`
	Attributes  []attributeLine  `json:"attributes"`
}

type attributeLine struct {
	Name     string          `json:"name"`
	Value    json.RawMessage `json:"value"`
	Origin   string          `json:"origin"`
	Category string          `json:"category"`
	Notice   string          `json:"notice"`
	Time     clock.Instant   `json:"time"`
}

var errPassed = errors.New("the gate's answer ran out before the person was written; export again")

// ExportFor writes one JSON line for each person whom a purpose may hand to a
// recipient, with the identifiers and attributes that it may. Each is disclosed
// before their line is written. It returns how many lines it wrote and who was
// kept out, by ruling.
func ExportFor(ctx context.Context, g *gate.Gate, a gate.Asking, out io.Writer) (lines int, stopped map[string]gate.Stopped, err error) {
	enc := json.NewEncoder(out)
	enc.SetEscapeHTML(false)
	category := g.Rules().Category
	stopped, err = gate.ExportFor(ctx, g, a, func(v gate.View[gate.Share]) error {
		if v.Ref().IsZero() {
			return errPassed
		}
		p := v.Sight().Profile
		line := handedLine{Person: v.Ref(), Identifiers: identifiersOf(p), Attributes: make([]attributeLine, len(p.Attributes))}
		for i, t := range p.Attributes {
			line.Attributes[i] = attributeLine{
				t.Name, json.RawMessage(t.Value.Reveal()), t.Origin.String(), category("traits." + t.Name), t.Notice, t.At,
			}
		}
		lines++
		if err := enc.Encode(line); err != nil {
			return fmt.Errorf("write export: %w", err)
		}
		return nil
	})
	return lines, stopped, err
}
