package wish

import (
	"cmp"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/heed-platform/heed/internal/fact"
	"github.com/heed-platform/heed/internal/keep/gate"
	"github.com/heed-platform/heed/internal/policy/define"
	"github.com/heed-platform/heed/internal/problem"
)

var errChoice = problem.New(problem.Invalid, "choice-unknown", "A choice has a name or a value that it cannot have; open the page again for the names and their values.")

// With is the sheet's choices with the differences carried over; a name or a
// value that cannot be is refused.
func (s Sheet) With(all []Difference) (Choices, error) {
	out := maps.Clone(s.Choices)
	for _, d := range all {
		if _, known := out[d.Name]; !known || !valid(d.Name, d.To, s.now) {
			return nil, errChoice
		}
		out[d.Name] = d.To
	}
	return s.follow(out), nil
}

// follow lets what lies under a subject that was opened again be open as well:
// nobody could choose it while it was closed. What was muted by its own name stays so.
func (s Sheet) follow(c Choices) Choices {
	for _, t := range s.Topics {
		if !t.Closed || slices.Contains(s.muted, t.Key) {
			continue
		}
		open := true
		for _, above := range under(t.Key) {
			open = open && c[Topics+above] != Off
		}
		if open {
			c[Topics+t.Key] = On
		}
	}
	return c
}

// How a choice was made: what the ledger writes as its method.
const (
	ByForm = "form"
	ByUndo = "undo"
)

// proof is how a change came about.
type proof struct {
	method   string
	language string
	evidence string
	notice   func(Purpose) string // what a yes to a purpose is given under
	taken    []string             // records of entries that are taken back as if they had never been
}

// statement is what the ledger hears of a change, and what proves it. A part that
// did not change says nothing.
func (s Sheet) statement(to Choices, under proof) gate.Statement {
	st := gate.Statement{By: "person"}
	wants := false
	for _, d := range Compare(s.Choices, to) {
		key, isPurpose := strings.CutPrefix(d.Name, Purposes)
		if !isPurpose {
			wants = true
			continue
		}
		i := slices.IndexFunc(s.Purposes, func(p Purpose) bool { return p.Key == key })
		if i < 0 {
			continue
		}
		for _, g := range s.answer(s.Purposes[i], d.To == On, under) {
			g.Method, g.Source, g.Evidence, g.Language, g.Said = under.method, source, under.evidence, under.language, s.now
			st.Grants = append(st.Grants, g)
		}
	}
	if wants {
		st.Preference = s.preference(to)
	}
	return st
}

// source is what the ledger calls these pages.
const source = "preferences"

// answer is the entries of one yes or no to a purpose. A yes answers what was
// said against it, entry by entry; where such a no was about more than this
// purpose, the rest of it stands on, unless the whole of it is taken back.
func (s Sheet) answer(p Purpose, yes bool, under proof) []fact.Grant {
	if !yes {
		status := fact.Objected
		if p.consent || slices.ContainsFunc(s.profile.Grants, func(g fact.Grant) bool { return g.Purpose == p.Key && g.Status == fact.Granted }) {
			status = fact.Withdrawn
		}
		return []fact.Grant{{Purpose: p.Key, Status: status, Notice: ref(p.Notice)}}
	}
	out := []fact.Grant{{Purpose: p.Key, Status: fact.Granted, Notice: under.notice(p)}}
	for _, no := range p.stops {
		if no.Purpose == p.Key && no.Channel == "" {
			continue // the yes above answers it
		}
		for _, other := range s.Purposes {
			if slices.Contains(under.taken, no.Record) {
				break
			}
			// Asked against the definitions, so that nothing else comes alive.
			if other.Key != p.Key && slices.ContainsFunc(other.stops, func(g fact.Grant) bool { return g.Record == no.Record }) {
				out = append(out, fact.Grant{Purpose: other.Key, Channel: no.Channel, Status: no.Status, Notice: no.Notice})
			}
		}
		// Without a notice it is no yes to anything: it only takes the no back.
		out = append(out, fact.Grant{Purpose: no.Purpose, Channel: no.Channel, Status: fact.Granted})
	}
	return out
}

