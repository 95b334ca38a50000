// Package leak answers for data that got out: who is affected, with which data,
// to whom it had gone before, by when the authority must know, and what the
// people are told.
//
// Assess reads it from the ledgers alone, for a scope that says what is known so
// far; it can be asked again as more is known, and costs one walk over everybody.
// File keeps the case: its clock, its scope, what was found and done, without
// anything about a person. Draft is the report to the authority, with what the
// ledgers know filled in and what only people know asked for.
//
// It promises that whoever has data in the scope is counted once, and that being
// counted uses their data for nothing else. It tells nobody: messages go through
// a campaign that somebody else approves, and the gate. Start reading at Assess.
package leak
