package identity_test

import (
	"bytes"
	"cmp"
	"flag"
	"fmt"
	"os"
	"slices"
	"testing"

	gocmp "github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/heed-platform/heed/internal/clock"
	"github.com/heed-platform/heed/internal/fact"
	"github.com/heed-platform/heed/internal/know/identity"
	"github.com/heed-platform/heed/internal/person"
)

// TestMain tries each property on a thousand worlds, unless told otherwise: a
// hundred let faults through that were put in on purpose.
func TestMain(m *testing.M) {
	if err := flag.Set("rapid.checks", "1000"); err != nil {
		panic(err)
	}
	flag.Parse()
	os.Exit(m.Run())
}

var sameRef = gocmp.Comparer(func(x, y person.Ref) bool { return x == y })

// drawNodes makes a few fragments of the namespaces that have rules.
func drawNodes(t *rapid.T) []identity.Node {
	spaces := small()
	n := rapid.IntRange(2, 14).Draw(t, "fragments")
	nodes := make([]identity.Node, n)
	for i := range nodes {
		ns := rapid.SampledFrom(spaces).Draw(t, "ns").Name
		nodes[i] = identity.Node{
			ID: fact.FragmentID(i + 1), NS: ns, Ref: ref(fmt.Sprint(i)),
			Verified: rapid.IntRange(0, 3).Draw(t, "verified") == 0,
		}
	}
	return nodes
}

// drawEdge makes an edge; times and messages are few, so that they tie.
func drawEdge(t *rapid.T, n int) identity.Edge {
	return identity.Edge{
		A:        fact.FragmentID(rapid.IntRange(1, n).Draw(t, "a")),
		B:        fact.FragmentID(rapid.IntRange(1, n).Draw(t, "b")),
		Verified: rapid.IntRange(0, 2).Draw(t, "said") > 0,
		At:       clock.Instant(rapid.IntRange(0, 20).Draw(t, "day")) * day,
		Message:  person.Hash{byte(rapid.IntRange(0, 3).Draw(t, "message"))},
		Cut:      rapid.IntRange(0, 9).Draw(t, "cut") == 0,
	}
}

func drawWorld(t *rapid.T) ([]identity.Node, []identity.Edge) {
	nodes := drawNodes(t)
	edges := make([]identity.Edge, rapid.IntRange(0, 30).Draw(t, "edges"))
	for i := range edges {
		edges[i] = drawEdge(t, len(nodes))
	}
	return nodes, edges
}

// uncut drops what tells only that something was cut.
func uncut(people []identity.Person) []identity.Person {
	out := slices.Clone(people)
	for i := range out {
		out[i].Refused = slices.DeleteFunc(slices.Clone(out[i].Refused), func(r identity.Refusal) bool { return r.Code == identity.Undone })
		if len(out[i].Refused) == 0 {
			out[i].Refused = nil
		}
	}
	return out
}

func same(t *rapid.T, what string, want, got []identity.Person) {
	t.Helper()
	if d := gocmp.Diff(want, got, sameRef); d != "" {
		t.Fatalf("%s (-want +got):\n%s", what, d)
	}
}

func TestResolve_likeTheSlowModel(t *testing.T) {
	t.Parallel()
	r := smallRules()
	rapid.Check(t, func(t *rapid.T) {
		nodes, edges := drawWorld(t)
		same(t, "model and solver", slowly(nodes, edges), identity.Resolve(nodes, edges, r))
	})
}

// I-1: the same facts in any order, from either end, give the same people.
func TestResolve_anyOrder(t *testing.T) {
	t.Parallel()
	r := smallRules()
	rapid.Check(t, func(t *rapid.T) {
		nodes, edges := drawWorld(t)
		want := identity.Resolve(nodes, edges, r)
		turned := rapid.Permutation(edges).Draw(t, "edges in another order")
		for i := range turned {
			if rapid.Bool().Draw(t, "turn") {
				turned[i].A, turned[i].B = turned[i].B, turned[i].A
			}
		}
		same(t, "another order", want, identity.Resolve(rapid.Permutation(nodes).Draw(t, "nodes in another order"), turned, r))
	})
}

