package app

import (
	"context"
	"errors"

	"github.com/heed-platform/heed/internal/account/request"
	"github.com/heed-platform/heed/internal/account/request/erasure"
	"github.com/heed-platform/heed/internal/account/request/instant"
	"github.com/heed-platform/heed/internal/account/request/tell"
	"github.com/heed-platform/heed/internal/keep/catalog"
	"github.com/heed-platform/heed/internal/keep/gate"
	"github.com/heed-platform/heed/internal/policy"
	"github.com/heed-platform/heed/internal/policy/define"
	"github.com/heed-platform/heed/internal/reach/delivery"
	"github.com/heed-platform/heed/internal/web/api"
)

// lawful is the purpose of what people may demand.
const lawful = "essential.legal_obligation"

func (a *App) rules() *policy.Rules { return a.World().Rules }

func (a *App) definitions() define.Definitions { return a.World().Workspace.Policy() }

// Requests is where the rights that people use are kept.
func (a *App) Requests() *request.Desk { return request.New(a.Keep, a.Clock, a.rules) }

func (a *App) teller() *tell.Teller {
	return &tell.Teller{Desk: a.Requests(), Rules: a.rules, Answer: func() string { return a.PublicURL() + api.AnswerPath }, Words: a.announce}
}

// announce is what a person is told when somebody used a right in their name.
func (a *App) announce(q request.Request, language, channel string) tell.Said {
	say, brand := a.say(language), a.rules().Brand()
	if channel == "sms" {
		return tell.Said{Text: say.T("erase.text", "brand", brand.Name, "id", q.ID, "email", brand.Email)}
	}
	return tell.Said{
		Subject: say.T("erase.mail_subject", "brand", brand.Name),
		Text:    say.T("erase.mail", "brand", brand.Name, "id", q.ID, "at", say.DateTime(q.Received), "email", brand.Email),
	}
}

// Eraser is how people are erased, by whichever door they come.
func (a *App) Eraser() *erasure.Eraser {
	return &erasure.Eraser{Keep: a.Keep, Desk: a.Requests(), Teller: a.teller(), Rules: a.rules, Definitions: a.definitions, Clock: a.Clock}
}

// Instant answers the rights that can be answered at once.
func (a *App) Instant() *instant.Service {
	return &instant.Service{Gate: a.Keep.Gate, Desk: a.Requests(), Teller: a.teller(), Rules: a.rules, Definitions: a.definitions, Clock: a.Clock}
}

// errands carries what has to be told.
func (a *App) errands() *tell.Carrier {
	return &tell.Carrier{
		Gate: a.Keep.Gate, Queue: a.Keep.Queue, Desk: a.Requests(), Rules: a.rules, Hook: a.reach.hook, Secret: a.WebhookSecret, Clock: a.Clock, Log: a.Log,
		Channel: func(name string) (delivery.Channel, bool) { ch, ok := a.channels()[name]; return ch, ok },
	}
}

// carryErrands tells everybody who must be told now.
func (a *App) carryErrands(ctx context.Context) error { return a.errands().Due(ctx) }

// tendRequests goes on with erasures that stopped, reminds recipients, and
// destroys what was kept apart for as long as a law asked.
func (a *App) tendRequests(ctx context.Context) error {
	c := a.errands()
	return errors.Join(a.Eraser().Resume(ctx, a.honoring()), c.Remind(ctx), c.Expire(ctx))
}

// requests is the rights desk as the API knows it.
func (a *App) requests() api.Requests {
	desk := a.Requests()
	return api.Requests{
		List: func(ctx context.Context, status string, limit int) (any, error) {
			all, err := desk.List(ctx, request.Status(status), limit)
			return struct {
				Requests []request.Request `json:"requests"`
			}{append([]request.Request{}, all...)}, err
		},
		Show: func(ctx context.Context, id string) (any, error) { return a.requestShown(ctx, id) },
		Open: func(ctx context.Context, v api.Visit, right, about string, checked bool) (any, error) {
			return a.OpenRequest(ctx, v.Subject, v.By, v.Why, right, about, checked)
		},
		Answer: func(ctx context.Context, id string, by catalog.Actor, word, reason string) (any, error) {
			return a.AnswerRequest(ctx, id, by, word, reason)
		},
		Hear: func(ctx context.Context, id, at, signature string, body []byte) error {
			ears := tell.Listener{Desk: desk, Keep: a.Keep, Secret: a.WebhookSecret, Clock: a.Clock}
			return ears.Hear(ctx, tell.Heard{ID: id, Timestamp: at, Signature: signature, Body: body})
		},
	}
}

