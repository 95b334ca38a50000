package sqlite_test

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"go.uber.org/goleak"
	"zombiezen.com/go/sqlite"
	"zombiezen.com/go/sqlite/sqlitex"

	"github.com/heed-platform/heed/internal/clock"
	"github.com/heed-platform/heed/internal/fact"
	ours "github.com/heed-platform/heed/internal/keep/internal/sqlite"
	"github.com/heed-platform/heed/internal/keep/internal/store"
	given "github.com/heed-platform/heed/internal/keep/keeptest/giventest"
	"github.com/heed-platform/heed/internal/keep/keeptest/longtest"
	"github.com/heed-platform/heed/internal/problem"
)

// holder names the file that this process is to hold, when it is a helper.
const holder = "HEED_TEST_HOLD"

// TestMain lets the test binary be a second process.
func TestMain(m *testing.M) {
	if path := os.Getenv(holder); path != "" {
		d, err := ours.OpenData(context.Background(), path)
		if err != nil {
			fmt.Println(err)
			os.Exit(1)
		}
		fmt.Println("holding")
		for n := uint64(1); ; n++ { // until killed
			err := d.Write(context.Background(), func(w store.Writer) error { return w.Append(context.Background(), given.Facts(1, n, n)) })
			if err != nil {
				os.Exit(1)
			}
			fmt.Println(n)
		}
	}
	goleak.VerifyTestMain(m)
}

// TestOpen_secondProcess: it is refused with the pid of the first, and let in
// when that was killed; what the first had acknowledged is there.
func TestOpen_secondProcess(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "heed.db")
	acked := uint64(0)
	for range 5 {
		cmd := exec.CommandContext(t.Context(), os.Args[0])
		cmd.Env = append(os.Environ(), holder+"="+path)
		out, err := cmd.StdoutPipe()
		given.Must(t, err)
		given.Must(t, cmd.Start())
		lines := bufio.NewScanner(out)
		if !lines.Scan() || lines.Text() != "holding" {
			t.Fatalf("helper: %s", lines.Text())
		}
		_, err = ours.OpenData(t.Context(), path)
		var p *problem.Error
		if !errors.As(err, &p) || p.Code != "database-in-use" || len(p.Fields) != 1 || p.Fields[0].Reason != strconv.Itoa(cmd.Process.Pid) {
			t.Errorf("%v, want database-in-use with pid %d", err, cmd.Process.Pid)
		}
		for range 1 + rand.IntN(20) {
			if lines.Scan() {
				acked, err = strconv.ParseUint(lines.Text(), 10, 64)
				given.Must(t, err)
			}
		}
		given.Must(t, cmd.Process.Kill())
		rest, err := io.ReadAll(out)
		given.Must(t, err)
		if all := strings.Fields(string(rest)); len(all) > 0 {
			if n, err := strconv.ParseUint(all[len(all)-1], 10, 64); err == nil {
				acked = max(acked, n)
			}
		}
		_ = cmd.Wait() // it was killed
		d, err := ours.OpenData(t.Context(), path)
		given.Must(t, err)
		got := given.Chain(t, d, 1, 1)
		given.Equal(t, "chain", got, given.Facts(1, 1, uint64(len(got))))
		if uint64(len(got)) < acked {
			t.Errorf("%d facts of %d that were acknowledged", len(got), acked)
		}
		given.Write(t, d, func(ctx context.Context, w store.Writer) error { return w.Forget(ctx, []fact.FragmentID{1}) })
		given.Must(t, d.Close())
		acked = 0
	}
}

// TestOpen_sameProcess: nor may one process open a file twice.
func TestOpen_sameProcess(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "keys.db")
	i, err := ours.OpenIdentity(t.Context(), path)
	given.Must(t, err)
	if _, err := ours.OpenIdentity(t.Context(), path); problem.Of(err).Code != "database-in-use" {
		t.Errorf("%v, want database-in-use", err)
	}
	given.Must(t, i.Close())
	i, err = ours.OpenIdentity(t.Context(), path)
	given.Must(t, err)
	given.Must(t, i.Close())
}

// TestOpen_files: nobody but the owner reads them.
func TestOpen_files(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	_, d := place(dir, 0)(t)
	given.Must(t, d.Ready(t.Context()))
	entries, err := os.ReadDir(dir)
	given.Must(t, err)
	if len(entries) < 6 {
		t.Errorf("%d files, want two databases, their logs and locks", len(entries))
	}
	for _, e := range entries {
		info, err := e.Info()
		given.Must(t, err)
		if info.Mode().Perm() != 0o600 {
			t.Errorf("%s has mode %v", e.Name(), info.Mode())
		}
	}
}