// I-1: facts that arrive in any batches, into a store that keeps the best edge
// of each pair, give the same people.
func TestResolve_anyBatches(t *testing.T) {
	t.Parallel()
	r := smallRules()
	type pair struct {
		a, b     fact.FragmentID
		verified bool
	}
	rapid.Check(t, func(t *rapid.T) {
		nodes, edges := drawWorld(t)
		kept := map[pair]identity.Edge{}
		for _, e := range rapid.Permutation(edges).Draw(t, "arrival") {
			e.A, e.B = min(e.A, e.B), max(e.A, e.B)
			k := pair{e.A, e.B, e.Verified}
			old, ok := kept[k]
			cut := e.Cut || ok && old.Cut
			if !ok || cmp.Or(cmp.Compare(e.At, old.At), bytes.Compare(e.Message[:], old.Message[:])) < 0 {
				old = e
			}
			old.Cut = cut
			kept[k] = old
		}
		var stored []identity.Edge
		for _, e := range kept {
			stored = append(stored, e)
		}
		same(t, "a store", identity.Resolve(nodes, edges, r), identity.Resolve(nodes, stored, r))
	})
}

// What is not reachable doesn't matter: one component gives the people that the
// whole gives.
func TestResolve_oneComponentIsEnough(t *testing.T) {
	t.Parallel()
	r := smallRules()
	rapid.Check(t, func(t *rapid.T) {
		nodes, edges := drawWorld(t)
		whole := uncut(identity.Resolve(nodes, edges, r))
		part, among := component(nodes[rapid.IntRange(0, len(nodes)-1).Draw(t, "from")].ID, nodes, edges)
		for _, p := range uncut(identity.Resolve(part, among, r)) {
			i := slices.IndexFunc(whole, func(w identity.Person) bool { return w.Fragments[0] == p.Fragments[0] })
			same(t, "a component", whole[i:i+1], []identity.Person{p})
		}
	})
}

// component is what the identity store answers: everything reachable over pairs
// that are not cut, and the edges among it.
func component(from fact.FragmentID, nodes []identity.Node, edges []identity.Edge) (part []identity.Node, among []identity.Edge) {
	type pair [2]fact.FragmentID
	cut := map[pair]bool{}
	for _, e := range edges {
		p := pair{min(e.A, e.B), max(e.A, e.B)}
		cut[p] = cut[p] || e.Cut
	}
	in := map[fact.FragmentID]bool{from: true}
	for range nodes {
		for _, e := range edges {
			if !cut[pair{min(e.A, e.B), max(e.A, e.B)}] && (in[e.A] || in[e.B]) {
				in[e.A], in[e.B] = true, true
			}
		}
	}
	for _, n := range nodes {
		if in[n.ID] {
			part = append(part, n)
		}
	}
	for _, e := range edges {
		if in[e.A] && in[e.B] {
			among = append(among, e)
		}
	}
	return part, among
}

// I-2: said twice is said once; a fragment named with itself says nothing; nor
// does an edge to nowhere.
func TestResolve_idempotent(t *testing.T) {
	t.Parallel()
	r := smallRules()
	rapid.Check(t, func(t *rapid.T) {
		nodes, edges := drawWorld(t)
		want := identity.Resolve(nodes, edges, r)
		again := slices.Concat(edges, edges, []identity.Edge{
			{A: 1, B: 1, Verified: true}, {A: 1, B: 999, Verified: true}, {A: -5, B: 0},
		})
		same(t, "twice", want, identity.Resolve(slices.Concat(nodes, nodes), again, r))
		one, ok := identity.Of(nodes[0].ID, nodes, edges, r)
		if !ok || one.Fragments[0] != want[0].Fragments[0] {
			t.Fatalf("Of(%d) = %v, %v", nodes[0].ID, one, ok)
		}
	})
}

// I-3: an edge that was cut is as if it had never been said.
func TestResolve_cutIsNeverSaid(t *testing.T) {
	t.Parallel()
	r := smallRules()
	rapid.Check(t, func(t *rapid.T) {
		nodes, edges := drawWorld(t)
		e := drawEdge(t, len(nodes))
		e.Cut = true
		var others []identity.Edge
		for _, o := range edges {
			if min(o.A, o.B) != min(e.A, e.B) || max(o.A, o.B) != max(e.A, e.B) {
				others = append(others, o)
			}
		}
		same(t, "cut", uncut(identity.Resolve(nodes, others, r)), uncut(identity.Resolve(nodes, append(edges, e), r)))
	})
}

