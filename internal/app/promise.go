package app

import (
	"context"
	"slices"

	"github.com/heed-platform/heed/internal/account/conformance"
	"github.com/heed-platform/heed/internal/clock"
	"github.com/heed-platform/heed/internal/keep/catalog"
	"github.com/heed-platform/heed/internal/policy"
)

// Conformance compares everything that left with what had been promised when it
// did.
func (a *App) Conformance(ctx context.Context, by catalog.Actor, why string) (conformance.Report, error) {
	entries, err := a.entries(ctx)
	if err != nil {
		return conformance.Report{}, err
	}
	asking := conformance.Asking{By: by.Name, Role: string(by.Role), Why: why}
	r, err := conformance.Compare(ctx, a.Keep.Gate, asking, newHistory(entries).rules)
	if err == nil && r.At == 0 {
		r.At = a.Clock.Now() // there is nobody yet
	}
	return r, err
}

// history is the rules of every time, compiled when they are asked for.
type history struct {
	entries []catalog.Entry
	turns   []clock.Instant // when something changed, in order
	known   map[clock.Instant]*policy.Rules
}

func newHistory(entries []catalog.Entry) *history {
	h := &history{entries: entries, known: map[clock.Instant]*policy.Rules{}}
	for _, e := range entries {
		h.turns = append(h.turns, e.At)
	}
	slices.Sort(h.turns)
	h.turns = slices.Compact(h.turns)
	return h
}

// rules are those in force at a moment; nil before anything was applied.
func (h *history) rules(at clock.Instant) (*policy.Rules, error) {
	n, exact := slices.BinarySearch(h.turns, at)
	if exact {
		n++
	}
	if n == 0 {
		return nil, nil //nolint:nilnil // nothing was in force, and that is no failure
	}
	turn := h.turns[n-1]
	if r, ok := h.known[turn]; ok {
		return r, nil
	}
	then, faults := catalog.AsOf(h.entries, turn)
	if len(faults) > 0 {
		return nil, withFaults(faults)
	}
	r, err := then.Compile()
	if err != nil {
		return nil, err
	}
	h.known[turn] = r
	return r, nil
}
