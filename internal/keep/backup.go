package keep

import (
	"context"
	"errors"
	"fmt"
	"io"

	"github.com/google/uuid"

	"github.com/heed-platform/heed/internal/clock"
	"github.com/heed-platform/heed/internal/keep/internal/archive"
	"github.com/heed-platform/heed/internal/keep/internal/store"
	"github.com/heed-platform/heed/internal/problem"
)

// Part is one of the two stores. Copies of them never lie together: who has both
// can read everybody who was erased since.
type Part string

// The parts.
const (
	Facts    Part = "data"     // facts, projections, queue, definitions, audit chain
	KeyStore Part = "identity" // who is found by which hash, and their wrapped keys
)

// Copy says what a backup holds.
type Copy struct {
	ID    string        `json:"id"`
	Part  Part          `json:"part"`
	Made  clock.Instant `json:"made"`
	Epoch uint16        `json:"key_epoch"`
	Rows  int64         `json:"rows"`
	Bytes int64         `json:"bytes"`
}

func copyOf(c archive.Contents) Copy {
	return Copy{ID: c.About.ID, Part: Part(c.About.Shape.Store), Made: c.About.Made, Epoch: c.About.Epoch, Rows: c.Rows, Bytes: c.Bytes}
}

// What can be wrong with a backup.
var (
	ErrBackupBroken = problem.New(problem.Invalid, "backup-damaged",
		"The backup is damaged, cut short or no backup of heed; nothing was restored. Use another one.")
	errBackupNewer = problem.New(problem.Conflict, "backup-newer",
		"The backup was made by a newer heed; restore it with that version or a later one.")
	errBackupForeign = problem.New(problem.Conflict, "backup-foreign",
		"The backup was not made by the heed whose keys are here, or it was changed; nothing was restored. Name the right identity store with --keys and put its heed.kek into the data folder.")
)

// Backup writes a copy of one store to w, on one snapshot, while everything goes
// on. progress is told how much of it is done, from 0 to 1.
func (k *Keep) Backup(ctx context.Context, part Part, w io.Writer, now clock.Instant, progress func(part float64)) (string, error) {
	dump := k.data.Dump
	if part == KeyStore {
		dump = k.ids.Dump
	}
	var out *archive.Writer
	var bytes int64
	id := uuid.NewString()
	err := dump(ctx, func(s store.Shape) (err error) {
		bytes = max(s.Bytes, 1)
		out, err = archive.New(w, archive.About{
			ID: id, Made: now, Epoch: k.vault.Epoch(), Shape: s, Sheets: store.Sheets(s.Engine, s.Store),
		})
		return err
	}, func(r store.Row) error {
		before := out.Bytes()
		err := out.Row(r)
		if after := out.Bytes(); after > before {
			progress(min(float64(after)/float64(bytes), 1))
		}
		return err
	})
	if err == nil {
		err = out.Close(k.vault.SealCopy)
	}
	if err != nil {
		return "", fmt.Errorf("back up: %w", err)
	}
	return id, nil
}

// CheckBackup reads a backup from end to end and holds it to its hashes and to
// the seal that only this keep can make.
func (k *Keep) CheckBackup(r io.Reader) (Copy, error) {
	c, err := archive.Read(r, func(archive.About) error { return nil }, func(store.Row) error { return nil })
	if err != nil {
		return Copy{}, backupFault(err)
	}
	if !c.Sealed(k.vault.SealCopy) {
		return Copy{}, errBackupForeign
	}
	return copyOf(c), nil
}

func backupFault(err error) error {
	switch {
	case errors.Is(err, archive.ErrBroken):
		return ErrBackupBroken.Because(err)
	case errors.Is(err, archive.ErrNewer):
		return errBackupNewer.Because(err)
	default:
		return err
	}
}
