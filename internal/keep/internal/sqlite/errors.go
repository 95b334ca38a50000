package sqlite

import (
	"context"
	"fmt"

	"zombiezen.com/go/sqlite"

	"github.com/heed-platform/heed/internal/keep/internal/store"
)

// classify gives an error of SQLite the name that both engines share.
func classify(ctx context.Context, err error) error {
	if err == nil {
		return nil
	}
	switch sqlite.ErrCode(err).ToPrimary() {
	case sqlite.ResultInterrupt:
		if ctx.Err() != nil {
			return fmt.Errorf("database work stopped: %w", context.Cause(ctx))
		}
	case sqlite.ResultFull:
		return fmt.Errorf("%w: %w", store.ErrFull, err)
	case sqlite.ResultIOErr, sqlite.ResultCantOpen, sqlite.ResultBusy, sqlite.ResultReadOnly:
		return fmt.Errorf("%w: %w", store.ErrDown, err)
	}
	return err
}

// broken reports errors after which the connection's view of the file cannot
// be trusted: after a failed sync the kernel may have dropped the pages that it
// could not write, and says so once only.
func broken(err error) bool {
	switch sqlite.ErrCode(err).ToPrimary() {
	case sqlite.ResultIOErr, sqlite.ResultCorrupt, sqlite.ResultNotADB, sqlite.ResultCantOpen:
		return true
	}
	return false
}

// wrap says what was being done.
func wrap(what string, err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("%s: %w", what, err)
}
