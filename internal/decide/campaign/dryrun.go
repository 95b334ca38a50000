package campaign

import (
	"cmp"
	"context"
	"maps"
	"slices"

	"github.com/heed-platform/heed/internal/clock"
	"github.com/heed-platform/heed/internal/decide/guard"
	"github.com/heed-platform/heed/internal/fact"
	"github.com/heed-platform/heed/internal/keep/gate"
	"github.com/heed-platform/heed/internal/policy"
	"github.com/heed-platform/heed/internal/problem"
)

// Report is what a campaign would do if its moment were now for everybody. A part
// that reads "fewer than 10" is left out of sums where it could be worked out
// from them.
type Report struct {
	Campaign string `json:"campaign"`
	Version  int64  `json:"version"`
	Hash     string `json:"hash"`
	Moment   string `json:"moment"`

	Audience gate.Total `json:"audience"` // all below: in the audience, or kept from being known to be
	Withheld gate.Total `json:"withheld"` // by a promise, or for want of a yes
	Stopped  gate.Total `json:"stopped"`  // by a guard, for good
	HeldOut  gate.Total `json:"held_out"` // by the draw alone
	Later    gate.Total `json:"later"`    // would receive it when a cap, a break or the night has passed
	Receive  gate.Total `json:"receive"`  // would receive it now

	Promises []Kept   `json:"promises"` // what withholds, most people first; each person counts once
	Guards   []Stop   `json:"guards"`   // every guard, in order; a person may be stopped by several, for good or for now
	Untried  []string `json:"untried"`  // guards that only a real moment can ask
}

// Kept is one ruling that keeps people from a campaign.
type Kept struct {
	Code     string     `json:"code"`
	Missing  string     `json:"missing,omitempty"`
	Marketer string     `json:"says"`
	People   gate.Total `json:"people"`
}

// Stop is how many people one guard stops, by what it says.
type Stop struct {
	Guard  string     `json:"guard"`
	People gate.Total `json:"people"`
	Codes  []Kept     `json:"codes"`
}

var errSlow = problem.New(problem.Unavailable, "dry-run-too-slow",
	"The people could not be counted while the gate's answers held; try again when the server has less to do.")

// DryRun asks what the campaign would do for each person, and does nothing. The
// asking is the campaign's own, under the name of whoever wants to know.
func DryRun(ctx context.Context, g *gate.Gate, l *Live, a gate.Asking, now clock.Instant) (Report, error) {
	t := trial{live: l, now: now, moment: l.Trial(now), kept: map[Kept]int{}, stopped: map[string]map[Kept]int{}}
	t.matter = l.matterOf(t.moment)
	if l.Item.Event {
		t.matter.about, t.untried = false, append(t.untried, "already_bought")
	}
	each := everybody[gate.Contact]
	if Shares(l.Channel) {
		each = everybody[gate.Share]
	}
	if err := each(ctx, g, a, &t); err != nil {
		return Report{}, err
	}
	return t.report(), nil
}

func everybody[U gate.Contact | gate.Share](ctx context.Context, g *gate.Gate, a gate.Asking, t *trial) error {
	return gate.Each(ctx, g, a, func(v gate.View[U], r policy.Ruling) error {
		if v.Ref().IsZero() {
			return errSlow // the view has run out, and shows nothing
		}
		t.person(v.Sight(), v.Withheld, r)
		return nil
	})
}

// trial is a dry run under way.
type trial struct {
	live    *Live
	now     clock.Instant
	moment  Moment
	matter  matter
	untried []string

	kept                     map[Kept]int            // by ruling
	stopped                  map[string]map[Kept]int // by guard
	end, held, later, arrive int
}

