// Package identity decides which fragments are one person.
//
// A fragment is one identifier and what arrived on it. An event that carries
// several identifiers leaves edges between their fragments. Resolve looks at
// the fragments and edges of one component and says which of them are one
// person, which edges it accepted, and why it refused the others:
//
//		named     user_id ─ email ─ phone …      what a human is called
//		device    device_id, push_token, anonymous_id
//		verified  said by a server key or a signed call
//		claimed   said by a browser, without proof
//
//	 1. Verified edges between named fragments, earliest first.
//	 2. Verified edges to devices. A device that signed-in people share joins
//	    nobody: neither of them owns what was done on it without signing in.
//	 3. Claimed edges, which join a device's past to a claimed name only as long
//	    as nobody has verified anything about that name.
//
// It promises that the answer depends on what was said and when, never on the
// order in which it arrived: everything is decided again each time, so an
// earlier edge that turns up late takes its place. Two different strong
// identifiers (user_id, member_id) are never in one person. An edge that was
// cut by hand is as if it had never been said.
//
// It does no I/O, keeps nothing, moves no fact, and does not look into
// profiles. Which identifier names an event's fragment is collect's to say;
// finding fragments by keyed hash is keep's. Start reading at Resolve, then
// solver.settle.
package identity
