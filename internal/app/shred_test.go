package app_test

import (
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"zombiezen.com/go/sqlite"
	"zombiezen.com/go/sqlite/sqlitex"

	"github.com/heed-platform/heed/internal/app"
	"github.com/heed-platform/heed/internal/clock"
	"github.com/heed-platform/heed/internal/config"
	"github.com/heed-platform/heed/internal/fact"
	"github.com/heed-platform/heed/internal/keep"
	"github.com/heed-platform/heed/internal/keep/gate"
	"github.com/heed-platform/heed/internal/keep/keeptest/longtest"
	"github.com/heed-platform/heed/internal/keep/keeptest/pgtest"
	"github.com/heed-platform/heed/internal/person"
	"github.com/heed-platform/heed/internal/problem"
)

// crowd is how many people the proof is about; she is the one who is erased. Under
// the race detector there are fewer: make test runs the proof once more without it.
const (
	crowd = 1000 - 800*longtest.Raced
	she   = 117
)

// gather lets the crowd come in, some at a time.
func (h *house) gather(t *testing.T) {
	t.Helper()
	for from := 0; from < crowd; from += 50 {
		var events []map[string]any
		for n := from; n < from+50; n++ {
			user, mail, _, device := passenger(n)
			events = append(events,
				map[string]any{
					"type": "identify", "userId": user, "anonymousId": device, "messageId": "who-" + user, "timestamp": "2026-03-02T10:00:00Z",
					"traits": map[string]any{"email": mail, "firstName": bird("first"), "note": fmt.Sprintf("%s and what she said, %d", canary, n)},
				},
				map[string]any{"type": "track", "userId": user, "event": bird("something nobody approved"), "messageId": "did-" + user, "properties": map[string]any{"query": bird("query")}})
		}
		h.tell(t, "server", events...)
	}
	h.tell(t, "server", map[string]any{"type": "identify", "userId": map[string]any{canary: 1}, "messageId": "aside"})
}

