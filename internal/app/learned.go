package app

import (
	"context"
	"encoding/json"
	"fmt"
	"sync"

	"github.com/heed-platform/heed/internal/fact"
	"github.com/heed-platform/heed/internal/keep"
	"github.com/heed-platform/heed/internal/know/profile/schema"
	"github.com/heed-platform/heed/internal/line"
)

// learner gathers which names were seen with which types, and nothing else. It
// is a projection: what a crash takes from it, a rebuild gives back.
type learner struct {
	mu    sync.Mutex
	fresh *schema.Schema // seen since the last flush
	some  bool
}

func (l *learner) observe(e *fact.Event) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.fresh == nil {
		l.fresh = &schema.Schema{}
	}
	l.fresh.Observe(e)
	l.some = true
}

func (l *learner) take() (*schema.Schema, bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	s, some := l.fresh, l.some
	l.fresh, l.some = nil, false
	return s, some
}

// taught is the line, with somebody taking notes of what was accepted.
type taught struct {
	*line.Line
	learner *learner
}

// Accept walks the batch and notes the types of what is new.
func (t taught) Accept(ctx context.Context, b line.Batch) ([]line.Answer, error) {
	answers, err := t.Line.Accept(ctx, b)
	for i, a := range answers {
		if err == nil && a.Outcome == line.Accepted {
			t.learner.observe(&b.Arrivals[i].Event)
		}
	}
	return answers, err
}

const schemaMeta = "schema"

// Schema is what was learned so far about names and their types.
func (a *App) Schema(ctx context.Context) (*schema.Schema, error) {
	raw, err := a.Keep.Meta(ctx, schemaMeta)
	if err != nil {
		return nil, err
	}
	return a.openSchema(raw)
}

// openSchema reads what sealSchema wrote. Names come from strangers and may tell
// something about somebody, so they lie sealed like everything that was sent.
func (a *App) openSchema(sealed []byte) (*schema.Schema, error) {
	s := &schema.Schema{}
	if len(sealed) == 0 {
		return s, nil
	}
	raw, err := a.Keep.Vault().OpenNote(schemaMeta, sealed)
	if err == nil {
		err = json.Unmarshal(raw, s)
	}
	if err != nil {
		return nil, fmt.Errorf("read schema: %w", err)
	}
	return s, nil
}

func (a *App) sealSchema(s *schema.Schema) ([]byte, error) {
	raw, err := json.Marshal(s)
	if err != nil {
		return nil, fmt.Errorf("write schema: %w", err)
	}
	return a.Keep.Vault().SealNote(schemaMeta, raw), nil
}

// learn adds what was seen since the last time to what is stored.
func (a *App) learn(ctx context.Context) error {
	fresh, some := a.learner.take()
	if !some {
		return nil
	}
	return a.Keep.UpdateMeta(ctx, schemaMeta, func(old []byte) ([]byte, error) {
		s, err := a.openSchema(old)
		if err != nil {
			return nil, err
		}
		s.Merge(fresh)
		return a.sealSchema(s)
	})
}

// Rebuild makes every projection again from the facts alone: states, and what
// was learned about names and types.
func (a *App) Rebuild(ctx context.Context, progress func(done int)) (keep.Rebuilt, error) {
	s := &schema.Schema{}
	out, err := line.Rebuild(ctx, a.Keep, s.Observe, progress)
	if err != nil {
		return out, err
	}
	sealed, err := a.sealSchema(s)
	if err != nil {
		return out, err
	}
	a.learner.take()
	return out, a.Keep.SetMeta(ctx, schemaMeta, sealed)
}

// conflicts names what comes with different types, for the doctor.
func conflicts(s *schema.Schema) []string {
	var out []string
	for _, path := range s.Paths() {
		seen, _ := s.Of(path)
		if t, mixed := seen.Type(); mixed {
			out = append(out, fmt.Sprintf("%s (mostly %s, %d otherwise)", path, t, seen.Strays()))
		}
	}
	return out
}
