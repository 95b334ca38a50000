package postgres

import (
	"context"
	"encoding/binary"

	"github.com/jackc/pgx/v5"

	"github.com/heed-platform/heed/internal/fact"
	"github.com/heed-platform/heed/internal/keep/internal/store"
)

// floorName is the floor's name among the small named bytes, floorLock the lock
// that whoever admits somebody shares and whoever raises the floor has alone.
const (
	floorName = "epoch"
	floorLock = "hashtextextended('heed_keys.epoch', 0)"
)

// above fails with ErrEpoch when one of the rows is below the floor. The floor
// stands until the transaction has ended.
func above(ctx context.Context, tx pgx.Tx, frags []store.Fragment) error {
	var floor uint16
	var batch pgx.Batch
	batch.Queue("SELECT pg_advisory_xact_lock_shared(" + floorLock + ")")
	batch.Queue("SELECT value FROM heed_keys.meta WHERE name = $1", floorName).Query(func(rows pgx.Rows) error {
		found, err := pgx.CollectRows(rows, pgx.RowTo[[]byte])
		if err == nil && len(found) == 1 && len(found[0]) == 2 {
			floor = binary.BigEndian.Uint16(found[0])
		}
		return err
	})
	if err := tx.SendBatch(ctx, &batch).Close(); err != nil {
		return err
	}
	for _, f := range frags {
		if f.Epoch < floor {
			return store.ErrEpoch
		}
	}
	return nil
}

// Raise lifts the floor of Admit, after it has waited for those who admit.
func (i *Identity) Raise(ctx context.Context, floor uint16) error {
	return wrap("raise floor", i.db.write(ctx, func(tx pgx.Tx) error {
		if _, err := tx.Exec(ctx, "SELECT pg_advisory_xact_lock("+floorLock+")"); err != nil {
			return err
		}
		_, err := tx.Exec(ctx, `INSERT INTO heed_keys.meta AS m (name, value) VALUES ($1, $2)
			ON CONFLICT (name) DO UPDATE SET value = greatest(m.value, excluded.value)`, floorName, binary.BigEndian.AppendUint16(nil, floor))
		return err
	}))
}

// Rewrap replaces keys that are still as they were read.
func (i *Identity) Rewrap(ctx context.Context, rows []store.Rewrap) error {
	return wrap("rewrap keys", i.db.write(ctx, func(tx pgx.Tx) error {
		_, err := tx.Exec(ctx, `UPDATE heed_keys.fragment f SET key = w.new
			FROM unnest($1::smallint[], $2::bigint[], $3::bytea[], $4::bytea[]) w (part, id, old, new)
			WHERE f.part = w.part AND f.id = w.id AND f.key = w.old`,
			column(rows, func(r store.Rewrap) int16 { return partOfID(r.Fragment.ID) }),
			column(rows, func(r store.Rewrap) int64 { return int64(r.Fragment.ID) }),
			column(rows, func(r store.Rewrap) []byte { return r.Fragment.Key }),
			column(rows, func(r store.Rewrap) []byte { return r.Key }))
		return err
	}))
}

// Reserve moves on the number that the next fragment's id is made of.
func (i *Identity) Reserve(ctx context.Context, upTo fact.FragmentID) error {
	return wrap("reserve ids", i.db.write(ctx, func(tx pgx.Tx) error {
		_, err := tx.Exec(ctx, "SELECT setval('heed_keys.fragment_number', greatest(last_value, $1::bigint)) FROM heed_keys.fragment_number", upTo/parts+1)
		return err
	}))
}