// I-3: when an edge merged two people, splitting them at its ends leaves those
// two, exactly.
func TestSplit_restoresBothSides(t *testing.T) {
	t.Parallel()
	r := smallRules()
	merged := 0
	rapid.Check(t, func(t *rapid.T) {
		nodes, edges := drawWorld(t)
		e := drawEdge(t, len(nodes))
		e.Cut = false
		before := identity.Resolve(nodes, edges, r)
		with, isNew := add(edges, e)
		if !isNew || !merges(before, identity.Resolve(nodes, with, r), e) {
			return
		}
		merged++
		cuts := identity.Split(e.A, e.B, nodes, with, r)
		same(t, fmt.Sprint("after cutting ", cuts), uncut(before), uncut(identity.Resolve(nodes, cutAll(with, cuts), r)))
	})
	if merged < 20 {
		t.Fatalf("only %d merges were tried", merged)
	}
}

// I-3: what merged last is undone from wherever one looks.
func TestSplit_undoesTheLastMerge(t *testing.T) {
	t.Parallel()
	r := smallRules()
	merged := 0
	rapid.Check(t, func(t *rapid.T) {
		nodes, edges := drawWorld(t)
		e := drawEdge(t, len(nodes))
		e.Cut, e.Verified, e.At = false, false, 99*day // claims come after everything
		before := identity.Resolve(nodes, edges, r)
		with, isNew := add(edges, e)
		if !isNew || !merges(before, identity.Resolve(nodes, with, r), e) {
			return
		}
		merged++
		x := rapid.SampledFrom(whose(before, e.A).Fragments).Draw(t, "x")
		from := rapid.SampledFrom(whose(before, e.B).Fragments).Draw(t, "from")
		cuts := identity.Split(x, from, nodes, with, r)
		if want := [][2]fact.FragmentID{{min(e.A, e.B), max(e.A, e.B)}}; !slices.Equal(cuts, want) {
			t.Fatalf("cuts %v, want %v", cuts, want)
		}
		same(t, "after the split", uncut(before), uncut(identity.Resolve(nodes, cutAll(with, cuts), r)))
	})
	if merged < 20 {
		t.Fatalf("only %d merges were tried", merged)
	}
}

// add appends an edge and reports whether its pair is new.
func add(edges []identity.Edge, e identity.Edge) (with []identity.Edge, isNew bool) {
	isNew = !slices.ContainsFunc(edges, func(o identity.Edge) bool {
		return min(o.A, o.B) == min(e.A, e.B) && max(o.A, o.B) == max(e.A, e.B)
	})
	return append(slices.Clone(edges), e), isNew
}

// merges reports whether an edge made one person of two whole ones. It may do
// other things: what it tells of a device may take that device from somebody.
func merges(before, after []identity.Person, e identity.Edge) bool {
	a, b := whose(before, e.A), whose(before, e.B)
	both := slices.Concat(a.Fragments, b.Fragments)
	slices.Sort(both)
	return !a.Has(e.B) && slices.Equal(both, whose(after, e.A).Fragments)
}

func whose(people []identity.Person, id fact.FragmentID) identity.Person {
	return people[slices.IndexFunc(people, func(p identity.Person) bool { return p.Has(id) })]
}

// Whatever joined two fragments, cutting what Split says parts them.
func TestSplit_parts(t *testing.T) {
	t.Parallel()
	r := smallRules()
	rapid.Check(t, func(t *rapid.T) {
		nodes, edges := drawWorld(t)
		x := rapid.SampledFrom(nodes).Draw(t, "x").ID
		p, _ := identity.Of(x, nodes, edges, r)
		from := rapid.SampledFrom(append(p.Fragments, 0)).Draw(t, "from")
		cuts := identity.Split(x, from, nodes, edges, r)
		if from == 0 {
			from = p.Anchor
		}
		after, _ := identity.Of(x, nodes, cutAll(edges, cuts), r)
		if x != from && after.Has(from) {
			t.Fatalf("after %v they are still one", cuts)
		}
		if x == from && len(cuts) > 0 {
			t.Fatalf("%d was split from itself: %v", x, cuts)
		}
	})
}

func cutAll(edges []identity.Edge, cuts [][2]fact.FragmentID) []identity.Edge {
	out := slices.Clone(edges)
	for i, e := range out {
		out[i].Cut = e.Cut || slices.Contains(cuts, [2]fact.FragmentID{min(e.A, e.B), max(e.A, e.B)})
	}
	return out
}

