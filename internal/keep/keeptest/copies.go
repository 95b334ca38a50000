package keeptest

import (
	"context"
	"errors"
	"testing"

	"github.com/heed-platform/heed/internal/fact"
	"github.com/heed-platform/heed/internal/keep/internal/store"
	given "github.com/heed-platform/heed/internal/keep/keeptest/giventest"
	"github.com/heed-platform/heed/internal/person"
)

// testKeys: nobody comes in under a key below the floor, keys are replaced only
// where they are still as they were read, and reserved numbers are given to nobody.
func testKeys(t *testing.T, open given.Place) {
	i, _ := open(t)
	ctx := t.Context()
	ids := given.Admit(t, i, []uint64{1, 2})
	given.Must(t, i.Raise(ctx, 3))
	given.Must(t, i.Raise(ctx, 2)) // it never comes down
	late := given.Frag(9)
	late.Epoch = 2
	if _, _, err := i.Admit(ctx, []store.Fragment{late}, nil); !errors.Is(err, store.ErrEpoch) {
		t.Errorf("somebody new under the key of before: %v", err)
	}
	late.Epoch = 3
	if _, _, err := i.Admit(ctx, []store.Fragment{late}, nil); err != nil {
		t.Errorf("somebody new under the key of now: %v", err)
	}
	known := given.Frag(1)
	if _, _, err := i.Admit(ctx, []store.Fragment{known}, nil); err != nil {
		t.Errorf("somebody known, whoever wraps their key: %v", err)
	}
	rows, err := i.Get(ctx, []fact.FragmentID{ids[1], ids[2]})
	given.Must(t, err)
	other := rows[1]
	other.Key = []byte("not what it is")
	given.Must(t, i.Rewrap(ctx, []store.Rewrap{{Fragment: rows[0], Key: []byte("anew")}, {Fragment: other, Key: []byte("anew")}}))
	for _, r := range rows {
		now, err := i.Get(ctx, []fact.FragmentID{r.ID})
		given.Must(t, err)
		want := string(r.Key)
		if r.ID == rows[0].ID {
			want = "anew"
		}
		if string(now[0].Key) != want || now[0].Hash != r.Hash {
			t.Errorf("the key of fragment %d is %q, want %q", r.ID, now[0].Key, want)
		}
	}
	given.Must(t, i.Reserve(ctx, 1<<33))
	given.Must(t, i.Reserve(ctx, 5))
	last := given.Frag(30)
	last.Epoch = 3
	stand, _, err := i.Admit(ctx, []store.Fragment{last}, nil)
	given.Must(t, err)
	if next := stand[0].ID; next <= 1<<33 {
		t.Errorf("a reserved number was given: %d", next)
	}
}

// testCopies: a copy holds what was written, on one snapshot, under the columns
// that the store declares; and who owns anything is listed.
func testCopies(t *testing.T, open given.Place) {
	i, d := open(t)
	ctx := t.Context()
	ids := given.Admit(t, i, []uint64{1})
	facts := []store.Fact{{Fragment: ids[1], N: 1, Kind: 1, Received: 5, Body: []byte("a sealed fact")}}
	fill := func(w store.Writer) error {
		return errors.Join(
			w.Append(ctx, facts), w.PutStates(ctx, []store.State{{Fragment: ids[1], N: 1, Version: 1, Body: []byte("a sealed state")}}),
			w.PutTimers(ctx, []store.Timer{{Fragment: 77, Due: 3}}), w.SetMeta(ctx, "name", []byte("value")),
			w.PutTickets(ctx, []store.Ticket{{Kind: "code", Hash: person.Hash{1}, Fragment: 78, Until: 9}}))
	}
	given.Must(t, d.Write(ctx, fill))
	copied := map[string]int{}
	found := map[string]bool{}
	row := func(r store.Row) error {
		if len(r.Values) != len(r.Sheet.Columns) {
			t.Errorf("%s has %d values for %d columns", r.Sheet.Table, len(r.Values), len(r.Sheet.Columns))
		}
		if copied[r.Sheet.Table] == 0 && r.Sheet.Table == "fact" { // in the middle of it somebody writes
			facts[0].N, facts[0].Body = 2, []byte("a later fact")
			given.Must(t, d.Write(ctx, func(w store.Writer) error { return w.Append(ctx, facts) }))
		}
		copied[r.Sheet.Table]++
		for _, v := range r.Values {
			if b, ok := v.([]byte); ok {
				found[string(b)] = true
			}
		}
		return ctx.Err()
	}
	for _, dump := range []func() error{
		func() error { return i.Dump(ctx, shaped(t, "identity"), row) },
		func() error { return d.Dump(ctx, shaped(t, "data"), row) },
	} {
		given.Must(t, dump())
	}
	for _, want := range []string{"a sealed fact", "a sealed state", "value", string(given.Frag(1).Key)} {
		if !found[want] {
			t.Errorf("a copy lacks %q", want)
		}
	}
	if found["a later fact"] || copied["fact"] != 1 || copied["fragment"] != 1 {
		t.Errorf("a copy holds %v", copied)
	}
	given.Read(t, d, func(ctx context.Context, r store.Reader) {
		all, err := r.Owners(ctx, 0, 10)
		given.Must(t, err)
		some, err := r.Owners(ctx, ids[1], 1)
		given.Must(t, err)
		if len(all) != 3 || all[0] != ids[1] || len(some) != 1 || some[0] != 77 {
			t.Errorf("owners are %v, and after %d %v", all, ids[1], some)
		}
	})
}

func shaped(t *testing.T, kind string) func(store.Shape) error {
	t.Helper()
	return func(s store.Shape) error {
		if s.Store != kind || len(s.Steps) == 0 || s.Bytes <= 0 {
			t.Errorf("the shape is %+v", s)
		}
		return nil
	}
}
