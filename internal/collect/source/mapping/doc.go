// Package mapping is the small language that says what the rows of a file mean:
// which events they are, about whom, when, under which notice, with which
// grants, and which items of the catalog.
//
//	YAML ──Parse──▶ Mapping ──Rows.Make──▶ Made (an event's or an item's JSON)
//
// A mapping is data: it names columns, and knows no loops and no arithmetic but
// sums over the rows of one order and a price for one piece. workspace/import
// teaches it and holds examples.
//
// It promises strict reading (every fault with its line, before anything is
// imported), values that are exact (sums are decimal, never floating point), and
// that the same rows always make the same bytes. A value that cannot be read
// makes its row a Fault; it is never guessed. It reads no files.
//
// Start reading at Parse, then Rows.Make.
package mapping
