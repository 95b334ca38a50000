package gate

import (
	"github.com/heed-platform/heed/internal/fact"
	"github.com/heed-platform/heed/internal/person"
)

// Known is who a person is and where they can be reached, and nothing else of
// what is known about them.
type Known struct {
	Ref     person.Ref
	Asked   fact.FragmentID // the fragment by which they were found
	Anchor  fact.FragmentID
	Members []fact.FragmentID // sorted
	Points  []fact.Named      // verified addresses and numbers, the strongest first
}

// Who says who the person is that a pass was given for. It opens nothing else,
// so it leaves no note.
func Who(p Pass[Honor]) (Known, error) {
	if !p.d.ok() {
		return Known{}, errVoid
	}
	h := p.d.held
	k := Known{Ref: h.profile.Ref, Asked: h.asked, Anchor: h.group.Anchor, Members: h.group.Members}
	for _, id := range h.profile.Identifiers {
		if id.Verified && (id.NS == person.Email || id.NS == person.Phone) {
			k.Points = append(k.Points, id)
		}
	}
	return k, nil
}
