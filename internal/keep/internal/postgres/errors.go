package postgres

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/jackc/pgx/v5/pgconn"

	"github.com/heed-platform/heed/internal/keep/internal/store"
)

// Codes of PostgreSQL's errors (its manual, appendix A).
const (
	codeDuplicate = "23505"
	codeDiskFull  = "53100"
)

// Another transaction was first, or the two had locked each other out.
var overtaken = []string{"40001", "40P01", "55P03"}

// The server is going, coming, full of others or not the one that may write.
var away = []string{"25006", "53200", "53300", "57P01", "57P02", "57P03", "57P05", "58030"}

// classify gives an error of PostgreSQL the name that both engines share. lost
// says that the connection is gone.
func classify(ctx context.Context, err error, lost bool) error {
	if err == nil || store.Known(err) {
		return err
	}
	if ctx.Err() != nil {
		return fmt.Errorf("database work stopped: %w", ctx.Err())
	}
	answer, answered := errors.AsType[*pgconn.PgError](err)
	switch {
	case answered && slices.Contains(overtaken, answer.Code):
		return fmt.Errorf("%w: %w", store.ErrStale, err)
	case answered && answer.Code == codeDiskFull:
		return fmt.Errorf("%w: %w", store.ErrFull, err)
	case answered && (slices.Contains(away, answer.Code) || answer.Code[:2] == "08"):
		return fmt.Errorf("%w: %w", store.ErrDown, err)
	case !answered && lost:
		return fmt.Errorf("%w: %w", store.ErrDown, err)
	}
	return err
}

// stale names the duplicate key that a chain gets when another writer appended
// the same number first.
func stale(err error) error {
	if answer, ok := errors.AsType[*pgconn.PgError](err); ok && answer.Code == codeDuplicate {
		return fmt.Errorf("%w: %w", store.ErrStale, err)
	}
	return err
}

// wrap says what was being done.
func wrap(what string, err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("%s: %w", what, err)
}
