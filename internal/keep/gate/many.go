package gate

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"iter"
	"maps"
	"slices"

	"github.com/heed-platform/heed/internal/clock"
	"github.com/heed-platform/heed/internal/fact"
	"github.com/heed-platform/heed/internal/keep/internal/store"
	"github.com/heed-platform/heed/internal/keep/internal/vault"
	"github.com/heed-platform/heed/internal/person"
	"github.com/heed-platform/heed/internal/policy"
)

// Predicate is a question about one person with three answers. Unknown is the
// answer where the person's promises withhold what it reads.
type Predicate interface {
	// Fields are the paths it reads, to name the promise that withholds one.
	Fields() []string
	Match(s fact.Sight, now clock.Instant) policy.Tri
}

// Member is one person of an Audience, without anything about them.
type Member struct {
	Ref    person.Ref
	Anchor fact.FragmentID
}

// Audience is the people for whom one use was asked at once and a predicate
// held. It yields members only; each of them is asked about again before
// anything leaves.
type Audience[U Use] struct {
	_       [0]func(U)
	members []Member
	size    Total
	stopped map[string]Stopped
}

// Stopped counts people that a ruling kept out, with that ruling.
type Stopped struct {
	Ruling policy.Ruling
	People int
}

// MarshalJSON shows the number as a Total does.
func (s Stopped) MarshalJSON() ([]byte, error) {
	return json.Marshal(struct {
		Code     string `json:"code"`
		Missing  string `json:"missing,omitempty"`
		Marketer string `json:"marketer"`
		People   Total  `json:"people"`
	}{s.Ruling.Code, s.Ruling.Missing, s.Ruling.Marketer, TotalOf(s.People)})
}

// Members yields the people; of those who were only counted, none.
func (a Audience[U]) Members() iter.Seq[Member] { return slices.Values(a.members) }

// Size is how many there are.
func (a Audience[U]) Size() Total { return a.size }

// Withheld says, by ruling, how many people might have matched but for a
// promise, a missing grant or an objection.
func (a Audience[U]) Withheld() map[string]Stopped { return a.stopped }

// Total is a count of people. Numbers below ten are not shown, since they would
// point at somebody.
type Total struct {
	counted bool
	n       int
}

// TotalOf makes a total of a number that was counted by promise, such as people
// stopped by one ruling.
func TotalOf(n int) Total { return Total{true, n} }

// String is the number, or "fewer than 10".
func (t Total) String() string {
	if !t.counted || t.n > 0 && t.n < 10 {
		return "fewer than 10"
	}
	return fmt.Sprint(t.n)
}

// MarshalText is String.
func (t Total) MarshalText() ([]byte, error) { return []byte(t.String()), nil }

// AskMany asks for one use of everybody's data and keeps those for whom the
// predicate holds. Whoever takes a break is among them as if they did not: that
// passes by itself, and what is for them waits or lapses when they are asked
// about again. It writes one audit entry with the count.
func AskMany[U Personalize | Contact | Share | Measure](ctx context.Context, g *Gate, a Asking, p Predicate) (Audience[U], error) {
	if g.Rules() == nil {
		return Audience[U]{}, errNoRules
	}
	out := Audience[U]{stopped: map[string]Stopped{}}
	use, n := kindOf[U](), 0
	err := g.everyone(ctx, func(h *held) error {
		d := g.decide(use, h, a, g.clock.Now())
		if d.ruling().Code == policy.CodeBreak {
			d.standing.Break = 0
		}
		s := look(d)
		answer := p.Match(fact.Sight{Profile: s.profile, Withheld: s.codes}, d.question.Now)
		if answer == policy.No {
			return nil
		}
		// Whoever is kept out is counted only if the answer is not a plain no.
		if r := d.ruling(); r.Verdict != policy.Allow {
			if named := s.first(p.Fields()); r.Code == policy.CodeNoGrant && named.Code != "" {
				r = named // which promise withholds what the audience reads says more than "no yes"
			}
			out.stop(r)
			return nil
		}
		if answer == policy.Unknown {
			out.stop(s.first(p.Fields()))
			return nil
		}
		n++
		if use != policy.Measure { // counts, never individuals
			out.members = append(out.members, Member{h.profile.Ref, h.profile.Anchor})
		}
		return nil
	})
	if err != nil {
		return Audience[U]{}, err
	}
	out.size = TotalOf(n)
	return out, g.auditMany(ctx, a, out.size.String())
}

