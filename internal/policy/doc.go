// Package policy decides, for one use of one person's data, whether it may
// happen and what it may see. It is pure: a question, what stands for the
// person, one field, and the compiled definitions go in; a Ruling comes out.
//
// How to think of it:
//
//	Definitions (purposes, categories, notices, law packs, …) ── Compile ──▶ Rules
//	Rules.Person(Question, Standing)        may this use touch this person at all
//	Rules.Field(Question, Standing, Field)  may it see this value
//	Rules.Case(Question, Standing)          both, when many fields are asked about
//
// It promises to be total: what it does not understand, it denies, and the zero
// value of everything denies. Every condition is one that must be shown to hold;
// no missing record ever allows. A ruling says why in three voices (a code, a
// sentence for the marketer, one for the person), names what is missing, and
// never repeats a word that is not in a definition, so it cannot leak what it
// was asked about.
//
// It does no I/O, reads no clock, and knows neither who asks (roles are the
// gate's business) nor caps, quiet hours and other manners (the guards').
//
// Start reading at Question, then at Case.person and Case.field in case.go; the
// truth in plain words is in testdata/*.txt.
package policy
