package keep_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/heed-platform/heed/internal/account/audit"
	"github.com/heed-platform/heed/internal/account/housetest"
	"github.com/heed-platform/heed/internal/clock"
	"github.com/heed-platform/heed/internal/keep"
	"github.com/heed-platform/heed/internal/keep/gate"
	"github.com/heed-platform/heed/internal/keep/keeptest/pgtest"
	"github.com/heed-platform/heed/internal/person"
	"github.com/heed-platform/heed/internal/problem"
)

// place is where a keep lies: two stores and a key file.
type place struct {
	keep.Config

	engine string
	clock  *clock.Still
}

// elsewhere is an empty place on the same kind of database, with its key file.
func elsewhere(t *testing.T, engine, kek string) *place {
	t.Helper()
	dir := t.TempDir()
	p := &place{keep.Config{Database: "sqlite:" + filepath.Join(dir, "heed.db"), Keys: "sqlite:" + filepath.Join(dir, "keys.db"), Folder: dir}, engine, clock.NewStill(housetest.Noon.Add(time.Hour))}
	if engine == "postgres" {
		p.Database, p.Keys = pgtest.URL(t), pgtest.URL(t)
	}
	raw, err := os.ReadFile(kek)
	if err == nil {
		err = os.WriteFile(filepath.Join(dir, "heed.kek"), raw, 0o600)
	}
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func (p *place) restore(ctx context.Context, backup []byte) error {
	_, err := keep.Restore(ctx, p.Config, func() (io.ReadCloser, error) { return io.NopCloser(bytes.NewReader(backup)), nil }, p.clock)
	return err
}

func (p *place) open(t *testing.T, h *housetest.House) *keep.Keep {
	t.Helper()
	k, err := keep.Open(t.Context(), p.Config, h.Know, p.clock)
	if err != nil {
		t.Fatal(err)
	}
	k.Gate.Adopt(h.Rules)
	return k
}

// house is one whose identity store is on the same kind of database as its data.
func house(t *testing.T, engine string) (*housetest.House, *place) {
	t.Helper()
	url := ""
	if engine == "postgres" {
		url = pgtest.URL(t)
	}
	h := housetest.New(t, engine, url)
	p := &place{keep.Config{Keys: "sqlite:" + h.Keys, Folder: filepath.Dir(h.Keys)}, engine, h.Clock}
	return h, p
}

func on(t *testing.T, test func(t *testing.T, engine string)) {
	t.Helper()
	for _, engine := range []string{"sqlite", "postgres"} {
		t.Run(engine, func(t *testing.T) {
			t.Parallel()
			test(t, engine)
		})
	}
}

func user(n int) string { return fmt.Sprintf("user-%d", n) }

// town lets some people live; their identity store is moved to PostgreSQL where
// the data are.
func town(t *testing.T, engine string, people int) (*housetest.House, *place, *keep.Keep) {
	t.Helper()
	h, was := house(t, engine)
	for n := range people {
		h.Hears("server",
			housetest.Event{
				"type": "identify", "userId": user(n), "anonymousId": fmt.Sprintf("browser-%d", n), "context": map[string]any{"notice": "newsletter@2"},
				"traits": map[string]any{"email": user(n) + "@mail.example", "firstName": "Ada", "country": "DE"},
			},
			housetest.Event{"type": "track", "userId": user(n), "event": "Product Viewed", "properties": map[string]any{"product_id": "p1"}})
	}
	return h, was, h.Keep
}

func copied(t *testing.T, k *keep.Keep, part keep.Part, now clock.Instant) []byte {
	t.Helper()
	var b bytes.Buffer
	told := 0.0
	_, err := k.Backup(t.Context(), part, &b, now, func(done float64) {
		if done < told || done > 1 {
			t.Errorf("progress went from %f to %f", told, done)
		}
		told = done
	})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := k.CheckBackup(bytes.NewReader(b.Bytes())); err != nil {
		t.Fatalf("a backup that was just made: %v", err)
	}
	return b.Bytes()
}

// lives lists the people who are there, by the address that they gave.
func lives(t *testing.T, k *keep.Keep) (mails []string) {
	t.Helper()
	err := gate.ExportAll(t.Context(), k.Gate, "people", housetest.Staff(gate.Subject{}), func(d gate.Dossier) error {
		for _, i := range d.Profile().Identifiers {
			if i.NS == person.Email {
				mails = append(mails, i.Value.Reveal())
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	slices.Sort(mails)
	return mails
}

func sound(t *testing.T, k *keep.Keep) {
	t.Helper()
	r, err := audit.Verify(t.Context(), k, nil)
	if err != nil || !r.Sound() {
		t.Errorf("verify: %+v, %v", r.Damage, err)
	}
}

func refused(t *testing.T, what string, err error, code string) {
	t.Helper()
	if problem.Of(err) == nil || problem.Of(err).Code != code {
		t.Errorf("%s: %v, want %s", what, err, code)
	}
}

// Both stores come back whole in another place, with sending switched off, and
// those who were erased since do not come back.
func TestRestore(t *testing.T) {
	t.Parallel()
	on(t, func(t *testing.T, engine string) {
		h, was, k := town(t, engine, 8)
		ctx := t.Context()
		kek := filepath.Join(was.Folder, "heed.kek")
		data := copied(t, k, keep.Facts, h.Clock.Now())
		h.Erase(housetest.Subject(person.UserID, user(3)))
		h.Hears("server", housetest.Event{"type": "identify", "userId": user(8), "traits": map[string]any{"email": "late@mail.example"}})
		if engine == "postgres" {
			// The identity store of the house is a file: its copy goes where it came from.
			backed := copied(t, k, keep.KeyStore, h.Clock.Now())
			to := elsewhere(t, engine, kek)
			refused(t, "a copy of a file into PostgreSQL", to.restore(ctx, backed), "backup-other-engine")
			to.Keys = "sqlite:" + filepath.Join(to.Folder, "keys.db")
			restores(t, h, to, backed, data)
			return
		}
		restores(t, h, elsewhere(t, engine, kek), copied(t, k, keep.KeyStore, h.Clock.Now()), data)
	})
}

func restores(t *testing.T, h *housetest.House, to *place, keys, data []byte) {
	t.Helper()
	ctx := t.Context()
	refused(t, "data without keys", to.restore(ctx, data), "restore-keys-first")
	if err := to.restore(ctx, keys); err != nil {
		t.Fatal(err)
	}
	refused(t, "keys over keys", to.restore(ctx, keys), "restore-into-used")
	_, err := keep.Open(ctx, to.Config, h.Know, to.clock)
	refused(t, "keys without data", err, "database-missing")
	if err := to.restore(ctx, data); err != nil {
		t.Fatal(err)
	}
	refused(t, "data over data", to.restore(ctx, data), "restore-into-used")
	k := to.open(t, h)
	defer func() {
		if err := k.Close(); err != nil {
			t.Error(err)
		}
	}()
	var want []string
	for n := range 8 {
		if n != 3 {
			want = append(want, user(n)+"@mail.example")
		}
	}
	if diff := cmp.Diff(want, lives(t, k)); diff != "" {
		t.Errorf("who is there (-want +got):\n%s", diff)
	}
	sound(t, k)
	if s, err := k.Sending(ctx); err != nil || !s.Off {
		t.Errorf("after a restore sending is %+v, %v", s, err)
	}
	if k.Recovery.Disowned == 0 || len(k.Recovery.From) != 2 {
		t.Errorf("the recovery says %+v", k.Recovery)
	}
	got, err := k.Vault().Admit(ctx, []keep.Name{{Identifier: person.Ident(person.UserID, "after")}}, nil)
	if err != nil || got.Fragments[0].ID < 1<<32 {
		t.Errorf("after a restore a number is given that may have been given before: %v", err)
	}
}

// What is not what was written is refused, and nothing is left behind.
func TestRestore_refuses(t *testing.T) {
	t.Parallel()
	on(t, func(t *testing.T, engine string) {
		h, was, k := town(t, engine, 3)
		ctx := t.Context()
		kek := filepath.Join(was.Folder, "heed.kek")
		data, keys := copied(t, k, keep.Facts, h.Clock.Now()), copied(t, k, keep.KeyStore, h.Clock.Now())
		to := elsewhere(t, engine, kek)
		to.Keys = "sqlite:" + filepath.Join(to.Folder, "keys.db")
		if err := os.Remove(filepath.Join(to.Folder, "heed.kek")); err != nil {
			t.Fatal(err)
		}
		refused(t, "without a key file", to.restore(ctx, keys), "key-file-missing")
		other, _, strange := town(t, "sqlite", 1)
		foreign := copied(t, strange, keep.KeyStore, other.Clock.Now())
		raw, err := os.ReadFile(kek)
		if err == nil {
			err = os.WriteFile(filepath.Join(to.Folder, "heed.kek"), raw, 0o600)
		}
		if err != nil {
			t.Fatal(err)
		}
		refused(t, "somebody else's keys", to.restore(ctx, foreign), "key-file-wrong")
		to.clock.Set(h.Clock.Now().Add(keep.KeyCopies + time.Minute))
		refused(t, "keys after 7 days", to.restore(ctx, keys), "key-copy-expired")
		to.clock.Set(h.Clock.Now().Add(keep.KeyCopies - time.Minute))
		if err := to.restore(ctx, keys); err != nil {
			t.Fatal(err)
		}
		for at := 0; at < len(data); at += 1 + len(data)/60 {
			turned := bytes.Clone(data)
			turned[at] ^= 0x20
			err := to.restore(ctx, turned)
			if p := problem.Of(err); p == nil || p.Kind == problem.Internal {
				t.Fatalf("byte %d of %d turned: %v", at, len(data), err)
			}
			refused(t, fmt.Sprintf("cut at byte %d of %d", at, len(data)), to.restore(ctx, data[:at]), "backup-damaged")
		}
		newer := bytes.Replace(data, []byte(`"format": 1`), []byte(`"format": 2`), 1)
		refused(t, "a newer format", to.restore(ctx, newer), "backup-newer")
		if err := to.restore(ctx, data); err != nil {
			t.Fatalf("after all that: %v", err)
		}
		left, err := filepath.Glob(filepath.Join(to.Folder, "*.restoring*"))
		if err != nil || len(left) > 0 {
			t.Errorf("left behind: %v, %v", left, err)
		}
	})
}

// A copy made while people come in holds at least those who had been told yes
// before it began, each whole.
func TestBackup_underLoad(t *testing.T) {
	t.Parallel()
	on(t, func(t *testing.T, engine string) {
		h, was, k := town(t, engine, 20)
		var hands sync.WaitGroup
		stop := make(chan struct{})
		hands.Go(func() {
			for n := 20; ; n++ {
				select {
				case <-stop:
					return
				default:
					h.Hears("server", housetest.Event{"type": "identify", "userId": user(n), "traits": map[string]any{"email": user(n) + "@mail.example"}})
				}
			}
		})
		var datas [][]byte
		var atLeast []int
		for range 3 {
			time.Sleep(50 * time.Millisecond)
			atLeast = append(atLeast, len(lives(t, k)))
			datas = append(datas, copied(t, k, keep.Facts, h.Clock.Now()))
		}
		close(stop)
		hands.Wait()
		keys := copied(t, k, keep.KeyStore, h.Clock.Now())
		for n, data := range datas {
			to := elsewhere(t, engine, filepath.Join(was.Folder, "heed.kek"))
			to.Keys = "sqlite:" + filepath.Join(to.Folder, "keys.db")
			if err := errors.Join(to.restore(t.Context(), keys), to.restore(t.Context(), data)); err != nil {
				t.Fatal(err)
			}
			restored := to.open(t, h)
			if got := lives(t, restored); len(got) < atLeast[n] || !strings.Contains(strings.Join(got, " "), user(19)+"@") {
				t.Errorf("copy %d holds %d people of at least %d", n, len(got), atLeast[n])
			}
			sound(t, restored)
			if err := restored.Close(); err != nil {
				t.Error(err)
			}
		}
	})
}
