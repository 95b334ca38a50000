package keep

import (
	"context"
	"crypto/sha256"
	"encoding/binary"
	"fmt"

	"github.com/google/uuid"

	"github.com/heed-platform/heed/internal/clock"
	"github.com/heed-platform/heed/internal/keep/internal/store"
	"github.com/heed-platform/heed/internal/keep/internal/vault"
	"github.com/heed-platform/heed/internal/person"
)

// What a team writes and an operator sets up; nothing here is about a person.
type (
	Definition = store.Definition
	Source     = store.Source
	Token      = store.Token
	Item       = store.Item
)

// read runs one query on a snapshot.
func read[T any](ctx context.Context, k *Keep, what string, f func(store.Reader) (T, error)) (T, error) {
	var out T
	err := k.data.Read(ctx, func(r store.Reader) (err error) {
		out, err = f(r)
		return err
	})
	if err != nil {
		return out, fmt.Errorf("read %s: %w", what, err)
	}
	return out, nil
}

// Definitions returns every version of a kind; "" is all kinds.
func (k *Keep) Definitions(ctx context.Context, kind string) ([]Definition, error) {
	return read(ctx, k, "definitions", func(r store.Reader) ([]Definition, error) { return r.Definitions(ctx, kind) })
}

// Define writes definitions and says in the audit chain who did what.
func (k *Keep) Define(ctx context.Context, by, what string, defs []Definition) error {
	return k.vault.Write(ctx, k.Writer, nil, func(tx *vault.Tx) error {
		if err := tx.Store.PutDefinitions(ctx, defs); err != nil {
			return fmt.Errorf("write definitions: %w", err)
		}
		for _, d := range defs {
			tx.Audit(vault.AuditEntry{What: what, By: by, Ref: RefOf(d)})
		}
		return turn(ctx, tx)
	})
}

// editionMeta names the workspace as it stands: another name, another workspace.
const editionMeta = "edition"

// turn gives the workspace another name, so that every node sees that it changed.
func turn(ctx context.Context, tx *vault.Tx) error {
	return tx.Store.SetMeta(ctx, editionMeta, []byte(uuid.NewString()))
}

// Edition changes whenever a definition, a source or a token does, on whichever
// node.
func (k *Keep) Edition(ctx context.Context) (string, error) {
	name, err := k.Meta(ctx, editionMeta)
	return string(name), err
}

// RefOf is how the audit chain names a definition as it stands: which one, the
// hash that approvals are bound to, and, after " row:", SHA-256 over what it
// says, where it stands, and who wrote it and let it go live. Entries of before
// have no such end.
func RefOf(d Definition) string {
	h := sha256.New()
	for _, part := range [][]byte{
		d.Body, []byte(d.Status), []byte(d.Author), []byte(d.Approve), []byte(d.Answer), binary.BigEndian.AppendUint64(nil, uint64(d.At)),
	} {
		h.Write(binary.BigEndian.AppendUint32(nil, uint32(len(part))))
		h.Write(part)
	}
	return fmt.Sprintf("%s/%s@%d %s row:%x", d.Kind, d.Key, d.Version, d.Hash, h.Sum(nil))
}

// Sources returns where events may come from.
func (k *Keep) Sources(ctx context.Context) ([]Source, error) {
	return read(ctx, k, "sources", func(r store.Reader) ([]Source, error) { return r.Sources(ctx) })
}

// PutSource adds or replaces a source.
func (k *Keep) PutSource(ctx context.Context, by string, s Source) error {
	return k.vault.Write(ctx, k.Writer, nil, func(tx *vault.Tx) error {
		tx.Audit(vault.AuditEntry{What: "source.set", By: by, Ref: s.Key})
		if err := tx.Store.PutSources(ctx, []Source{s}); err != nil {
			return err
		}
		return turn(ctx, tx)
	})
}

// Tokens returns who may use the API.
func (k *Keep) Tokens(ctx context.Context) ([]Token, error) {
	return read(ctx, k, "tokens", func(r store.Reader) ([]Token, error) { return r.Tokens(ctx) })
}

// PutToken adds or replaces a token.
func (k *Keep) PutToken(ctx context.Context, by string, t Token) error {
	return k.vault.Write(ctx, k.Writer, nil, func(tx *vault.Tx) error {
		tx.Audit(vault.AuditEntry{What: "token.set", By: by, Ref: t.Role + ":" + t.Name})
		if err := tx.Store.PutTokens(ctx, []Token{t}); err != nil {
			return err
		}
		return turn(ctx, tx)
	})
}

