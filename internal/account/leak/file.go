package leak

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"github.com/heed-platform/heed/internal/clock"
	"github.com/heed-platform/heed/internal/keep"
	"github.com/heed-platform/heed/internal/problem"
)

// Case is one leak on file.
type Case struct {
	ID      string        `json:"id"`
	Status  string        `json:"status"` // open or closed
	Learned clock.Instant `json:"learned"`
	Due     clock.Instant `json:"report_due"`
	Closed  clock.Instant `json:"closed,omitzero"`
	What    string        `json:"what"` // what happened, in the words of who opened it; names nobody
	Law     string        `json:"law"`
	Scope   Scope         `json:"scope"`
	Latest  *Assessment   `json:"assessment,omitempty"`
	Steps   []Step        `json:"steps"`
}

// Step is one thing that was done about a leak.
type Step struct {
	At   clock.Instant `json:"at"`
	By   string        `json:"by"`
	What string        `json:"what"`
}

// The statuses of a case.
const (
	Open   = "open"
	Closed = "closed"
)

// right is what a leak's row in the list of requests asks for, as it were.
const right = "leak"

// Left is how long there is until the authority must know; below zero it is late.
func (c Case) Left(now clock.Instant) time.Duration { return c.Due.Time().Sub(now.Time()) }

// Store keeps cases. *keep.Keep is one, and the only one: a case without the
// audit chain would prove nothing.
type Store interface {
	Request(ctx context.Context, id string) (keep.Request, error)
	Requests(ctx context.Context, status string, limit int) ([]keep.Request, error)
	ChangeRequest(ctx context.Context, by, what, id string, f func(keep.Request) (keep.Request, error)) error
}

var (
	errMissing = problem.New(problem.NotFound, "leak-missing", "No leak is on file under this id; heed leak list shows them.")
	errClosed  = problem.New(problem.Conflict, "leak-closed", "This leak is closed; open another one if more got out.")
	errWhat    = problem.New(problem.Invalid, "leak-unsaid", "Say in a sentence what happened; name nobody.")
)

// Begin puts a leak on file. The clock runs from when somebody learned of it.
func Begin(ctx context.Context, s Store, by string, c Case) error {
	if c.What == "" {
		return errWhat
	}
	c.Status = Open
	c.Steps = []Step{{At: c.Learned, By: by, What: "opened"}}
	return s.ChangeRequest(ctx, by, "leak.open", c.ID, func(q keep.Request) (keep.Request, error) { return c.row(q) })
}

// Change writes what f makes of a case and adds a step that says so.
func Change(ctx context.Context, s Store, by, what, id string, now clock.Instant, f func(*Case)) (c Case, err error) {
	err = s.ChangeRequest(ctx, by, "leak."+what, id, func(q keep.Request) (keep.Request, error) {
		if c, err = caseOf(q); err != nil {
			return q, err
		}
		if c.Status == Closed {
			return q, errClosed
		}
		f(&c)
		c.Steps = append(c.Steps, Step{At: now, By: by, What: what})
		return c.row(q)
	})
	return c, err
}

// Find reads a case.
func Find(ctx context.Context, s Store, id string) (Case, error) {
	q, err := s.Request(ctx, id)
	switch {
	case err == nil:
		return caseOf(q)
	case problem.Of(err).Code == "request-unknown":
		return Case{}, errMissing
	}
	return Case{}, err
}

// most is how many cases a list shows; nobody has more and still has customers.
const most = 1000

// List reads every case, the one that is due first first.
func List(ctx context.Context, s Store) ([]Case, error) {
	rows, err := s.Requests(ctx, "", most)
	if err != nil {
		return nil, err
	}
	out := []Case{}
	for _, q := range rows {
		if q.Right != right {
			continue
		}
		c, err := caseOf(q)
		if err != nil {
			return nil, err
		}
		out = append(out, c)
	}
	return out, nil
}

func caseOf(q keep.Request) (Case, error) {
	if q.Right != right {
		return Case{}, errMissing
	}
	var c Case
	if err := json.Unmarshal(q.Body, &c); err != nil {
		return c, fmt.Errorf("read leak %s: %w", q.ID, err)
	}
	return c, nil
}

func (c Case) row(q keep.Request) (keep.Request, error) {
	body, err := json.Marshal(c)
	if err != nil {
		return q, fmt.Errorf("write leak %s: %w", c.ID, err)
	}
	q.Right, q.Status, q.Received, q.Due, q.Closed, q.Body = right, c.Status, c.Learned, c.Due, c.Closed, body
	return q, nil
}