// RequestShown is a request with the parts of those who were told.
type RequestShown struct {
	request.Request

	Recipients []request.Request `json:"recipients"`
}

func (a *App) requestShown(ctx context.Context, id string) (RequestShown, error) {
	q, err := a.Requests().Show(ctx, id)
	if err != nil {
		return RequestShown{}, err
	}
	parts, err := a.Requests().Parts(ctx, q)
	return RequestShown{q, append([]request.Request{}, parts...)}, err
}

// Request is one request with the parts of those who were told.
func (a *App) Request(ctx context.Context, id string) (RequestShown, error) {
	return a.requestShown(ctx, id)
}

// OpenRequest takes in a right that somebody of the staff heard of: by telephone,
// by letter, at the counter. What can be done at once is done.
func (a *App) OpenRequest(ctx context.Context, who gate.Subject, by catalog.Actor, why, right, about string, checked bool) (request.Request, error) {
	level := request.Unproven
	if checked {
		level = request.Checked
	}
	asking := gate.Asking{Subject: who, Purpose: a.honoring(), By: by.Name, Role: string(by.Role), Why: why}
	q, _, err := a.Instant().Use(ctx, asking, level, instant.Wish{Right: request.Right(right), About: about})
	if !errors.Is(err, instant.ErrNotInstant) {
		return q, err
	}
	pass, err := gate.Ask[gate.Honor](ctx, a.Keep.Gate, asking)
	if err != nil {
		return q, err
	}
	d, err := gate.Release(ctx, pass)
	if err != nil {
		return q, err
	}
	group, _, _ := d.Group()
	return a.Requests().Open(ctx, request.Asked{
		Right: request.Right(right), Fragment: d.Found(), Members: group.Members, Place: d.Jurisdiction(), Level: level, By: by.String(), About: about,
	})
}

// AnswerRequest says what became of a request: proven, extended, refused or done.
// Done erases where erasing was asked for. Of a recipient's part it is what the
// recipient said: done, refused.
func (a *App) AnswerRequest(ctx context.Context, id string, by catalog.Actor, word, reason string) (any, error) {
	desk := a.Requests()
	q, err := desk.Show(ctx, id)
	if err != nil {
		return nil, err
	}
	switch {
	case q.Of != "" && (word == "done" || word == "refused"):
		return desk.Answer(ctx, id, by.String(), request.Status(word))
	case word == "proven":
		return desk.Prove(ctx, id, by.String(), request.Checked)
	case word == "extended":
		return desk.Extend(ctx, id, by.String(), reason)
	case word == "refused":
		return desk.Refuse(ctx, id, by.String(), reason)
	case word == "done" && q.Right == request.Erasure && !q.Over() && q.Fragment != 0:
		level := request.Checked
		if q.Status == request.Waiting {
			level = request.Unproven // done says nothing about who it was
		}
		asking := gate.Asking{Subject: gate.ByFragment(q.Fragment), Purpose: a.honoring(), By: by.Name, Role: string(by.Role), Why: "request " + id}
		return a.Eraser().Erase(ctx, asking, level)
	case word == "done":
		return desk.Done(ctx, id, by.String(), "by_staff")
	}
	return nil, request.ErrAnswer
}

// EraseFor erases a person for somebody of the staff who heard them and checked
// who they are.
func (a *App) EraseFor(ctx context.Context, asking gate.Asking) (erasure.Proof, error) {
	return a.Eraser().Erase(ctx, asking, request.Checked)
}

// ReadKept opens everything that is kept apart because a law demands it.
func (a *App) ReadKept(ctx context.Context, by catalog.Actor, why string, f func(gate.Kept) error) error {
	return gate.ReadKept(ctx, a.Keep.Gate, gate.Asking{By: by.Name, Role: string(by.Role), Why: why}, f)
}