// SecretHash is the keyed hash by which write keys and tokens are found.
func (k *Keep) SecretHash(kind, secret string) person.Hash {
	return k.vault.Digest("secret", kind, secret)
}

// Items returns items of the product catalog; nil ids are all of them.
func (k *Keep) Items(ctx context.Context, ids []string) ([]Item, error) {
	return read(ctx, k, "items", func(r store.Reader) ([]Item, error) { return r.Items(ctx, ids) })
}

// PutItems writes items of the product catalog.
func (k *Keep) PutItems(ctx context.Context, items []Item) error {
	return k.data.Write(ctx, func(w store.Writer) error { return w.PutItems(ctx, items) })
}

// Tallies is the ingest balance, per source.
func (k *Keep) Tallies(ctx context.Context) ([]Tally, error) {
	return read(ctx, k, "tallies", func(r store.Reader) ([]Tally, error) { return r.Tallies(ctx) })
}

// AddTallies adds to the ingest balance what never reached the line.
func (k *Keep) AddTallies(ctx context.Context, rows []Tally) error {
	return k.data.Write(ctx, func(w store.Writer) error { return w.AddTallies(ctx, rows) })
}

// Quarantined lists events that were not understood, by id, still sealed.
func (k *Keep) Quarantined(ctx context.Context, after int64, limit int) ([]Quarantine, error) {
	return read(ctx, k, "quarantine", func(r store.Reader) ([]Quarantine, error) { return r.Quarantine(ctx, after, limit) })
}

// OpenQuarantined unseals one.
func (k *Keep) OpenQuarantined(q Quarantine) ([]byte, error) {
	return k.vault.OpenNote("quarantine "+q.Source, q.Body)
}

// DropQuarantined removes events from quarantine.
func (k *Keep) DropQuarantined(ctx context.Context, by string, ids []int64) error {
	return k.vault.Write(ctx, k.Writer, nil, func(tx *vault.Tx) error {
		tx.Audit(vault.AuditEntry{What: "quarantine.drop", By: by, Ref: fmt.Sprintf("%d events", len(ids))})
		return tx.Store.DropQuarantine(ctx, ids)
	})
}

// ExpireQuarantine removes what has been there since before t.
func (k *Keep) ExpireQuarantine(ctx context.Context, t clock.Instant) (n int64, err error) {
	err = k.data.Write(ctx, func(w store.Writer) error {
		n, err = w.DropQuarantineBefore(ctx, t)
		return err
	})
	return n, err
}

// Meta is a small named value of this database; empty when it was never set.
func (k *Keep) Meta(ctx context.Context, name string) ([]byte, error) {
	return read(ctx, k, "meta", func(r store.Reader) ([]byte, error) { return r.Meta(ctx, name) })
}

// SetMeta sets it.
func (k *Keep) SetMeta(ctx context.Context, name string, value []byte) error {
	return k.data.Write(ctx, func(w store.Writer) error { return w.SetMeta(ctx, name, value) })
}

// UpdateMeta changes a value by what it is now, in one transaction.
func (k *Keep) UpdateMeta(ctx context.Context, name string, f func(old []byte) ([]byte, error)) error {
	return k.data.Write(ctx, func(w store.Writer) error {
		old, err := w.Meta(ctx, name)
		if err != nil {
			return fmt.Errorf("read meta: %w", err)
		}
		value, err := f(old)
		if err != nil {
			return err
		}
		return w.SetMeta(ctx, name, value)
	})
}

// SpineCount counts events by their approved names.
func (k *Keep) SpineCount(ctx context.Context, since clock.Instant) (map[string]int64, error) {
	return read(ctx, k, "spine", func(r store.Reader) (map[string]int64, error) { return r.SpineCount(ctx, since) })
}

// Audit writes one entry about something an operator did.
func (k *Keep) Audit(ctx context.Context, e AuditEntry) error {
	return k.vault.Write(ctx, k.Writer, nil, func(tx *vault.Tx) error {
		tx.Audit(e)
		return nil
	})
}

// DueTimers are the people who must be looked at again by now.
func (k *Keep) DueTimers(ctx context.Context, now clock.Instant, limit int) (due []Timer, err error) {
	err = k.data.Write(ctx, func(w store.Writer) error {
		due, err = w.DueTimers(ctx, now, limit)
		return err
	})
	return due, err
}
