package line

import (
	"testing"

	"github.com/heed-platform/heed/internal/fact"
	"github.com/heed-platform/heed/internal/keep"
	"github.com/heed-platform/heed/internal/keep/gate"
)

// A transaction that lost a race is run again from the start: what the first try
// noted about people would otherwise be decided about twice.
func TestPeople_beginForgetsTheLastTry(t *testing.T) {
	t.Parallel()
	ada := &human{group: gate.Group{Anchor: 1, Members: []fact.FragmentID{1}}}
	p := &people{of: map[fact.FragmentID]*human{1: ada}}
	looks := []Look{{Fragment: 1, Campaign: "hello"}, {Fragment: 2}}
	for try := range 3 {
		p.begin(looks)
		if len(p.humans) != 1 || len(ada.looks) != 1 || len(ada.touched) != 0 || len(ada.ruled) != 0 {
			t.Fatalf("try %d begins with %d people, %+v", try, len(p.humans), ada)
		}
		for range 2 {
			p.touch(&step{frags: []*keep.Fragment{{ID: 1}}})
		}
		ada.ruled = append(ada.ruled, Ruled{Campaign: "hello"})
		if len(p.humans) != 1 || len(ada.touched) != 2 {
			t.Fatalf("try %d met %d people, %d events", try, len(p.humans), len(ada.touched))
		}
	}
}
