package app

import (
	"context"
	"errors"
	"log/slog"
	"sync"

	"github.com/heed-platform/heed/internal/collect/form"
	"github.com/heed-platform/heed/internal/fact"
	"github.com/heed-platform/heed/internal/keep/gate"
	"github.com/heed-platform/heed/internal/person"
	"github.com/heed-platform/heed/internal/reach/delivery"
	"github.com/heed-platform/heed/internal/web/page/words"
)

// letters are messages that are written now or never: what opens something
// stands in them and nowhere else. Who gets none asks again.
type letters struct {
	once sync.Once
	wait chan func(context.Context) error
}

const (
	lettersWaiting = 512
	lettersHands   = 4
)

func (l *letters) box() chan func(context.Context) error {
	l.once.Do(func() { l.wait = make(chan func(context.Context) error, lettersWaiting) })
	return l.wait
}

// later lets f run soon; when too many wait it is dropped.
func (l *letters) later(f func(context.Context) error) {
	select {
	case l.box() <- f:
	default:
	}
}

// run writes letters until ctx ends.
func (l *letters) run(ctx context.Context, log *slog.Logger) {
	var hands sync.WaitGroup
	for range lettersHands {
		hands.Go(func() {
			for {
				select {
				case <-ctx.Done():
					return
				case f := <-l.box():
					l.do(ctx, f, log)
				}
			}
		})
	}
	hands.Wait()
}

// due writes every letter that waits.
func (l *letters) due(ctx context.Context, log *slog.Logger) {
	for {
		select {
		case f := <-l.box():
			l.do(ctx, f, log)
		default:
			return
		}
	}
}

func (*letters) do(ctx context.Context, f func(context.Context) error, log *slog.Logger) {
	if err := f(context.WithoutCancel(ctx)); err != nil {
		log.WarnContext(ctx, "a question to an address did not leave", slog.Any("cause", err))
	}
}

var errNoCarrier = errors.New("no channel is set up that carries it")

// askAddress writes to an address that somebody typed: is it yours? Whoever has
// it and said that they want no word from us is not written to.
func (a *App) askAddress(ctx context.Context, f form.Form, p form.Part, secret string) error {
	channel := p.Channel()
	carrier, ok := a.channels()[channel]
	if !ok {
		return errNoCarrier
	}
	asking := gate.Asking{
		Subject: gate.ByIdentifier(person.Ident(person.Namespace(p.Address), p.Values[p.Address])),
		Purpose: f.Confirm.Purpose, Channel: channel, Recipient: f.Confirm.Carrier(channel),
	}
	_, err := gate.Ask[gate.Contact](ctx, a.Keep.Gate, asking)
	if denied, no := errors.AsType[*gate.Denied](err); no {
		a.Log.InfoContext(ctx, "an address was not asked whether it is theirs", slog.String("code", denied.Ruling.Code))
		return nil
	}
	if err != nil && !errors.Is(err, gate.ErrNobody) {
		return err
	}
	asking.Subject = gate.ByIdentifier(person.Ident(form.Signup, p.ID))
	pass, err := gate.Ask[gate.Contact](ctx, a.Keep.Gate, asking)
	if err != nil {
		return err
	}
	view, err := gate.See(pass)
	if err != nil {
		return err
	}
	subject, text := a.question(f, p, secret)
	recipient, _ := a.World().Rules.Recipient(asking.Recipient)
	cleared, err := gate.Clear(ctx, view, gate.Draft{
		To: form.Typed(p.Address), Subject: person.Hide(subject), Text: person.Hide(text),
		Recipient: asking.Recipient, Country: recipient.Country, Protection: carrier.Protection(),
	})
	if err != nil {
		return err
	}
	l, err := cleared.Open()
	if err != nil {
		return err
	}
	o := fact.Outcome{Disclosure: l.ID, Status: "sent"}
	err = carrier.Send(ctx, delivery.Label{Key: l.ID, Campaign: "join", List: "join", Recipient: asking.Recipient, Service: true}, cleared)
	if err != nil {
		o.Status, o.Code = "unknown", "unknown"
		if failure, ok := errors.AsType[*delivery.Failure](err); ok && failure.Class != delivery.Unknown {
			o.Status, o.Code = "failed", failure.Code
		}
	}
	return errors.Join(err, a.Keep.Gate.Settle(ctx, asking.Subject, o))
}

// question is what an address is asked, in the language of the form.
func (a *App) question(f form.Form, p form.Part, secret string) (subject, text string) {
	brand, say := a.World().Rules.Brand().Name, words.For(p.Language)
	link := a.PublicURL() + "/confirm/" + secret
	if p.Channel() == "sms" {
		return "", say.T("join.ask_sms", "brand", brand, "form", f.Title, "link", link)
	}
	return say.T("join.ask_subject", "brand", brand), say.T("join.ask_mail", "brand", brand, "form", f.Title, "link", link, "days", 14)
}
