package keep

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/heed-platform/heed/internal/clock"
	"github.com/heed-platform/heed/internal/fact"
	"github.com/heed-platform/heed/internal/keep/internal/archive"
	"github.com/heed-platform/heed/internal/keep/internal/migrate"
	"github.com/heed-platform/heed/internal/keep/internal/postgres"
	"github.com/heed-platform/heed/internal/keep/internal/sqlite"
	"github.com/heed-platform/heed/internal/keep/internal/store"
	"github.com/heed-platform/heed/internal/keep/internal/vault"
	"github.com/heed-platform/heed/internal/problem"
)

// KeyCopies is how long a copy of the identity store may live.
const KeyCopies = 7 * 24 * time.Hour

// restoredName marks a store that was restored and not yet been looked through.
const restoredName = "restored"

var (
	errNotEmpty = problem.New(problem.Conflict, "restore-into-used",
		"There is a store here already, with data in it; restore goes into an empty place only. Move the old one away, or name another place with --database or --keys.")
	errOtherEngine = problem.New(problem.Conflict, "backup-other-engine",
		"The backup was made on the other kind of database; restore it on the kind that it comes from.")
	errKeysFirst = problem.New(problem.Conflict, "restore-keys-first",
		"A backup of the database needs its identity store, which is not here; name it with --keys, or restore a copy of it first.")
	errKeysOver = problem.New(problem.Gone, "key-copy-expired",
		"This copy of the identity store is older than 7 days; people who were erased since were promised that it can no longer be used. Use a newer one, and delete this one.")
	errEpochGone = problem.New(problem.Gone, "key-epoch-destroyed",
		"This copy of the identity store was made before keys were rotated, and the key that opens it was destroyed or is not in heed.kek; use a copy made after the rotation.")
)

// restored is the mark that a restore leaves, and what it is a copy of.
type restored struct {
	Copy

	At clock.Instant `json:"at"`
}

// Restore puts a copy of one store into an empty place that c names. open gives
// the backup from its beginning, each time. It is read and judged whole before
// anything is written, and written whole or not at all. The next Open replays
// what has been erased meanwhile.
func Restore(ctx context.Context, c Config, open func() (io.ReadCloser, error), clk clock.Clock) (Copy, error) {
	j := judge{config: c, now: clk.Now()}
	found, err := j.read(ctx, open)
	if err != nil {
		return Copy{}, fmt.Errorf("restore: %w", err)
	}
	part, url := found.Part, c.Database
	if part == KeyStore {
		url = c.Keys
	}
	marks := []*store.Row{{Sheet: j.meta, Values: []any{restoredName, j.mark(found)}}}
	if part == Facts {
		marks = append(marks, &store.Row{Sheet: j.meta, Values: []any{sendingName, sendingOff(j.now, whyRestored)}})
	}
	rows := func(yield func(store.Row, error) bool) { j.again(open, marks, yield) }
	if path, ok := strings.CutPrefix(url, "sqlite:"); ok {
		err = sqlite.Load(ctx, path, string(part), j.steps, rows)
	} else {
		err = postgres.Load(ctx, url, string(part), j.steps, rows)
	}
	if errors.Is(err, store.ErrUsed) {
		return Copy{}, errNotEmpty.Because(err)
	}
	if err != nil {
		return Copy{}, backupFault(fmt.Errorf("restore: %w", err))
	}
	return found, nil
}

// judge reads a backup and says whether it may be restored.
type judge struct {
	config Config
	now    clock.Instant

	file  *vault.KeyFile
	meta  *store.Sheet
	steps int
	root  []byte // of the identity store in the backup
	gone  bool   // some key in it cannot be opened any more
}

func (j *judge) read(ctx context.Context, open func() (io.ReadCloser, error)) (found Copy, err error) {
	in, err := open()
	if err != nil {
		return found, err
	}
	defer func() { err = errors.Join(err, in.Close()) }()
	if j.file, err = vault.ReadKeyFile(filepath.Join(j.config.Folder, keyFile)); err != nil {
		return found, err
	}
	contents, err := archive.Read(in, j.begin, j.row)
	if err != nil {
		return found, backupFault(err)
	}
	found = copyOf(contents)
	if found.Part == Facts {
		if j.root, err = j.rootHere(ctx); err != nil {
			return found, err
		}
	}
	if j.gone {
		return found, errEpochGone
	}
	seal, err := j.file.Seal(j.root)
	if err != nil {
		return found, err
	}
	if !contents.Sealed(seal) {
		return found, errBackupForeign
	}
	if found.Part == KeyStore && j.now.Sub(found.Made) > KeyCopies {
		return found, errKeysOver
	}
	return found, nil
}

// begin refuses what does not belong here, before rows are looked at.
func (j *judge) begin(a archive.About) error {
	url := j.config.Database
	switch Part(a.Shape.Store) {
	case Facts:
	case KeyStore:
		url = j.config.Keys
	default:
		return archive.ErrBroken
	}
	engine := "sqlite"
	if isPostgres(url) {
		engine = "postgres"
	} else if !strings.HasPrefix(url, "sqlite:") {
		return errDatabase
	}
	if a.Shape.Engine != engine {
		return errOtherEngine
	}
	for _, s := range a.Sheets {
		if s.Table == "meta" && slices.Equal(s.Columns, []string{"name", "value"}) {
			j.meta = s
		}
	}
	if j.meta == nil {
		return archive.ErrBroken
	}
	j.steps = len(a.Shape.Steps)
	return migrate.Known(engine, a.Shape.Store, a.Shape.Steps)
}

