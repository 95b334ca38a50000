// Package retention empties what no promise keeps any more.
//
// A notice says for how many days it keeps a kind of data, a category may
// shorten that, a law may lengthen it. Clocks is the judge: of each event it
// names the parts that are over, and writes what is left. What a promise keeps
// that the person agreed to later stays; what only a law keeps stays under no
// promise, so that nobody may use it. Runner is the daily job: one node at a time, a
// page of people after the other, taken up where it stopped, its report counted
// in the transactions that empty.
//
// It promises that a value is kept exactly as long as some promise or law keeps
// it, that the state is what a rebuild gives, and that a report names nobody. It
// does not reach copies: a backup that is older than a run holds what the run
// emptied, and the report says so. Start reading at Clocks.
package retention
