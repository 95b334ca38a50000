package request

import (
	"encoding/json"
	"fmt"

	"github.com/heed-platform/heed/internal/clock"
	"github.com/heed-platform/heed/internal/fact"
	"github.com/heed-platform/heed/internal/keep"
)

// Status is how far a request has come.
type Status string

// The statuses.
const (
	Waiting Status = "waiting" // who asks has not been shown yet; the law's clock runs all the same
	Open    Status = "open"
	Working Status = "working" // begun, and will be finished whatever interrupts it
	Done    Status = "done"
	Refused Status = "refused"

	Untold Status = "untold" // of a recipient: not told yet
	Told   Status = "told"   // told, and has not answered
	Failed Status = "failed" // could not be told; somebody must look
)

// Request is one right that somebody used, or one recipient's part in it.
type Request struct {
	ID       string          `json:"id"`
	Right    Right           `json:"right"`
	Status   Status          `json:"status"`
	Received clock.Instant   `json:"received"`
	Due      clock.Instant   `json:"due"`
	Closed   clock.Instant   `json:"closed,omitzero"`
	Fragment fact.FragmentID `json:"-"`

	Body
}

// Body is the part of a request that only it reads.
type Body struct {
	Place     string        `json:"place,omitempty"`     // jurisdiction
	Law       string        `json:"law,omitempty"`       // where its clock is written
	Pack      string        `json:"pack,omitempty"`      // the law pack of that clock
	Confirm   clock.Instant `json:"confirm_by,omitzero"` // until when the law wants it confirmed; it is, at once
	Longest   clock.Instant `json:"longest,omitzero"`    // Due after an extension
	Extended  string        `json:"extended,omitempty"`  // why
	Level     string        `json:"proof"`
	About     string        `json:"about,omitempty"` // a field's path, a purpose's or recipient's key
	Proof     string        `json:"certificate,omitempty"`
	Backups   clock.Instant `json:"unreadable_in_backups_by,omitzero"`
	Kept      []Kept        `json:"kept,omitempty"`
	Told      []string      `json:"told,omitempty"`      // requests of the recipients' parts
	Of        string        `json:"of,omitempty"`        // of a recipient's part: the request that it is of
	Recipient string        `json:"recipient,omitempty"` // of a recipient's part
	Way       string        `json:"way,omitempty"`       // how it is told: opendsr, webhook, mail
	Reminded  int           `json:"reminded,omitempty"`
	Leaving   int           `json:"may_have_left,omitempty"` // messages that were leaving when it began
	Left      int           `json:"left_alone,omitempty"`    // identifiers that only a claim joined
	Steps     []Step        `json:"steps"`
}

// Kept is what a law makes the brand keep apart, and until when.
type Kept struct {
	ID    string        `json:"id"`
	Label string        `json:"label"`
	Law   string        `json:"law"`
	Count int           `json:"count"`
	Until clock.Instant `json:"until"`
}

// Step is one thing that was done about a request.
type Step struct {
	At   clock.Instant `json:"at"`
	By   string        `json:"by"`   // person, heed, role:name, recipient:key
	What string        `json:"what"` // received, confirmed, proven, extended, refused, done, told, answered, reminded, failed
	Code string        `json:"code,omitempty"`
}

// Over reports whether nothing more is to be done.
func (q *Request) Over() bool { return q.Status == Done || q.Status == Refused }

// Late reports whether the law's day has passed.
func (q *Request) Late(now clock.Instant) bool { return !q.Over() && now > q.Due }

func (q *Request) step(at clock.Instant, by, what, code string) {
	q.Steps = append(q.Steps, Step{at, by, what, code})
}

func of(row keep.Request) (Request, error) {
	q := Request{
		ID: row.ID, Right: Right(row.Right), Status: Status(row.Status), Received: row.Received, Due: row.Due, Closed: row.Closed, Fragment: row.Fragment,
	}
	if len(row.Body) == 0 {
		return q, nil
	}
	if err := json.Unmarshal(row.Body, &q.Body); err != nil {
		return q, fmt.Errorf("read request: %w", err)
	}
	return q, nil
}

func (q *Request) row() (keep.Request, error) {
	body, err := json.Marshal(q.Body)
	if err != nil {
		return keep.Request{}, fmt.Errorf("write request: %w", err)
	}
	return keep.Request{
		ID: q.ID, Right: string(q.Right), Status: string(q.Status), Fragment: q.Fragment, Received: q.Received, Due: q.Due,
		Closed: q.Closed, Body: body,
	}, nil
}

// Certificate is what a request keeps of the proof of an erasure.
type Certificate struct {
	ID      string
	Backups clock.Instant
	Left    int
}
