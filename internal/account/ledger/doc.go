// Package ledger reads the ledgers that facts are: what was decided about
// people and why, what data left, to whom and for what, and what came in.
//
// Read opens one person's ledgers from a dossier; Export writes everybody's, one
// JSON line each, for an operator; ExportFor writes what one purpose may hand to
// one recipient, and nothing else. Replay asks the guards of a decision the same
// question again.
//
// It promises to invent nothing: every line is a fact, or is folded from facts
// by know. It holds one person at a time. It decides nothing about who may look:
// the gate hands out the dossiers, and puts on the record that it did. Start
// reading at Book.
package ledger
