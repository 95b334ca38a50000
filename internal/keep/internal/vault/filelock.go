//go:build unix

package vault

import (
	"errors"
	"fmt"
	"os"

	"golang.org/x/sys/unix"
)

// alone runs f while no other process that shares the key file's folder changes
// it. The kernel lets go of the lock when a process dies, however it dies.
func alone(keyFile string, f func() error) (err error) {
	lock, err := os.OpenFile(keyFile+".lock", os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return fmt.Errorf("lock key file: %w", err)
	}
	defer func() { err = errors.Join(err, lock.Close()) }()
	if err := unix.Flock(int(lock.Fd()), unix.LOCK_EX); err != nil {
		return fmt.Errorf("lock key file: %w", err)
	}
	return f()
}