// crowdOf is who can be read with the keys that are here, by their user id, with
// what they said.
func (h *house) crowdOf(t *testing.T) map[string]string {
	t.Helper()
	ctx, v := t.Context(), h.Keep.Vault()
	out := map[string]string{}
	var after fact.FragmentID
	for {
		rows, err := v.Identity().Scan(ctx, after, 1000)
		if err != nil {
			t.Fatal(err)
		}
		if len(rows) == 0 {
			return out
		}
		after = rows[len(rows)-1].ID
		var ids []fact.FragmentID
		for _, r := range rows {
			ids = append(ids, r.ID)
		}
		frags, err := v.Fragments(ctx, ids)
		if err != nil {
			t.Fatal(err)
		}
		err = v.Data().Read(ctx, func(r keep.Reader) error {
			states, err := v.States(ctx, r, frags)
			for _, s := range states {
				for _, a := range s.Attributes {
					if a.Name == "note" {
						out[s.Identifier.Value.Reveal()] = a.Value.Reveal()
					}
				}
			}
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
	}
}

// copies are the files that backups were written to.
func copies(t *testing.T, folder string) (files []string) {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(folder, "*.tar"))
	if err != nil {
		t.Fatal(err)
	}
	return files
}

// elsewhere is an empty place of the same kind, at a time, with the key file of
// now or of another time.
func (h *house) elsewhere(t *testing.T, now clock.Instant, kek []byte) *house {
	t.Helper()
	to := &house{t: t, clock: clock.NewStill(now), log: &record{}, keys: h.keys, env: map[string]string{}}
	maps.Copy(to.env, h.env)
	to.env["HEED_DATA"] = t.TempDir()
	if h.env["HEED_DATABASE"] != "" {
		to.env["HEED_DATABASE"], to.env["HEED_KEYS"] = pgtest.URL(t), pgtest.URL(t)
	}
	if err := os.WriteFile(filepath.Join(to.env["HEED_DATA"], "heed.kek"), kek, 0o600); err != nil {
		t.Fatal(err)
	}
	return to
}

func (h *house) restore(t *testing.T, file string) error {
	t.Helper()
	cfg, err := config.Load(config.Flags{}, func(k string) (string, bool) { v, ok := h.env[k]; return v, ok && v != "" })
	if err != nil {
		t.Fatal(err)
	}
	_, err = app.Restore(t.Context(), cfg, file, h.clock, func(float64) {})
	return err
}

func (h *house) kek(t *testing.T) []byte {
	t.Helper()
	raw, err := os.ReadFile(filepath.Join(h.env["HEED_DATA"], "heed.kek"))
	if err != nil {
		t.Fatal(err)
	}
	return raw
}

// The proof that erasing reaches every copy. A thousand people; the database is
// backed up before, while and after one of them is erased, the identity store
// every day. Clear values are nowhere, at any time. Her hashes and keys are gone
// from live files within a minute, and from the copies of the identity store after
// seven days. From then on every backup of the database, restored with every copy
// of the identity store that there is, opens 999 people and not her. The controls:
// a copy that was kept against the rule opens her, until keys are rotated; and keys
// that lie in the same database as what they lock are found after they were deleted.
func TestShred(t *testing.T) {
	t.Parallel()
	housed(t, func(t *testing.T, h *house) {
		ctx := t.Context()
		must := func(err error) {
			t.Helper()
			if err != nil {
				t.Fatal(err)
			}
		}
		datas, keys, kept := t.TempDir(), t.TempDir(), t.TempDir()
		both := func() {
			t.Helper()
			_, err := h.BackUp(ctx, "admin:test", datas, func(float64) {})
			must(err)
			_, err = h.BackUpKeys(ctx, "admin:test", keys, func(float64) {})
			must(err)
		}
		clear := &scanner{}
		clear.text("the canary", canary)
		nowhere := func(when string) {
			t.Helper()
			found := slices.Concat(clear.live(t, h), clear.folder(t, datas), clear.folder(t, keys), clear.in("the log", h.log.Bytes()))
			for _, f := range found {
				t.Errorf("%s: %s", when, f)
			}
		}

		h.gather(t)
		whole := h.crowdOf(t)
		if len(whole) != crowd {
			t.Fatalf("%d people came in", len(whole))
		}
		both()
		nowhere("before")
		old := copies(t, keys)[0]
		stolen, err := os.ReadFile(old)
		must(err)
		must(os.WriteFile(filepath.Join(kept, filepath.Base(old)), stolen, 0o600))
		oldKek := h.kek(t)

		user, mail, _, _ := passenger(she)
		pass, err := h.honor(person.Ident(person.Email, mail))
		must(err)
		dossier, err := gate.Release(ctx, pass)
		must(err)
		traces := h.traces(t, dossier.Profile())
		if len(traces.live(t, h)) == 0 || len(traces.folder(t, keys)) == 0 {
			t.Error("control: her hashes and keys are not found while she is there")
		}
		if found := traces.folder(t, datas); len(found) > 0 {
			t.Errorf("a backup of the database holds what opens her: %v", found)
		}

		h.clock.Advance(24 * time.Hour)
		both()
		var beside sync.WaitGroup
		beside.Go(func() {
			if _, err := h.BackUp(ctx, "admin:test", filepath.Join(datas, "meanwhile.tar"), func(float64) {}); err != nil {
				t.Error(err)
			}
		})
		begun := time.Now()
		proof := h.erase(t, person.Ident(person.Email, mail))
		beside.Wait()
		if took := time.Since(begun); took > time.Minute || proof.Fragments < 2 {
			t.Errorf("erasing %d fragments took %s", proof.Fragments, took)
		}
		for _, f := range traces.live(t, h) {
			t.Errorf("after erasing: %s", f)
		}
		for range 8 {
			h.clock.Advance(24 * time.Hour)
			both()
		}
		nowhere("on day 9")
		for _, f := range slices.Concat(traces.folder(t, keys), traces.folder(t, datas), traces.live(t, h)) {
			t.Errorf("on day 9: %s", f)
		}
		if h.clock.Now() < proof.Backups {
			t.Error("the day that the proof names is not over")
		}
		if n := len(copies(t, keys)); n > 8 || n < 7 {
			t.Errorf("%d copies of the identity store are kept", n)
		}

		delete(whole, user)
		files := copies(t, datas)
		copiesOfKeys := copies(t, keys)
		newest := copiesOfKeys[len(copiesOfKeys)-1]
		for n, pair := range [][2]string{
			{files[0], copiesOfKeys[0]}, {filepath.Join(datas, "meanwhile.tar"), newest}, {files[len(files)-2], newest},
		} {
			to := h.elsewhere(t, h.clock.Now(), h.kek(t))
			must(to.restore(t, pair[1]))
			must(to.restore(t, pair[0]))
			to.open()
			if diff := cmp.Diff(whole, to.crowdOf(t)); diff != "" {
				t.Errorf("pair %d: who can be read (-want +got):\n%s", n, diff)
			}
			if _, err := to.honor(person.Ident(person.UserID, user)); !errors.Is(err, keep.ErrNobody) {
				t.Errorf("pair %d: she is there: %v", n, err)
			}
			if s, err := to.Keep.Sending(ctx); err != nil || !s.Off {
				t.Errorf("pair %d: sending is %+v, %v", n, s, err)
			}
			to.close()
		}

		// The first control: a copy that somebody kept, and a clock that lies.
		lie := h.elsewhere(t, noon.Add(time.Hour), oldKek)
		must(lie.restore(t, filepath.Join(kept, filepath.Base(old))))
		must(lie.restore(t, files[0]))
		lie.open()
		if _, err := lie.honor(person.Ident(person.UserID, user)); err != nil {
			t.Errorf("control: with a copy of the day before she cannot be read, so this test proves nothing: %v", err)
		}
		lie.close()
		// It is refused by its age, and after a rotation by what it is.
		lie.clock.Set(h.clock.Now())
		if err := lie.restore(t, filepath.Join(kept, filepath.Base(old))); problem.Of(err) == nil || problem.Of(err).Code != "key-copy-expired" {
			t.Errorf("a copy of day 0 on day 9: %v", err)
		}
		_, err = h.Keep.RotateKeys(ctx, "admin:test", func(int) {})
		must(err)
		lie.clock.Set(noon.Add(time.Hour))
		must(os.WriteFile(filepath.Join(lie.env["HEED_DATA"], "heed.kek"), h.kek(t), 0o600))
		if err := lie.restore(t, filepath.Join(kept, filepath.Base(old))); problem.Of(err) == nil || problem.Of(err).Code != "key-epoch-destroyed" {
			t.Errorf("a copy from before the rotation: %v", err)
		}
		if strings.Contains(string(h.kek(t)), string(oldKek[len(oldKek)/2:])) {
			t.Error("the old key is still in the key file")
		}
	})
}

// The second control: a key beside what it locks, in a database as it comes, is
// deleted and found.
func TestShred_keyBesideDataIsFound(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	c, err := sqlite.OpenConn(filepath.Join(dir, "one.db"), sqlite.OpenReadWrite|sqlite.OpenCreate)
	if err != nil {
		t.Fatal(err)
	}
	secret := []byte("a wrapped key of thirty-two bytes")
	run := func(sql string, args ...any) {
		t.Helper()
		if err := sqlitex.Execute(c, sql, &sqlitex.ExecOptions{Args: args}); err != nil {
			t.Fatal(err)
		}
	}
	run("CREATE TABLE person (id INTEGER PRIMARY KEY, key BLOB, body BLOB)")
	run("BEGIN")
	for n := range 300 {
		key := []byte(fmt.Sprintf("another key, it is number %06d", n))
		if n == 150 {
			key = secret
		}
		run("INSERT INTO person (key, body) VALUES (?, ?)", key, []byte("sealed"))
	}
	run("COMMIT")
	run("DELETE FROM person WHERE id = 151")
	if err := c.Close(); err != nil {
		t.Fatal(err)
	}
	s := &scanner{}
	s.raw("a deleted key", secret)
	if len(s.folder(t, dir)) == 0 {
		t.Fatal("a key that was deleted from an ordinary database is not found: the scanner proves nothing")
	}
}
