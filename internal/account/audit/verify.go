package audit

import (
	"context"
	"errors"
	"fmt"

	"github.com/heed-platform/heed/internal/fact"
	"github.com/heed-platform/heed/internal/keep"
)

// Report is what Verify found. No damage is good.
type Report struct {
	Entries   uint64   `json:"entries"`   // of all audit chains
	Fragments int      `json:"fragments"` // identifiers with their facts
	Facts     uint64   `json:"facts"`
	Gone      int      `json:"gone"`              // entries about people who are erased
	Erasing   int      `json:"erasing,omitempty"` // erasures under way, or interrupted: they go on by themselves
	Loose     int      `json:"loose,omitempty"`   // edges that no fact tells of: of events that were interrupted, or put in
	Heads     []Head   `json:"heads"`             // keep these elsewhere, and compare
	Joint     string   `json:"joint"`             // one hash over all heads
	Damage    []Damage `json:"damage"`
	More      int      `json:"more,omitempty"` // damage beyond what is listed
}

// Damage is one place where what is stored is not what was written.
type Damage struct {
	Where string `json:"where"` // "audit node-1 entry 17", "fragment 42 fact 3"
	Why   string `json:"why"`
}

// listed bounds how much damage is listed; a wrong key damages everything.
const listed = 1000

func (r *Report) add(where, why string) {
	if len(r.Damage) >= listed {
		r.More++
		return
	}
	r.Damage = append(r.Damage, Damage{where, why})
}

// Sound reports whether nothing is damaged.
func (r *Report) Sound() bool { return len(r.Damage) == 0 }

// check is one run of Verify.
type check struct {
	keep   *keep.Keep
	vault  *keep.Vault
	report Report

	ledger  ledger                     // what the audit chains say about facts
	refs    map[string]bool            // what they say about definitions
	whole   map[string]bool            // those of which they say how the row stood
	erased  bool                       // somebody was erased once
	length  map[string]uint64          // of each chain, as far as it was read
	met     int                        // entries about fragments that live
	untold  []untold                   // facts that nothing told of yet
	unsaid  []unsaid                   // definitions that nothing told of yet
	told    map[key]bool               // what entries tell of that came since
	joints  map[fact.FragmentID]joints // what the facts of the fragments in hand say
	parted  map[fact.FragmentID]joints // what facts say, where edges seemed to say something else
	keyless []fact.FragmentID          // states whose key was not found yet
	events  int64                      // counted in the chains
}

// Verify checks everything that is sealed or chained. known are heads that were
// kept elsewhere. A failure means that it could not look, not that it found
// something.
func Verify(ctx context.Context, k *keep.Keep, known []Head) (Report, error) {
	c := &check{keep: k, vault: k.Vault(), refs: map[string]bool{}, whole: map[string]bool{}, parted: map[fact.FragmentID]joints{}}
	c.report.Damage, c.report.Heads = []Damage{}, []Head{}
	before, err := c.accepted(ctx)
	if err != nil {
		return Report{}, err
	}
	steps := []func(context.Context) error{
		func(ctx context.Context) error { return c.chains(ctx, known) },
		c.fragments, c.states, c.definitions, c.waiting, c.later,
	}
	for _, step := range steps {
		if err := step(ctx); err != nil {
			return Report{}, fmt.Errorf("verify: %w", err)
		}
	}
	after, err := c.accepted(ctx)
	if err != nil {
		return Report{}, err
	}
	c.balance(before, after)
	return c.report, nil
}

// accepted is how many events were accepted by now.
func (c *check) accepted(ctx context.Context) (n int64, err error) {
	rows, err := c.keep.Tallies(ctx)
	for _, t := range rows {
		n += t.Accepted
	}
	return n, err
}

// balance compares the events that were found with those that were accepted; an
// erasure takes events away, and nothing else does.
func (c *check) balance(before, after int64) {
	switch {
	case c.events > after:
		c.report.add("balance", fmt.Sprintf("%d events are stored and only %d were accepted; some were put in, or the balance was changed", c.events, after))
	case c.events < before && !c.erased:
		c.report.add("balance", fmt.Sprintf("%d events were accepted and only %d are stored, though nobody was erased; some were cut off", before, c.events))
	}
}

// fatal tells a failure to look from damage: the database is away, or whoever
// asked has gone.
func fatal(ctx context.Context, err error) bool {
	return ctx.Err() != nil || errors.Is(err, keep.ErrDown)
}
