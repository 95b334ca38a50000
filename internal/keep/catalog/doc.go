// Package catalog reads what a team wrote — purposes, notices, law packs,
// audiences, campaigns — from files, and says what may become of it.
//
// How to think of it:
//
//	workspace/*.yaml ── Load ──▶ Workspace ── Check ──▶ faults, each with file and line
//	                                 │
//	                             Plan(entries in force, who applies it) ──▶ new entries
//	                                 │
//	                 draft ─Approve─▶ live ◀─Resume─ Pause ─▶ paused ─End─▶ ended
//
// The first part of a file's path says what it holds: purposes.yaml and
// purposes/anything.yaml hold purposes. A file holds one definition, a list of
// them, or several documents of either. YAML is read strictly: unknown keys,
// doubled keys, empty values, aliases and values of the wrong kind are faults.
//
// It promises that a definition's hash depends on what it says and nothing else
// (order of keys, comments and layout do not matter); that a version of a notice
// never changes its text; and that nobody can take a campaign live alone.
// It stores nothing: the keep writes the entries that Plan and its kin return.
//
// Start reading at Load, then Plan.
package catalog
