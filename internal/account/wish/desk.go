package wish

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/heed-platform/heed/internal/account/access"
	"github.com/heed-platform/heed/internal/account/ledger"
	"github.com/heed-platform/heed/internal/clock"
	"github.com/heed-platform/heed/internal/fact"
	"github.com/heed-platform/heed/internal/keep"
	"github.com/heed-platform/heed/internal/keep/catalog"
	"github.com/heed-platform/heed/internal/keep/gate"
	"github.com/heed-platform/heed/internal/policy"
	"github.com/heed-platform/heed/internal/problem"
)

// Desk is where people choose.
type Desk struct {
	Keep      *keep.Keep
	Clock     clock.Clock
	Rules     func() *policy.Rules
	Workspace func() catalog.Workspace
}

// ErrMore answers a visitor who came by a link of a message, which others may
// have too, and wants more than it lets them do.
var ErrMore = problem.New(problem.Forbidden, "choice-needs-code", "To allow more than before, or to change how things are shown, show first who you are by a code.")

// errLate is Undo's answer when there is nothing to take back any more.
var errLate = problem.New(problem.Gone, "undo-over", "Taking back works for a minute, from the page that made the change; choose anew instead.")

// Sheet is what the visitor can choose, with texts in the first of the languages
// that there is a text in.
func (k Desk) Sheet(ctx context.Context, v access.Visitor, languages ...string) (Sheet, error) {
	d, err := k.open(ctx, v)
	if err != nil {
		return Sheet{}, err
	}
	return Read(d, k.Rules(), k.Workspace().Policy(), languages), nil
}

func (k Desk) open(ctx context.Context, v access.Visitor) (d gate.Dossier, err error) {
	pass, err := gate.Ask[gate.Honor](ctx, k.Keep.Gate, gate.Asking{
		Subject: gate.ByRef(v.Ref), Purpose: "essential.legal_obligation", By: "visitor", Role: gate.Themselves, Why: "looked at their choices",
	})
	if err != nil {
		return d, fmt.Errorf("ask for the choices: %w", err)
	}
	return gate.Own(ctx, pass)
}

// Saved is what a Save did.
type Saved struct {
	At      clock.Instant `json:"at"`      // in force since; zero when nothing changed
	Changed []Difference  `json:"changed"` // by name
	Leaving int           `json:"leaving"` // messages that were already leaving and may still arrive
	Undone  bool          `json:"undone,omitempty"`
	Order   []string      `json:"order,omitempty"`   // of the channels that were liked before
	Records []string      `json:"records,omitempty"` // entries of the ledger that it made
}

// liked are the channels that are not refused, in order.
func (s Sheet) liked() []string {
	return slices.DeleteFunc(slices.Clone(s.Channels), func(c string) bool { return s.Choices[Channels+c] == No })
}

// Undoable reports whether a Save lowered anything.
func (s Saved) Undoable() bool { return !s.Undone && len(Lowering(s.Changed)) > 0 }

// Save carries over what differs between what somebody was shown and what they
// sent. When it returns, that is in force. Whoever came by a link can only lower:
// ErrMore. evidence says what proves it ("form preferences").
func (k Desk) Save(ctx context.Context, v access.Visitor, shown, sent Choices, language, evidence string) (Saved, error) {
	s, err := k.Sheet(ctx, v, language)
	if err != nil {
		return Saved{}, err
	}
	to, err := s.With(Compare(shown, sent))
	if err != nil {
		return Saved{}, err
	}
	return k.declare(ctx, v, s, to, proof{
		method: ByForm, language: language, evidence: evidence, notice: func(p Purpose) string { return ref(p.Notice) },
	})
}

func (k Desk) declare(ctx context.Context, v access.Visitor, s Sheet, to Choices, how proof) (Saved, error) {
	changed := Compare(s.Choices, to)
	if len(changed) == 0 {
		return Saved{}, nil
	}
	undone := how.method == ByUndo
	if v.Scope < access.Full && !undone && len(Lowering(changed)) < len(changed) {
		return Saved{}, ErrMore
	}
	receipt, err := gate.Declare(ctx, k.Keep.Gate, gate.ByRef(v.Ref), s.statement(to, how))
	if err != nil {
		return Saved{}, fmt.Errorf("save choices: %w", err)
	}
	done := Saved{At: k.Clock.Now(), Changed: changed, Leaving: receipt.Leaving, Undone: undone, Order: s.liked(), Records: receipt.Records}
	body, err := json.Marshal(done)
	if err != nil {
		return Saved{}, fmt.Errorf("note choices: %w", err)
	}
	// The choices hold whatever becomes of the note; without it nothing can be
	// taken back, so it is better to say so.
	err = k.Keep.Issue(ctx, v.Session, keep.Ticket{Kind: ticket, Fragment: v.Fragment, Until: done.At.Add(minute), Body: body})
	return done, err
}

// ticket is the kind of the note on what a session changed last, and minute is
// how long it stands.
const (
	ticket = "choice"
	minute = time.Minute
)

// Last is what the visitor's session changed within the last minute; its At is
// zero when that is nothing.
func (k Desk) Last(ctx context.Context, v access.Visitor) (Saved, error) {
	t, err := k.Keep.Show(ctx, ticket, v.Session, k.Clock.Now())
	if errors.Is(err, keep.ErrNoTicket) {
		return Saved{}, nil
	}
	if err != nil {
		return Saved{}, err
	}
	return read(t)
}

func read(t keep.Ticket) (s Saved, err error) {
	if err := json.Unmarshal(t.Body, &s); err != nil {
		return Saved{}, fmt.Errorf("read the last choices: %w", err)
	}
	return s, nil
}

// Undo takes back what the session's last Save lowered, within a minute of it,
// once. What somebody said otherwise in between stands; what the Save raised is
// left as it is.
func (k Desk) Undo(ctx context.Context, v access.Visitor, language string) (Saved, error) {
	t, err := k.Keep.Take(ctx, ticket, v.Session, k.Clock.Now())
	if errors.Is(err, keep.ErrNoTicket) {
		return Saved{}, errLate.Because(err)
	}
	if err != nil {
		return Saved{}, err
	}
	last, err := read(t)
	if err != nil {
		return Saved{}, err
	}
	if !last.Undoable() {
		return Saved{}, errLate
	}
	d, err := k.open(ctx, v)
	if err != nil {
		return Saved{}, err
	}
	s := Read(d, k.Rules(), k.Workspace().Policy(), Languages{language})
	book, err := ledger.Read(d)
	if err != nil {
		return Saved{}, err
	}
	var back []Difference
	for _, lowered := range Lowering(last.Changed) {
		if s.Choices[lowered.Name] == lowered.To {
			back = append(back, Difference{Name: lowered.Name, From: lowered.To, To: lowered.From})
		}
	}
	to, err := s.With(s.back(back, last.Order))
	if err != nil {
		return Saved{}, errLate.Because(err)
	}
	return k.declare(ctx, v, s, to, proof{
		method: ByUndo, language: language, evidence: "undo within a minute, same session",
		notice: func(p Purpose) string { return before(book, p.Key) }, taken: last.Records,
	})
}

// before is the notice of the yes that stood before the last no to a purpose; ""
// where none stood, and the no is only taken back.
func before(book ledger.Book, purpose string) string {
	for _, g := range slices.Backward(book.Grants) {
		if g.Purpose == purpose && g.Channel == "" && g.Topic == "" && g.Status == fact.Granted {
			return g.Notice
		}
	}
	return ""
}
