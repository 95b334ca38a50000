// Package postgres is the engine for several nodes, PostgreSQL 15 or later.
//
// It promises that a write which returned nil is on the server's disk: every
// connection is refused when fsync, full_page_writes or synchronous_commit is
// off. Reads see one snapshot. Writes run side by side; Lock takes the rows of
// its fragments in id order, and whoever meets another writer all the same gets
// store.ErrStale and nothing of theirs is kept. A connection that broke is
// store.ErrDown, and then a commit may or may not have happened: callers repeat
// it, which they must be able to.
//
// Identity lives in the schema heed_keys and Data in heed, in one database or in
// two clusters. No trigger, no server time, and the fragment is in the key of
// every table that grows with people, so that Citus can spread them.
//
// It does not seal, judge or retry anything. Start reading at db.write in
// db.go, then facts.go; identity.go and data.go are the two stores.
package postgres
