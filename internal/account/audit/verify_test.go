package audit_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/heed-platform/heed/internal/account/audit"
	"github.com/heed-platform/heed/internal/account/housetest"
	"github.com/heed-platform/heed/internal/fact"
	"github.com/heed-platform/heed/internal/keep"
	"github.com/heed-platform/heed/internal/keep/gate"
	"github.com/heed-platform/heed/internal/keep/keeptest/longtest"
	"github.com/heed-platform/heed/internal/person"
)

// live fills a house: people with events, grants, a disclosure, a look by staff
// and an erasure.
func live(h *housetest.House) {
	for i := range 6 {
		user := fmt.Sprintf("user-%d", i)
		h.Hears("server",
			housetest.Event{
				"type": "identify", "userId": user, "anonymousId": fmt.Sprintf("browser-%d", i), "context": map[string]any{"notice": "newsletter@2"},
				"traits": map[string]any{"email": user + "@mail.example", "firstName": "Ada", "country": "DE"},
			},
			housetest.Event{"type": "track", "userId": user, "event": "Product Viewed", "properties": map[string]any{"product_id": "p1"}},
		)
		h.Says(housetest.Subject(person.UserID, user), fact.Grant{
			Purpose: "marketing.communications.email", Channel: "email", Status: fact.Granted, Notice: "newsletter@2", Method: "form", Evidence: "box 1",
		})
	}
	h.Inspect(housetest.Subject(person.UserID, "user-1"))
	a := housetest.Staff(gate.Subject{})
	a.Purpose, a.Recipient = "marketing.communications.email", "mail-relay"
	if _, err := gate.ExportFor(context.Background(), h.Keep.Gate, a, func(gate.View[gate.Share]) error { return nil }); err != nil {
		panic(err)
	}
}

