package store

import (
	"fmt"
	"slices"
)

// Protection is how a column keeps what it says about people.
type Protection string

// The protections, strongest first.
const (
	NotPersonal Protection = "not personal"  // says nothing about anybody
	Sealed      Protection = "sealed"        // encrypted under the fragment's key
	Wrapped     Protection = "wrapped"       // a key, encrypted under the key of its epoch
	KeyedHash   Protection = "keyed hash"    // recomputable only with a key of the vault
	Pseudonym   Protection = "pseudonym"     // means nothing without the identity store
	Clear       Protection = "clear, linked" // readable, and linked to a pseudonym
)

// Table declares what a table holds about people. Categories and purposes are
// keys of the Fides taxonomy.
type Table struct {
	Store     string // "identity" or "data"
	Name      string
	Engine    string // the only one that has it; "" is both
	Purposes  []string
	Retention string
	Columns   []Column
}

// Column declares one column of a Table.
type Column struct {
	Name       string
	Protection Protection
	Category   string // "" when it is not personal
	Engine     string // the only one that has it; "" is both
}

const (
	untilErased = "until the fragment is erased, or its notice's retention ends"
	untilDone   = "until the fragment is erased"
	whileUsed   = "as long as the workspace uses it"
	fourteen    = "14 days"
	forEver     = "for ever: it proves that erasure happened"
)

func plain(names ...string) []Column {
	columns := make([]Column, len(names))
	for i, n := range names {
		columns[i] = Column{Name: n, Protection: NotPersonal}
	}
	return columns
}

var anything = []string{"essential", "analytics", "marketing", "personalize"}

// Tables declares every column of both stores. The engines' tests hold the live
// schema to it: a column that nobody has declared fails them.
func Tables() []Table {
	return slices.Concat(identityTables(), dataTables())
}

func identityTables() []Table {
	return []Table{
		{Store: "identity", Name: "fragment", Purposes: anything, Retention: untilErased, Columns: []Column{
			{Name: "part", Protection: KeyedHash, Category: "user.unique_id", Engine: "postgres"},
			{Name: "id", Protection: Pseudonym, Category: "user.unique_id.pseudonymous"},
			{Name: "hash", Protection: KeyedHash, Category: "user.unique_id"},
			{Name: "tomb", Protection: KeyedHash, Category: "user.unique_id"},
			{Name: "ns", Protection: Clear, Category: "user.unique_id"}, // the kind of identifier, not its value
			{Name: "ref", Protection: Pseudonym, Category: "user.unique_id.pseudonymous"},
			{Name: "key", Protection: Wrapped, Category: "user"},
			{Name: "verified", Protection: Clear, Category: "user.unique_id"},
			{Name: "created", Protection: Clear, Category: "user.behavior"},
		}},
		{Store: "identity", Name: "edge", Purposes: anything, Retention: untilErased, Columns: []Column{
			{Name: "a", Protection: Pseudonym, Category: "user.unique_id.pseudonymous"},
			{Name: "b", Protection: Pseudonym, Category: "user.unique_id.pseudonymous"},
			{Name: "verified", Protection: Clear, Category: "user.unique_id"},
			{Name: "at", Protection: Clear, Category: "user.behavior"},
			{Name: "message", Protection: KeyedHash, Category: "user.behavior"},
			{Name: "cut", Protection: Clear, Category: "user.unique_id"},
		}},
		{Store: "identity", Name: "tombstone", Purposes: []string{"essential.legal_obligation"}, Retention: forEver, Columns: []Column{
			{Name: "tomb", Protection: KeyedHash, Category: "user.unique_id"},
			{Name: "at", Protection: Clear, Category: "user.unique_id"},
		}},
		{Store: "identity", Name: "meta", Retention: whileUsed, Columns: plain("name", "value")},
		{Store: "identity", Name: "schema_step", Retention: whileUsed, Columns: plain("number", "name", "sum")},
	}
}

