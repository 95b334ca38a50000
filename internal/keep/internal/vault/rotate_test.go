package vault_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/heed-platform/heed/internal/clock"
	"github.com/heed-platform/heed/internal/fact"
	"github.com/heed-platform/heed/internal/keep/internal/sqlite"
	"github.com/heed-platform/heed/internal/keep/internal/store"
	"github.com/heed-platform/heed/internal/keep/internal/vault"
	"github.com/heed-platform/heed/internal/keep/keeptest/pgtest"
	"github.com/heed-platform/heed/internal/person"
)

var errKilled = errors.New("killed")

// mortal is an identity store whose process is killed at its n-th call: before
// the call does anything, or when it has just done it.
type mortal struct {
	store.Identity

	left   int
	after  bool
	killed bool
}

func dies[T any](m *mortal, f func() (T, error)) (none T, err error) {
	if m.killed {
		return none, errKilled
	}
	m.left--
	if m.killed = m.left < 0; m.killed && !m.after {
		return none, errKilled
	}
	v, err := f()
	if m.killed {
		return none, errKilled
	}
	return v, err
}

func (m *mortal) Meta(ctx context.Context, name string) ([]byte, error) {
	return dies(m, func() ([]byte, error) { return m.Identity.Meta(ctx, name) })
}

func (m *mortal) SetMeta(ctx context.Context, name string, value []byte, insert bool) ([]byte, error) {
	return dies(m, func() ([]byte, error) { return m.Identity.SetMeta(ctx, name, value, insert) })
}

func (m *mortal) Raise(ctx context.Context, floor uint16) error {
	_, err := dies(m, func() (any, error) { return nil, m.Identity.Raise(ctx, floor) })
	return err
}

func (m *mortal) Rewrap(ctx context.Context, rows []store.Rewrap) error {
	_, err := dies(m, func() (any, error) { return nil, m.Identity.Rewrap(ctx, rows) })
	return err
}

func (m *mortal) Scan(ctx context.Context, after fact.FragmentID, limit int) ([]store.Fragment, error) {
	return dies(m, func() ([]store.Fragment, error) { return m.Identity.Scan(ctx, after, limit) })
}

func nothing(int) {}

// reads says whether everybody's fact can be read by a process that starts now.
func (s stores) reads(t *testing.T, people int) error {
	t.Helper()
	v, err := vault.Open(t.Context(), s.ids, s.data, filepath.Join(s.dir, "heed.kek"), clock.NewStill(3_000_000))
	if err != nil {
		return err
	}
	for n := range people {
		f, err := v.Find(t.Context(), person.Ident(person.UserID, fmt.Sprintf("user-%d", n)))
		if err != nil {
			return err
		}
		if got, err := payloads(t, v, f); err != nil || len(got) != 1 || got[0] != fmt.Sprintf("secret-%d", n) {
			return fmt.Errorf("user-%d: %v, %w", n, got, err)
		}
	}
	return nil
}

func (s stores) people(t *testing.T, from, to int) {
	t.Helper()
	v := s.over(t, s.ids, s.data)
	for n := from; n < to; n++ {
		write(t, v, admit(t, v, fmt.Sprintf("user-%d", n))[0], fmt.Sprintf("secret-%d", n))
	}
}

