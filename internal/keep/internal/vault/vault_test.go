package vault_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"github.com/heed-platform/heed/internal/clock"
	"github.com/heed-platform/heed/internal/fact"
	"github.com/heed-platform/heed/internal/keep/internal/postgres"
	"github.com/heed-platform/heed/internal/keep/internal/sqlite"
	"github.com/heed-platform/heed/internal/keep/internal/store"
	"github.com/heed-platform/heed/internal/keep/internal/vault"
	"github.com/heed-platform/heed/internal/keep/keeptest/longtest"
	"github.com/heed-platform/heed/internal/keep/keeptest/pgtest"
	"github.com/heed-platform/heed/internal/person"
)

type stores struct {
	dir  string
	ids  store.Identity
	data store.Data
	v    *vault.Vault
}

func open(tb testing.TB, dir string) stores {
	tb.Helper()
	ctx := context.Background()
	ids, err := sqlite.OpenIdentity(ctx, filepath.Join(dir, "keys.db"))
	if err != nil {
		tb.Fatal(err)
	}
	data, err := sqlite.OpenData(ctx, filepath.Join(dir, "heed.db"))
	if err != nil {
		tb.Fatal(err)
	}
	return begin(tb, dir, ids, data)
}

// onBoth runs f over a fresh pair of stores of each engine.
func onBoth(t *testing.T, f func(t *testing.T, s stores)) {
	t.Helper()
	t.Run("sqlite", func(t *testing.T) {
		t.Parallel()
		f(t, open(t, t.TempDir()))
	})
	t.Run("postgres", func(t *testing.T) {
		t.Parallel()
		f(t, openPostgres(t, t.TempDir(), pgtest.URL(t)))
	})
}

func openPostgres(tb testing.TB, dir, url string) stores {
	tb.Helper()
	ctx := context.Background()
	ids, err := postgres.OpenIdentity(ctx, url)
	if err != nil {
		tb.Fatal(err)
	}
	data, err := postgres.OpenData(ctx, url)
	if err != nil {
		tb.Fatal(err)
	}
	return begin(tb, dir, ids, data)
}

func begin(tb testing.TB, dir string, ids store.Identity, data store.Data) stores {
	tb.Helper()
	ctx := context.Background()
	v, err := vault.Open(ctx, ids, data, filepath.Join(dir, "heed.kek"), clock.NewStill(1_000_000))
	if err != nil {
		tb.Fatal(err)
	}
	s := stores{dir, ids, data, v}
	tb.Cleanup(func() { s.close() })
	return s
}

func (s stores) close() { _ = s.data.Close(); _ = s.ids.Close() }

func admit(tb testing.TB, v *vault.Vault, values ...string) []*vault.Fragment {
	tb.Helper()
	var names []vault.Name
	for _, s := range values {
		names = append(names, vault.Name{Identifier: person.Ident(person.UserID, s), Verified: true})
	}
	got, err := v.Admit(context.Background(), names, nil)
	if err != nil {
		tb.Fatal(err)
	}
	return got.Fragments
}

func write(tb testing.TB, v *vault.Vault, f *vault.Fragment, payloads ...string) {
	tb.Helper()
	err := v.Write(context.Background(), "node-test", []*vault.Fragment{f}, func(tx *vault.Tx) error {
		for _, p := range payloads {
			c := tx.Chain(f.ID)
			tx.Append(c, fact.KindNote, tx.Now, []byte(p))
			tx.Audit(vault.AuditFact(c, vault.AuditEntry{What: "test"}))
		}
		return nil
	})
	if err != nil {
		tb.Fatal(err)
	}
}

func payloads(tb testing.TB, v *vault.Vault, f *vault.Fragment) ([]string, error) {
	tb.Helper()
	var out []string
	err := v.Data().Read(context.Background(), func(r store.Reader) error {
		return v.Facts(context.Background(), r, f, func(l vault.Fact) error {
			out = append(out, string(l.Payload))
			return nil
		})
	})
	return out, err
}

func TestVault_writesSurviveReopening(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	s := open(t, dir)
	f := admit(t, s.v, "ada")[0]
	write(t, s.v, f, "one", "two")
	write(t, s.v, f, "three")
	s.close()

	again := open(t, dir)
	g := admit(t, again.v, "ada")[0]
	if g.ID != f.ID || g.Ref != f.Ref || g.Pseudonym() != f.Pseudonym() {
		t.Fatal("the same identifier is another fragment after reopening")
	}
	got, err := payloads(t, again.v, g)
	if err != nil || !slices.Equal(got, []string{"one", "two", "three"}) {
		t.Fatalf("read %q, %v", got, err)
	}
}

func TestVault_keyFileIsNeverMadeTwice(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	s := open(t, dir)
	admit(t, s.v, "ada")
	key := filepath.Join(dir, "heed.kek")
	if err := os.Rename(key, key+".away"); err != nil {
		t.Fatal(err)
	}
	_, err := vault.Open(context.Background(), s.ids, s.data, key, clock.System{})
	if !errors.Is(err, vault.ErrKeyMissing) {
		t.Fatalf("without its key file the vault opened with %v", err)
	}
	other := open(t, t.TempDir())
	_, err = vault.Open(context.Background(), s.ids, s.data, filepath.Join(other.dir, "heed.kek"), clock.System{})
	if !errors.Is(err, vault.ErrKeyWrong) {
		t.Fatalf("with another's key file the vault opened with %v", err)
	}
}