func dataTables() []Table {
	owner := Column{Name: "fragment", Protection: Pseudonym, Category: "user.unique_id.pseudonymous"}
	return []Table{
		{Store: "data", Name: "fact", Purposes: anything, Retention: untilErased, Columns: []Column{
			{Name: "seq", Protection: NotPersonal, Engine: "sqlite"},
			owner,
			{Name: "n", Protection: Clear, Category: "user.behavior"},
			{Name: "kind", Protection: Clear, Category: "user.behavior"},
			{Name: "received", Protection: Clear, Category: "user.behavior"},
			{Name: "prev", Protection: NotPersonal, Engine: "sqlite"},
			{Name: "body", Protection: Sealed, Category: "user"},
		}},
		{Store: "data", Name: "head", Engine: "sqlite", Purposes: anything, Retention: untilDone, Columns: []Column{
			owner,
			{Name: "seq", Protection: NotPersonal},
			{Name: "n", Protection: Clear, Category: "user.behavior"},
		}},
		{Store: "data", Name: "sweep", Engine: "sqlite", Retention: whileUsed, Columns: plain("id", "commits", "swept")},
		{Store: "data", Name: "state", Purposes: anything, Retention: untilErased, Columns: []Column{
			owner,
			{Name: "n", Protection: Clear, Category: "user.behavior"},
			{Name: "version", Protection: NotPersonal},
			{Name: "pages", Protection: Clear, Category: "user.behavior"},
			{Name: "body", Protection: Sealed, Category: "user"},
			{Name: "seen", Protection: KeyedHash, Category: "user.behavior"},
		}},
		{Store: "data", Name: "seen_page", Purposes: []string{"essential.service"}, Retention: untilErased, Columns: []Column{
			owner,
			{Name: "page", Protection: NotPersonal},
			{Name: "entries", Protection: KeyedHash, Category: "user.behavior"},
		}},
		{Store: "data", Name: "spine", Purposes: []string{"analytics"}, Retention: "as the workspace says; erasure cuts it loose from the person", Columns: []Column{
			{Name: "seq", Protection: NotPersonal},
			{Name: "pseudonym", Protection: Pseudonym, Category: "user.unique_id.pseudonymous"},
			{Name: "at", Protection: Clear, Category: "user.behavior"},
			{Name: "name", Protection: Clear, Category: "user.behavior"},
			{Name: "item", Protection: Clear, Category: "user.behavior.purchase_history"},
			{Name: "minor", Protection: Clear, Category: "user.behavior.purchase_history"},
			{Name: "currency", Protection: Clear, Category: "user.behavior.purchase_history"},
			{Name: "quantity", Protection: Clear, Category: "user.behavior.purchase_history"},
		}},
		{Store: "data", Name: "job", Purposes: anything, Retention: untilDone, Columns: []Column{
			{Name: "id", Protection: NotPersonal},
			{Name: "kind", Protection: NotPersonal},
			owner,
			{Name: "uniq", Protection: Pseudonym, Category: "user.unique_id.pseudonymous"},
			{Name: "due", Protection: Clear, Category: "user.behavior"},
			{Name: "attempt", Protection: NotPersonal},
			{Name: "lease", Protection: NotPersonal},
			{Name: "fence", Protection: NotPersonal},
			{Name: "state", Protection: NotPersonal},
			{Name: "code", Protection: NotPersonal},
			{Name: "body", Protection: Sealed, Category: "user"},
		}},
		{Store: "data", Name: "timer", Purposes: anything, Retention: untilDone, Columns: []Column{
			owner,
			{Name: "due", Protection: Clear, Category: "user.behavior"},
		}},
		{Store: "data", Name: "quarantine", Purposes: []string{"essential.service"}, Retention: fourteen, Columns: []Column{
			{Name: "id", Protection: NotPersonal},
			{Name: "source", Protection: NotPersonal},
			{Name: "code", Protection: NotPersonal},
			{Name: "why", Protection: NotPersonal},
			{Name: "received", Protection: Clear, Category: "user.behavior"},
			{Name: "body", Protection: Sealed, Category: "user"},
		}},
		{Store: "data", Name: "ticket", Purposes: []string{"essential.legal_obligation"}, Retention: "until it is used or over, a year at most", Columns: []Column{
			{Name: "kind", Protection: NotPersonal},
			{Name: "hash", Protection: KeyedHash, Category: "user.unique_id"},
			owner,
			{Name: "until", Protection: NotPersonal},
			{Name: "tries", Protection: NotPersonal},
			{Name: "body", Protection: Sealed, Category: "user"},
		}},
		{Store: "data", Name: "request", Purposes: []string{"essential.legal_obligation"}, Retention: "24 months after it is closed", Columns: []Column{
			{Name: "id", Protection: NotPersonal},
			{Name: "claim", Protection: NotPersonal},
			{Name: "status", Protection: NotPersonal},
			owner,
			{Name: "received", Protection: Clear, Category: "user.behavior"},
			{Name: "due", Protection: NotPersonal},
			{Name: "closed", Protection: NotPersonal},
			{Name: "body", Protection: NotPersonal}, // what was asked and done, never about whom
		}},
		{Store: "data", Name: "audit", Purposes: []string{"essential.legal_obligation"}, Retention: "as the law pack says", Columns: []Column{
			{Name: "writer", Protection: NotPersonal},
			{Name: "n", Protection: NotPersonal},
			{Name: "at", Protection: NotPersonal},
			{Name: "previous", Protection: NotPersonal},
			{Name: "hash", Protection: NotPersonal},
			// It names people by a pseudonym that dies with their key.
			{Name: "body", Protection: Pseudonym, Category: "user.unique_id.pseudonymous"},
		}},
		// Whoever works with heed is named by role and token, not as a person.
		{Store: "data", Name: "definition", Retention: whileUsed, Columns: plain("kind", "key", "version", "hash", "status", "body", "author", "approve", "answer", "at")},
		{Store: "data", Name: "source", Retention: whileUsed, Columns: plain("key", "key_hash", "body")},
		{Store: "data", Name: "token", Retention: whileUsed, Columns: plain("name", "role", "hash", "at")},
		{Store: "data", Name: "tally", Retention: whileUsed, Columns: append(
			plain("source", "accepted", "duplicate", "quarantined", "refused"), Column{Name: "slot", Protection: NotPersonal, Engine: "postgres"})},
		{Store: "data", Name: "item", Retention: whileUsed, Columns: plain("id", "body")},
		{Store: "data", Name: "meta", Retention: whileUsed, Columns: plain("name", "value")},
		{Store: "data", Name: "probe", Retention: whileUsed, Columns: plain("id", "n")},
		{Store: "data", Name: "schema_step", Retention: whileUsed, Columns: plain("number", "name", "sum")},
	}
}

// Undeclared compares a live schema, as table.column, with the declaration and
// says what is missing on either side.
func Undeclared(engine, store string, live []string) (faults []string) {
	declared := map[string]bool{}
	for _, t := range Tables() {
		for _, c := range t.Columns {
			if t.Store == store && (t.Engine == "" || t.Engine == engine) && (c.Engine == "" || c.Engine == engine) {
				declared[t.Name+"."+c.Name] = true
			}
		}
	}
	for _, c := range live {
		if !declared[c] {
			faults = append(faults, fmt.Sprintf("%s has %s, which is not declared", engine, c))
		}
		delete(declared, c)
	}
	for c := range declared {
		faults = append(faults, fmt.Sprintf("%s lacks %s, which is declared", engine, c))
	}
	slices.Sort(faults)
	return faults
}
