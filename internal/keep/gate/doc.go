// Package gate is the only door to people's data.
//
// Whoever wants to use a person's data says which kind of use it is — a Go
// type — and for which purpose — data, from the workspace. Ask answers with a
// Pass or with Denied; See turns a Pass into a View that holds only what this
// use may see; an exit (Clear, HandOver, Release, Erase, Count) turns a View or
// a Pass into the one value that a channel, a recipient, a page or a report
// accepts. There is no other way to make those values:
//
//	Ask[Contact] → Pass[Contact] → See → View[Contact] → Clear → Cleared → reach/email
//
// A View[Personalize] does not fit where a View[Contact] is wanted: data looked
// at to choose a banner cannot reach the mailer, because the program does not
// compile. The zero-size field _ [0]func(U) is what makes the instantiations
// different types; without it one converts to the other. testdata/refuse holds
// the programs that must not compile.
//
// The gate promises: what it does not understand, it denies; a zero Pass, View
// or Cleared opens nothing; it says why in three voices (policy.Ruling); when a
// message leaves, it is asked again, in the transaction that writes the
// disclosure. It does not decide what to say to whom (decide) and does not send
// (reach).
//
// Who is one person and how facts fold is know's business; it comes in as
// Knowledge. Start reading at Ask.
package gate
