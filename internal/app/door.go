package app

import (
	"context"
	"log/slog"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/heed-platform/heed/internal/account/access"
	"github.com/heed-platform/heed/internal/clock"
	"github.com/heed-platform/heed/internal/keep"
	"github.com/heed-platform/heed/internal/person"
	"github.com/heed-platform/heed/internal/policy"
	"github.com/heed-platform/heed/internal/policy/define"
	"github.com/heed-platform/heed/internal/web/page/door"
	"github.com/heed-platform/heed/internal/web/page/words"
)

// doorway is the way in to people's own pages: one desk and one door, which all
// areas share.
type doorway struct {
	once   sync.Once
	desk   *access.Desk
	door   *door.Door
	bursts *door.Bursts
	seen   atomic.Int64 // bursts of looks at links, since the start
	told   atomic.Int64 // when the audit heard of one last
}

// Desk is where people show who they are.
func (a *App) Desk() *access.Desk { return a.doorway().desk }

// Door is what stands before their pages.
func (a *App) Door() *door.Door { return a.doorway().door }

// doorArea mounts the door's own pages.
func (a *App) doorArea(mux *http.ServeMux) { a.Door().Routes(mux) }

func (a *App) doorway() *doorway {
	w := &a.way
	w.once.Do(func() {
		w.desk = access.New(access.Options{
			Keep: a.Keep, Canonical: func(id person.Identifier) (person.Identifier, error) { return a.World().Know.Canonical(id) },
			Channels: a.channels, Recipient: a.carrier,
			Code: a.codeText, Entered: a.enteredText, Links: a.Links(), Clock: a.Clock, Log: a.Log,
		})
		w.bursts = door.NewBursts(a.burst)
		deps := door.Deps{Desk: w.desk, Look: a.looks(), Clock: a.Clock, PublicURL: a.PublicURL, Bursts: w.bursts}
		if c := a.Config.OIDC; c.Issuer != "" {
			name := c.Name
			if u, err := url.Parse(c.Issuer); name == "" && err == nil {
				name = u.Host
			}
			deps.Login = &door.Login{Name: name, Issuer: c.Issuer, Client: c.Client, Secret: c.Secret.Text(), Trips: w.desk}
		}
		w.door = door.New(deps)
		a.countDoor(w)
	})
	return w
}

// countDoor publishes what happens at the door.
func (a *App) countDoor(w *doorway) {
	c := w.desk.Counts()
	for name, n := range map[string]*atomic.Int64{
		"codes_asked": &c.Asked, "codes_sent": &c.Sent, "codes_wrong": &c.Wrong, "codes_worn": &c.Worn,
		"addresses_slowed": &c.Slowed, "budget_spent": &c.Spent, "errands_dropped": &c.Dropped, "entered": &c.Entered, "link_bursts": &w.seen,
	} {
		a.metrics.Gauge("heed_door_events", "What happened at the door of people's own pages, since the start.",
			map[string]string{"what": name}, func() float64 { return float64(n.Load()) })
	}
}

// burst notes that a machine looked at links. Nothing else is done about it.
func (a *App) burst(kind string) {
	w := &a.way
	w.seen.Add(1)
	now := int64(a.Clock.Now())
	if last := w.told.Load(); last != 0 && now-last < 60_000_000 || !w.told.CompareAndSwap(w.told.Load(), now) {
		return // the audit hears of one a minute
	}
	w.desk.Later(func(ctx context.Context) error {
		a.Log.InfoContext(ctx, "a machine looked at the links of messages; looking changes nothing", slog.String("kind", kind))
		return a.Keep.Audit(ctx, keep.AuditEntry{What: "links.burst", By: "heed", Ref: kind})
	})
}

// carrier is who carries the messages of a channel that the law asks for: a
// processor that is approved for it and speaks on that channel. Where there is
// none, the brand carries them itself.
func (a *App) carrier(channel string) string {
	const purpose = "essential.legal_obligation"
	fits := func(r define.Recipient) bool {
		return r.Approved && r.Role == define.Processor &&
			slices.ContainsFunc(r.Purposes, func(p string) bool { return policy.Within(purpose, p) }) &&
			slices.ContainsFunc(r.Purposes, func(p string) bool { return strings.HasSuffix(p, "."+channel) })
	}
	all := a.World().Workspace.Policy().Recipients
	if i := slices.IndexFunc(all, fits); i >= 0 {
		return all[i].Key
	}
	return ""
}

// say is a language, in the brand's time zone.
func (a *App) say(language string) words.Words {
	brand := a.World().Rules.Brand()
	say := words.For(language, brand.Language)
	if zone, err := time.LoadLocation(brand.Zone); err == nil {
		say = say.In(zone)
	}
	return say
}

// codeText writes a code. The last line of a text binds it to our address, so
// that a phone offers it there and nowhere else.
func (a *App) codeText(channel, language, code string) access.Text {
	say, brand := a.say(language), a.World().Rules.Brand().Name
	spaced := code[:len(code)/2] + " " + code[len(code)/2:]
	if channel == "sms" {
		host := ""
		if u, err := url.Parse(a.PublicURL()); err == nil {
			host = u.Hostname()
		}
		return access.Text{Text: say.T("door.text_code", "brand", brand, "code", spaced, "host", host, "digits", code)}
	}
	return access.Text{Subject: say.T("door.mail_subject", "brand", brand), Text: say.T("door.mail_code", "brand", brand, "code", spaced)}
}

// enteredText tells that somebody came in by another contact point.
func (a *App) enteredText(channel, language string, at clock.Instant) access.Text {
	say, brand := a.say(language), a.World().Rules.Brand()
	when, link := say.DateTime(at), a.PublicURL()+"/me/out"
	if channel == "sms" {
		return access.Text{Text: say.T("door.text_entered", "brand", brand.Name, "at", when, "link", link)}
	}
	return access.Text{
		Subject: say.T("door.entered_subject", "brand", brand.Name),
		Text:    say.T("door.mail_entered", "brand", brand.Name, "at", when, "link", link, "email", brand.Email),
	}
}
