package app

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/heed-platform/heed/internal/clock"
	"github.com/heed-platform/heed/internal/config"
	"github.com/heed-platform/heed/internal/keep"
	"github.com/heed-platform/heed/internal/problem"
)

// Files are named after what they are copies of and when they were made.
const (
	dataCopies = "heed-data-"
	keyCopies  = "heed-keys-"
	copyEnd    = ".tar"
	copyTime   = "20060102T150405.000000Z"
	unfinished = ".partial"

	keyCopiesName = "key_copies"
)

var (
	errCopyExists = problem.New(problem.Conflict, "backup-exists",
		"There is a file of this name already, and a backup never replaces another; name a folder or another file.")
	errTogether = problem.New(problem.Conflict, "backups-together",
		"Copies of the identity store and backups of the database must not lie in one folder: whoever has both can read everybody who was erased since. Name another folder, best on another machine.")
)

// Backup is a file that was written, read back and found whole.
type Backup struct {
	keep.Copy

	File   string `json:"file"`
	Pruned int    `json:"pruned,omitempty"` // older copies of the identity store that were removed
}

// BackUp writes a backup of the database to target, which is a folder or the name
// of a new file, while everything goes on.
func (a *App) BackUp(ctx context.Context, by, target string, progress func(float64)) (Backup, error) {
	path := target
	if info, err := os.Stat(target); err == nil && info.IsDir() || strings.HasSuffix(target, string(filepath.Separator)) {
		path = filepath.Join(target, copyName(dataCopies, a.Clock.Now()))
	}
	if err := apart(filepath.Dir(path), keyCopies); err != nil {
		return Backup{}, err
	}
	return a.backUp(ctx, by, keep.Facts, path, progress)
}

// BackUpKeys writes a copy of the identity store into a folder and removes those
// there that have been kept as long as any may be. Copies and backups of the
// database never lie together.
func (a *App) BackUpKeys(ctx context.Context, by, folder string, progress func(float64)) (Backup, error) {
	if err := apart(folder, dataCopies); err != nil {
		return Backup{}, err
	}
	now := a.Clock.Now()
	pruned, err := prune(folder, now)
	if err != nil {
		return Backup{}, fmt.Errorf("remove old copies of the identity store: %w", err)
	}
	b, err := a.backUp(ctx, by, keep.KeyStore, filepath.Join(folder, copyName(keyCopies, now)), progress)
	if err != nil {
		return Backup{}, err
	}
	b.Pruned = pruned
	raw, err := json.Marshal(copiesAt{folder, now})
	if err != nil {
		return b, fmt.Errorf("remember where copies are: %w", err)
	}
	return b, a.Keep.SetMeta(ctx, keyCopiesName, raw)
}

// copiesAt is where copies of the identity store were put last.
type copiesAt struct {
	Folder string        `json:"folder"`
	At     clock.Instant `json:"at"`
}

func copyName(kind string, now clock.Instant) string {
	return kind + now.Time().Format(copyTime) + copyEnd
}

// apart makes the folder, and fails when copies of the other store are in it.
func apart(folder, other string) error {
	if err := os.MkdirAll(folder, 0o700); err != nil {
		return fmt.Errorf("make folder: %w", err)
	}
	there, err := filepath.Glob(filepath.Join(folder, other+"*"+copyEnd))
	if err == nil && len(there) > 0 {
		err = errTogether
	}
	return err
}

// prune removes copies of the identity store that are too old, and what an
// interrupted backup left.
func prune(folder string, now clock.Instant) (pruned int, err error) {
	files, err := os.ReadDir(folder)
	if err != nil {
		return 0, err
	}
	for _, f := range files {
		at, ok := madeAt(f.Name())
		age := now.Sub(at)
		if half := strings.HasSuffix(f.Name(), unfinished) && age > time.Hour; !ok || age <= keep.KeyCopies && !half {
			continue
		}
		if err := os.Remove(filepath.Join(folder, f.Name())); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return pruned, err
		}
		pruned++
	}
	return pruned, nil
}

// pruneCopies removes copies of the identity store that are too old from where
// they were put last, also when nobody makes new ones.
func (a *App) pruneCopies(ctx context.Context) error {
	last, err := a.lastCopies(ctx)
	if err != nil || last.Folder == "" {
		return err
	}
	if _, err := os.Stat(last.Folder); errors.Is(err, fs.ErrNotExist) {
		return nil // the disk that they are on was taken away; the doctor says so
	}
	_, err = prune(last.Folder, a.Clock.Now())
	return err
}

func (a *App) lastCopies(ctx context.Context) (last copiesAt, err error) {
	raw, err := a.Keep.Meta(ctx, keyCopiesName)
	if err != nil || len(raw) == 0 {
		return last, err
	}
	if err := json.Unmarshal(raw, &last); err != nil {
		return last, fmt.Errorf("read where copies are: %w", err)
	}
	return last, nil
}

// madeAt reads the name of a copy of the identity store.
func madeAt(name string) (clock.Instant, bool) {
	text, ok := strings.CutPrefix(name, keyCopies)
	if !ok {
		return 0, false
	}
	t, err := time.Parse(copyTime, strings.TrimSuffix(strings.TrimSuffix(text, unfinished), copyEnd))
	return clock.At(t), err == nil
}

