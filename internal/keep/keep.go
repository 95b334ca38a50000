// Package keep is the database: two stores, one vault, one gate.
//
// Open gives a Keep. What is about people is behind Gate; the line alone writes
// to the vault directly, in the walk (Vault). What is about nobody —
// definitions, sources, tokens, the catalog of items, the ingest balance — is
// in registry.go. The keep promises that what it says is written is on disk,
// once, and that both engines behave alike (keeptest). It decides nothing: who
// may see what is policy's, who is one person is know's.
//
// Start reading at Open, then keep/gate.
package keep

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/heed-platform/heed/internal/clock"
	"github.com/heed-platform/heed/internal/keep/gate"
	"github.com/heed-platform/heed/internal/keep/internal/postgres"
	"github.com/heed-platform/heed/internal/keep/internal/sqlite"
	"github.com/heed-platform/heed/internal/keep/internal/store"
	"github.com/heed-platform/heed/internal/keep/internal/vault"
	"github.com/heed-platform/heed/internal/keep/queue"
	"github.com/heed-platform/heed/internal/problem"
)

// Config says where the keep lies. Database and Keys are "sqlite:PATH" or a
// postgres:// URL; Folder holds the key file and this node's name.
type Config struct {
	Database string
	Keys     string
	Folder   string
}

// Keep is an open database.
type Keep struct {
	Gate   *gate.Gate
	Queue  *queue.Queue
	Writer string // this node's name in the audit chain

	Recovery Recovery // what Open did because a backup had been restored

	ids   store.Identity
	data  store.Data
	vault *vault.Vault
}

var errDatabase = problem.New(problem.Invalid, "database-url-unknown",
	"The database must be sqlite:PATH or postgres://…; set --database or HEED_DATABASE.")

// Open opens or creates the keep and brings its schema up to date.
func Open(ctx context.Context, c Config, know gate.Knowledge, clk clock.Clock) (*Keep, error) {
	if err := os.MkdirAll(c.Folder, 0o700); err != nil {
		return nil, fmt.Errorf("open keep: %w", err)
	}
	writer, err := nodeName(c.Folder)
	if err != nil {
		return nil, fmt.Errorf("open keep: %w", err)
	}
	data, err := openData(ctx, c.Database)
	if err != nil {
		return nil, err
	}
	ids, err := openIdentity(ctx, c.Keys)
	if err != nil {
		return nil, errors.Join(err, data.Close())
	}
	v, err := vault.Open(ctx, ids, data, filepath.Join(c.Folder, keyFile), clk)
	if err == nil {
		err = bind(ctx, v, ids)
	}
	if err != nil {
		return nil, errors.Join(err, ids.Close(), data.Close())
	}
	k := &Keep{Writer: writer, ids: ids, data: data, vault: v}
	if err := k.recover(ctx); err != nil {
		return nil, errors.Join(fmt.Errorf("recover: %w", err), k.Close())
	}
	// Whoever has the database to itself knows that nobody is at it any more.
	if _, err := v.FinishErasures(ctx, writer, data.Capabilities().OneProcess); err != nil {
		return nil, errors.Join(err, k.Close())
	}
	k.Gate = gate.New(v, know, writer, clk)
	k.Queue = queue.New(v, writer, clk)
	return k, nil
}

// keyFile is the name of the file with the key-encryption keys, in Config.Folder.
const keyFile = "heed.kek"

var errDataMissing = problem.New(problem.Conflict, "database-missing",
	"The identity store knows people but the database is empty; name the right one with --database or HEED_DATABASE, or restore a backup of it.")

var errForeign = problem.New(problem.Conflict, "identity-store-foreign",
	"This identity store does not belong to this database; name the right one with --keys or HEED_KEYS. Nodes that share a database share the identity store and heed.kek too.")

// bind makes sure that the two stores belong together: a second node with an
// identity store of its own would find nobody and seal what nobody else can read.
func bind(ctx context.Context, v *vault.Vault, ids store.Identity) error {
	mark := v.Key("binding")
	return v.Data().Write(ctx, func(w store.Writer) error {
		have, err := w.Meta(ctx, vault.Binding)
		if err != nil && !errors.Is(err, store.ErrNotFound) {
			return fmt.Errorf("read binding: %w", err)
		}
		if len(have) == 0 {
			known, err := ids.Scan(ctx, 0, 1)
			if err != nil {
				return fmt.Errorf("read identity store: %w", err)
			}
			if len(known) > 0 {
				return errDataMissing
			}
			return w.SetMeta(ctx, vault.Binding, mark[:])
		}
		if !bytes.Equal(have, mark[:]) {
			return errForeign
		}
		return nil
	})
}

