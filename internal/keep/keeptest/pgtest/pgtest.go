// Package pgtest lends tests a PostgreSQL that they start themselves.
//
// The first call in a test binary starts one cluster with the machine's own
// binaries, with the settings that heed insists on (fsync stays on); every call
// makes one fresh database in it. The cluster ends with the test binary, even
// when that panics or is killed: a small shell holds the other end of a pipe
// and stops the server when the pipe breaks. Where PostgreSQL is missing the
// test fails and says what to install. Start reading at URL.
package pgtest

import (
	"context"
	_ "embed"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
)

//go:embed cluster.sh
var script string

// One cluster serves a whole test binary, because starting one takes seconds.
var (
	shared = sync.OnceValues(start)
	made   atomic.Int64
)

// URL is the address of a fresh, empty database on a real cluster. It is
// dropped when the test ends, whoever is still connected.
func URL(t testing.TB) string {
	t.Helper()
	c, err := shared()
	if err != nil {
		t.Fatal(err)
	}
	name := fmt.Sprintf("heed_%d", made.Add(1))
	if err := c.exec(t.Context(), "CREATE DATABASE "+name); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		// The test's own context has ended by now.
		ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
		defer cancel()
		if err := c.exec(ctx, "DROP DATABASE "+name+" WITH (FORCE)"); err != nil {
			t.Error(err)
		}
	})
	return fmt.Sprintf("postgres://postgres@127.0.0.1:%d/%s?sslmode=disable", c.port, name)
}

// Cluster is the address of a cluster of the test's own, and crash kills its
// server in the middle of whatever it does. It comes up again by itself; calls
// fail until then.
func Cluster(t testing.TB) (url string, crash func()) {
	t.Helper()
	c, err := start()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.hold.Close() })
	return fmt.Sprintf("postgres://postgres@127.0.0.1:%d/postgres?sslmode=disable", c.port), func() {
		t.Helper()
		if err := c.crash(); err != nil {
			t.Fatal(err)
		}
	}
}

// crash lets every process of the server quit without finishing anything; the
// next one recovers from the log.
func (c *cluster) crash() error {
	text, err := os.ReadFile(filepath.Join(c.dir, "data", "postmaster.pid"))
	if err != nil {
		return err
	}
	first, _, _ := strings.Cut(string(text), "\n")
	pid, err := strconv.Atoi(first)
	if err != nil {
		return err
	}
	if err := os.WriteFile(filepath.Join(c.dir, "crashed"), nil, 0o600); err != nil {
		return err
	}
	return syscall.Kill(pid, syscall.SIGQUIT)
}

// cluster is a running server.
type cluster struct {
	dir  string
	port int
	hold *os.File // while this end of the pipe is open the server runs
}

func (c *cluster) exec(ctx context.Context, sql string) error {
	conn, err := pgx.Connect(ctx, fmt.Sprintf("host=%s port=%d user=postgres dbname=postgres", c.dir, c.port))
	if err != nil {
		return fmt.Errorf("reach the test cluster: %w", err)
	}
	_, err = conn.Exec(ctx, sql)
	return errors.Join(err, conn.Close(ctx))
}

func start() (*cluster, error) {
	bin, err := binaries()
	if err != nil {
		return nil, err
	}
	who, err := owner()
	if err != nil {
		return nil, err
	}
	// Between asking for a free port and using it somebody else may take it.
	var c *cluster
	for range 5 {
		if c, err = launch(bin, who); err == nil {
			return c, nil
		}
	}
	return nil, err
}

// binaries is the folder of the newest PostgreSQL: Debian keeps it out of PATH.
func binaries() (string, error) {
	found, err := filepath.Glob("/usr/lib/postgresql/*/bin/initdb")
	if err != nil {
		return "", err
	}
	if path, err := exec.LookPath("initdb"); err == nil {
		found = append(found, path)
	}
	if len(found) == 0 {
		return "", errors.New("this test needs PostgreSQL: install Debian's package postgresql, or run make test, which installs it")
	}
	newest := slices.MaxFunc(found, func(a, b string) int { return version(a) - version(b) })
	return filepath.Dir(newest), nil
}

// version is the number in /usr/lib/postgresql/15/bin/initdb, else 0.
func version(path string) int {
	n, err := strconv.Atoi(filepath.Base(filepath.Dir(filepath.Dir(path))))
	if err != nil {
		return 0
	}
	return n
}

// owner is whom the server runs as: PostgreSQL refuses to run as root. Nil is
// the current user.
func owner() (*syscall.Credential, error) {
	if os.Getuid() != 0 {
		return nil, nil
	}
	u, err := user.Lookup("postgres")
	if err != nil {
		return nil, fmt.Errorf("root cannot run PostgreSQL and there is no user postgres; install Debian's package postgresql: %w", err)
	}
	uid, err := strconv.ParseUint(u.Uid, 10, 32)
	if err != nil {
		return nil, err
	}
	gid, err := strconv.ParseUint(u.Gid, 10, 32)
	if err != nil {
		return nil, err
	}
	return &syscall.Credential{Uid: uint32(uid), Gid: uint32(gid)}, nil
}

func launch(bin string, who *syscall.Credential) (c *cluster, err error) {
	c = &cluster{}
	if c.dir, err = os.MkdirTemp("", "heed-pg-"); err != nil {
		return nil, err
	}
	if who != nil {
		if err := os.Chown(c.dir, int(who.Uid), int(who.Gid)); err != nil {
			return nil, err
		}
	}
	if c.port, err = freePort(); err != nil {
		return nil, err
	}
	end, hold, err := os.Pipe()
	if err != nil {
		return nil, err
	}
	defer end.Close()
	c.hold = hold
	cmd := exec.Command("/bin/sh", "-c", script, "cluster", bin, c.dir, strconv.Itoa(c.port))
	cmd.Stdin = end
	cmd.Dir = "/"
	// A session of its own: Ctrl-C must reach the tests first.
	cmd.SysProcAttr = &syscall.SysProcAttr{Credential: who, Setsid: true}
	if err := cmd.Start(); err != nil {
		return nil, errors.Join(err, hold.Close())
	}
	if err := c.await(); err != nil {
		log, _ := os.ReadFile(filepath.Join(c.dir, "log"))
		_ = hold.Close()
		_ = cmd.Wait() // it removes its folder
		return nil, fmt.Errorf("start PostgreSQL: %w\n%s", err, log)
	}
	return c, nil
}

// await waits until the server answers or has ended.
func (c *cluster) await() error {
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	for {
		err := c.exec(ctx, "SELECT 1")
		if err == nil || ctx.Err() != nil {
			return err
		}
		if _, err := os.Stat(filepath.Join(c.dir, "ended")); err == nil {
			return errors.New("the server ended")
		}
		time.Sleep(20 * time.Millisecond)
	}
}

func freePort() (int, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return 0, err
	}
	_, text, err := net.SplitHostPort(l.Addr().String())
	if err != nil {
		return 0, err
	}
	port, err := strconv.Atoi(text)
	return port, errors.Join(err, l.Close())
}
