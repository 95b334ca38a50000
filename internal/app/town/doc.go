// Package town is a town of people living with a shop: phones, laptops, a family
// tablet, cards at the till, a newsletter, returns, a change of mind.
//
// Everything follows from one seed, so the demo, the tests and the benchmarks
// meet the same people. It makes Segment events and nothing else: it knows no
// database and no clock. Person and household names come from short lists of
// common given names; any likeness is chance.
//
// Start reading at New, then Day.
package town
