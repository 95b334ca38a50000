package audit_test

import (
	"fmt"
	"testing"

	"github.com/heed-platform/heed/internal/account/housetest"
	"github.com/heed-platform/heed/internal/fact"
	"github.com/heed-platform/heed/internal/keep/gate"
	"github.com/heed-platform/heed/internal/person"
)

// cuts are all edges between a fragment and the others.
func cuts(x, _ fact.FragmentID, _ []gate.Node, edges []gate.Edge) (out [][2]fact.FragmentID) {
	for _, e := range edges {
		if e.A == x || e.B == x {
			out = append(out, [2]fact.FragmentID{e.A, e.B})
		}
	}
	return out
}

// TestVerify_edges: who is one person hangs on the edges of the identity store,
// and facts tell of each of them.
func TestVerify_edges(t *testing.T) {
	t.Parallel()
	housetest.On(t, func(t *testing.T, h *housetest.House) {
		live(h)
		if r := verify(t, h); !r.Sound() || r.Loose != 0 {
			t.Fatalf("%+v", r)
		}
		id, _ := fragmentOf(t, h, "user-0", fact.KindGrant)
		other, _ := fragmentOf(t, h, "user-3", fact.KindGrant)
		const columns, of = "a, b, verified, at, message, cut", " FROM edge WHERE a = ? OR b = ?"
		var rows [][]any
		tamper(t, h, func(d hand) {
			rows = d.keys("SELECT "+columns+of, int64(id), int64(id))
			d.keys("DELETE"+of, int64(id), int64(id))
		})
		names(t, verify(t, h), fmt.Sprintf("edges of fragment %d", id), "taken away")
		tamper(t, h, func(d hand) {
			for _, row := range rows {
				d.keys("INSERT INTO edge ("+columns+") VALUES (?, ?, ?, ?, ?, ?)", row...)
			}
		})
		// Two people are made one behind heed's back.
		tamper(t, h, func(d hand) {
			row := append([]any{min(int64(id), int64(other)), max(int64(id), int64(other))}, rows[0][2:]...)
			d.keys("INSERT INTO edge ("+columns+") VALUES (?, ?, ?, ?, ?, ?)", row...)
		})
		if r := verify(t, h); !r.Sound() || r.Loose != 1 {
			t.Errorf("an edge was put in: %+v", r)
		}
		tamper(t, h, func(d hand) {
			d.keys("DELETE FROM edge WHERE a = ? AND b = ?", min(int64(id), int64(other)), max(int64(id), int64(other)))
		})
		// What was split stays split.
		h.Hears("server", housetest.Event{"type": "identify", "userId": "user-5", "anonymousId": "tablet"})
		pass, err := gate.Ask[gate.Operate](t.Context(), h.Keep.Gate, housetest.Staff(housetest.Subject(person.UserID, "user-5")))
		if err != nil {
			t.Fatal(err)
		}
		if _, err := gate.Split(t.Context(), pass, housetest.Subject(person.AnonymousID, "tablet"), gate.Subject{}, cuts); err != nil {
			t.Fatal(err)
		}
		if r := verify(t, h); !r.Sound() {
			t.Fatalf("after a split: %+v", r)
		}
		split, _ := fragmentOf(t, h, "user-5", fact.KindCut)
		tamper(t, h, func(d hand) { d.keys("UPDATE edge SET cut = 0 WHERE a = ? OR b = ?", int64(split), int64(split)) })
		names(t, verify(t, h), fmt.Sprintf("edges of fragment %d", split), "split")
	})
}