func TestOpen_refused(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		sql  string
		code string
	}{
		"newer":  {"INSERT INTO schema_step VALUES (1000, 'x', 'y')", "schema-newer"},
		"edited": {"UPDATE schema_step SET sum = 'other' WHERE number = 1", "schema-edited"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			path := filepath.Join(t.TempDir(), "heed.db")
			d, err := ours.OpenData(t.Context(), path)
			given.Must(t, err)
			given.Must(t, d.Close())
			c0, err := sqlite.OpenConn(path, sqlite.OpenReadWrite)
			given.Must(t, err)
			given.Must(t, sqlitex.ExecuteTransient(c0, c.sql, nil))
			given.Must(t, c0.Close())
			if _, err := ours.OpenData(t.Context(), path); problem.Of(err).Code != c.code {
				t.Errorf("%v, want %s", err, c.code)
			}
		})
	}
	t.Run("not a database", func(t *testing.T) {
		t.Parallel()
		path := filepath.Join(t.TempDir(), "heed.db")
		given.Must(t, os.WriteFile(path, bytes.Repeat([]byte("not a database "), 1000), 0o600))
		if _, err := ours.OpenData(t.Context(), path); err == nil {
			t.Error("opened")
		}
	})
	t.Run("no folder", func(t *testing.T) {
		t.Parallel()
		if _, err := ours.OpenData(t.Context(), filepath.Join(t.TempDir(), "none", "heed.db")); err == nil {
			t.Error("opened")
		}
	})
	if ours.Remote(0x6969) != "nfs" || ours.Remote(0xef53) != "" {
		t.Error("file systems are mistaken for others")
	}
}

// traces counts the needles in all files of a folder.
func traces(t *testing.T, dir string, needles [][]byte) (found int) {
	t.Helper()
	entries, err := os.ReadDir(dir)
	given.Must(t, err)
	for _, e := range entries {
		b, err := os.ReadFile(filepath.Join(dir, e.Name()))
		given.Must(t, err)
		for _, n := range needles {
			found += bytes.Count(b, n)
		}
	}
	return found
}

// TestBury_traces: of fragments that were admitted and buried in random order,
// no hash and no key is left in any file.
func TestBury_traces(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	i, d := place(dir, 3)(t)
	people := uint64(longtest.Rounds(700, 3000))
	random := rand.New(rand.NewPCG(3, 4))
	var needles [][]byte
	ids := map[uint64]fact.FragmentID{}
	live := []uint64{}
	needle := func(n uint64) {
		f := given.Frag(n)
		ref := f.Ref.Bytes()
		needles = append(needles, f.Hash[:], f.Key, ref[:], []byte(fmt.Sprintf("fact 3 of %d, sealed", ids[n])))
	}
	for n := uint64(100_000); n < 100_000+people; {
		var links []store.Link
		var batch []uint64
		for range 1 + random.IntN(100) {
			batch = append(batch, n)
			links = append(links, given.Link(batch[0], n, n%2 == 0, clock.Instant(n), n))
			n++
		}
		for k, id := range given.Admit(t, i, batch, links...) {
			ids[k] = id
			live = append(live, k)
		}
		given.Write(t, d, func(ctx context.Context, w store.Writer) error {
			for _, k := range batch {
				given.Must(t, w.Append(ctx, given.Facts(ids[k], 1, 4)))
				given.Must(t, w.PutStates(ctx, []store.State{{Fragment: ids[k], N: 4, Version: 1, Body: given.Facts(ids[k], 3, 3)[0].Body}}))
			}
			return nil
		})
		if len(live) < 200 {
			continue
		}
		random.Shuffle(len(live), func(a, b int) { live[a], live[b] = live[b], live[a] })
		var gone []fact.FragmentID
		for _, k := range live[:150] {
			gone = append(gone, ids[k])
			needle(k)
		}
		live = live[150:]
		if len(needles) == 600 && traces(t, dir, needles) < 600 {
			t.Error("control: what is looked for was never there")
		}
		given.Must(t, i.Bury(t.Context(), gone, 1))
		given.Write(t, d, func(ctx context.Context, w store.Writer) error { return w.Forget(ctx, gone) })
		given.Must(t, d.Scrub(t.Context()))
	}
	if found := traces(t, dir, needles); found > 0 {
		t.Errorf("%d traces of %d needles", found, len(needles))
	}
}

// TestCheckpoint_bounded: the log does not grow with what is written.
func TestCheckpoint_bounded(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "heed.db")
	d, err := ours.OpenData(t.Context(), path)
	given.Must(t, err)
	defer d.Close()
	body := make([]byte, 1<<20)
	for n := range longtest.Rounds(150, 400) {
		given.Write(t, d, func(ctx context.Context, w store.Writer) error {
			return w.PutItems(ctx, []store.Item{{ID: fmt.Sprint(n), Body: body}})
		})
	}
	info, err := os.Stat(path + "-wal")
	given.Must(t, err)
	if info.Size() > 128<<20 {
		t.Errorf("the log has %d MB and is not checkpointed", info.Size()>>20)
	}
}

// TestScrub_waits: for a reader that still sees what was removed.
func TestScrub_waits(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	_, d := place(dir, 0)(t)
	given.Write(t, d, func(ctx context.Context, w store.Writer) error { return w.Append(ctx, given.Facts(7, 1, 4)) })
	needles := [][]byte{[]byte("fact 3 of 7, sealed")}
	given.Must(t, d.Read(t.Context(), func(r store.Reader) error {
		given.Equal(t, "seen", len(given.Collect(t, r.Facts(t.Context(), 7, 1))), 4)
		given.Write(t, d, func(ctx context.Context, w store.Writer) error { return w.Forget(ctx, []fact.FragmentID{7}) })
		ctx, stop := context.WithTimeout(t.Context(), 100_000_000)
		defer stop()
		if err := d.Scrub(ctx); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("%v, want context.DeadlineExceeded", err)
		}
		if traces(t, dir, needles) == 0 {
			t.Error("control: nothing was there to remove")
		}
		return nil
	}))
	given.Must(t, d.Scrub(t.Context()))
	given.Equal(t, "traces", traces(t, dir, needles), 0)
}
