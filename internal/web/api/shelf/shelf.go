// Package shelf puts items on the product catalog: each request's records say what
// changed and the rest stays. A request is taken whole or not at all. What an
// item is, know/catalog says. Start reading at Upsert.
package shelf

import (
	"context"
	"encoding/json"
	"strconv"
	"sync"

	"github.com/heed-platform/heed/internal/keep"
	"github.com/heed-platform/heed/internal/know/catalog"
	"github.com/heed-platform/heed/internal/problem"
)

// Store holds items by id. *keep.Keep is one.
type Store interface {
	Items(ctx context.Context, ids []string) ([]keep.Item, error)
	PutItems(ctx context.Context, items []keep.Item) error
}

// Shelf is the product catalog as requests change it.
type Shelf struct {
	store Store
	one   sync.Mutex // what a record leaves out stays, so two requests must not cross
}

// New is the shelf of a store.
func New(s Store) *Shelf { return &Shelf{store: s} }

// Upsert applies records in order. Places that are wrong are named below at, and
// nothing is changed then.
func (s *Shelf) Upsert(ctx context.Context, records []json.RawMessage, at string) (wrong []problem.Field, err error) {
	changes := make([]catalog.Change, len(records))
	for i, raw := range records {
		change, err := catalog.ChangeOf(raw)
		if err != nil {
			wrong = append(wrong, places(err, at+"/"+strconv.Itoa(i))...)
		}
		changes[i] = change
	}
	if len(wrong) > 0 {
		return wrong, nil
	}
	s.one.Lock()
	defer s.one.Unlock()
	rows, err := s.merge(ctx, changes)
	if err != nil {
		return nil, err
	}
	return nil, s.store.PutItems(ctx, rows)
}

func places(err error, at string) []problem.Field {
	p := problem.Of(err)
	if len(p.Fields) == 0 {
		return []problem.Field{{Pointer: at, Reason: p.Detail}}
	}
	out := make([]problem.Field, len(p.Fields))
	for i, f := range p.Fields {
		out[i] = problem.Field{Pointer: at + f.Pointer, Reason: f.Reason}
	}
	return out
}

// merge gives the items after the changes, each once.
func (s *Shelf) merge(ctx context.Context, changes []catalog.Change) ([]keep.Item, error) {
	ids := make([]string, len(changes))
	for i, c := range changes {
		ids[i] = c.ID
	}
	stored, err := s.store.Items(ctx, ids)
	if err != nil {
		return nil, err
	}
	now := map[string]catalog.Item{}
	for _, row := range stored {
		if now[row.ID], err = catalog.Parse(row.Body); err != nil {
			return nil, err
		}
	}
	for _, c := range changes {
		if now[c.ID], err = now[c.ID].Upsert(c); err != nil {
			return nil, err
		}
	}
	out := make([]keep.Item, 0, len(now))
	for id, item := range now {
		body, err := item.Body()
		if err != nil {
			return nil, err
		}
		out = append(out, keep.Item{ID: id, Body: body})
	}
	return out, nil
}