// ring is what stands in the key file.
func ring(t *testing.T, dir string) (r struct {
	Current uint16            `json:"current"`
	Epochs  map[uint16]string `json:"epochs"`
},
) {
	t.Helper()
	raw, err := os.ReadFile(filepath.Join(dir, "heed.kek"))
	if err == nil {
		err = json.Unmarshal(raw, &r)
	}
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// Killed before and after each step, a rotation leaves everybody readable, and
// the next one goes on to the end.
func TestRotate_killedAtEveryStep(t *testing.T) {
	t.Parallel()
	onBoth(t, func(t *testing.T, s stores) {
		t.Helper()
		people := 7
		s.people(t, 0, people)
		steps := 0
		for at := 0; ; at++ {
			before := ring(t, s.dir).Current
			hit := false
			for _, after := range []bool{false, true} {
				dying := &mortal{Identity: s.ids, left: 1 << 30, after: after}
				v := s.over(t, dying, s.data)
				dying.left = at
				if _, err := v.Rotate(t.Context(), nothing); !errors.Is(err, errKilled) && err != nil {
					t.Fatalf("step %d: %v", at, err)
				}
				hit = hit || dying.killed
				// Whoever was killed while writing leaves this behind.
				if err := os.WriteFile(filepath.Join(s.dir, "heed.kek.next"), []byte("half"), 0o600); err != nil {
					t.Fatal(err)
				}
				if err := s.reads(t, people); err != nil {
					t.Fatalf("killed at step %d (after it: %v): %v", at, after, err)
				}
				s.people(t, people, people+1) // somebody comes in, under whatever key is the current one
				people++
				if _, err := s.over(t, s.ids, s.data).Rotate(t.Context(), nothing); err != nil {
					t.Fatal(err)
				}
				r := ring(t, s.dir)
				if err := s.reads(t, people); err != nil || len(r.Epochs) != 1 || r.Current == before {
					t.Fatalf("finished after step %d: epoch %d of %d keys, %v", at, r.Current, len(r.Epochs), err)
				}
			}
			if !hit {
				break
			}
			steps++
		}
		if steps < 10 {
			t.Errorf("a rotation was killed at %d steps only", steps)
		}
		rows, err := s.ids.Scan(t.Context(), 0, 1000)
		if err != nil {
			t.Fatal(err)
		}
		for _, row := range rows {
			if epoch := uint16(row.Key[1])<<8 | uint16(row.Key[2]); epoch != ring(t, s.dir).Current {
				t.Errorf("fragment %d is wrapped under epoch %d", row.ID, epoch)
			}
		}
		t.Logf("%d steps, twice each, none lost anybody", steps)
	})
}

// The control: where the old key goes before all keys are wrapped anew, the same
// check finds it.
func TestRotate_destroyedTooEarlyIsFound(t *testing.T) {
	t.Parallel()
	onBoth(t, func(t *testing.T, s stores) {
		t.Helper()
		s.people(t, 0, 5)
		dying := &mortal{Identity: s.ids, left: 1 << 30}
		v := s.over(t, dying, s.data)
		for dying.left = 0; len(ring(t, s.dir).Epochs) < 2; dying.left++ {
			dying.killed = false
			left := dying.left
			_, _ = v.Rotate(t.Context(), nothing) // as far as the new key is in the file
			dying.left = left
		}
		r := ring(t, s.dir)
		delete(r.Epochs, r.Current-1)
		raw, err := json.Marshal(r)
		if err == nil {
			err = os.WriteFile(filepath.Join(s.dir, "heed.kek"), raw, 0o600)
		}
		if err != nil {
			t.Fatal(err)
		}
		if err := s.reads(t, 5); err == nil {
			t.Fatal("everybody can be read without the key: this check finds nothing")
		}
	})
}

// Three nodes, each with a key file of its own, take people in while one of them
// rotates keys again and again: nobody is lost, nobody is there twice, and a node
// that was away is refused instead of guessing.
func TestRotate_manyNodes(t *testing.T) {
	t.Parallel()
	s := openPostgres(t, t.TempDir(), pgtest.URL(t))
	const nodes, rotations = 3, 6
	still := clock.NewStill(1_000_000)
	dirs := []string{s.dir}
	for range nodes {
		dir := t.TempDir()
		raw, err := os.ReadFile(filepath.Join(s.dir, "heed.kek"))
		if err == nil {
			err = os.WriteFile(filepath.Join(dir, "heed.kek"), raw, 0o600)
		}
		if err != nil {
			t.Fatal(err)
		}
		dirs = append(dirs, dir)
	}
	open := func(dir string) (*vault.Vault, error) {
		return vault.Open(t.Context(), s.ids, s.data, filepath.Join(dir, "heed.kek"), still)
	}
	var met sync.Map // name → fragment
	var count atomic.Int64
	var hands sync.WaitGroup
	stop := make(chan struct{})
	for node, dir := range dirs[:nodes] {
		v, err := open(dir)
		if err != nil {
			t.Fatal(err)
		}
		for range 2 {
			hands.Go(func() {
				for n := 0; ; n++ {
					select {
					case <-stop:
						return
					default:
					}
					name := fmt.Sprintf("user-%d", n)
					got, err := v.Admit(t.Context(), []vault.Name{{Identifier: person.Ident(person.UserID, name)}}, nil)
					if err != nil {
						t.Errorf("node %d: %v", node, err)
						return
					}
					if was, again := met.LoadOrStore(name, got.Fragments[0].ID); again && was != got.Fragments[0].ID {
						t.Errorf("%s is there twice", name)
					}
					count.Add(1)
				}
			})
		}
	}
	rotator, err := open(dirs[0])
	if err != nil {
		t.Fatal(err)
	}
	for range rotations {
		time.Sleep(30 * time.Millisecond)
		if _, err := rotator.Rotate(t.Context(), nothing); err != nil {
			t.Error(err)
		}
	}
	close(stop)
	hands.Wait()
	for _, dir := range dirs[:nodes] {
		v, err := open(dir)
		if err != nil {
			t.Fatal(err)
		}
		met.Range(func(name, id any) bool {
			f, err := v.Find(t.Context(), person.Ident(person.UserID, fmt.Sprint(name)))
			if err != nil || f.ID != id {
				t.Errorf("%v: %v", name, err)
				return false
			}
			return true
		})
		if r := ring(t, dir); len(r.Epochs) != 1 || r.Current != rotations+1 {
			t.Errorf("a node has %d keys, the current one of epoch %d", len(r.Epochs), r.Current)
		}
	}
	still.Advance(2 * time.Hour)
	if err := rotator.Refresh(t.Context()); err != nil {
		t.Fatal(err)
	}
	if _, err := open(dirs[nodes]); !errors.Is(err, vault.ErrKeyOld) {
		t.Errorf("a node that was away gets %v", err)
	}
	t.Logf("%d admissions during %d rotations", count.Load(), rotations)
}

// An identity store from before the last rotation is refused by the data, and one
// that lost everything is not filled anew.
func TestOpen_refusesWhatDoesNotBelong(t *testing.T) {
	t.Parallel()
	s := open(t, t.TempDir())
	s.people(t, 0, 2)
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	old := t.TempDir()
	file := func(from, to, name string) {
		t.Helper()
		raw, err := os.ReadFile(filepath.Join(from, name))
		if err == nil {
			err = os.WriteFile(filepath.Join(to, name), raw, 0o600)
		}
		must(err)
	}
	must(s.ids.Close())
	for _, name := range []string{"keys.db", "heed.kek"} {
		file(s.dir, old, name)
	}
	s.ids = openIdentity(t, s.dir)
	if _, err := s.over(t, s.ids, s.data).Rotate(t.Context(), nothing); err != nil {
		t.Fatal(err)
	}
	before := openIdentity(t, old)
	if _, err := vault.Open(t.Context(), before, s.data, filepath.Join(old, "heed.kek"), clock.NewStill(1)); !errors.Is(err, vault.ErrStoreOld) {
		t.Errorf("the old store with its old key file: %v", err)
	}
	if _, err := vault.Open(t.Context(), before, s.data, filepath.Join(s.dir, "heed.kek"), clock.NewStill(1)); !errors.Is(err, vault.ErrStoreOld) {
		t.Errorf("the old store with the new key file: %v", err)
	}
	if _, err := vault.Open(t.Context(), s.ids, s.data, filepath.Join(old, "heed.kek"), clock.NewStill(1)); !errors.Is(err, vault.ErrKeyOld) {
		t.Errorf("the new store with the old key file: %v", err)
	}
	// A file that is put in its place while it runs takes nothing away.
	v := s.over(t, s.ids, s.data)
	right, err := os.ReadFile(filepath.Join(s.dir, "heed.kek"))
	must(err)
	file(old, s.dir, "heed.kek")
	if err := v.Refresh(t.Context()); !errors.Is(err, vault.ErrKeyOld) {
		t.Errorf("an old key file in the place of the right one: %v", err)
	}
	if _, err := v.Find(t.Context(), person.Ident(person.UserID, "user-0")); err != nil {
		t.Errorf("it took a key away that was in use: %v", err)
	}
	must(os.WriteFile(filepath.Join(s.dir, "heed.kek"), right, 0o600))
	must(s.data.Write(t.Context(), func(w store.Writer) error { return w.SetMeta(t.Context(), vault.Binding, []byte("mark")) }))
	empty := t.TempDir()
	if _, err := vault.Open(t.Context(), openIdentity(t, empty), s.data, filepath.Join(empty, "heed.kek"), clock.NewStill(1)); !errors.Is(err, vault.ErrStoreMissing) {
		t.Errorf("an empty store: %v", err)
	}
	if _, err := os.Stat(filepath.Join(empty, "heed.kek")); !errors.Is(err, os.ErrNotExist) {
		t.Error("new keys were made over existing data")
	}
}

func openIdentity(t *testing.T, dir string) store.Identity {
	t.Helper()
	ids, err := sqlite.OpenIdentity(t.Context(), filepath.Join(dir, "keys.db"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = ids.Close() })
	return ids
}

// Nodes that share a folder take a new key over at the same moment: the file is
// whole at every moment, and holds the key in the end.
func TestRotate_sharedFolder(t *testing.T) {
	t.Parallel()
	s := openPostgres(t, t.TempDir(), pgtest.URL(t))
	s.people(t, 0, 3)
	var nodes []*vault.Vault
	for range 4 {
		nodes = append(nodes, s.over(t, s.ids, s.data))
	}
	var hands sync.WaitGroup
	for _, v := range nodes[1:] {
		hands.Go(func() {
			for range 20 {
				if err := v.Refresh(t.Context()); err != nil {
					t.Error(err)
				}
			}
		})
	}
	for range 4 {
		if _, err := nodes[0].Rotate(t.Context(), nothing); err != nil {
			t.Fatal(err)
		}
	}
	hands.Wait()
	for _, v := range nodes {
		if err := v.Refresh(t.Context()); err != nil {
			t.Error(err)
		}
	}
	if r := ring(t, s.dir); r.Current != 5 || len(r.Epochs) != 1 {
		t.Errorf("the file holds %d keys, the current one of epoch %d", len(r.Epochs), r.Current)
	}
	if err := s.reads(t, 3); err != nil {
		t.Error(err)
	}
}
