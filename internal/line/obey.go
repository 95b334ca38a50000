package line

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/heed-platform/heed/internal/collect/event"
	"github.com/heed-platform/heed/internal/collect/sharing"
	"github.com/heed-platform/heed/internal/fact"
	"github.com/heed-platform/heed/internal/keep"
	"github.com/heed-platform/heed/internal/person"
)

// obey takes out of an event what the person does not let this device tell,
// before anything of it is sealed. spoken says that the person has said something
// about what the event tells: then another copy of it may rightly look different.
func (w *walk) obey(s *step, c *keep.Chain) (spoken bool) {
	a := s.arrival
	if !sharing.Tells(a.Event.Raw) && len(a.withheld) == 0 {
		return false
	}
	var words []fact.Preference
	for _, o := range w.people.chains(w.tx, c.Fragment.ID) {
		if p := o.State.Preference; p.Location != "" || len(p.Sharing) > 0 {
			words = append(words, p)
		}
	}
	if len(words) == 0 {
		return false
	}
	raw, gone := sharing.Strip(a.Event.Raw, sharing.Refused(words, devices(s)))
	if len(gone) > 0 {
		a.Event.Raw, a.withheld = raw, gone
		a.body = said(w.line.keep.Vault(), &a.Event)
		s.body = a.body
	}
	return true
}

// devices are the fragments of the devices that an event comes from.
func devices(s *step) []string {
	var out []string
	for i, id := range s.arrival.Event.Identifiers {
		if event.DeviceClass(id.NS) && i < len(s.frags) {
			out = append(out, strconv.FormatInt(int64(s.frags[i].ID), 10))
		}
	}
	return out
}

// unadvertise takes advertising ids out of the identifiers of those who refuse
// them, before the identity store hears of them: they would join devices. An id
// that alone names the event's fragment stays its name, for a retry must meet the
// same one.
func (l *Line) unadvertise(ctx context.Context, group []*request) error {
	for _, r := range group {
		for i := range r.batch.Arrivals {
			e := &r.batch.Arrivals[i].Event
			at := advertised(e)
			if at < 1 {
				continue
			}
			refused, err := l.refuses(ctx, e, sharing.AdvertisingID)
			if err != nil {
				return err
			}
			if refused {
				e.Identifiers = slices.Delete(slices.Clone(e.Identifiers), at, at+1)
			}
		}
	}
	return nil
}

// advertised is the place of the advertising id among an event's identifiers, or
// -1.
func advertised(e *fact.Event) int {
	text, ok := event.Text(event.Path(e.Raw, "context.device.advertisingId"))
	if !ok || text == "" {
		return -1
	}
	return slices.IndexFunc(e.Identifiers, func(id person.Identifier) bool {
		return id.NS == person.DeviceID && strings.EqualFold(strings.TrimSpace(text), id.Value.Reveal())
	})
}

// refuses reports whether anybody whom an event names refuses a kind to it.
func (l *Line) refuses(ctx context.Context, e *fact.Event, kind string) (bool, error) {
	v := l.keep.Vault()
	var ids []fact.FragmentID
	var devices []string
	for _, id := range e.Identifiers {
		f, err := v.Find(ctx, id)
		if errors.Is(err, keep.ErrUnknown) {
			continue
		}
		if err != nil {
			return false, fmt.Errorf("find who may refuse: %w", err)
		}
		ids = append(ids, f.ID)
		if event.DeviceClass(id.NS) {
			devices = append(devices, strconv.FormatInt(int64(f.ID), 10))
		}
	}
	if len(ids) == 0 {
		return false, nil
	}
	cluster, err := v.ClusterOf(ctx, ids...)
	if err != nil {
		return false, fmt.Errorf("find who may refuse: %w", err)
	}
	var words []fact.Preference
	err = v.Data().Read(ctx, func(r keep.Reader) error {
		states, err := v.States(ctx, r, cluster.Fragments)
		for _, s := range states {
			words = append(words, s.Preference)
		}
		return err
	})
	if err != nil {
		return false, fmt.Errorf("read who refuses: %w", err)
	}
	return slices.Contains(sharing.Refused(words, devices), kind), nil
}