func openData(ctx context.Context, url string) (store.Data, error) {
	if path, ok := strings.CutPrefix(url, "sqlite:"); ok {
		return sqlite.OpenData(ctx, path)
	}
	if isPostgres(url) {
		return postgres.OpenData(ctx, url)
	}
	return nil, errDatabase
}

func openIdentity(ctx context.Context, url string) (store.Identity, error) {
	if path, ok := strings.CutPrefix(url, "sqlite:"); ok {
		return sqlite.OpenIdentity(ctx, path)
	}
	if isPostgres(url) {
		return postgres.OpenIdentity(ctx, url)
	}
	return nil, errDatabase
}

func isPostgres(url string) bool {
	return strings.HasPrefix(url, "postgres://") || strings.HasPrefix(url, "postgresql://")
}

// nodeName is this node's name in the audit chain, made once per folder.
func nodeName(folder string) (string, error) {
	path := filepath.Join(folder, "node")
	raw, err := os.ReadFile(path)
	if err == nil && len(raw) > 0 {
		return strings.TrimSpace(string(raw)), nil
	}
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return "", err
	}
	var b [4]byte
	_, _ = rand.Read(b[:])
	name := "node-" + hex.EncodeToString(b[:])
	return name, os.WriteFile(path, []byte(name+"\n"), 0o600)
}

// Close ends the keep; both stores are left consistent.
func (k *Keep) Close() error { return errors.Join(k.data.Close(), k.ids.Close()) }

// Ready fails when nothing can be written durably now.
func (k *Keep) Ready(ctx context.Context) error { return k.data.Ready(ctx) }

// ManyWriters reports whether several transactions may be written at once.
func (k *Keep) ManyWriters() bool { return k.data.Capabilities().RowLocks }

// FinishErasures goes on with erasures that another node left unfinished, and
// returns how many there were; and with scrubbing what erasures removed. Open
// has done the first for those of before.
func (k *Keep) FinishErasures(ctx context.Context) (int, error) {
	n, err := k.vault.FinishErasures(ctx, k.Writer, false)
	if err == nil {
		_, err = k.vault.FinishScrubs(ctx)
	}
	return n, err
}

// Vault is for the line and for maintenance (rebuild, verify) only;
// arch_test.go lists who calls it.
func (k *Keep) Vault() *vault.Vault { return k.vault }

// Names of the vault's types, for those who may hold them.
type (
	Vault      = vault.Vault
	Tx         = vault.Tx
	Chain      = vault.Chain
	Fragment   = vault.Fragment
	Name       = vault.Name
	Tie        = vault.Tie
	Admitted   = vault.Admitted
	Cluster    = vault.Cluster
	Entry      = vault.Entry
	Sighting   = vault.Sighting
	AuditEntry = vault.AuditEntry
	Fact       = vault.Fact
	Damage     = vault.Damage
	Folder     = vault.Folder
	Rebuilt    = vault.Rebuilt
	Spine      = store.Spine
	Job        = store.Job
	Timer      = store.Timer
	Tally      = store.Tally
	Quarantine = store.Quarantined
	Edge       = store.Edge
	Ticket     = store.Ticket
	Request    = store.Request
	Reader     = store.Reader
	Writer     = store.Writer
)

// The sightings of a message, and what a transaction can fail with.
const (
	Unseen    = vault.Unseen
	Duplicate = vault.Duplicate
	Reused    = vault.Reused
)

// Errors that callers act on.
var (
	ErrErased  = vault.ErrErased
	ErrUnknown = store.ErrNotFound
	ErrStale   = store.ErrStale
	ErrFenced  = store.ErrFenced
	ErrFull    = store.ErrFull
	ErrDown    = store.ErrDown
	ErrNobody  = gate.ErrNobody
)

// EntryOf names a message in its fragment's set.
var EntryOf = vault.EntryOf //nolint:gochecknoglobals // a name for a function

// AuditFact completes an audit entry with the fact that was appended last.
var AuditFact = vault.AuditFact //nolint:gochecknoglobals // a name for a function
