package identity_test

import (
	"errors"
	"slices"
	"testing"

	gocmp "github.com/google/go-cmp/cmp"

	"github.com/heed-platform/heed/internal/clock"
	"github.com/heed-platform/heed/internal/fact"
	"github.com/heed-platform/heed/internal/know/identity"
	"github.com/heed-platform/heed/internal/person"
	"github.com/heed-platform/heed/internal/problem"
)

// hears makes a world of lines, as in testdata/stories.txt.
func hears(t *testing.T, heard ...string) *world {
	t.Helper()
	w := &world{}
	for _, l := range heard {
		w.hear(t, l)
	}
	return w
}

func TestResolve_anchorIsTheStrongest(t *testing.T) {
	t.Parallel()
	w := hears(t,
		"day 1 server anonymous_id:phone email:ann@home",
		"day 2 server anonymous_id:phone crm:9",
		"day 3 server email:ann@home email:ann@work",
	)
	r := identity.DefaultRules()
	for _, tt := range []struct{ line, anchor string }{
		{"day 4 server phone:1 email:ann@home", "email:ann@home"}, // the first of two emails
		{"day 5 server member_id:card email:ann@home", "member_id:card"},
		{"day 6 server user_id:ann email:ann@home", "user_id:ann"},
	} {
		w.hear(t, tt.line)
		p, ok := identity.Of(1, w.nodes, w.edges, r)
		if !ok || w.names[p.Anchor-1] != tt.anchor || p.Ref != ref(tt.anchor) {
			t.Errorf("after %q the anchor is %q", tt.line, w.names[p.Anchor-1])
		}
	}
	if _, ok := identity.Of(99, w.nodes, w.edges, r); ok {
		t.Error("a fragment that is not there belongs to somebody")
	}
}

func TestResolve_mergeBomb(t *testing.T) {
	t.Parallel()
	r := identity.DefaultRules()
	tests := []struct {
		ns   person.Namespace
		want int // fragments with the account
		code identity.Code
	}{
		{person.Email, 1 + 10, identity.OverLimit}, // five in each of the two years that 10,000 hours touch
		{person.AnonymousID, 1 + 14*50, identity.OverLimit},
		{"invented", 1 + 40, identity.OverLimit},
	}
	for _, tt := range tests {
		nodes, edges := bomb(tt.ns, 10_000)
		people := identity.Resolve(nodes, edges, r)
		p := people[0]
		if len(p.Fragments) != tt.want || len(p.Refused) != 10_001-tt.want || p.Refused[0].Code != tt.code {
			t.Errorf("%s: %d fragments, %d refused, first %s", tt.ns, len(p.Fragments), len(p.Refused), p.Refused[0].Code)
		}
		if len(people) != 10_002-tt.want {
			t.Errorf("%s: %d people", tt.ns, len(people))
		}
	}

	// A chain of inventions has no account to hold on to; size alone stops it.
	wide, err := identity.NewRules([]identity.Namespace{{Name: "invented", Limit: 100_000}})
	if err != nil {
		t.Fatal(err)
	}
	nodes, edges := bomb("invented", 10_000)
	p := identity.Resolve(nodes, edges, wide)[0]
	if len(p.Fragments) != 1000 || p.Refused[0].Code != identity.PersonFull {
		t.Errorf("%d fragments, then %s", len(p.Fragments), p.Refused[0].Code)
	}
	wide.MaxFragments = 20
	if p := identity.Resolve(nodes, edges, wide)[0]; len(p.Fragments) != 20 {
		t.Errorf("%d fragments, want 20", len(p.Fragments))
	}
}

func TestResolve_inventedNamespacesShareOneLimit(t *testing.T) {
	t.Parallel()
	nodes := []identity.Node{{ID: 1, NS: person.UserID}}
	var edges []identity.Edge
	for i := range 30 {
		id := fact.FragmentID(2 + i)
		nodes = append(nodes, identity.Node{ID: id, NS: person.Namespace(rune('a' + i))})
		edges = append(edges, identity.Edge{A: 1, B: id, Verified: true, At: clock.Instant(i)})
	}
	p := identity.Resolve(nodes, edges, identity.DefaultRules())[0]
	if len(p.Fragments) != 21 || p.Refused[0].Code != identity.OverLimit {
		t.Errorf("%d fragments", len(p.Fragments))
	}
}

