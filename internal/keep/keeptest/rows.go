package keeptest

import (
	"context"
	"errors"
	"fmt"
	"testing"

	"github.com/heed-platform/heed/internal/clock"
	"github.com/heed-platform/heed/internal/keep/internal/store"
	given "github.com/heed-platform/heed/internal/keep/keeptest/giventest"
)

func testQuarantine(t *testing.T, open given.Place) {
	_, d := open(t)
	var rows []store.Quarantined
	for n := range 5 {
		rows = append(rows, store.Quarantined{Source: "web", Code: "too-deep", Why: "/properties", Received: clock.Instant(n * 10), Body: fmt.Append(nil, n)})
	}
	list := func(after int64, limit int) (got []store.Quarantined) {
		given.Read(t, d, func(ctx context.Context, r store.Reader) {
			var err error
			got, err = r.Quarantine(ctx, after, limit)
			given.Must(t, err)
		})
		return got
	}
	given.Write(t, d, func(ctx context.Context, w store.Writer) error { return w.PutQuarantine(ctx, rows) })
	got := list(0, 10)
	for n := range got {
		if n > 0 && got[n].ID <= got[n-1].ID {
			t.Errorf("id %d after %d", got[n].ID, got[n-1].ID)
		}
		rows[n].ID = got[n].ID
	}
	given.Equal(t, "kept", got, rows)
	given.Equal(t, "goes on", list(rows[1].ID, 2), rows[2:4])
	given.Write(t, d, func(ctx context.Context, w store.Writer) error {
		given.Must(t, w.DropQuarantine(ctx, []int64{rows[3].ID, rows[3].ID, 1 << 40}))
		n, err := w.DropQuarantineBefore(ctx, 20)
		given.Equal(t, "dropped by age", n, 2)
		return err
	})
	given.Equal(t, "left", list(0, 10), []store.Quarantined{rows[2], rows[4]})
}

func testDefinitions(t *testing.T, open given.Place) {
	_, d := open(t)
	def := func(kind, key string, version int64) store.Definition {
		return store.Definition{
			Kind: kind, Key: key, Version: version, Hash: "h", Status: "draft", Body: []byte("{}"),
			Author: "marketer:ann", At: clock.Instant(version),
		}
	}
	// The order is that of bytes, whatever language the database speaks.
	want := []store.Definition{def("audience", "Zoo", 1), def("audience", "a", 1), def("audience", "a", 2), def("audience", "a", 10), def("audience", "é", 1), def("notice", "a", 1)}
	given.Write(t, d, func(ctx context.Context, w store.Writer) error {
		return w.PutDefinitions(ctx, []store.Definition{want[5], want[3], want[4], want[1], want[0], want[2]})
	})
	want[2].Status, want[2].Approve, want[2].Answer = "live", "privacy:bob", "yes"
	given.Write(t, d, func(ctx context.Context, w store.Writer) error { return w.PutDefinitions(ctx, want[2:3]) })
	given.Read(t, d, func(ctx context.Context, r store.Reader) {
		for kind, want := range map[string][]store.Definition{"": want, "audience": want[:5], "notice": want[5:], "none": nil} {
			got, err := r.Definitions(ctx, kind)
			given.Must(t, err)
			given.Equal(t, "definitions of "+kind, got, want)
		}
	})
}