func (j *judge) row(r store.Row) error {
	switch r.Sheet.Table {
	case "meta":
		if name, value := metaOf(r); name == vault.Root {
			j.root = slices.Clone(value)
		}
	case "fragment":
		if at := slices.Index(r.Sheet.Columns, "key"); at >= 0 {
			key, ok := r.Values[at].([]byte)
			j.gone = j.gone || !ok || !j.file.Opens(key)
		}
	}
	return nil
}

func metaOf(r store.Row) (name string, value []byte) {
	name, _ = r.Values[0].(string) // another kind of value is no name
	value, _ = r.Values[1].([]byte)
	return name, value
}

// rootHere is the wrapped workspace key of the identity store that is in place.
func (j *judge) rootHere(ctx context.Context) (root []byte, err error) {
	ids, err := openIdentity(ctx, j.config.Keys)
	if err != nil {
		return nil, err
	}
	root, err = ids.Meta(ctx, vault.Root)
	if err == nil && len(root) == 0 {
		err = errKeysFirst
	}
	return root, errors.Join(err, ids.Close())
}

func (j *judge) mark(found Copy) []byte {
	raw, err := json.Marshal(restored{found, j.now})
	if err != nil {
		panic("a mark is plain data: " + err.Error())
	}
	return raw
}

// again reads the backup once more, leaves the marks of earlier restores out and
// puts its own at the end.
func (j *judge) again(open func() (io.ReadCloser, error), marks []*store.Row, yield func(store.Row, error) bool) {
	in, err := open()
	if err != nil {
		yield(store.Row{}, err)
		return
	}
	stopped := errors.New("stopped")
	_, err = archive.Read(in, func(archive.About) error { return nil }, func(r store.Row) error {
		if name, _ := metaOf(r); r.Sheet.Table == "meta" && (name == restoredName || name == sendingName) {
			return nil
		}
		if !yield(r, nil) {
			return stopped
		}
		return nil
	})
	err = errors.Join(err, in.Close())
	if errors.Is(err, stopped) {
		return
	}
	if err != nil {
		yield(store.Row{}, err)
		return
	}
	for _, m := range marks {
		if !yield(*m, nil) {
			return
		}
	}
}

// Recovery says what Open found to do after a restore.
type Recovery struct {
	From     []Copy // what had been restored
	Buried   int    // fragments that an old copy of the identity store had brought back
	Disowned int    // fragments of the data without a key: erased since, or newer than the identity store
}

// idGap is left free after an identity store was restored: ids that were given
// after it was copied are in other copies of the data, and no id is given twice.
const idGap = 1 << 32

// recover brings two stores together of which at least one was restored: nobody
// who was erased is there when it returns.
func (k *Keep) recover(ctx context.Context) error {
	ids, err := k.ids.Meta(ctx, restoredName)
	if err != nil {
		return err
	}
	data, err := k.Meta(ctx, restoredName)
	if err != nil || len(ids)+len(data) == 0 {
		return err
	}
	for _, raw := range [][]byte{data, ids} {
		var mark restored
		if len(raw) == 0 {
			continue
		}
		if err := json.Unmarshal(raw, &mark); err != nil {
			return fmt.Errorf("read mark of a restore: %w", err)
		}
		k.Recovery.From = append(k.Recovery.From, mark.Copy)
	}
	// Before anything else: whoever is killed from here on comes back to this.
	if s, err := k.Sending(ctx); err != nil {
		return err
	} else if !s.Off {
		if err := k.SwitchSending(ctx, "heed", false, whyRestored); err != nil {
			return err
		}
	}
	if k.Recovery.Buried, err = k.vault.Rebury(ctx); err != nil {
		return err
	}
	var greatest fact.FragmentID
	if k.Recovery.Disowned, greatest, err = k.vault.Disown(ctx); err != nil {
		return err
	}
	if len(ids) > 0 {
		if err := k.ids.Reserve(ctx, greatest+idGap); err != nil {
			return err
		}
	}
	return k.recovered(ctx)
}

// recovered puts on the record what was restored, and takes the marks away.
func (k *Keep) recovered(ctx context.Context) error {
	if n := k.Recovery.Buried + k.Recovery.Disowned; n > 0 {
		if err := k.Audit(ctx, AuditEntry{What: "person.erase", By: "heed", Ref: fmt.Sprintf("replayed after a restore: %d identifiers", n)}); err != nil {
			return err
		}
	}
	for _, c := range k.Recovery.From {
		e := AuditEntry{What: "backup.restored", By: "heed", Ref: fmt.Sprintf("%s %s of %s", c.Part, c.ID, c.Made.Format())}
		if err := k.Audit(ctx, e); err != nil {
			return err
		}
	}
	if err := k.SetMeta(ctx, restoredName, nil); err != nil {
		return err
	}
	_, err := k.ids.SetMeta(ctx, restoredName, nil, false)
	return err
}
