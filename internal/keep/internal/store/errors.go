package store

import "errors"

// What engines answer, the same on both; keeptest holds them to it.
var (
	ErrNotFound = errors.New("not found")
	ErrStale    = errors.New("stale: another writer was first")
	ErrFenced   = errors.New("fenced: the lease went to somebody else")
	ErrFull     = errors.New("the disk is full")
	ErrDown     = errors.New("the database cannot be reached")
	ErrEpoch    = errors.New("the key of this epoch is no longer used")
	ErrUsed     = errors.New("the place is not empty")
)

// Known reports whether err has one of these names already.
func Known(err error) bool {
	return errors.Is(err, ErrNotFound) || errors.Is(err, ErrStale) || errors.Is(err, ErrFenced) ||
		errors.Is(err, ErrFull) || errors.Is(err, ErrDown) || errors.Is(err, ErrEpoch) || errors.Is(err, ErrUsed)
}