func (t *trial) person(s fact.Sight, withheld func() map[string]policy.Ruling, r policy.Ruling) {
	answer := t.live.belongs(t.moment, s, t.now)
	if answer == policy.No {
		return
	}
	c := t.live.lay(t.matter, s, r, answer, t.now)
	v := guard.Judge(c, t.live.zones)
	if !c.Allowed || !c.Member || len(c.Withheld) > 0 || c.Address == guard.AddressWithheld {
		t.keep(t.promise(s, withheld(), r, c))
		// Nothing more can be said of whom one may not look at.
		telling := []string{"promise", "address"}
		if !c.Allowed {
			telling = []string{"permission", "break"}
		}
		v.Reasons = slices.DeleteFunc(v.Reasons, func(r fact.Reason) bool { return !slices.Contains(telling, r.Guard) })
	} else {
		switch {
		case v.Holdout:
			t.held++
		case !v.Chosen:
			t.end++
		case v.Later > 0:
			t.later++
		default:
			t.arrive++
		}
	}
	for _, reason := range v.Reasons {
		if !reason.Veto {
			continue
		}
		if t.stopped[reason.Guard] == nil {
			t.stopped[reason.Guard] = map[Kept]int{}
		}
		said := Kept{Code: reason.Code, Marketer: reason.Marketer}
		t.stopped[reason.Guard][said]++
	}
}

func (t *trial) keep(r policy.Ruling) {
	t.kept[Kept{Code: r.Code, Missing: r.Missing, Marketer: r.Marketer}]++
}

// promise is the ruling to name: of what the audience reads, of the address, of
// what the text reads, in that order; else the one on the person.
func (t *trial) promise(s fact.Sight, withheld map[string]policy.Ruling, r policy.Ruling, c guard.Case) policy.Ruling {
	var paths []string
	for _, w := range append(lacks(t.live.members, s, t.now), lacks(t.live.enters, s, t.now)...) {
		paths = append(paths, w.Path)
	}
	if to := Address(t.live.Channel); to != "" {
		paths = append(paths, "traits."+to)
	}
	for _, path := range append(paths, t.live.fields...) {
		if named, ok := withheld[path]; ok {
			return named
		}
	}
	if r.Verdict == policy.Allow && len(c.Withheld) > 0 {
		r = policy.Ruling{Code: c.Withheld[0].Code, Marketer: "Something that the message needs is not known of this person."}
	}
	return r
}

func (t *trial) report() Report {
	l := t.live
	out := Report{
		Campaign: l.Key, Version: l.Version, Hash: l.Hash, Moment: t.moment.String(), Untried: append([]string{}, t.untried...),
		Stopped: gate.TotalOf(t.end), HeldOut: gate.TotalOf(t.held), Later: gate.TotalOf(t.later), Receive: gate.TotalOf(t.arrive),
		Promises: counted(t.kept), Guards: []Stop{},
	}
	out.Withheld = sum(slices.Collect(maps.Values(t.kept)))
	out.Audience = sum(append(slices.Collect(maps.Values(t.kept)), t.end, t.held, t.later, t.arrive))
	for _, name := range guard.Names() {
		out.Guards = append(out.Guards, Stop{Guard: name, People: sum(slices.Collect(maps.Values(t.stopped[name]))), Codes: counted(t.stopped[name])})
	}
	return out
}

// fewest is the smallest number of people that is shown.
const fewest = 10

// sum adds parts up without giving a small one away: where a single one is
// hidden, or few people in all, they are left out.
func sum(parts []int) gate.Total {
	open, hidden, many := 0, 0, 0
	for _, n := range parts {
		switch {
		case n >= fewest:
			open += n
		case n > 0:
			hidden += n
			many++
		}
	}
	switch {
	case many > 1 && hidden >= fewest:
		return gate.TotalOf(open + hidden)
	case open == 0:
		return gate.TotalOf(hidden)
	}
	return gate.TotalOf(open)
}

// counted lists the parts, most people first; the order of small ones says
// nothing.
func counted(parts map[Kept]int) []Kept {
	size := func(k Kept) int {
		if n := parts[k]; n >= fewest {
			return n
		}
		return 0
	}
	out := slices.SortedFunc(maps.Keys(parts), func(a, b Kept) int {
		return cmp.Or(
			size(b)-size(a), cmp.Compare(a.Code, b.Code), cmp.Compare(a.Missing, b.Missing), cmp.Compare(a.Marketer, b.Marketer),
		)
	})
	for i, k := range out {
		out[i].People = gate.TotalOf(parts[k])
	}
	return append([]Kept{}, out...)
}
