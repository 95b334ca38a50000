package api

import (
	"context"
	"io/fs"
	"log/slog"

	"github.com/heed-platform/heed/internal/clock"
	"github.com/heed-platform/heed/internal/keep"
	"github.com/heed-platform/heed/internal/keep/catalog"
	"github.com/heed-platform/heed/internal/keep/gate"
	"github.com/heed-platform/heed/internal/keep/queue"
	"github.com/heed-platform/heed/internal/line"
	"github.com/heed-platform/heed/internal/policy"
	"github.com/heed-platform/heed/internal/web"
	"github.com/heed-platform/heed/internal/web/api/ingest"
	"github.com/heed-platform/heed/internal/web/page"
)

// Deps is everything the public port stands on. A nil function of SMS, Audiences
// and Deliveries takes its address away; everything else is needed.
type Deps struct {
	Log     *slog.Logger
	Clock   clock.Clock
	Metrics *web.Metrics
	Ingest  ingest.Deps // Clock and Metrics are filled in from here
	Pages   page.Deps   // Clock as well
	SMS     SMS
	// Feedback is what comes back of messages.
	Feedback Feedback

	// Ready fails when nothing can be written durably now, or when heed is
	// draining; its error is shown to nobody but the log.
	Ready func(context.Context) error
	// Actor finds who holds a token.
	Actor func(token string) (catalog.Actor, bool)
	// Rules are the policy in force; nil when no workspace is.
	Rules func() *policy.Rules
	// Watch gives what goes by from now on, and a way to stop.
	Watch func() (<-chan line.Seen, func())

	Registry   Registry
	Workspace  Workspace
	Audiences  Audiences
	People     People
	Quarantine Quarantine
	Deliveries Deliveries
	Requests   Requests
	Promises   Promises
}

// Registry is what the database holds that is about nobody. *keep.Keep is one.
type Registry interface {
	Definitions(ctx context.Context, kind string) ([]keep.Definition, error)
	Sources(ctx context.Context) ([]keep.Source, error)
	Items(ctx context.Context, ids []string) ([]keep.Item, error)
	PutItems(ctx context.Context, items []keep.Item) error
	Tallies(ctx context.Context) ([]keep.Tally, error)
}

// Workspace changes what is in force. *app.App is one.
type Workspace interface {
	Apply(ctx context.Context, files fs.FS, by catalog.Actor) ([]catalog.Entry, error)
	Draft(ctx context.Context, campaign string) (catalog.Entry, error)
	Approve(ctx context.Context, campaign string, version int64, hash, answer string, by catalog.Actor) ([]catalog.Entry, error)
	Pause(ctx context.Context, campaign string, by catalog.Actor) ([]catalog.Entry, error)
	Resume(ctx context.Context, campaign string, by catalog.Actor) ([]catalog.Entry, error)
	End(ctx context.Context, kind catalog.Kind, key string, by catalog.Actor) ([]catalog.Entry, error)
	// Send considers everybody in the audience of a live campaign that starts by
	// being sent; it returns how many were considered.
	Send(ctx context.Context, campaign string, by catalog.Actor) (considered int, err error)
	AddSource(ctx context.Context, by catalog.Actor, key, kind string) (writeKey string, err error)
	AddToken(ctx context.Context, by catalog.Actor, role catalog.Role, name string) (token string, err error)
	// NewKeys gives the write keys made since it was last asked, by source.
	NewKeys() map[string]string
}

// Audiences counts people for those who plan; small numbers are hidden already.
// What is returned as any is JSON-ready.
type Audiences struct {
	// Preview counts an audience of the workspace: an audience.Preview.
	Preview func(ctx context.Context, key string, by catalog.Actor) (any, error)
	// PreviewExpression counts one that is being written.
	PreviewExpression func(ctx context.Context, expression, purpose string, by catalog.Actor) (any, error)
	// DryRun counts, for each guard of a campaign, how many people it stops.
	DryRun func(ctx context.Context, campaign string, by catalog.Actor) (any, error)
}

// Visit is somebody of the staff looking at one person: who, and why. It goes on
// the record before anything is shown.
type Visit struct {
	Subject gate.Subject
	By      catalog.Actor
	Why     string
}

// People is what staff may do with one person. An unknown person is
// gate.ErrNobody. What is returned as any is JSON-ready and made by account.
type People interface {
	Find(ctx context.Context, v Visit) (ref string, err error)
	Show(ctx context.Context, v Visit) (any, error)
	Explain(ctx context.Context, v Visit) (any, error)
	Export(ctx context.Context, v Visit) (any, error)
	Erase(ctx context.Context, v Visit) (any, error)
	// Split makes off and from two people; the zero from is the anchor.
	Split(ctx context.Context, v Visit, off, from gate.Subject) (gate.Parts, error)
	Declare(ctx context.Context, v Visit, said gate.Statement) (gate.Receipt, error)
	// Decision is one decision about the person, with its reasons.
	Decision(ctx context.Context, v Visit, id string) (any, error)
	// Replay asks the guards of a decision the same question again.
	Replay(ctx context.Context, v Visit, id string) (any, error)
}

// Quarantine is what was not understood. Entries show no content.
type Quarantine struct {
	List func(ctx context.Context, after int64, limit int) ([]keep.Quarantine, error)
	// Replay tries events again, all when ids is empty; the result is JSON-ready.
	Replay func(ctx context.Context, ids []int64, by catalog.Actor) (any, error)
	Drop   func(ctx context.Context, ids []int64, by catalog.Actor) error
}

// Deliveries is the queue of messages, and the box of those that could not
// leave.
type Deliveries struct {
	List  func(ctx context.Context, kind, state string, limit int) ([]queue.Entry, error)
	Retry func(ctx context.Context, id int64, by catalog.Actor) error
	Drop  func(ctx context.Context, id int64, by catalog.Actor) error
}