// A workspace may say that an email is one person's, that a cookie of its own
// is a device, and how many is too many.
func TestNewRules(t *testing.T) {
	t.Parallel()
	r, err := identity.NewRules([]identity.Namespace{
		{Name: person.Email, Strong: true},
		{Name: "cookie", Device: true, Limit: 2, PerDays: 7},
		{Name: person.Phone, Rank: 15},
		{Name: person.AnonymousID, Limit: 1},
	})
	if err != nil {
		t.Fatal(err)
	}
	w := hears(t,
		"day 1 server email:a@x phone:1 cookie:c",
		"day 2 server email:b@x cookie:c phone:1",
		"day 3 server email:a@x anonymous_id:1",
		"day 900 server email:a@x anonymous_id:2",
	)
	want := []string{
		"phone:1 email:a@x anonymous_id:1",
		"email:b@x",
		"cookie:c",
		"anonymous_id:2",
		"refused limit email:a@x anonymous_id:2",
		"refused shared_device email:a@x cookie:c",
		"refused shared_device email:b@x cookie:c",
		"refused two_people phone:1 email:b@x",
	}
	if d := gocmp.Diff(sorted(want), sorted(w.tell(identity.Resolve(w.nodes, w.edges, r), r))); d != "" {
		t.Errorf("(-want +got):\n%s", d)
	}

	order := []person.Namespace{"anonymous_id", "zeta", "cookie", "user_id", "alpha", "push_token", "phone", "member_id", "email", "device_id"}
	slices.SortFunc(order, r.Compare)
	if d := gocmp.Diff([]person.Namespace{"user_id", "phone", "member_id", "email", "alpha", "zeta", "cookie", "push_token", "device_id", "anonymous_id"}, order); d != "" {
		t.Errorf("order (-want +got):\n%s", d)
	}
}

func TestNewRules_faults(t *testing.T) {
	t.Parallel()
	_, err := identity.NewRules([]identity.Namespace{
		{Name: "User Id"},
		{Name: person.UserID, Device: true},
		{Name: person.MemberID, Limit: 2},
		{Name: person.Email, Limit: -1, People: -1, Rank: -1},
		{Name: person.Phone, PerDays: 3, Blocked: []string{"ok", "/(/", " "}},
		{Name: "*"},
		{Name: person.Phone},
	})
	p := problem.Of(err)
	if p == nil || p.Code != "namespace-invalid" || p.Kind != problem.Invalid {
		t.Fatalf("err = %v", err)
	}
	var got []string
	for _, f := range p.Fields {
		got = append(got, f.Pointer)
	}
	want := []string{
		"/namespaces/0/name", "/namespaces/1/device", "/namespaces/2/limit",
		"/namespaces/3/rank", "/namespaces/3/people", "/namespaces/3/limit",
		"/namespaces/4/per_days", "/namespaces/4/blocked/1", "/namespaces/4/blocked/2",
		"/namespaces/5/name", "/namespaces/6/name",
	}
	if d := gocmp.Diff(want, got); d != "" {
		t.Errorf("(-want +got):\n%s", d)
	}
	if r, err := identity.NewRules(nil); err != nil || r.MaxFragments != identity.DefaultRules().MaxFragments {
		t.Errorf("no definitions: %v", err)
	}
	if !errors.Is(err, problem.New(problem.Invalid, "namespace-invalid", "")) {
		t.Error("the code is another one")
	}
}

func TestSplit(t *testing.T) {
	t.Parallel()
	r := identity.DefaultRules()
	tests := []struct {
		name    string
		heard   []string
		x, from string
		want    [][2]string
	}{
		{
			"one wrong merge", []string{
				"day 1 server user_id:ann email:ann@home",
				"day 2 server member_id:card phone:1",
				"day 3 server user_id:ann member_id:card",
			}, "phone:1", "", [][2]string{{"user_id:ann", "member_id:card"}},
		},
		{
			"said twice and by another way too", []string{
				"day 1 server user_id:ann email:ann@home",
				"day 2 server member_id:card phone:1",
				"day 3 server user_id:ann member_id:card",
				"day 4 server user_id:ann member_id:card",
				"day 5 server user_id:ann phone:1",
				"day 6 server user_id:ann anonymous_id:d",
				"day 7 server phone:1 anonymous_id:d",
			}, "member_id:card", "user_id:ann", [][2]string{
				{"user_id:ann", "member_id:card"}, {"user_id:ann", "phone:1"}, {"phone:1", "anonymous_id:d"},
			},
		},
		{
			"only what stands between", []string{
				"day 1 server email:a@x phone:1",
				"day 2 server phone:1 crm:1",
				"day 3 server crm:1 anonymous_id:d",
			}, "anonymous_id:d", "phone:1", [][2]string{{"crm:1", "anonymous_id:d"}},
		},
		{"two people already", []string{"day 1 server email:a@x", "day 1 server email:b@x"}, "email:a@x", "email:b@x", nil},
		{"the anchor from itself", []string{"day 1 server email:a@x phone:1"}, "email:a@x", "", nil},
		{"one who is not there", []string{"day 1 server email:a@x phone:1"}, "email:new@x", "phone:1", nil},
	}
	for _, tt := range tests {
		w := hears(t, tt.heard...)
		nodes := slices.Clone(w.nodes)
		var from fact.FragmentID
		if tt.from != "" {
			from = w.id(tt.from)
		}
		var got [][2]string
		for _, c := range identity.Split(w.id(tt.x), from, nodes, w.edges, r) {
			got = append(got, [2]string{w.names[c[0]-1], w.names[c[1]-1]})
		}
		if d := gocmp.Diff(tt.want, got); d != "" {
			t.Errorf("%s (-want +got):\n%s", tt.name, d)
		}
	}
}

