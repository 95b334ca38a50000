// Package vault is where personal data lies, sealed.
//
// Each fragment has a random key of its own. The key is wrapped by the
// key-encryption key (KEK) of the current epoch and kept in the identity store;
// what the key seals is kept in the data store. Destroying the wrapped key
// makes every copy of the fragment's facts, in every backup, unreadable.
//
// A fact's seal covers its kind, fragment and number and the seal of the fact
// before it, so a row that is edited, moved, left out or put in is noticed when
// the chain is read (docs/adr/0010). Identifiers are found by keyed hash only.
//
// The vault promises: nothing leaves it unsealed except through Tx and Read,
// which only keep and keep/gate can reach; it never makes fresh keys over
// existing data; a fragment read back is the one that stands in the store, not
// the one this process wished for. It does not know who is a person (know) or
// who may look (keep/gate).
//
// Start reading at Open, then Tx.
package vault