func testSmall(t *testing.T, open given.Place) {
	_, d := open(t)
	given.Must(t, d.Ready(t.Context()))
	given.Write(t, d, func(ctx context.Context, w store.Writer) error {
		return errors.Join(
			w.PutSources(ctx, []store.Source{{Key: "web", KeyHash: given.Hash(1), Body: []byte("1")}, {Key: "Till", KeyHash: given.Hash(2)}}),
			w.PutSources(ctx, []store.Source{{Key: "web", KeyHash: given.Hash(3), Body: []byte("2")}}),
			w.PutTokens(ctx, []store.Token{{Name: "bob", Role: "privacy", Hash: given.Hash(4), At: 1}, {Name: "ann", Role: "marketer", Hash: given.Hash(5), At: 2}}),
			w.PutTokens(ctx, []store.Token{{Name: "bob", Role: "auditor", Hash: given.Hash(6), At: 3}}),
			w.PutItems(ctx, []store.Item{{ID: "b", Body: []byte("1")}, {ID: "a", Body: []byte("2")}, {ID: "b", Body: []byte("3")}}),
			w.AddTallies(ctx, []store.Tally{{Source: "web", Accepted: 1, Duplicate: 2}, {Source: "till", Refused: 5}, {Source: "web", Accepted: 10}}),
			w.SetMeta(ctx, "watermark", []byte("1")),
			w.SetMeta(ctx, "watermark", []byte("2")),
			w.SetMeta(ctx, "empty", nil),
		)
	})
	given.Write(t, d, func(ctx context.Context, w store.Writer) error {
		return w.AddTallies(ctx, []store.Tally{{Source: "web", Accepted: 100, Quarantined: 7}})
	})
	given.Read(t, d, func(ctx context.Context, r store.Reader) {
		sources, err := r.Sources(ctx)
		given.Must(t, err)
		given.Equal(t, "sources", sources, []store.Source{{Key: "Till", KeyHash: given.Hash(2)}, {Key: "web", KeyHash: given.Hash(3), Body: []byte("2")}})
		tokens, err := r.Tokens(ctx)
		given.Must(t, err)
		given.Equal(t, "tokens", tokens, []store.Token{{Name: "ann", Role: "marketer", Hash: given.Hash(5), At: 2}, {Name: "bob", Role: "auditor", Hash: given.Hash(6), At: 3}})
		all := []store.Item{{ID: "a", Body: []byte("2")}, {ID: "b", Body: []byte("3")}}
		items, err := r.Items(ctx, nil)
		given.Must(t, err)
		given.Equal(t, "all items", items, all)
		items, err = r.Items(ctx, []string{"b", "c", "b"})
		given.Must(t, err)
		given.Equal(t, "items by id", items, all[1:])
		items, err = r.Items(ctx, []string{})
		given.Must(t, err)
		given.Equal(t, "no items", items, nil)
		tallies, err := r.Tallies(ctx)
		given.Must(t, err)
		given.Equal(t, "tallies", tallies, []store.Tally{{Source: "till", Refused: 5}, {Source: "web", Accepted: 111, Duplicate: 2, Quarantined: 7}})
		for name, want := range map[string]string{"watermark": "2", "empty": "", "absent": ""} {
			value, err := r.Meta(ctx, name)
			given.Must(t, err)
			given.Equal(t, "meta "+name, string(value), want)
		}
	})
	given.Equal(t, "ready leaves no trace in what is kept", d.Ready(t.Context()), nil)
}

func testAudit(t *testing.T, open given.Place) {
	_, d := open(t)
	entry := func(writer string, n uint64) store.Audit {
		return store.Audit{Writer: writer, N: n, At: clock.Instant(n), Previous: fmt.Append(nil, n-1), Hash: fmt.Append(nil, n), Body: []byte(writer)}
	}
	var want []store.Audit
	for n := uint64(1); n <= 600; n++ {
		want = append(want, entry("node-b", n))
	}
	given.Write(t, d, func(ctx context.Context, w store.Writer) error {
		last, err := w.LastAudit(ctx, "node-b")
		given.Must(t, err)
		given.Equal(t, "no last entry", last, store.Audit{})
		given.Must(t, w.AppendAudit(ctx, append(want, entry("node-a", 1))))
		last, err = w.LastAudit(ctx, "node-b")
		given.Must(t, err)
		given.Equal(t, "last entry", last, want[599])
		return nil
	})
	for _, n := range []uint64{0, 600, 602} {
		err := d.Write(t.Context(), func(w store.Writer) error { return w.AppendAudit(t.Context(), []store.Audit{entry("node-b", n)}) })
		if !errors.Is(err, store.ErrStale) {
			t.Errorf("entry %d: %v, want ErrStale", n, err)
		}
	}
	given.Read(t, d, func(ctx context.Context, r store.Reader) {
		given.Equal(t, "the chain", given.Collect(t, r.Audits(ctx, "node-b", 0)), want)
		given.Equal(t, "its end", given.Collect(t, r.Audits(ctx, "node-b", 599)), want[598:])
		given.Equal(t, "nobody's", given.Collect(t, r.Audits(ctx, "node-c", 1)), nil)
		writers, err := r.Writers(ctx)
		given.Must(t, err)
		given.Equal(t, "writers", writers, []string{"node-a", "node-b"})
	})
}

// testText: what one engine cannot keep, the other refuses too.
func testText(t *testing.T, open given.Place) {
	i, d := open(t)
	for name, text := range map[string]string{"NUL": "a\x00b", "not UTF-8": "a\xffb", "surrogate": "a\xed\xa0\x80b"} {
		err := d.Write(t.Context(), func(w store.Writer) error {
			return w.PutSpine(t.Context(), []store.Spine{{Name: "fine"}, {Name: text}})
		})
		if err == nil {
			t.Errorf("%s was kept", name)
		}
		f := given.Frag(1)
		f.NS = "a\x00b"
		if _, _, err := i.Admit(t.Context(), []store.Fragment{f}, nil); err == nil {
			t.Errorf("%s was kept", name)
		}
	}
	odd := "ẞ 👩‍👩‍👧 \u202e \ufeff \ufffd '\"\\;--"
	given.Write(t, d, func(ctx context.Context, w store.Writer) error {
		return w.PutSpine(ctx, []store.Spine{{Name: odd, Item: odd}})
	})
	given.Read(t, d, func(ctx context.Context, r store.Reader) {
		given.Equal(t, "odd text", given.Collect(t, r.Spines(ctx, 0)), []store.Spine{{Name: odd, Item: odd}})
	})
}
