package app

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"sync/atomic"

	"github.com/heed-platform/heed/internal/account/retention"
	"github.com/heed-platform/heed/internal/clock"
	"github.com/heed-platform/heed/internal/config"
	"github.com/heed-platform/heed/internal/keep"
	"github.com/heed-platform/heed/internal/know"
	"github.com/heed-platform/heed/internal/know/identity"
	"github.com/heed-platform/heed/internal/line"
	"github.com/heed-platform/heed/internal/web"
	"github.com/heed-platform/heed/internal/web/page"
)

// App is heed, put together.
type App struct {
	Config config.Config
	Clock  clock.Clock
	Log    *slog.Logger
	Keep   *keep.Keep
	Line   *line.Line

	world    atomic.Pointer[World]
	change   sync.Mutex // one change of the workspace at a time
	sources  atomic.Pointer[registry]
	first    First
	base     *swap
	edition  string // of the workspace that follow read last
	metrics  *web.Metrics
	public   atomic.Pointer[string]
	draining atomic.Bool
	reach    reach      // how messages leave
	learner  learner    // names and types that were seen
	way      doorway    // into people's own pages
	letters  letters    // questions to addresses, now or never
	made     keys       // write keys made since somebody asked
	tries    []page.Try // what to try next, for whoever reads the outbox
	retained sync.Once
	retainer *retention.Runner
}

// First is what was made because the database was empty: shown once.
type First struct {
	WriteKey   string
	AdminToken string
	Made       bool
}

// Open opens the database, brings its schema up to date, puts the workspace in
// force and starts the line. Nothing listens yet.
func Open(ctx context.Context, cfg config.Config, clk clock.Clock, log *slog.Logger) (*App, error) {
	a := &App{Config: cfg, Clock: clk, Log: log, metrics: web.NewMetrics()}
	// Until the workspace is read, the house's own identity rules hold; they
	// are replaced before anything is resolved.
	base := &swap{}
	base.set(know.New(identity.DefaultRules(), ""))
	k, err := keep.Open(ctx, keep.Config{
		Database: cfg.Database.Text(), Keys: cfg.Keys.Text(), Folder: cfg.Data,
	}, base, clk)
	if err != nil {
		return nil, fmt.Errorf("open: %w", err)
	}
	a.Keep = k
	if err := a.begin(ctx, base); err != nil {
		return nil, errors.Join(err, k.Close())
	}
	return a, nil
}

func (a *App) begin(ctx context.Context, base *swap) error {
	if err := a.seed(ctx); err != nil {
		return err
	}
	w, err := a.build(ctx)
	if err != nil {
		return err
	}
	if _, err := a.bar(ctx, w.Know); err != nil {
		return err
	}
	a.Line = line.New(a.Keep, w.settings(), a.Clock, a.Log)
	a.adopt(w, base)
	if err := a.loadSources(ctx); err != nil {
		return err
	}
	if err := a.prepareReach(); err != nil {
		return err
	}
	workers := 1
	if a.Keep.ManyWriters() {
		workers = 4
	}
	a.Line.Run(ctx, workers)
	return nil
}

// Close answers what is in hand and closes the database.
func (a *App) Close() error {
	a.Line.Close()
	err := a.learn(context.Background()) //nolint:forbidigo // closing goes on after the caller's context ended
	return errors.Join(err, a.Keep.Close())
}

// World is what is in force now.
func (a *App) World() *World { return a.world.Load() }

// Suggest says what to try next on the page that shows the outbox.
func (a *App) Suggest(tries ...page.Try) { a.tries = tries }