func (a *Audience[U]) stop(r policy.Ruling) {
	key := r.Code + " " + r.Missing
	s := a.stopped[key]
	s.Ruling = r
	s.People++
	a.stopped[key] = s
}

func (g *Gate) auditMany(ctx context.Context, a Asking, answer string) error {
	return g.vault.Write(ctx, g.writer, nil, func(tx *vault.Tx) error {
		tx.Audit(vault.AuditEntry{What: "audience.asked", By: a.Role + ":" + a.By, Ref: fmt.Sprintf("%s %s: %s", a.Purpose, a.Channel, answer)})
		return nil
	})
}

// scanPage is how many fragments a walk over everybody reads at a time.
const scanPage = 500

// everyone opens each person once, by anchor, in the order of fragment ids.
func (g *Gate) everyone(ctx context.Context, f func(*held) error) error {
	var after fact.FragmentID
	for {
		rows, err := g.vault.Identity().Scan(ctx, after, scanPage)
		if err != nil {
			return fmt.Errorf("walk over everybody: %w", err)
		}
		if len(rows) == 0 {
			return nil
		}
		after = rows[len(rows)-1].ID
		if err := g.page(ctx, rows, f); err != nil {
			return err
		}
	}
}

func (g *Gate) page(ctx context.Context, rows []store.Fragment, f func(*held) error) error {
	people, err := g.met(ctx, rows)
	if err != nil {
		return err
	}
	all := map[fact.FragmentID]*vault.Fragment{}
	for _, h := range people {
		maps.Copy(all, h.frags)
	}
	var states map[fact.FragmentID]fact.State
	err = g.vault.Data().Read(ctx, func(r store.Reader) error {
		states, err = g.vault.States(ctx, r, all)
		return err
	})
	if err != nil {
		return err
	}
	for _, h := range people {
		own := make(map[fact.FragmentID]fact.State, len(h.group.Members))
		for _, id := range h.group.Members {
			if s, ok := states[id]; ok {
				own[id] = s
			}
		}
		h.profile = g.fold(h, own)
		if err := f(h); err != nil {
			return err
		}
	}
	return nil
}

// met are the people whose anchors are among the rows, by anchor.
func (g *Gate) met(ctx context.Context, rows []store.Fragment) ([]*held, error) {
	ids := make([]fact.FragmentID, len(rows))
	for i, r := range rows {
		ids[i] = r.ID
	}
	clusters, err := g.vault.Clusters(ctx, ids)
	if err != nil {
		return nil, err
	}
	var people []*held
	for _, c := range clusters {
		nodes, edges := NodesOf(c)
		for _, group := range GroupsOf(g.know, c.Whole, nodes, edges) {
			if _, mine := slices.BinarySearch(ids, group.Anchor); !mine {
				continue // met, or to be met, on another page
			}
			h := &held{cluster: c, nodes: nodes, edges: edges, group: group, frags: map[fact.FragmentID]*vault.Fragment{}, crowd: !c.Whole}
			for _, id := range group.Members {
				h.frags[id] = c.Fragments[id]
			}
			people = append(people, h)
		}
	}
	slices.SortFunc(people, func(a, b *held) int { return cmp.Compare(a.group.Anchor, b.group.Anchor) })
	return people, nil
}

// GroupsOf are the people of one cluster. Of a crowd, who belongs together stays
// open, and each fragment stands alone.
func GroupsOf(know Knowledge, whole bool, nodes []Node, edges []Edge) []Group {
	if whole {
		return know.People(nodes, edges)
	}
	out := make([]Group, len(nodes))
	for i, n := range nodes {
		out[i] = Group{Anchor: n.ID, Members: []fact.FragmentID{n.ID}}
	}
	return out
}