// backUp writes beside, reads back, and gives the file its name only then.
func (a *App) backUp(ctx context.Context, by string, part keep.Part, path string, progress func(float64)) (Backup, error) {
	if _, err := os.Lstat(path); err == nil {
		return Backup{}, errCopyExists
	}
	half := path + unfinished
	f, err := os.OpenFile(half, os.O_RDWR|os.O_CREATE|os.O_TRUNC, 0o600)
	if err != nil {
		return Backup{}, fmt.Errorf("write backup: %w", err)
	}
	made, err := a.fillBackup(ctx, part, f, progress)
	if err = errors.Join(err, f.Close()); err != nil {
		return Backup{}, errors.Join(err, os.Remove(half))
	}
	// A link fails when somebody else was faster; a rename would not.
	if err := errors.Join(os.Link(half, path), os.Remove(half), syncFolder(filepath.Dir(path))); err != nil {
		return Backup{}, fmt.Errorf("write backup: %w", err)
	}
	err = a.Keep.Audit(ctx, keep.AuditEntry{What: "backup.made", By: by, Ref: fmt.Sprintf("%s %s", part, made.ID)})
	return Backup{Copy: made, File: path}, err
}

func (a *App) fillBackup(ctx context.Context, part keep.Part, f *os.File, progress func(float64)) (keep.Copy, error) {
	if _, err := a.Keep.Backup(ctx, part, f, a.Clock.Now(), progress); err != nil {
		return keep.Copy{}, err
	}
	if err := f.Sync(); err != nil {
		return keep.Copy{}, fmt.Errorf("write backup: %w", err)
	}
	if _, err := f.Seek(0, io.SeekStart); err != nil {
		return keep.Copy{}, fmt.Errorf("read backup back: %w", err)
	}
	return a.Keep.CheckBackup(f)
}

func syncFolder(path string) error {
	dir, err := os.Open(path)
	if err != nil {
		return err
	}
	return errors.Join(dir.Sync(), dir.Close())
}

// CheckBackup reads a backup from end to end and says what it holds.
func (a *App) CheckBackup(path string) (keep.Copy, error) {
	f, err := openBackup(path)
	if err != nil {
		return keep.Copy{}, err
	}
	c, err := a.Keep.CheckBackup(f)
	return c, errors.Join(err, f.Close())
}

var errNoBackup = problem.New(problem.Invalid, "backup-unreadable", "The backup cannot be opened; name the file that heed backup wrote.")

func openBackup(path string) (io.ReadCloser, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, errNoBackup.Because(err)
	}
	return f, nil
}

// Restore puts a backup into the empty place that the configuration names. What
// was erased meanwhile is taken out when it is opened.
func Restore(ctx context.Context, c config.Config, path string, clk clock.Clock, progress func(float64)) (keep.Copy, error) {
	info, err := os.Stat(path)
	if err != nil {
		return keep.Copy{}, errNoBackup.Because(err)
	}
	read := &counted{of: 2 * info.Size(), progress: progress} // it is read twice: judged, then written
	return keep.Restore(ctx, keep.Config{Database: c.Database.Text(), Keys: c.Keys.Text(), Folder: c.Data}, func() (io.ReadCloser, error) {
		f, err := openBackup(path)
		return struct {
			io.Reader
			io.Closer
		}{io.TeeReader(f, read), f}, err
	}, clk)
}

// counted tells how much of a file was read.
type counted struct {
	n, of    int64
	progress func(float64)
}

// Write implements io.Writer.
func (c *counted) Write(p []byte) (int, error) {
	c.n += int64(len(p))
	c.progress(min(float64(c.n)/float64(max(c.of, 1)), 1))
	return len(p), nil
}

// copies is what the doctor says about copies of the identity store.
func (a *App) copies(ctx context.Context) Finding {
	last, err := a.lastCopies(ctx)
	if err != nil {
		return Finding{"copies", false, problem.Of(err).Error()}
	}
	if last.Folder == "" {
		return Finding{"copies", true, "no copy of the identity store was made here; heed backup --key-store FOLDER makes one"}
	}
	now := a.Clock.Now()
	files, err := os.ReadDir(last.Folder)
	if err != nil {
		return Finding{"copies", false, last.Folder + " cannot be read, so nobody knows how old the copies of the identity store in it are"}
	}
	over := 0
	for _, f := range files {
		if at, ok := madeAt(f.Name()); ok && now.Sub(at) > keep.KeyCopies {
			over++
		}
	}
	switch {
	case over > 0:
		return Finding{"copies", false, fmt.Sprintf("%d copies of the identity store in %s are older than 7 days; delete them, people who were erased were promised so", over, last.Folder)}
	case now.Sub(last.At) > 48*time.Hour:
		return Finding{"copies", false, fmt.Sprintf("the last copy of the identity store is of %s; make one every day", last.At.Format())}
	}
	return Finding{"copies", true, fmt.Sprintf("the last copy of the identity store is of %s, and none is older than 7 days", last.At.Format())}
}
