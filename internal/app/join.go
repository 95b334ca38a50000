package app

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"time"

	"github.com/heed-platform/heed/internal/clock"
	"github.com/heed-platform/heed/internal/collect/event"
	"github.com/heed-platform/heed/internal/collect/form"
	"github.com/heed-platform/heed/internal/fact"
	"github.com/heed-platform/heed/internal/keep"
	"github.com/heed-platform/heed/internal/keep/catalog"
	"github.com/heed-platform/heed/internal/line"
	"github.com/heed-platform/heed/internal/person"
	"github.com/heed-platform/heed/internal/problem"
	"github.com/heed-platform/heed/internal/web/page/join"
	"github.com/heed-platform/heed/internal/web/snippet"
)

// Sign-ups that wait for their address to confirm itself.
const (
	signupLife  = 14 * 24 * time.Hour
	signupKind  = "signup"  // tickets: the answers, locked under the secret of the link
	joinedKind  = "joined"  // tickets: the parts whose address has confirmed itself
	askedKind   = "joining" // tickets: how often an address was asked
	forgetKind  = "signup"  // jobs: when the time of a sign-up is over
	asksADay    = 3         // for one address, whoever asks
	forgetLease = 5 * time.Minute
	forgetPage  = 100
)

// joinArea mounts the ways in which people give: forms, and our own script.
func (a *App) joinArea(mux *http.ServeMux) {
	snippet.Routes(mux)
	join.Routes(mux, join.Deps{
		Look: a.looks(), Clock: a.Clock, PublicURL: a.PublicURL,
		Form: func(key string, languages ...string) (form.Form, bool) {
			return a.World().Forms.Find(key, languages...)
		},
		Canonical: a.canonical,
		Carries:   func(channel string) bool { return a.channels()[channel] != nil },
		Post:      a.Join, Waiting: a.waiting, Confirm: a.confirm,
		Staff: a.clerks(),
	})
}

// Join takes what somebody wrote into a form, or told a clerk who did. What needs
// no address is entered when it returns; each address is asked whether it is
// theirs, and the rest waits for its answer. It returns the channels that ask.
func (a *App) Join(ctx context.Context, f form.Form, answers form.Answers, clerk *form.Clerk) ([]string, error) {
	var asked []string
	for _, p := range f.Parts(answers, a.Clock.Now(), clerk, rand.Text) {
		if p.Address == "" {
			if err := a.enter(ctx, p, nil); err != nil {
				return nil, err
			}
			continue
		}
		if err := a.ask(ctx, f, p); err != nil {
			return nil, err
		}
		asked = append(asked, p.Channel())
	}
	return asked, nil
}

// ask keeps a part for the time it may wait, and sends the link that opens it.
// Only the link opens it: it is sent from here at once, because no queue may hold
// it. Whether anybody here has the address changes nothing that can be seen.
func (a *App) ask(ctx context.Context, f form.Form, p form.Part) error {
	now, address := a.Clock.Now(), p.Values[p.Address]
	n, err := a.Keep.Count(ctx, p.Address+" "+address, keep.Ticket{Kind: askedKind, Until: now.Add(24 * time.Hour)}, now)
	if err != nil || n > asksADay {
		return err // whoever has the address is not to be flooded by those who type it
	}
	body, err := p.Asking(f.Confirm.Notice)
	if err != nil {
		return err
	}
	if err := a.hear(ctx, p.Source, body, nil); err != nil {
		return err
	}
	frag, err := a.Keep.Vault().Find(ctx, person.Ident(form.Signup, p.ID))
	if err != nil {
		return fmt.Errorf("find sign-up: %w", err)
	}
	secret := rand.Text()
	locked, err := form.Lock(secret, p)
	if err != nil {
		return err
	}
	until := now.Add(signupLife)
	if err := a.Keep.Issue(ctx, secret, keep.Ticket{Kind: signupKind, Fragment: frag.ID, Until: until, Body: locked}); err != nil {
		return err
	}
	if err := a.forgetAt(ctx, frag, until.Add(time.Hour)); err != nil {
		return err
	}
	a.letters.later(func(ctx context.Context) error { return a.askAddress(ctx, f, p, secret) })
	return nil
}

// forgetAt remembers to look at a sign-up when its time is over.
func (a *App) forgetAt(ctx context.Context, frag *keep.Fragment, due clock.Instant) error {
	return a.Keep.Vault().Write(ctx, a.Keep.Writer, []*keep.Fragment{frag}, func(tx *keep.Tx) error {
		_, err := tx.Store.Enqueue(ctx, []keep.Job{{
			Kind: forgetKind, Fragment: frag.ID, Unique: fmt.Sprintf("signup %d", frag.ID), Due: due, State: "waiting",
			Body: tx.SealJob(tx.Chain(frag.ID), forgetKind, fmt.Append(nil, frag.ID)),
		}})
		if err != nil {
			return fmt.Errorf("remember to forget: %w", err)
		}
		return nil
	})
}

var errJoin = problem.New(problem.Internal, "form-not-entered", "What was filled in could not be entered; the workspace's form and its source do not fit.")

// enter puts a part where it belongs: the event, and the grants with their proof.
func (a *App) enter(ctx context.Context, p form.Part, confirmed []string) error {
	body, err := p.Entered(p.Said, confirmed)
	if err != nil {
		return err
	}
	at := a.Clock.Now()
	return a.hear(ctx, p.Source, body, func(e *fact.Event) []fact.Grant { return p.Grants(e, at) })
}

