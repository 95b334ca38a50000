//go:build unix

package sqlite

import (
	"errors"
	"fmt"
	"io"
	"os"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"

	"github.com/heed-platform/heed/internal/problem"
)

var (
	errInUse = problem.New(problem.Conflict, "database-in-use",
		"Another heed process has this database open; stop it first, or send the command to it through its admin address.")
	errRemote = problem.New(problem.Invalid, "database-on-network-disk",
		"The database file lies on a network file system, where file locks and syncs cannot be trusted; move it to a local disk or use PostgreSQL.")
)

// acquire takes the lock file beside a database and leaves our pid in it. The
// kernel lets go of the lock when the process dies, however it dies; the file
// itself stays, because removing it would let two processes lock two files.
func acquire(path string) (*os.File, error) {
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, fmt.Errorf("open lock file: %w", err)
	}
	err = unix.Flock(int(f.Fd()), unix.LOCK_EX|unix.LOCK_NB)
	if errors.Is(err, unix.EWOULDBLOCK) {
		pid, _ := io.ReadAll(io.LimitReader(f, 20))
		return nil, errors.Join(errInUse.At("pid", strings.TrimSpace(string(pid))), f.Close())
	}
	if err == nil {
		err = f.Truncate(0)
	}
	if err == nil {
		_, err = f.WriteAt([]byte(strconv.Itoa(os.Getpid())+"\n"), 0)
	}
	if err != nil {
		return nil, errors.Join(fmt.Errorf("lock database: %w", err), f.Close())
	}
	return f, nil
}
