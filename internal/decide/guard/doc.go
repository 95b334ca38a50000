// Package guard holds the rules that may veto a message, one by one.
//
// A guard is a pure function of a Case, which holds everything it may look at:
// no clock, no database, nothing about a person that the gate did not show.
// Every guard is asked about every candidate, so that a dry run can say how many
// people each of them stops, and each answers in three voices: a code, a
// sentence for the marketer, a sentence for the person.
//
// It promises:
//   - What is not known vetoes: the zero Case is stopped, and so is a person who
//     may have the thing, may be at night, may be out of the audience.
//   - A person's own wish is never weaker than the brand's; both hold.
//   - Service messages are exempt from marketing's manners (from sensitive_topic
//     on), never from permission, promise, address, occasion and expiry.
//   - Caps count in rolling windows, and a clock that is set back never widens
//     one. Caps, quiet hours, breaks and things about used up pass with time:
//     Verdict.Later is the first instant at which all of them have passed. A
//     message that could leave only after its moment is over is not chosen.
//
// The zone of somebody who set none is the brand's: of the zones that are
// configured it is the strictest, being the only one. A zone that cannot be read
// vetoes.
//
// It does not choose between candidates and does not see two moments at once;
// that the same moment is not acted on twice is campaign's. Start reading at
// Judge.
package guard