func TestExplain(t *testing.T) {
	t.Parallel()
	tests := []struct {
		heard []string
		of    string
		want  []string
	}{
		{
			[]string{
				"day 1 server user_id:ann email:ann@home",
				"day 2 server email:ann@home anonymous_id:phone",
				"day 3 server user_id:ann anonymous_id:phone",
				"day 4 server user_id:ben anonymous_id:tablet",
				"day 5 server user_id:ann anonymous_id:tablet",
				"day 6 server user_id:ben email:ann@home",
				"day 7 browser anonymous_id:mine user_id:ann",
				"day 8 server user_id:ann phone:1",
				"cut user_id:ann phone:1",
				"day 9 server user_id:ann email:shop@x",
				"day 9 server user_id:1 email:shop@x", "day 9 server user_id:2 email:shop@x", "day 9 server user_id:3 email:shop@x",
			},
			"email:ann@home",
			[]string{
				"The user_id anchors this person: nothing stronger is known of them.",
				"The email belongs to this person because a verified event of 1970-01-02 named it together with their user_id.",
				"The anonymous_id belongs to this person because a verified event of 1970-01-03 named it together with their email.",
				"A verified event of 1970-01-07 said that the email and another person's user_id are one person's, but each side has a user_id of its own, and two different ones are two people.",
				"A verified event of 1970-01-09 said that the user_id and another person's phone are one person's, but somebody undid that by hand; it stays undone until somebody mends it.",
				"A verified event of 1970-01-10 said that the user_id and another person's email are one person's, but more than 3 people use that email, so it points at nobody.",
				"A verified event of 1970-01-06 said that the user_id and another person's anonymous_id are one person's, but the anonymous_id is shared: different people signed in on it, so it joins nobody, and what was done on it without signing in belongs to none of them.",
				"A browser claimed on 1970-01-08 that the user_id and another person's anonymous_id are one person's, but a claim without proof joins nothing to what is verified; a server's or a signed call can.",
			},
		},
		{
			[]string{"day 1 browser anonymous_id:phone email:a@x", "day 2 browser anonymous_id:phone phone:1"},
			"anonymous_id:phone",
			[]string{
				"The email anchors this person: nothing stronger is known of them.",
				"The anonymous_id belongs to this person because a browser claimed so on 1970-01-02, together with their email; nobody has proved it, and it ends when somebody proves that the name is theirs.",
				"The phone belongs to this person because a browser claimed so on 1970-01-03, together with their anonymous_id; nobody has proved it, and it ends when somebody proves that the name is theirs.",
			},
		},
		{
			[]string{
				"day 1 server user_id:ann email:1", "day 2 server user_id:ann email:2", "day 3 server user_id:ann email:3",
				"day 4 server user_id:ann email:4", "day 5 server user_id:ann email:5", "day 6 server user_id:ann email:6",
			},
			"email:6",
			[]string{
				"The email anchors this person: nothing stronger is known of them.",
				"A verified event of 1970-01-07 said that the email and another person's user_id are one person's, but one person has at most 5 email within 365 days, and those that were named first count.",
			},
		},
	}
	r := identity.DefaultRules()
	for _, tt := range tests {
		w := hears(t, tt.heard...)
		p, _ := identity.Of(w.id(tt.of), w.nodes, w.edges, r)
		var got []string
		for _, s := range identity.Explain(p, w.nodes, r) {
			got = append(got, s.Text)
			if !p.Has(s.Fragment) {
				t.Errorf("%q is about somebody else", s.Text)
			}
		}
		if d := gocmp.Diff(tt.want, got); d != "" {
			t.Errorf("(-want +got):\n%s", d)
		}
	}
}

// Every reason has a sentence of its own, and no sentence shows a value.
func TestExplain_everyCode(t *testing.T) {
	t.Parallel()
	nodes := []identity.Node{{ID: 1, NS: person.UserID}, {ID: 2, NS: "crm"}}
	seen := map[string]bool{}
	for _, code := range []identity.Code{
		identity.Undone, identity.SharedDevice, identity.TooManyPeople, identity.ClaimedOnly,
		identity.TwoPeople, identity.OverLimit, identity.PersonFull,
	} {
		p := identity.Person{
			Anchor: 1, Fragments: []fact.FragmentID{1},
			Refused: []identity.Refusal{{Edge: identity.Edge{A: 1, B: 2}, Code: code, NS: "crm"}},
		}
		s := identity.Explain(p, nodes, identity.DefaultRules())
		if len(s) != 2 || s[1].Code != code || s[1].Other != 2 || seen[s[1].Text] {
			t.Errorf("%s: %+v", code, s)
		}
		seen[s[len(s)-1].Text] = true
	}
}
