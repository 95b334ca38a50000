// Package line is the walk: accepted events go through collect, know and decide
// once, in memory, and are committed once.
//
//	Accept → group → Admit identifiers → lock fragments → seen before? → fold →
//	grants → who is this → audiences → campaigns → facts, states, jobs → commit → answers
//
// One writer (SQLite) groups what many requests bring into one transaction; on
// PostgreSQL several workers do so side by side, each holding the locks of its
// fragments. The answer comes after the commit: what it calls accepted is on
// disk, once, folded and readable.
//
// The line promises: a message of a source is applied once, for ever; a poison
// event never fails its neighbors; history that is imported says nothing to
// anybody. It does not parse (collect), rule (policy) or send (reach).
//
// Start reading at Accept, then walk.
package line