func verify(t *testing.T, h *housetest.House, known ...audit.Head) audit.Report {
	t.Helper()
	r, err := audit.Verify(t.Context(), h.Keep, known)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// names fails unless some damage is at the place for the reason.
func names(t *testing.T, r audit.Report, where, why string) {
	t.Helper()
	if !slices.ContainsFunc(r.Damage, func(d audit.Damage) bool { return d.Where == where && strings.Contains(d.Why, why) }) {
		t.Fatalf("no damage at %q because %q:\n%+v", where, why, r.Damage)
	}
}

// middle turns a bit in the middle.
func middle(b []byte) []byte {
	out := slices.Clone(b)
	out[len(out)/2] ^= 1
	return out
}

// fragmentOf finds the fragment and the number of its latest fact of a kind.
func fragmentOf(t *testing.T, h *housetest.House, user string, kind fact.Kind) (id fact.FragmentID, n uint64) {
	t.Helper()
	for _, l := range h.Inspect(housetest.Subject(person.UserID, user)).History() {
		if l.Kind == kind {
			id, n = l.Fragment, l.N
		}
	}
	if n == 0 {
		t.Fatalf("%s has no %s", user, kind)
	}
	return id, n
}

func TestVerify_sound(t *testing.T) {
	t.Parallel()
	housetest.On(t, func(t *testing.T, h *housetest.House) {
		live(h)
		r := verify(t, h)
		if !r.Sound() || r.Facts < 30 || r.Fragments != 18 || r.Entries == 0 || len(r.Heads) == 0 || r.Gone != 0 {
			t.Fatalf("%+v", r)
		}
		h.Erase(housetest.Subject(person.UserID, "user-2"))
		again := verify(t, h, r.Heads...)
		if !again.Sound() || again.Gone == 0 || again.Fragments != 15 {
			t.Fatalf("after an erasure: %+v", again)
		}
		if again.Joint == r.Joint || slices.Equal(again.Heads, r.Heads) {
			t.Fatal("the heads did not move")
		}
	})
}

func TestVerify_heads(t *testing.T) {
	t.Parallel()
	h := audit.Head{Writer: "node-1", N: 17, Hash: "abc"}
	if got := audit.ParseHeads("noise\n  " + h.String() + "\nheads 123\nhead node-1 x y\n"); !slices.Equal(got, []audit.Head{h}) {
		t.Fatalf("%+v", got)
	}
}

// TestVerify_finds tells each way to change the past, and where it is found.
func TestVerify_finds(t *testing.T) {
	t.Parallel()
	housetest.On(t, func(t *testing.T, h *housetest.House) {
		live(h)
		grants, grant := fragmentOf(t, h, "user-0", fact.KindGrant)
		sent, disclosure := fragmentOf(t, h, "user-3", fact.KindDisclosure)
		looked, note := fragmentOf(t, h, "user-4", fact.KindNote)
		known := verify(t, h).Heads
		writer := known[0].Writer
		place := func(id fact.FragmentID, n uint64) string { return fmt.Sprintf("fragment %d fact %d", id, n) }
		const where = " WHERE fragment = ? AND n = ?"

		tests := []struct {
			name   string
			tables []string // to put back afterwards
			do     func(d hand)
			where  string
			why    string
		}{
			{"a grant is edited", []string{"fact"}, func(d hand) {
				body := d.data("SELECT body FROM {fact}"+where, int64(grants), int64(grant))[0][0]
				d.data("UPDATE {fact} SET body = ?"+where, middle(as[[]byte](t, body)), int64(grants), int64(grant))
			}, place(grants, grant), "changed"},
			{"a grant becomes another kind", []string{"fact"}, func(d hand) {
				d.data("UPDATE {fact} SET kind = ?"+where, int64(fact.KindPreference), int64(grants), int64(grant))
			}, place(grants, grant), "changed"},
			{"a disclosure is deleted", []string{"fact"}, func(d hand) {
				d.data("DELETE FROM {fact}"+where, int64(sent), int64(disclosure))
			}, "", fmt.Sprint(disclosure)},
			{"two facts are swapped", []string{"fact"}, func(d hand) {
				a := d.data("SELECT body FROM {fact}"+where, int64(grants), int64(1))[0][0]
				b := d.data("SELECT body FROM {fact}"+where, int64(grants), int64(2))[0][0]
				d.data("UPDATE {fact} SET body = ?"+where, a, int64(grants), int64(2))
				d.data("UPDATE {fact} SET body = ?"+where, b, int64(grants), int64(1))
			}, place(grants, 1), "changed"},
			{"an event says that it came at another time", []string{"fact"}, func(d hand) {
				d.data("UPDATE {fact} SET received = received + 1"+where, int64(grants), int64(1))
			}, place(grants, 1), "changed"},
			{"a grant says that it came at another time", []string{"fact"}, func(d hand) {
				d.data("UPDATE {fact} SET received = received - 1"+where, int64(grants), int64(grant))
			}, place(grants, grant), "changed"},
			{"an audit entry is edited", []string{"audit"}, func(d hand) {
				d.data("UPDATE {audit} SET at = at + 1 WHERE writer = ? AND n = ?", writer, int64(3))
			}, "audit " + writer + " entry 3", "changed after"},
			{"an audit entry is deleted", []string{"audit"}, func(d hand) {
				d.data("DELETE FROM {audit} WHERE writer = ? AND n = ?", writer, int64(4))
			}, "audit " + writer + " entry 4", "missing"},
			{"two audit entries are swapped", []string{"audit"}, func(d hand) {
				for _, to := range [][2]int64{{2, 0}, {3, 2}, {0, 3}} {
					d.data("UPDATE {audit} SET n = ? WHERE writer = ? AND n = ?", to[1], writer, to[0])
				}
			}, "audit " + writer + " entry 2", "does not follow"},
			{"the end of the audit chain is cut", []string{"audit"}, func(d hand) {
				d.data("DELETE FROM {audit} WHERE writer = ? AND n > ?", writer, int64(known[0].N-3))
			}, fmt.Sprintf("audit %s entry %d", writer, known[0].N-2), "cut"},
			{"an audit chain is gone", []string{"audit"}, func(d hand) {
				d.data("DELETE FROM {audit} WHERE writer = ?", known[len(known)-1].Writer)
			}, "audit " + known[len(known)-1].Writer + " entry 1", "cut"},
			{
				"the audit chain is written anew from its third entry",
				[]string{"audit"},
				func(d hand) { rewrite(d, writer, 3) },
				fmt.Sprintf("audit %s entry %d", writer, known[0].N), "written anew",
			},
			{"the set of known messages loses one", []string{"state"}, func(d hand) {
				d.data("UPDATE {state} SET seen = substr(seen, 17) WHERE fragment = ?", int64(grants))
			}, fmt.Sprintf("messages of fragment %d", grants), "not what the facts give"},
			{"a state is another fragment's", []string{"state"}, func(d hand) {
				body := d.data("SELECT body FROM {state} WHERE fragment = ?", int64(sent))[0][0]
				d.data("UPDATE {state} SET body = ? WHERE fragment = ?", body, int64(grants))
			}, fmt.Sprintf("state of fragment %d", grants), "does not open"},
			{"a state is gone", []string{"state"}, func(d hand) {
				d.data("DELETE FROM {state} WHERE fragment = ?", int64(looked))
			}, place(looked, note+1), "no state"},
			{"a notice is edited", []string{"definition"}, func(d hand) {
				d.data("UPDATE {definition} SET body = ? WHERE kind = 'notice' AND key = 'membership@3/en'", []byte(`{"key":"membership"}`))
			}, "definition notice/membership@3/en@1", "not the one that its hash names"},
			{"a definition is put in", []string{"definition"}, func(d hand) {
				d.data("UPDATE {definition} SET key = 'quieter' WHERE kind = 'campaign' AND key = (SELECT min(key) FROM {definition} WHERE kind = 'campaign')")
			}, "definition campaign/quieter@1", "who made it so"},
			{"a campaign's text is changed", []string{"definition"}, func(d hand) {
				row := d.data("SELECT body FROM {definition} WHERE kind = 'campaign' AND key = 'order-shipped'")[0][0]
				body := strings.Replace(string(as[[]byte](t, row)), "parcel", "PARCEL", 1)
				d.data("UPDATE {definition} SET body = ? WHERE kind = 'campaign' AND key = 'order-shipped'", []byte(body))
			}, "definition campaign/order-shipped@1", "who made it so"},
			{"a draft is made live without anybody's approval", []string{"definition"}, func(d hand) {
				d.data("UPDATE {definition} SET status = 'paused', approve = 'privacy:paula' WHERE kind = 'campaign' AND key = 'order-shipped'")
			}, "definition campaign/order-shipped@1", "who made it so"},
			{"a balance is changed", []string{"tally"}, func(d hand) {
				d.data("UPDATE {tally} SET accepted = accepted + 1")
			}, "balance", "though nobody was erased"},
		}
		for _, test := range tests {
			t.Run(test.name, func(t *testing.T) {
				saved := map[string][][]any{}
				tamper(t, h, func(d hand) {
					d.t = t
					for _, table := range test.tables {
						saved[table] = d.save(table)
					}
					test.do(d)
				})
				r := verify(t, h, known...)
				tamper(t, h, func(d hand) {
					d.t = t
					for table, rows := range saved {
						d.restore(table, rows)
					}
				})
				if test.where == "" {
					if r.Sound() || !strings.Contains(fmt.Sprint(r.Damage), test.why) {
						t.Fatalf("%+v", r.Damage)
					}
				} else {
					names(t, r, test.where, test.why)
				}
				if r := verify(t, h, known...); !r.Sound() {
					t.Fatalf("after it was put back: %+v", r.Damage)
				}
			})
		}
	})
}

// TestVerify_oldStateAfterCut: somebody cuts the last facts and puts back the
// state of then, so that the chain fits; the audit chain knows better.
func TestVerify_oldStateAfterCut(t *testing.T) {
	t.Parallel()
	housetest.On(t, func(t *testing.T, h *housetest.House) {
		live(h)
		s := housetest.Subject(person.UserID, "user-0")
		id, before := fragmentOf(t, h, "user-0", fact.KindNote)
		var state, heads []any
		tamper(t, h, func(d hand) {
			state = d.data("SELECT n, version, pages, body, seen FROM {state} WHERE fragment = ?", int64(id))[0]
			if h.Engine == "sqlite" {
				heads = d.data("SELECT seq FROM {fact} WHERE fragment = ? ORDER BY n DESC LIMIT 1", int64(id))[0]
			}
		})
		h.Says(s, fact.Grant{Purpose: "marketing.communications.email", Channel: "email", Status: fact.Withdrawn, Method: "api"})
		tamper(t, h, func(d hand) {
			d.data("DELETE FROM {fact} WHERE fragment = ? AND n > ?", int64(id), state[0])
			d.data("UPDATE {state} SET n = ?, version = ?, pages = ?, body = ?, seen = ? WHERE fragment = ?", append(state, int64(id))...)
			if heads != nil {
				d.data("INSERT INTO head (fragment, seq, n) VALUES (?, ?, ?) ON CONFLICT DO UPDATE SET seq = excluded.seq, n = excluded.n", int64(id), heads[0], state[0])
			}
		})
		names(t, verify(t, h), fmt.Sprintf("fragment %d fact %d", id, before+1), "facts were cut off")
	})
}

// TestVerify_keys: what is done to the identity store.
func TestVerify_keys(t *testing.T) {
	t.Parallel()
	housetest.On(t, func(t *testing.T, h *housetest.House) {
		live(h)
		id, _ := fragmentOf(t, h, "user-0", fact.KindGrant)
		var row []any
		tamper(t, h, func(d hand) {
			row = d.keys("SELECT hash, tomb, ref, key FROM fragment WHERE id = ?", int64(id))[0]
			d.keys("UPDATE fragment SET key = ? WHERE id = ?", middle(as[[]byte](t, row[3])), int64(id))
		})
		names(t, verify(t, h), fmt.Sprintf("key of fragment %d", id), "does not open")
		tamper(t, h, func(d hand) {
			d.keys("UPDATE fragment SET key = ?, ns = 'member_id' WHERE id = ?", row[3], int64(id))
		})
		names(t, verify(t, h), fmt.Sprintf("key of fragment %d", id), "another identifier")
		tamper(t, h, func(d hand) { d.keys("DELETE FROM fragment WHERE id = ?", int64(id)) })
		r := verify(t, h)
		names(t, r, fmt.Sprintf("fragment %d", id), "no key")
		names(t, r, "identity store", "nobody was erased")
	})
}

// TestVerify_flips turns a random bit in a random sealed or chained place, again
// and again on each database: each is found, at the fragment or entry it is in.
func TestVerify_flips(t *testing.T) {
	t.Parallel()
	housetest.On(t, func(t *testing.T, h *housetest.House) {
		live(h)
		known := verify(t, h).Heads
		seed := rand.Uint64()
		t.Logf("seed %d", seed)
		r := rand.New(rand.NewPCG(seed, 1))
		for range longtest.Rounds(15, 200) {
			flip(t, h, r, known)
		}
	})
}

func flip(t *testing.T, h *housetest.House, r *rand.Rand, known []audit.Head) {
	t.Helper()
	places := []struct{ table, key, column string }{
		{"fact", "fragment", "body"},
		{"fact", "fragment", "body"},
		{"state", "fragment", "body"},
		{"state", "fragment", "seen"},
		{"audit", "writer", "body"},
		{"audit", "writer", "hash"},
		{"audit", "writer", "previous"},
		{"definition", "key", "body"},
	}
	at := places[r.IntN(len(places))]
	var row []any
	var who any
	tamper(t, h, func(d hand) {
		rows := d.data(fmt.Sprintf("SELECT %s, %s FROM {%s} WHERE length(%s) > 0 ORDER BY %s, %s", at.key, at.column, at.table, at.column, at.key, at.column))
		row = rows[r.IntN(len(rows))]
		who = row[0]
		bad := slices.Clone(as[[]byte](t, row[1]))
		bad[r.IntN(len(bad))] ^= 1 << r.IntN(8)
		d.data(fmt.Sprintf("UPDATE {%s} SET %s = ? WHERE %s = ? AND %s = ?", at.table, at.column, at.key, at.column), bad, who, row[1])
		row = append(row, bad)
	})
	report := verify(t, h, known...)
	tamper(t, h, func(d hand) {
		d.data(fmt.Sprintf("UPDATE {%s} SET %s = ? WHERE %s = ? AND %s = ?", at.table, at.column, at.key, at.column), row[1], who, row[2])
	})
	if report.Sound() {
		t.Fatalf("a flip in %s.%s of %v was not found", at.table, at.column, who)
	}
	for _, d := range report.Damage {
		if strings.Contains(d.Where+" ", fmt.Sprintf("%v ", who)) || strings.Contains(d.Where, fmt.Sprintf("/%v@", who)) {
			return
		}
	}
	t.Fatalf("a flip in %s.%s of %v was found elsewhere: %+v", at.table, at.column, who, report.Damage)
}

// TestVerify_besideWork: people go on living while it looks, and nothing is
// taken for damage.
func TestVerify_besideWork(t *testing.T) {
	t.Parallel()
	housetest.On(t, func(t *testing.T, h *housetest.House) {
		live(h)
		stop, done := make(chan struct{}), make(chan int)
		go func() {
			for looks := 0; ; looks++ {
				select {
				case <-stop:
					done <- looks
					return
				default:
				}
				r, err := audit.Verify(t.Context(), h.Keep, nil)
				if err != nil || !r.Sound() {
					t.Errorf("%v %+v", err, r.Damage)
				}
			}
		}()
		for i := range longtest.Rounds(16, 60) {
			user := fmt.Sprintf("later-%d", i)
			h.Hears("server", housetest.Event{"type": "track", "userId": user, "event": "Product Viewed"})
			s := housetest.Subject(person.UserID, user)
			h.Says(s, fact.Grant{Purpose: "marketing.communications.email", Status: fact.Denied, Method: "form"})
			if i%3 == 0 {
				h.Erase(s)
			}
		}
		close(stop)
		if looks := <-done; looks < 2 {
			t.Errorf("it looked only %d times", looks)
		}
	})
}

// TestVerify_oldEntries: entries of before tell of a definition's hash alone, and
// that is enough as long as none tells more.
func TestVerify_oldEntries(t *testing.T) {
	t.Parallel()
	housetest.On(t, func(t *testing.T, h *housetest.House) {
		var hash string
		tamper(t, h, func(d hand) {
			hash = as[string](t, d.data("SELECT hash FROM {definition} WHERE kind = 'audience' ORDER BY key")[0][0])
			d.data("UPDATE {definition} SET key = 'older' WHERE kind = 'audience' AND key = (SELECT min(key) FROM {definition} WHERE kind = 'audience')")
		})
		names(t, verify(t, h), "definition audience/older@1", "who made it so")
		if err := h.Keep.Audit(t.Context(), keep.AuditEntry{What: "workspace.apply", By: "admin:test", Ref: "audience/older@1 " + hash}); err != nil {
			t.Fatal(err)
		}
		if r := verify(t, h); !r.Sound() {
			t.Fatalf("%+v", r.Damage)
		}
	})
}
