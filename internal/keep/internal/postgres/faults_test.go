package postgres_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/heed-platform/heed/internal/fact"
	"github.com/heed-platform/heed/internal/keep/internal/postgres"
	"github.com/heed-platform/heed/internal/keep/internal/store"
	given "github.com/heed-platform/heed/internal/keep/keeptest/giventest"
	"github.com/heed-platform/heed/internal/keep/keeptest/pgtest"
	"github.com/heed-platform/heed/internal/problem"
)

func TestClassify(t *testing.T) {
	t.Parallel()
	known := []error{store.ErrStale, store.ErrDown, store.ErrFull}
	for code, want := range map[string]error{
		"40001": store.ErrStale, "40P01": store.ErrStale, "08006": store.ErrDown, "57P01": store.ErrDown,
		"53300": store.ErrDown, "25006": store.ErrDown, "53100": store.ErrFull, "42601": nil, "23505": nil,
	} {
		for _, k := range known {
			if got := errors.Is(postgres.Classify(t.Context(), code, true), k); got != errors.Is(want, k) {
				t.Errorf("%s is %v: %v", code, k, got)
			}
		}
	}
	ctx, stop := context.WithCancel(t.Context())
	stop()
	if err := postgres.Classify(ctx, "57014", true); !errors.Is(err, context.Canceled) {
		t.Errorf("%v, want context.Canceled", err)
	}
}

func TestOpen_unsafe(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		version              int
		fsync, pages, commit string
		code                 string
	}{
		{150000, "on", "on", "on", ""},
		{180001, "on", "on", "remote_apply", ""},
		{140012, "on", "on", "on", "database-too-old"},
		{150000, "off", "on", "on", "database-unsafe"},
		{150000, "on", "off", "on", "database-unsafe"},
		{150000, "on", "on", "off", "database-unsafe"},
		{150000, "on", "on", "local", "database-unsafe"},
		{150000, "on", "on", "remote_write", "database-unsafe"},
	} {
		err := postgres.Safe(c.version, c.fsync, c.pages, c.commit)
		if p := problem.Of(err); p == nil && c.code != "" || p != nil && p.Code != c.code {
			t.Errorf("%v: %v", c, err)
		}
	}
	url := pgtest.URL(t)
	for bad, code := range map[string]string{
		url + "&options=-c%20synchronous_commit%3Doff": "database-unsafe",
		"postgres://%zz": "database-address",
	} {
		if _, err := postgres.OpenData(t.Context(), bad); problem.Of(err).Code != code {
			t.Errorf("%v, want %s", err, code)
		}
	}
	if _, err := postgres.OpenData(t.Context(), "postgres://postgres@127.0.0.1:1/x?sslmode=disable"); !errors.Is(err, store.ErrDown) {
		t.Errorf("nobody listens: %v, want ErrDown", err)
	}
}

func TestOpen_newer(t *testing.T) {
	t.Parallel()
	url := pgtest.URL(t)
	place(url)(t)
	conn, err := pgx.Connect(t.Context(), url)
	given.Must(t, err)
	defer conn.Close(t.Context())
	_, err = conn.Exec(t.Context(), "INSERT INTO heed.schema_step VALUES (1000, 'x', 'y')")
	given.Must(t, err)
	if _, err := postgres.OpenData(t.Context(), url); problem.Of(err).Code != "schema-newer" {
		t.Errorf("%v, want schema-newer", err)
	}
}