// hear takes one event of a form through the line, as a source's.
func (a *App) hear(ctx context.Context, source string, body []byte, grants func(*fact.Event) []fact.Grant) error {
	src, ok := a.SourceNamed(source)
	if !ok {
		return errJoin.At(source, "there is no such source")
	}
	parsed, err := event.Single(body, 0, src, a.Clock.Now())
	if err != nil {
		return errJoin.Because(err)
	}
	v := &parsed.Verdicts[0]
	if v.Code != "" {
		return errJoin.At(v.Code, v.Why)
	}
	arrival := line.Arrival{Event: v.Event}
	if grants != nil {
		arrival.Grants = grants(&v.Event)
	}
	answers, err := taught{a.Line, &a.learner}.Accept(ctx, line.Batch{Source: src.Key, Arrivals: []line.Arrival{arrival}})
	if err != nil {
		return err
	}
	// An event that came before was entered before: somebody pressed twice.
	if o := answers[0]; o.Outcome == line.Quarantined && o.Code != "id_reused" {
		return errJoin.At(o.Code, o.Why)
	}
	return nil
}

// signup is what a link opens; nothing changes by looking.
func (a *App) signup(ctx context.Context, secret string) (form.Part, keep.Ticket, error) {
	t, err := a.Keep.Show(ctx, signupKind, secret, a.Clock.Now())
	if err != nil {
		return form.Part{}, t, err
	}
	p, err := form.Unlock(secret, t.Body)
	return p, t, err
}

// waiting is what the page of a link shows.
func (a *App) waiting(ctx context.Context, secret string) (join.Waiting, error) {
	p, _, err := a.signup(ctx, secret)
	if err != nil {
		return join.Waiting{}, err
	}
	w := join.Waiting{Form: p.Form, Language: p.Language, Mark: p.Mark}
	for _, y := range p.Agreed {
		w.Agreed = append(w.Agreed, y.Label)
	}
	return w, nil
}

// confirm enters what waited: its address has answered. It returns the form.
func (a *App) confirm(ctx context.Context, secret string) (join.Waiting, error) {
	p, t, err := a.signup(ctx, secret)
	if err != nil {
		return join.Waiting{}, err
	}
	now := a.Clock.Now()
	var confirmed []string
	for id := range p.Others {
		_, err := a.Keep.Show(ctx, joinedKind, id, now)
		if err == nil {
			confirmed = append(confirmed, id)
		} else if !errors.Is(err, keep.ErrNoTicket) {
			return join.Waiting{}, err
		}
	}
	if err := a.enter(ctx, p, confirmed); err != nil {
		return join.Waiting{}, err
	}
	if err := a.Keep.Issue(ctx, p.ID, keep.Ticket{Kind: joinedKind, Until: t.Until}); err != nil {
		return join.Waiting{}, err
	}
	if _, err := a.Keep.Take(ctx, signupKind, secret, now); err != nil && !errors.Is(err, keep.ErrNoTicket) {
		return join.Waiting{}, err
	}
	return join.Waiting{Form: p.Form, Language: p.Language}, nil
}

// forgetSignups removes sign-ups whose address never answered: their keys are
// destroyed, as when a person is erased.
func (a *App) forgetSignups(ctx context.Context) error {
	for {
		jobs, err := a.Keep.Queue.Claim(ctx, forgetKind, forgetLease, forgetPage)
		if err != nil || len(jobs) == 0 {
			return err
		}
		var gone []fact.FragmentID
		for _, j := range jobs {
			var id fact.FragmentID
			if _, err := fmt.Sscan(string(j.Body), &id); err != nil {
				return fmt.Errorf("read when to forget: %w", err)
			}
			stays, err := a.confirmed(ctx, id)
			if err != nil {
				return err
			}
			if !stays {
				gone = append(gone, id)
				continue
			}
			if err := a.Keep.Queue.End(ctx, j, "confirmed"); err != nil {
				return err
			}
		}
		if len(gone) == 0 {
			continue
		}
		entry := keep.AuditEntry{What: "person.erase", By: "heed:sign-ups", Ref: rand.Text()}
		if _, err := a.Keep.Vault().Erase(ctx, a.Keep.Writer, gone, entry); err != nil {
			return err
		}
		a.Log.InfoContext(ctx, "sign-ups that nobody confirmed were removed", slog.Int("count", len(gone)))
	}
}

// confirmed reports whether a sign-up belongs to somebody by now.
func (a *App) confirmed(ctx context.Context, id fact.FragmentID) (bool, error) {
	c, err := a.Keep.Vault().ClusterOf(ctx, id)
	if err != nil {
		return false, fmt.Errorf("look at a sign-up: %w", err)
	}
	for _, e := range c.Edges {
		if e.Verified && !e.Cut && (e.A == id || e.B == id) {
			return true, nil
		}
	}
	return false, nil
}

// book is the forms of a workspace.
func book(w *World) *form.Book {
	hashes := map[string]string{}
	for _, d := range w.Workspace.Of(catalog.Form) {
		hashes[d.Key] = d.Hash
	}
	return form.NewBook(w.Workspace.Policy(), func(id string) string { return hashes[id] })
}
