package sqlite

import (
	"context"
	"fmt"
	"slices"

	"zombiezen.com/go/sqlite"

	"github.com/heed-platform/heed/internal/keep/internal/store"
)

// classify gives an error of SQLite the name that both engines share.
func classify(ctx context.Context, err error) error {
	if err == nil || store.Known(err) {
		return err
	}
	switch code := sqlite.ErrCode(err).ToPrimary(); {
	case code == sqlite.ResultInterrupt && ctx.Err() != nil:
		return fmt.Errorf("database work stopped: %w", ctx.Err())
	case code == sqlite.ResultFull:
		return fmt.Errorf("%w: %w", store.ErrFull, err)
	case slices.Contains(unreachable, code):
		return fmt.Errorf("%w: %w", store.ErrDown, err)
	}
	return err
}

var (
	unreachable = []sqlite.ResultCode{sqlite.ResultIOErr, sqlite.ResultCantOpen, sqlite.ResultBusy, sqlite.ResultReadOnly}
	distrusted  = []sqlite.ResultCode{sqlite.ResultIOErr, sqlite.ResultCantOpen, sqlite.ResultCorrupt, sqlite.ResultNotADB}
)

// broken reports errors after which the connection's view of the file cannot
// be trusted: after a failed sync the kernel may have dropped the pages that it
// could not write, and says so once only.
func broken(err error) bool {
	return slices.Contains(distrusted, sqlite.ErrCode(err).ToPrimary())
}

// wrap says what was being done.
func wrap(what string, err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("%s: %w", what, err)
}
