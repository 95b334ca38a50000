package vault

import (
	"context"
	"crypto/sha256"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/heed-platform/heed/internal/clock"
	"github.com/heed-platform/heed/internal/fact"
	"github.com/heed-platform/heed/internal/keep/internal/store"
)

// AuditEntry is one line of the audit chain. It names people only by a
// pseudonym that dies with their key, so erasing never breaks the chain.
type AuditEntry struct {
	What   string `json:"what"`             // "grant.withdrawn", "campaign.approved", "disclosure" …
	By     string `json:"by,omitempty"`     // "role:token-name", "person", "heed"
	Person string `json:"person,omitempty"` // Fragment.AuditName
	Ref    string `json:"ref,omitempty"`    // a definition, a decision, a file; never personal
	N      uint64 `json:"n,omitempty"`      // the fact of that person's chain this tells of
	Tag    []byte `json:"tag,omitempty"`    // that fact's seal
}

// AuditFact fills in the fact that was appended last to c.
func AuditFact(c *Chain, e AuditEntry) AuditEntry {
	e.Person, e.N = c.Fragment.AuditName(), c.State.N
	e.Tag = append([]byte(nil), c.tag[:]...)
	return e
}

func (tx *Tx) flushAudit(ctx context.Context) error {
	if len(tx.audit) == 0 {
		return nil
	}
	name, err := tx.chainName(ctx)
	if err != nil {
		return err
	}
	last, err := tx.Store.LastAudit(ctx, name)
	if err != nil {
		return fmt.Errorf("read audit chain: %w", err)
	}
	rows := make([]store.Audit, 0, len(tx.audit))
	for _, e := range tx.audit {
		body, err := json.Marshal(e)
		if err != nil {
			return fmt.Errorf("write audit chain: %w", err)
		}
		next := store.Audit{Writer: name, N: last.N + 1, At: tx.Now, Previous: last.Hash, Body: body}
		next.Hash = auditHash(next)
		rows = append(rows, next)
		last = next
	}
	if err := tx.Store.AppendAudit(ctx, rows); err != nil {
		return fmt.Errorf("write audit chain: %w", err)
	}
	return nil
}

// chainName is the audit chain of this transaction. Where transactions run side
// by side, each has one of several to itself until it has been committed.
func (tx *Tx) chainName(ctx context.Context) (string, error) {
	if tx.vault.slots == nil {
		return tx.writer, nil
	}
	select {
	case n := <-tx.vault.slots:
		tx.slot = n + 1
		return fmt.Sprintf("%s/%d", tx.writer, n), nil
	case <-ctx.Done():
		return "", ctx.Err()
	}
}

// leave gives the audit chain back.
func (tx *Tx) leave() {
	if tx != nil && tx.slot > 0 {
		tx.vault.slots <- tx.slot - 1
	}
}

// auditHash is SHA-256 over the previous hash, the writer, the number, the time
// and the body, each with its length.
func auditHash(a store.Audit) []byte {
	h := sha256.New()
	for _, part := range [][]byte{
		a.Previous, []byte(a.Writer),
		binary.BigEndian.AppendUint64(nil, a.N),
		binary.BigEndian.AppendUint64(nil, uint64(a.At)),
		a.Body,
	} {
		h.Write(binary.BigEndian.AppendUint32(nil, uint32(len(part))))
		h.Write(part)
	}
	return h.Sum(nil)
}

// Damage is one place where what is stored is not what was written.
type Damage struct {
	Where string // "audit node-1 entry 17", "fragment 42 fact 3"
	Why   string
}

// VerifyAudit walks every writer's chain and hands each good entry to seen.
func (v *Vault) VerifyAudit(ctx context.Context, r store.Reader, seen func(AuditEntry, clock.Instant)) ([]Damage, map[string]uint64, error) {
	writers, err := r.Writers(ctx)
	if err != nil {
		return nil, nil, fmt.Errorf("read audit chains: %w", err)
	}
	var damage []Damage
	lengths := make(map[string]uint64, len(writers))
	for _, w := range writers {
		d, n, err := verifyWriter(ctx, r, w, seen)
		if err != nil {
			return nil, nil, err
		}
		damage = append(damage, d...)
		lengths[w] = n
	}
	return damage, lengths, nil
}

func verifyWriter(ctx context.Context, r store.Reader, writer string, seen func(AuditEntry, clock.Instant)) ([]Damage, uint64, error) {
	var last store.Audit
	for a, err := range r.Audits(ctx, writer, 1) {
		if err != nil {
			return nil, 0, fmt.Errorf("read audit chain: %w", err)
		}
		where := fmt.Sprintf("audit %s entry %d", writer, last.N+1)
		var e AuditEntry
		switch {
		case a.N != last.N+1:
			return []Damage{{where, "the entry is missing"}}, last.N, nil
		case string(a.Previous) != string(last.Hash):
			return []Damage{{where, "it does not follow the entry before it"}}, last.N, nil
		case string(auditHash(a)) != string(a.Hash):
			return []Damage{{where, "it was changed after it was written"}}, last.N, nil
		case json.Unmarshal(a.Body, &e) != nil:
			return []Damage{{where, "its body is not an audit entry"}}, last.N, nil
		}
		seen(e, a.At)
		last = a
	}
	return nil, last.N, nil
}

// VerifyFragment walks one chain against its state row and hands each good fact
// to each.
func (v *Vault) VerifyFragment(ctx context.Context, r store.Reader, f *Fragment, each func(Fact)) (*Damage, error) {
	where := func(n uint64) string { return fmt.Sprintf("fragment %d fact %d", f.ID, n) }
	end, n, err := v.facts(ctx, r, f, func(open Fact) error {
		each(open)
		return nil
	})
	if errors.Is(err, ErrTampered) || errors.Is(err, ErrNewer) {
		return &Damage{where(n), err.Error()}, nil
	}
	if err != nil {
		return nil, err
	}
	rows, err := r.States(ctx, []fact.FragmentID{f.ID})
	if err != nil {
		return nil, fmt.Errorf("read states: %w", err)
	}
	if len(rows) == 0 {
		if n > 0 {
			return &Damage{where(n), "the facts have no state; run heed rebuild"}, nil
		}
		return nil, nil //nolint:nilnil // no damage and no failure
	}
	c, err := openState(f, rows[0])
	if err != nil {
		return &Damage{fmt.Sprintf("state of fragment %d", f.ID), "it does not open; run heed rebuild"}, nil //nolint:nilerr // the failure is the finding
	}
	if c.State.N != n || c.tag != end {
		return &Damage{where(n), "the chain does not end where its state says; facts were cut off or put in"}, nil
	}
	return nil, nil //nolint:nilnil // no damage and no failure
}
