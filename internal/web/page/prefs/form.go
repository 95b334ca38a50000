package prefs

import (
	"maps"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/heed-platform/heed/internal/account/access"
	"github.com/heed-platform/heed/internal/account/wish"
	"github.com/heed-platform/heed/internal/clock"
	"github.com/heed-platform/heed/internal/web/page/look"
	"github.com/heed-platform/heed/internal/web/page/words"
)

// Fields of the form that are not a choice's own name.
const (
	fieldShown = "shown" // the choices that the page showed, as a query
	fieldMute  = "mute." // what a visitor of a link never wants to hear of, whatever is set
	quietFrom  = "quiet_from"
	quietTo    = "quiet_to"
	keepBreak  = "keep"
)

// offered are the choices that a visitor is shown. Whoever came by a link, which
// others may have too, is not shown what is private.
func offered(s wish.Sheet, v access.Visitor) wish.Choices {
	out := maps.Clone(s.Choices)
	if v.Scope == access.Full {
		return out
	}
	delete(out, wish.Location)
	delete(out, wish.Language)
	for name := range out {
		if strings.HasPrefix(name, wish.Shares) {
			delete(out, name)
		}
	}
	for _, t := range s.Topics {
		if t.Private {
			delete(out, wish.Topics+t.Key)
		}
	}
	return out
}

// input is a form as it was sent.
type input struct{ shown, sent wish.Choices }

// parse reads the form: every choice that the page showed has an answer, and a
// box that is not ticked is a no.
func parse(f url.Values, say words.Words, now clock.Instant) (in input, faults []look.Fault, err error) {
	shown, err := url.ParseQuery(f.Get(fieldShown))
	if err != nil {
		return in, nil, errBody.Because(err)
	}
	in = input{shown: wish.Choices{}, sent: wish.Choices{}}
	for name := range shown {
		was := shown.Get(name)
		in.shown[name] = was
		in.sent[name] = read(f, name, was, now)
	}
	for name := range f {
		if key, ok := strings.CutPrefix(name, fieldMute); ok {
			in.shown[wish.Topics+key], in.sent[wish.Topics+key] = wish.On, wish.Off
		}
	}
	if _, asked := in.sent[wish.Quiet]; asked && f.Get(wish.Quiet) != "" {
		if _, _, ok := wish.ParseQuiet(in.sent[wish.Quiet]); !ok {
			faults = append(faults, look.Fault{Field: quietFrom, Text: say.T("prefs.quiet_wrong")})
		}
	}
	return in, faults, nil
}

// read is the answer to one choice.
func read(f url.Values, name, was string, now clock.Instant) string {
	kind, _, _ := strings.Cut(name, ".")
	switch kind + "." {
	case wish.Purposes, wish.Topics:
		return either(f.Has(name), wish.On, wish.Off)
	case wish.Shares:
		return either(f.Has(name), wish.Yes, wish.No)
	}
	switch name {
	case wish.Quiet:
		if f.Get(name) == "" {
			return ""
		}
		return f.Get(quietFrom) + "-" + f.Get(quietTo)
	case wish.Break:
		return pause(f.Get(name), was, now)
	}
	if !f.Has(name) {
		return was
	}
	return f.Get(name)
}

func either(yes bool, a, b string) string {
	if yes {
		return a
	}
	return b
}

// pause is until when a break of so many days from now lasts.
func pause(days, was string, now clock.Instant) string {
	if days == keepBreak {
		return was
	}
	n, err := strconv.Atoi(days)
	if err != nil || n < 1 || n > 366 {
		return ""
	}
	return now.Add(time.Duration(n) * 24 * time.Hour).Format()
}

// offer is what a link proposes: the form is filled in with it, and nothing
// happens until it is sent.
type offer struct {
	values wish.Choices
	days   string // of a break
	any    bool
}

func propose(s wish.Sheet, q url.Values, now clock.Instant) offer {
	o := offer{values: wish.Choices{}}
	for name, value := range s.Choices {
		o.values[name] = value
		if !q.Has(name) || name == "lang" {
			continue
		}
		given := q.Get(name)
		if name == wish.Break {
			given = pause(given, value, now)
		}
		if next, err := s.With([]wish.Difference{{Name: name, From: value, To: given}}); err == nil && next[name] != value {
			o.values[name], o.any = given, true
			if name == wish.Break {
				o.values[name], o.days = value, q.Get(name)
			}
		}
	}
	return o
}

// encode writes choices for the hidden field.
func encode(c wish.Choices) string {
	q := url.Values{}
	for name, value := range c {
		q.Set(name, value)
	}
	return q.Encode()
}