// I-4: no person has two of a strong namespace; nobody who is verified is
// joined to anything by a claim; a device that belongs to somebody was never
// anybody else's.
func TestResolve_noBleed(t *testing.T) {
	t.Parallel()
	r := smallRules()
	rapid.Check(t, func(t *rapid.T) {
		nodes, edges := drawWorld(t)
		people := identity.Resolve(nodes, edges, r)
		strong := func(p identity.Person, ns person.Namespace) (out []fact.FragmentID) {
			for _, f := range p.Fragments {
				if nodes[f-1].NS == ns {
					out = append(out, f)
				}
			}
			return out
		}
		for _, p := range people {
			for _, ns := range []person.Namespace{person.UserID, person.MemberID} {
				if s := strong(p, ns); len(s) > 1 {
					t.Fatalf("%v are one person", s)
				}
			}
			if hasVerifiedName(p, nodes) {
				proved := slices.DeleteFunc(slices.Clone(p.Accepted), func(e identity.Edge) bool { return !e.Verified })
				if part, _ := component(p.Anchor, nodes, proved); len(part) != len(p.Fragments) {
					t.Fatalf("person %v is held together by a claim", p.Fragments)
				}
			}
			for _, f := range p.Refused {
				for _, end := range [2][2]fact.FragmentID{{f.Edge.A, f.Edge.B}, {f.Edge.B, f.Edge.A}} {
					d, other := end[0], end[1]
					if len(p.Fragments) == 1 || !p.Has(d) || nodes[d-1].NS != person.DeviceID && nodes[d-1].NS != person.AnonymousID {
						continue
					}
					for _, ns := range []person.Namespace{person.UserID, person.MemberID} {
						mine, theirs := strong(p, ns), strong(whose(people, other), ns)
						if !f.Edge.Cut && f.Edge.Verified && len(mine) == 1 && len(theirs) == 1 && mine[0] != theirs[0] {
							t.Fatalf("device %d is with %d and was verified with %d", d, mine[0], theirs[0])
						}
					}
				}
			}
		}
	})
}

func hasVerifiedName(p identity.Person, nodes []identity.Node) bool {
	for _, f := range p.Fragments {
		n := nodes[f-1]
		touched := slices.ContainsFunc(p.Accepted, func(e identity.Edge) bool { return e.Verified && (e.A == f || e.B == f) })
		if n.NS != person.DeviceID && n.NS != person.AnonymousID && (n.Verified || touched) {
			return true
		}
	}
	return false
}

// I-5: nobody has more of a namespace than its limit, nor more than the cap.
func TestResolve_limits(t *testing.T) {
	t.Parallel()
	r := smallRules()
	rapid.Check(t, func(t *rapid.T) {
		nodes, edges := drawWorld(t)
		people := identity.Resolve(nodes, edges, r)
		for _, p := range people {
			if len(p.Fragments) > smallMax {
				t.Fatalf("%d fragments", len(p.Fragments))
			}
			phones := 0
			for _, f := range p.Fragments {
				if nodes[f-1].NS == person.Phone {
					phones++
				}
			}
			if phones > 2 {
				t.Fatalf("%d phones", phones)
			}
		}
		for _, p := range identity.Resolve(nodes, edges, identity.Rules{}) {
			if len(p.Fragments) != 1 {
				t.Fatal("the zero rules joined somebody")
			}
		}
	})
}

// A fragment whose identifier is blocked is as if nothing had been said of it
// and others, whatever came in which order; unblocking it is as if it had never
// been blocked.
func TestResolve_barred(t *testing.T) {
	t.Parallel()
	r := smallRules()
	rapid.Check(t, func(t *rapid.T) {
		nodes, edges := drawWorld(t)
		r := r
		r.Barred = map[fact.FragmentID]bool{}
		for range rapid.IntRange(1, 3).Draw(t, "barred") {
			r.Barred[rapid.SampledFrom(nodes).Draw(t, "fragment").ID] = true
		}
		left := slices.DeleteFunc(slices.Clone(edges), func(e identity.Edge) bool { return r.Barred[e.A] || r.Barred[e.B] })
		got, want := identity.Resolve(nodes, edges, r), identity.Resolve(nodes, left, smallRules())
		for i := range got {
			got[i].Refused = slices.DeleteFunc(got[i].Refused, func(f identity.Refusal) bool { return r.Barred[f.Edge.A] || r.Barred[f.Edge.B] })
			if len(got[i].Refused) == 0 {
				got[i].Refused = nil
			}
		}
		if d := gocmp.Diff(want, got, sameRef); d != "" {
			t.Fatal(d)
		}
		turned := slices.Clone(edges)
		slices.Reverse(turned)
		if d := gocmp.Diff(identity.Resolve(nodes, edges, r), identity.Resolve(nodes, turned, r), sameRef); d != "" {
			t.Fatalf("in another order: %s", d)
		}
	})
}