// Whatever is done to the rows of a chain, reading it says so.
func TestVault_noticesEveryChangeOfAChain(t *testing.T) {
	t.Parallel()
	facts := func(s stores, id fact.FragmentID) (rows []store.Fact) {
		_ = s.data.Read(context.Background(), func(r store.Reader) error {
			for row, err := range r.Facts(context.Background(), id, 1) {
				if err != nil {
					return err
				}
				rows = append(rows, row)
			}
			return nil
		})
		return rows
	}
	tests := []struct {
		name   string
		change func(rows []store.Fact) []store.Fact
	}{
		{"a bit flipped", func(rows []store.Fact) []store.Fact { rows[1].Body[20] ^= 1; return rows }},
		{"two bodies swapped", func(rows []store.Fact) []store.Fact {
			rows[0].Body, rows[1].Body = rows[1].Body, rows[0].Body
			return rows
		}},
		{"one left out, the rest moved up", func(rows []store.Fact) []store.Fact {
			rows = slices.Delete(rows, 1, 2)
			rows[1].N = 2
			return rows
		}},
		{"one told twice", func(rows []store.Fact) []store.Fact {
			again := rows[2]
			again.N = 4
			return append(rows, again)
		}},
		{"another kind", func(rows []store.Fact) []store.Fact { rows[0].Kind = fact.KindGrant; return rows }},
		{"another time of arrival", func(rows []store.Fact) []store.Fact { rows[1].Received++; return rows }},
		{"no time of arrival", func(rows []store.Fact) []store.Fact { rows[1].Received = 0; return rows }},
		{"sealed as before arrivals were bound", func(rows []store.Fact) []store.Fact { rows[1].Body[0] = 1; return rows }},
		{"the end cut off", func(rows []store.Fact) []store.Fact { return rows[:2] }},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			s := open(t, t.TempDir())
			f := admit(t, s.v, "ada")[0]
			write(t, s.v, f, "one", "two", "three")
			if d := damage(t, s, f); d != nil {
				t.Fatalf("an untouched chain is called damaged: %+v", d)
			}
			rows := tt.change(facts(s, f.ID))
			state := states(t, s, f.ID)
			err := s.data.Write(context.Background(), func(w store.Writer) error {
				if err := w.Forget(context.Background(), []fact.FragmentID{f.ID}); err != nil {
					return err
				}
				if err := w.Append(context.Background(), rows); err != nil {
					return err
				}
				return w.PutStates(context.Background(), state)
			})
			if err != nil {
				t.Fatal(err)
			}
			if damage(t, s, f) == nil {
				t.Fatal("nobody noticed")
			}
		})
	}
}

