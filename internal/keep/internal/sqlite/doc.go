// Package sqlite is the engine for one machine: two files, one process.
//
// It promises that a write which returned nil survives a power cut: WAL with
// synchronous=FULL, read back on every connection. Removed rows are overwritten
// (secure_delete), and Bury and Scrub empty the log too. A second process on a
// file is refused with the pid of the first. One write runs at a time, in the
// order in which the writers' turns come; reads run beside it, each on its own
// snapshot.
//
// Facts are appended to one table that has no index but its row number; each
// row links to the previous one of its fragment, so an event costs the same
// however many are stored. It does not seal, judge or retry anything.
//
// Start reading at db.write in db.go, then facts.go; identity.go and data.go
// are the two stores.
package sqlite