// TestOpen_together: nodes that start at the same time migrate once.
func TestOpen_together(t *testing.T) {
	t.Parallel()
	url := pgtest.URL(t)
	var all sync.WaitGroup
	for range 4 {
		all.Go(func() {
			i, err := postgres.OpenIdentity(t.Context(), url)
			if err != nil {
				t.Error(err)
				return
			}
			d, err := postgres.OpenData(t.Context(), url)
			if err != nil {
				t.Error(err)
				return
			}
			if err := errors.Join(d.Ready(t.Context()), i.Close(), d.Close()); err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
}

// TestConnection_lost: whose connection is cut gets ErrDown, and the next one
// works again.
func TestConnection_lost(t *testing.T) {
	t.Parallel()
	url := pgtest.URL(t)
	_, d := place(url)(t)
	killer, err := pgx.Connect(t.Context(), url)
	given.Must(t, err)
	defer killer.Close(t.Context())
	kill := func() {
		_, err := killer.Exec(t.Context(), "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()")
		given.Must(t, err)
	}
	err = d.Write(t.Context(), func(w store.Writer) error {
		given.Must(t, w.Append(t.Context(), given.Facts(1, 1, 1)))
		kill()
		return w.Append(t.Context(), given.Facts(1, 2, 2))
	})
	if !errors.Is(err, store.ErrDown) {
		t.Errorf("cut in a write: %v, want ErrDown", err)
	}
	err = d.Read(t.Context(), func(r store.Reader) error {
		kill()
		_, err := r.States(t.Context(), []fact.FragmentID{1})
		return err
	})
	if !errors.Is(err, store.ErrDown) {
		t.Errorf("cut in a read: %v, want ErrDown", err)
	}
	kill() // the idle ones: at most the first call may notice
	for tries := 0; ; tries++ {
		err := d.Write(t.Context(), func(w store.Writer) error { return w.Append(t.Context(), given.Facts(1, 1, 1)) })
		if err == nil {
			break
		}
		if !errors.Is(err, store.ErrDown) || tries > 20 {
			t.Fatal(err)
		}
	}
	given.Equal(t, "kept", given.Chain(t, d, 1, 1), given.Facts(1, 1, 1))
}

// TestCommit_inDoubt: the answer to COMMIT never comes. The caller is told that
// the database is away, and meets their own work when they try again.
func TestCommit_inDoubt(t *testing.T) {
	t.Parallel()
	url := pgtest.URL(t)
	_, direct := place(url)(t)
	p := newProxy(t, url)
	d, err := postgres.OpenData(t.Context(), p.url)
	given.Must(t, err)
	t.Cleanup(func() { given.Must(t, d.Close()) })
	p.mode.Store(swallowCommit)
	err = d.Write(t.Context(), func(w store.Writer) error { return w.Append(t.Context(), given.Facts(1, 1, 3)) })
	if !errors.Is(err, store.ErrDown) {
		t.Errorf("%v, want ErrDown", err)
	}
	p.mode.Store(forward)
	given.Equal(t, "it was committed", given.Chain(t, direct, 1, 1), given.Facts(1, 1, 3))
	err = d.Write(t.Context(), func(w store.Writer) error { return w.Append(t.Context(), given.Facts(1, 1, 3)) })
	if !errors.Is(err, store.ErrStale) {
		t.Errorf("again: %v, want ErrStale", err)
	}
	given.Equal(t, "once", given.Chain(t, direct, 1, 1), given.Facts(1, 1, 3))
}

// TestConnection_blackHole: nobody waits longer than they said.
func TestConnection_blackHole(t *testing.T) {
	t.Parallel()
	p := newProxy(t, pgtest.URL(t))
	d, err := postgres.OpenData(t.Context(), p.url)
	given.Must(t, err)
	t.Cleanup(func() { given.Must(t, d.Close()) })
	given.Must(t, d.Ready(t.Context()))
	p.mode.Store(swallow)
	ctx, stop := context.WithTimeout(t.Context(), 200*time.Millisecond)
	defer stop()
	begun := time.Now()
	err = d.Write(ctx, func(w store.Writer) error { return w.Append(ctx, given.Facts(1, 1, 1)) })
	if took := time.Since(begun); !errors.Is(err, context.DeadlineExceeded) || took > 5*time.Second {
		t.Errorf("%v after %v, want context.DeadlineExceeded at once", err, took)
	}
	p.mode.Store(forward)
	given.Must(t, d.Ready(t.Context()))
}

// TestCrash: what was acknowledged before the server died is there after it.
func TestCrash(t *testing.T) {
	t.Parallel()
	url, crash := pgtest.Cluster(t)
	_, d := place(url)(t)
	acked, refused := uint64(0), 0
	for range 3 {
		crash()
		for done := 0; done < 20; {
			// In doubt, the chain itself says how far it is.
			err := d.Write(t.Context(), func(w store.Writer) error {
				ctx := t.Context()
				if _, err := w.Lock(ctx, []fact.FragmentID{1}); err != nil {
					return err
				}
				next := acked + 1
				for f, err := range w.Facts(ctx, 1, next) {
					if err != nil {
						return err
					}
					next = f.N + 1
				}
				acked = next - 1
				return w.Append(ctx, given.Facts(1, next, next))
			})
			switch {
			case err == nil:
				acked++
				done++
			case errors.Is(err, store.ErrDown):
				refused++
				time.Sleep(20 * time.Millisecond)
			default:
				t.Fatal(err)
			}
		}
	}
	if refused == 0 {
		t.Error("the server never died")
	}
	got := given.Chain(t, d, 1, 1)
	given.Equal(t, "chain", got, given.Facts(1, 1, uint64(len(got))))
	if uint64(len(got)) < acked {
		t.Errorf("%d of %d acknowledged facts", len(got), acked)
	}
}

// traces counts the needles in the files of a database.
func traces(t *testing.T, conn *pgx.Conn, needles [][]byte) (found int) {
	t.Helper()
	_, err := conn.Exec(t.Context(), "CHECKPOINT")
	given.Must(t, err)
	var dir, oid string
	given.Must(t, conn.QueryRow(t.Context(), "SELECT current_setting('data_directory'), oid::text FROM pg_database WHERE datname = current_database()").Scan(&dir, &oid))
	given.Must(t, filepath.WalkDir(filepath.Join(dir, "base", oid), func(path string, e fs.DirEntry, err error) error {
		if err != nil || e.IsDir() {
			return err
		}
		b, err := os.ReadFile(path)
		if errors.Is(err, fs.ErrNotExist) { // removed since it was listed
			return nil
		}
		for _, n := range needles {
			found += bytes.Count(b, n)
		}
		return err
	}))
	return found
}

// TestBury_traces: no hash and no key of the buried is left in any file of the
// identity store. What goes on seeing them holds Bury up.
func TestBury_traces(t *testing.T) {
	t.Parallel()
	url := pgtest.URL(t)
	i, d := place(url)(t)
	conn, err := pgx.Connect(t.Context(), url)
	given.Must(t, err)
	defer conn.Close(t.Context())
	var ns []uint64
	for n := uint64(100_000); n < 100_500; n++ {
		ns = append(ns, n)
	}
	ids := given.Admit(t, i, ns)
	for round := range 3 {
		var gone []fact.FragmentID
		var needles [][]byte
		for k := round; k < len(ns); k += 9 {
			gone = append(gone, ids[ns[k]])
			f := given.Frag(ns[k])
			ref := f.Ref.Bytes()
			needles = append(needles, f.Hash[:], f.Key, ref[:])
		}
		// Samples for the planner are copies too.
		_, err := conn.Exec(t.Context(), "ANALYZE")
		given.Must(t, err)
		if traces(t, conn, needles) < len(needles) {
			t.Error("control: what is looked for was never there")
		}
		given.Must(t, d.Read(t.Context(), func(r store.Reader) error {
			_, err := r.Meta(t.Context(), "x") // the snapshot begins here
			given.Must(t, err)
			ctx, stop := context.WithTimeout(t.Context(), 200*time.Millisecond)
			defer stop()
			if err := i.Bury(ctx, gone, 1); !errors.Is(err, context.DeadlineExceeded) {
				t.Errorf("%v, want context.DeadlineExceeded", err)
			}
			return nil
		}))
		given.Must(t, i.Bury(t.Context(), gone, 1))
		given.Equal(t, "traces", traces(t, conn, needles), 0)
	}
	left, err := i.Scan(t.Context(), 0, 1000)
	given.Must(t, err)
	given.Equal(t, "left", len(left), 500-3*56)
}

// TestLock_spread locks as Citus needs it: a shard at a time.
func TestLock_spread(t *testing.T) {
	t.Parallel()
	url := pgtest.URL(t)
	d, err := postgres.OpenData(t.Context(), url)
	given.Must(t, err)
	t.Cleanup(func() { given.Must(t, d.Close()) })
	d.Spread()
	want := []store.State{{Fragment: 2, N: 1, Version: 1}, {Fragment: 7, N: 2, Version: 1}}
	given.Write(t, d, func(ctx context.Context, w store.Writer) error { return w.PutStates(ctx, want) })
	given.Write(t, d, func(ctx context.Context, w store.Writer) error {
		got, err := w.Lock(ctx, []fact.FragmentID{9, 7, 2, 7})
		given.Equal(t, "locked", got, want)
		return err
	})
}

// TestLock_order: transactions that want the same fragments in other orders do
// not lock each other out.
func TestLock_order(t *testing.T) {
	t.Parallel()
	_, d := place(pgtest.URL(t))(t)
	var all sync.WaitGroup
	for racer := range 6 {
		all.Go(func() {
			for round := range 15 {
				ids := []fact.FragmentID{fact.FragmentID(round*3 + 1), fact.FragmentID(round*3 + 2), fact.FragmentID(round*3 + 3)}
				if racer%2 == 0 {
					ids[0], ids[2] = ids[2], ids[0]
				}
				err := d.Write(t.Context(), func(w store.Writer) error {
					_, err := w.Lock(t.Context(), ids)
					return err
				})
				if err != nil {
					t.Error(err)
				}
			}
		})
	}
	all.Wait()
}

func TestAddress_secret(t *testing.T) {
	t.Parallel()
	_, err := postgres.OpenData(t.Context(), "postgres://u:hunter2@127.0.0.1:1/x?sslmode=disable&connect_timeout=1")
	if err == nil || strings.Contains(fmt.Sprint(err, problem.Of(err)), "hunter2") {
		t.Errorf("the password is told: %v", err)
	}
}
