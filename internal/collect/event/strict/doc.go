// Package strict reads JSON from strangers in one pass, without reflection and
// without mercy.
//
// It tells two kinds of wrong apart. A body that breaks the grammar cannot be
// cut into events at all: Scanner.Broken. A value that keeps the grammar but
// not heed's rules (bytes that are not UTF-8, NUL, lone surrogates, a key that
// appears twice, too deep, too many members) can be set aside without touching
// its neighbors: Scanner.Fault. Everything that goes wrong inside a string is
// of the second kind, because the string's end can still be found.
//
// What it promises: whatever passes without Broken and without Fault is
// accepted by encoding/json too, with equal values; numbers keep their digits;
// it never panics and never recurses deeper than MaxDepth. Nothing is repaired.
//
// The readers in read.go (Find, Members, Elements, Text) are for values that
// were checked before: they look, they do not judge. They are total: on bytes
// that were never checked they may see nonsense, but they end.
//
// It does not know what an event is. Start reading at Scanner.
package strict
