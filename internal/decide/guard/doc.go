// Package guard holds the rules that may veto a message, one by one.
//
// A guard is a pure function of a Case, which holds everything it may look at:
// no clock, no database, nothing about a person that the gate did not show.
// Every guard is asked about every candidate, so that a dry run can say how many
// people each of them stops, and each answers in three voices: a code, a
// sentence for the marketer, a sentence for the person.
//
// It promises: what is not known vetoes; the person's own wish is never weaker
// than the brand's; service messages are exempt from marketing's manners, never
// from permission. Some vetoes pass with time (caps, quiet hours, a break); When
// says when. It does not choose between candidates. Start reading at Judge.
package guard
