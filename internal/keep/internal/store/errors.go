package store

import "errors"

// What engines answer, the same on both; keeptest holds them to it.
var (
	ErrNotFound = errors.New("not found")
	ErrStale    = errors.New("stale: another writer was first")
	ErrFenced   = errors.New("fenced: the lease went to somebody else")
	ErrFull     = errors.New("the disk is full")
	ErrDown     = errors.New("the database cannot be reached")
)
