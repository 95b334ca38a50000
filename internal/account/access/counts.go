package access

import "sync/atomic"

// Counts is what whoever watches over heed may want to know; all of it since the
// start.
type Counts struct {
	Asked   atomic.Int64 // codes that were asked for
	Sent    atomic.Int64 // and sent
	Wrong   atomic.Int64 // codes that did not fit
	Worn    atomic.Int64 // codes that were tried too often, or too late
	Slowed  atomic.Int64 // askings beyond what an address may ask for
	Spent   atomic.Int64 // messages that the day's budget did not allow
	Dropped atomic.Int64 // errands for which there was no room
	Entered atomic.Int64 // sessions that began with Full scope
}

// Counts counts what happens at the desk.
func (d *Desk) Counts() *Counts { return &d.counts }
