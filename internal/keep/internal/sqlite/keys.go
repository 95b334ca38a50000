package sqlite

import (
	"context"
	"encoding/binary"

	"github.com/heed-platform/heed/internal/fact"
	"github.com/heed-platform/heed/internal/keep/internal/store"
)

// floorName is the floor's name among the small named bytes.
const floorName = "epoch"

func (c conn) floor() (floor uint16, err error) {
	raw, err := c.meta(floorName)
	if err == nil && len(raw) == 2 {
		floor = binary.BigEndian.Uint16(raw)
	}
	return floor, err
}

// Raise lifts the floor of Admit. Writes run one at a time here.
func (i *Identity) Raise(ctx context.Context, floor uint16) error {
	return wrap("raise floor", i.db.simply(ctx, func(c conn) error {
		old, err := c.floor()
		if err != nil || old >= floor {
			return err
		}
		return c.setMeta(floorName, binary.BigEndian.AppendUint16(nil, floor))
	}))
}

// Rewrap replaces keys that are still as they were read.
func (i *Identity) Rewrap(ctx context.Context, rows []store.Rewrap) error {
	return wrap("rewrap keys", i.db.simply(ctx, func(c conn) error {
		return each(c, rows, "UPDATE fragment SET key = ? WHERE id = ? AND key = ?",
			func(r store.Rewrap) []any { return []any{r.Key, r.Fragment.ID, r.Fragment.Key} })
	}))
}

// Reserve moves on the number that the next fragment gets.
func (i *Identity) Reserve(ctx context.Context, upTo fact.FragmentID) error {
	return wrap("reserve ids", i.db.simply(ctx, func(c conn) error {
		if err := c.exec("INSERT INTO sqlite_sequence (name, seq) SELECT 'fragment', 0 WHERE NOT EXISTS (SELECT 1 FROM sqlite_sequence WHERE name = 'fragment')"); err != nil {
			return err
		}
		return c.exec("UPDATE sqlite_sequence SET seq = max(seq, ?) WHERE name = 'fragment'", upTo)
	}))
}