func states(t *testing.T, s stores, id fact.FragmentID) (rows []store.State) {
	t.Helper()
	err := s.data.Read(context.Background(), func(r store.Reader) (err error) {
		rows, err = r.States(context.Background(), []fact.FragmentID{id})
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return rows
}

func damage(t *testing.T, s stores, f *vault.Fragment) (d *vault.Damage) {
	t.Helper()
	err := s.data.Read(context.Background(), func(r store.Reader) (err error) {
		d, err = s.v.VerifyFragment(context.Background(), r, f, func(vault.Fact) {})
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return d
}

func TestVault_aBodyOpensOnlyInItsPlace(t *testing.T) {
	t.Parallel()
	s := open(t, t.TempDir())
	fs := admit(t, s.v, "ada", "bob")
	write(t, s.v, fs[0], "ada's")
	write(t, s.v, fs[1], "bob's")
	row := states(t, s, fs[0].ID)
	row[0].Fragment = fs[1].ID
	err := s.data.Write(context.Background(), func(w store.Writer) error { return w.PutStates(context.Background(), row) })
	if err != nil {
		t.Fatal(err)
	}
	if damage(t, s, fs[1]) == nil {
		t.Fatal("one person's state opened as another's")
	}
}

// A message is known for ever, however many there are.
func TestVault_seenIsExact(t *testing.T) {
	t.Parallel()
	s := open(t, t.TempDir())
	f := admit(t, s.v, "ada")[0]
	ctx := context.Background()
	entry := func(n int, body string) vault.Entry {
		return vault.EntryOf(s.v.Digest("m", string(rune(n)), "x"), s.v.Digest(body))
	}
	const many = 3000
	for from := 1; from <= many; from += 500 {
		err := s.v.Write(ctx, "node-test", []*vault.Fragment{f}, func(tx *vault.Tx) error {
			c := tx.Chain(f.ID)
			for n := from; n < from+500; n++ {
				got, err := tx.Sight(ctx, c, entry(n, "said"))
				if err != nil || got != vault.Unseen {
					t.Fatalf("message %d is %v before it was marked (%v)", n, got, err)
				}
				if err := tx.Mark(ctx, c, entry(n, "said")); err != nil {
					return err
				}
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	err := s.v.Write(ctx, "node-test", []*vault.Fragment{f}, func(tx *vault.Tx) error {
		c := tx.Chain(f.ID)
		for n := 1; n <= many; n++ {
			if got, _ := tx.Sight(ctx, c, entry(n, "said")); got != vault.Duplicate {
				t.Fatalf("message %d is %v", n, got)
			}
			if got, _ := tx.Sight(ctx, c, entry(n, "else")); got != vault.Reused {
				t.Fatalf("message %d with other words is %v", n, got)
			}
		}
		if got, _ := tx.Sight(ctx, c, entry(many+1, "said")); got != vault.Unseen {
			t.Fatal("a message that never came is known")
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

func TestVault_erasedIsGoneAndStaysGone(t *testing.T) {
	t.Parallel()
	s := open(t, t.TempDir())
	ctx := context.Background()
	fs := admit(t, s.v, "ada", "bob")
	write(t, s.v, fs[0], "a secret of ada")
	write(t, s.v, fs[1], "bob's")
	hash := fs[0].Hash
	for _, name := range []string{"e1", "e2"} { // twice is once
		if err := erase(s.v, name, fs[0]); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := s.v.Find(ctx, person.Ident(person.UserID, "ada")); !errors.Is(err, store.ErrNotFound) {
		t.Fatalf("ada is found: %v", err)
	}
	if err := s.v.Write(ctx, "node-test", fs[:1], func(*vault.Tx) error { return nil }); !errors.Is(err, vault.ErrErased) {
		t.Fatalf("writing to an erased fragment: %v", err)
	}
	got, err := s.v.Admit(ctx, []vault.Name{{Identifier: person.Ident(person.UserID, "ada")}}, nil)
	if err != nil || got.Erased[0] == 0 || got.Fragments[0].ID == fs[0].ID {
		t.Fatalf("a late event met the old fragment or no tombstone: %+v, %v", got, err)
	}
	for _, name := range []string{"keys.db", "keys.db-wal", "heed.db", "heed.db-wal"} {
		raw, err := os.ReadFile(filepath.Join(s.dir, name))
		if err != nil && !os.IsNotExist(err) {
			t.Fatal(err)
		}
		if name[:4] == "heed" && bytes.Contains(raw, hash[:]) {
			t.Errorf("%s still holds the keyed hash", name)
		}
	}
	if p, err := payloads(t, s.v, fs[1]); err != nil || len(p) != 1 {
		t.Fatalf("bob lost something: %q, %v", p, err)
	}
}

func TestVault_auditChainTellsItsFirstBreak(t *testing.T) {
	t.Parallel()
	s := open(t, t.TempDir())
	f := admit(t, s.v, "ada")[0]
	write(t, s.v, f, "one", "two", "three")
	var seen []vault.AuditEntry
	err := s.data.Read(context.Background(), func(r store.Reader) error {
		d, n, err := s.v.VerifyAudit(context.Background(), r, func(e vault.AuditEntry, _ clock.Instant) { seen = append(seen, e) })
		if len(d) != 0 || n["node-test"] != 3 {
			t.Fatalf("damage %v, lengths %v", d, n)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	if len(seen) != 3 || seen[2].N != 3 || seen[2].Person != f.AuditName() {
		t.Fatalf("entries %+v", seen)
	}
}

// What rebuilding gives is what living gave.
func TestVault_rebuildGivesTheSameStates(t *testing.T) {
	t.Parallel()
	s := open(t, t.TempDir())
	people, most := 0, longtest.Rounds(25, 100)
	rapid.Check(t, func(rt *rapid.T) {
		if people == most {
			return
		}
		people++ // one more each time: a database for each would take long
		ctx := context.Background()
		f := admit(t, s.v, fmt.Sprint("ada ", people))[0]
		apply := func(st *fact.State, _ fact.Kind, p []byte) error { st.Uncovered += int64(len(p)); return nil }
		for _, p := range rapid.SliceOfN(rapid.String(), 1, 20).Draw(rt, "payloads") {
			err := s.v.Write(ctx, "node-test", []*vault.Fragment{f}, func(tx *vault.Tx) error {
				c := tx.Chain(f.ID)
				tx.Append(c, fact.KindEvent, tx.Now, []byte(p))
				return errors.Join(apply(&c.State, fact.KindEvent, []byte(p)), tx.Mark(ctx, c, vault.EntryOf(s.v.Digest(p), s.v.Digest(p))))
			})
			if err != nil {
				rt.Fatal(err)
			}
		}
		got, err := s.v.Rebuild(ctx, vault.Folder{Apply: apply, Seen: func(p []byte) (vault.Entry, error) {
			return vault.EntryOf(s.v.Digest(string(p)), s.v.Digest(string(p))), nil
		}}, func(int) {})
		if err != nil || got.Fragments != people || got.Differed != 0 {
			rt.Fatalf("%+v, %v", got, err)
		}
	})
}
