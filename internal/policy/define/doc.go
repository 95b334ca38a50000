// Package define is what a workspace may say: purposes, data categories, notices,
// law packs, recipients, sources and the rest, as plain values, with the closed
// words they are made of and the checks that they make sense together.
//
// It promises that a misspelled word is a fault and never a laxer rule, and that
// every fault names its place. It decides nothing: package policy compiles the
// definitions into rules. Start reading at Definitions, then Definitions.Faults.
package define
