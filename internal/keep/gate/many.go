package gate

import (
	"context"
	"fmt"
	"iter"
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
	stopped map[string]Stopped
	asked   int
}

// Stopped counts people that a ruling kept out, with that ruling.
type Stopped struct {
	Ruling policy.Ruling
	People int
}

// Members yields the people.
func (a Audience[U]) Members() iter.Seq[Member] { return slices.Values(a.members) }

// Size is how many there are. Show it to a marketer only as a Total.
func (a Audience[U]) Size() Total { return Total{a.asked > 0 || len(a.members) == 0, len(a.members)} }

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
// predicate holds. It writes one audit entry with the count.
func AskMany[U Personalize | Contact | Share | Measure](ctx context.Context, g *Gate, a Asking, p Predicate) (Audience[U], error) {
	out := Audience[U]{stopped: map[string]Stopped{}}
	rules := g.Rules()
	if rules == nil {
		return out, &Denied{Ruling: policy.Ruling{Code: "no_rules", Marketer: "No workspace is applied yet, so nothing may be used."}}
	}
	now := g.clock.Now()
	err := g.everyone(ctx, func(h *held) error {
		d := &decision{gate: g, asking: a, question: a.question(kindOf[U](), now), rules: rules, held: h, expires: now.Add(passLife)}
		d.standing = standingOf(rules, h.profile)
		out.asked++
		s := look(d)
		answer := p.Match(fact.Sight{Profile: s.profile, Withheld: s.codes}, now)
		if answer == policy.No {
			return nil
		}
		// Whoever is kept out is counted only if the answer is not a plain no.
		if r := rules.Person(d.question, d.standing); r.Verdict != policy.Allow {
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
		out.members = append(out.members, Member{h.profile.Ref, h.profile.Anchor})
		return nil
	})
	if err != nil {
		return Audience[U]{}, err
	}
	return out, g.auditMany(ctx, a, Total{true, len(out.members)}.String())
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
	ids := make([]fact.FragmentID, len(rows))
	for i, r := range rows {
		ids[i] = r.ID
	}
	c, err := g.vault.ClusterOf(ctx, ids...)
	if err != nil {
		return err
	}
	nodes, edges := NodesOf(c)
	var people []*held
	all := map[fact.FragmentID]*vault.Fragment{}
	for _, group := range Groups(g.know, nodes, edges) {
		if _, mine := slices.BinarySearch(ids, group.Anchor); !mine {
			continue // met, or to be met, on another page
		}
		h := &held{cluster: c, nodes: nodes, edges: edges, group: group, frags: map[fact.FragmentID]*vault.Fragment{}}
		for _, id := range group.Members {
			h.frags[id] = c.Fragments[id]
			all[id] = c.Fragments[id]
		}
		people = append(people, h)
	}
	slices.SortFunc(people, func(a, b *held) int { return int(a.group.Anchor - b.group.Anchor) })
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

// part is one connected piece of evidence; who of it is one person, know says.
type part struct {
	nodes []Node
	edges []Edge
}

func components(nodes []Node, edges []Edge) []part {
	lead := make(map[fact.FragmentID]fact.FragmentID, len(nodes))
	for _, n := range nodes {
		lead[n.ID] = n.ID
	}
	var root func(fact.FragmentID) fact.FragmentID
	root = func(id fact.FragmentID) fact.FragmentID {
		if lead[id] != id {
			lead[id] = root(lead[id])
		}
		return lead[id]
	}
	for _, e := range edges {
		lead[root(e.A)] = root(e.B)
	}
	parts := map[fact.FragmentID]*part{}
	var order []fact.FragmentID
	for _, n := range nodes {
		r := root(n.ID)
		if parts[r] == nil {
			parts[r] = &part{}
			order = append(order, r)
		}
		parts[r].nodes = append(parts[r].nodes, n)
	}
	for _, e := range edges {
		parts[root(e.A)].edges = append(parts[root(e.A)].edges, e)
	}
	out := make([]part, 0, len(order))
	for _, r := range order {
		out = append(out, *parts[r])
	}
	return out
}

// Groups are the people among the nodes, in the order of their first nodes.
func Groups(know Knowledge, nodes []Node, edges []Edge) []Group {
	var out []Group
	for _, p := range components(nodes, edges) {
		done := map[fact.FragmentID]bool{}
		for _, n := range p.nodes {
			if done[n.ID] {
				continue
			}
			group := know.Person(n.ID, p.nodes, p.edges)
			for _, id := range group.Members {
				done[id] = true
			}
			out = append(out, group)
		}
	}
	return out
}
