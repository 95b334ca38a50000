package audit

import (
	"bytes"
	"context"
	"fmt"
	"slices"

	"github.com/heed-platform/heed/internal/collect/event"
	"github.com/heed-platform/heed/internal/fact"
	"github.com/heed-platform/heed/internal/keep"
	"github.com/heed-platform/heed/internal/know/profile"
)

// refolding makes a fragment's state of its facts again, with the code that the
// line uses.
type refolding struct {
	vault *keep.Vault
	state fact.State
	seen  []keep.Entry
	gone  int // events that retention emptied: their messages are known all the same
	cuts  []fact.FragmentID
	err   error
	n     uint64 // the fact that could not be folded
}

func (a *refolding) take(l keep.Fact) {
	a.state.N = l.N
	if l.Payload == nil && l.Kind == fact.KindEvent {
		a.gone++
	}
	if l.Payload == nil || a.err != nil {
		return // retention emptied it; what it gave was taken out then
	}
	switch l.Kind {
	case fact.KindEvent, fact.KindRest:
		a.event(l)
	case fact.KindCut:
		a.cut(l)
	default:
		a.err = profile.Apply(&a.state, l.Kind, l.Payload)
	}
	if a.err != nil {
		a.n = l.N
	}
}

func (a *refolding) cut(l keep.Fact) {
	cut, err := fact.ParseCut(l.Payload)
	if err != nil {
		a.err = err
		return
	}
	a.cuts = append(a.cuts, cut.Other)
	a.err = profile.Apply(&a.state, l.Kind, l.Payload)
}

func (a *refolding) event(l keep.Fact) {
	e, err := fact.ParseEvent(l.Payload)
	if err != nil {
		a.err = err
		return
	}
	if e.Received != l.Received {
		a.err = fmt.Errorf("its row names another time of arrival than the event")
		return
	}
	message := a.vault.Digest("message", e.Source, e.Message)
	profile.ApplyEvent(&a.state, &e, message)
	if l.Kind == fact.KindRest {
		return // its message is known from the event that was emptied
	}
	sum := event.Digest(e.Source, e.Raw)
	a.seen = append(a.seen, keep.EntryOf(message, a.vault.Digest("said", string(sum[:]))))
}

// state compares the stored state with what the facts give.
func (c *check) state(ctx context.Context, r keep.Reader, f *keep.Fragment, again *refolding) error {
	where := fmt.Sprintf("state of fragment %d", f.ID)
	if again.err != nil {
		c.report.add(fmt.Sprintf("fragment %d fact %d", f.ID, again.n), again.err.Error())
		return nil //nolint:nilerr // the failure is the finding
	}
	if id := again.state.Identifier; !id.Value.IsZero() && (id.NS != f.NS || c.vault.HashOf(id) != f.Hash) {
		c.report.add(fmt.Sprintf("key of fragment %d", f.ID), "it is filed under another identifier than its events name")
	}
	states, err := c.vault.States(ctx, r, map[fact.FragmentID]*keep.Fragment{f.ID: f})
	if err != nil {
		return err
	}
	stands, ok := states[f.ID]
	if !ok {
		return nil
	}
	if !bytes.Equal(fact.AppendState(nil, &stands), fact.AppendState(nil, &again.state)) {
		c.report.add(where, "it is not what the facts give; run heed rebuild")
		return nil
	}
	same, err := c.sameMessages(ctx, r, f.ID, again.seen, again.gone)
	if err != nil {
		return err
	}
	if !same {
		c.report.add("messages of "+where[len("state of "):], "the set of known messages is not what the facts give; run heed rebuild")
	}
	return nil
}

// sameMessages compares the set of messages with those of the facts. Of the facts
// that were emptied it knows only how many there are.
func (c *check) sameMessages(ctx context.Context, r keep.Reader, id fact.FragmentID, want []keep.Entry, gone int) (bool, error) {
	rows, err := r.States(ctx, []fact.FragmentID{id})
	if err != nil || len(rows) == 0 {
		return len(want) == 0, err
	}
	have := rows[0].Seen
	for n := range rows[0].Pages {
		entries, err := r.SeenPage(ctx, id, n)
		if err != nil {
			return false, err
		}
		have = append(have, entries...)
	}
	known := make(map[keep.Entry]bool, len(want))
	for entry := range slices.Chunk(have, len(keep.Entry{})) {
		if len(entry) < len(keep.Entry{}) {
			return false, nil
		}
		known[keep.Entry(entry)] = true
	}
	lacking := slices.ContainsFunc(want, func(e keep.Entry) bool { return !known[e] })
	return !lacking && len(have) == len(known)*len(keep.Entry{}) && len(known) == len(want)+gone, nil
}
