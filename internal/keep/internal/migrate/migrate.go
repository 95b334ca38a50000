// Package migrate brings a store's tables to the shape this program knows.
//
// Every engine has one folder a store, of numbered SQL files that only go
// forward. The package promises that both engines have the same numbers and
// names, that a step already applied has not been edited since, and that a
// database written by a newer heed is refused rather than guessed at. It does
// not know how to run SQL: an engine lends it a Target. Start reading at Run.
package migrate

import (
	"context"
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"fmt"
	"io/fs"
	"path"
	"strconv"
	"strings"

	"github.com/heed-platform/heed/internal/keep/internal/store"
	"github.com/heed-platform/heed/internal/problem"
)

//go:embed sqlite postgres
var files embed.FS

var (
	errNewer = problem.New(problem.Conflict, "schema-newer",
		"The database was written by a newer heed; start that version or a later one, or restore a backup made before the upgrade.")
	errEdited = problem.New(problem.Conflict, "schema-edited",
		"The database was made by a heed whose migrations differ from this one's; use an official build of the version that wrote it.")
)

// Step is one migration file.
type Step struct {
	Number int    // counts from 1 without gaps
	Name   string // what follows the number in the file's name
	SQL    string
	Sum    string // SHA-256 of SQL, hex
}

// Applied is what a database remembers of a step.
type Applied struct {
	Number    int
	Name, Sum string
}

// Target is one store of one engine, held under a lock that keeps every other
// migration out.
type Target interface {
	// Applied lists the steps that were applied, by number; it makes the table
	// that remembers them when there is none.
	Applied(ctx context.Context) ([]Applied, error)
	// Apply runs a step and remembers it, both or neither.
	Apply(ctx context.Context, s Step) error
}

// Steps are the migrations of a store ("identity" or "data") for an engine
// ("sqlite" or "postgres"), by number.
func Steps(engine, store string) ([]Step, error) {
	dir := path.Join(engine, store)
	entries, err := fs.ReadDir(files, dir)
	if err != nil {
		return nil, fmt.Errorf("list migrations of %s: %w", dir, err)
	}
	steps := make([]Step, 0, len(entries))
	for i, e := range entries {
		body, err := fs.ReadFile(files, path.Join(dir, e.Name()))
		if err != nil {
			return nil, fmt.Errorf("read migration: %w", err)
		}
		digits, name, _ := strings.Cut(strings.TrimSuffix(e.Name(), ".sql"), "_")
		number, err := strconv.Atoi(digits)
		if err != nil || number != i+1 || name == "" {
			return nil, fmt.Errorf("migration %s/%s must be number %d and have a name", dir, e.Name(), i+1)
		}
		sum := sha256.Sum256(body)
		steps = append(steps, Step{number, name, string(body), hex.EncodeToString(sum[:])})
	}
	return steps, nil
}

// Known refuses the steps of a copy that this program does not know.
func Known(engine, kind string, done []store.Step) error {
	steps, err := Steps(engine, kind)
	if err != nil {
		return err
	}
	applied := make([]Applied, len(done))
	for i, d := range done {
		applied[i] = Applied(d)
	}
	return known(steps, applied)
}

func known(steps []Step, done []Applied) error {
	if len(done) > len(steps) {
		return errNewer.At("schema", fmt.Sprintf("version %d, this program knows %d", len(done), len(steps)))
	}
	for i, d := range done {
		if s := steps[i]; d != (Applied{s.Number, s.Name, s.Sum}) {
			return errEdited.At("schema", fmt.Sprintf("step %d", i+1))
		}
	}
	return nil
}

// Run applies to t the steps that it lacks, in order. It refuses a database
// that has steps which this program does not know.
func Run(ctx context.Context, steps []Step, t Target) error {
	done, err := t.Applied(ctx)
	if err != nil {
		return fmt.Errorf("read schema version: %w", err)
	}
	if err := known(steps, done); err != nil {
		return err
	}
	for _, s := range steps[len(done):] {
		if err := t.Apply(ctx, s); err != nil {
			return fmt.Errorf("migrate to %04d_%s: %w", s.Number, s.Name, err)
		}
	}
	return nil
}