// back puts channels that are allowed again in their old place among the others.
func (s Sheet) back(all []Difference, order []string) []Difference {
	var again []string
	var rest []Difference
	for _, d := range all {
		if c, ok := strings.CutPrefix(d.Name, Channels); ok {
			again = append(again, c)
		} else {
			rest = append(rest, d)
		}
	}
	if len(again) == 0 {
		return all
	}
	seen := map[string]bool{}
	for _, c := range slices.Concat(order, s.Channels) {
		if seen[c] || s.Choices[Channels+c] == No && !slices.Contains(again, c) {
			continue
		}
		seen[c] = true
		rest = append(rest, Difference{Name: Channels + c, From: s.Choices[Channels+c], To: strconv.Itoa(len(seen))})
	}
	return rest
}

// preference is the whole of what was chosen beside the purposes. What the sheet
// does not show is kept as it was.
func (s Sheet) preference(to Choices) *fact.Preference {
	p := s.profile.Preference
	s.chooseTopics(&p, to)
	p.Channels = s.chooseChannels(to)
	p.Caps = slices.DeleteFunc(slices.Clone(p.Caps), func(c fact.Cap) bool { return c.Channel == "" })
	if c, ok := ParseOften(to[Often]); ok {
		p.Caps = append(p.Caps, c)
	}
	p.QuietAt, p.QuietTo, p.QuietOn = ParseQuiet(to[Quiet])
	if !p.QuietOn {
		p.QuietAt, p.QuietTo = 0, 0
	}
	p.Break = 0
	if to[Break] != "" {
		_ = p.Break.UnmarshalText([]byte(to[Break])) // With has checked it
	}
	p.Zone, p.Language = to[Zone], to[Language]
	if to[Location] != s.Choices[Location] {
		p.Location = to[Location]
	}
	s.chooseShares(&p, to)
	p.Source = source
	return &p
}

func (s Sheet) chooseTopics(p *fact.Preference, to Choices) {
	closed := func(key string) bool {
		return slices.ContainsFunc(under(key), func(above string) bool { return to[Topics+above] == Off })
	}
	muted, asked := slices.Clone(s.strange), []string(nil)
	for _, t := range s.Topics {
		named := slices.Contains(s.muted, t.Key)
		switch {
		case to[Topics+t.Key] == On && !closed(t.Key):
			asked = append(asked, t.Key)
		case named && to[Topics+t.Key] == Off:
			muted = append(muted, t.Key)
		case closed(t.Key):
			// What it lies under is off, and so is this.
		case to[Only] == Off || within(t.Key, s.muted):
			muted = append(muted, t.Key)
		}
	}
	p.Muted, p.Topics = muted, nil
	if to[Only] == On {
		if p.Topics = asked; len(asked) == 0 {
			p.Topics = []string{""}
		}
	}
}

// chooseChannels is nil, which is no choice, when none is refused and the order is
// the usual one.
func (s Sheet) chooseChannels(to Choices) []string {
	liked := slices.DeleteFunc(slices.Clone(s.Channels), func(c string) bool { return to[Channels+c] == No })
	slices.SortStableFunc(liked, func(a, b string) int { return cmp.Compare(place(to[Channels+a]), place(to[Channels+b])) })
	same := true
	for _, c := range s.Channels {
		same = same && to[Channels+c] == s.Choices[Channels+c]
	}
	switch {
	case same:
		return s.profile.Preference.Channels
	case slices.Equal(liked, s.usual):
		return nil
	case len(liked) == 0:
		return []string{""}
	}
	return liked
}

func place(rank string) int {
	n, err := strconv.Atoi(rank)
	if err != nil {
		return 99
	}
	return n
}

// chooseShares adds a word where one was changed, and keeps the others.
func (s Sheet) chooseShares(p *fact.Preference, to Choices) {
	sharing := slices.Clone(p.Sharing)
	for _, d := range Compare(s.Choices, to) {
		device, kind, ok := strings.Cut(strings.TrimPrefix(d.Name, Shares), ".")
		if !ok || !strings.HasPrefix(d.Name, Shares) {
			continue
		}
		if device == everyDevice {
			device = ""
		}
		sharing = slices.DeleteFunc(sharing, func(x fact.Share) bool { return x.Device == device && x.Kind == kind })
		sharing = append(sharing, fact.Share{Device: device, Kind: kind, Allowed: d.To == Yes})
	}
	p.Sharing = sharing
}

// ref names a notice; no notice is "".
func ref(n define.Notice) string {
	if n.Key == "" {
		return ""
	}
	return n.Ref()
}
