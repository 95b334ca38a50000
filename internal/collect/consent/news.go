package consent

import "github.com/heed-platform/heed/internal/fact"

// News is what of the heard grants changes what stands on a fragment, whose
// entries in force are standing. It drops echoes, and every yes that may not
// undo the refusal that stands:
//
//   - a state (MethodState) undoes no refusal, for nobody knows when it was said;
//   - an act does, when it claims to have happened after the refusal was heard
//     and names the notice under which it was said. A device's clock alone is
//     never enough: what is received before the refusal is in the ledger before it;
//   - a state does not carry an older yes over to another notice, an act does.
func News(standing, heard []fact.Grant) []fact.Grant {
	var news []fact.Grant
	for i := range heard {
		if g := &heard[i]; isNews(stands(standing, g), g) {
			news = append(news, *g)
		}
	}
	return news
}

// stands is the entry in force for the scope of g, or nil. Of several, as when
// the states of fragments were not folded, it is the most restrictive.
func stands(standing []fact.Grant, g *fact.Grant) *fact.Grant {
	var found *fact.Grant
	for i := range standing {
		s := &standing[i]
		if compareScope(s, g) == 0 && (found == nil || s.Status > found.Status) {
			found = s
		}
	}
	return found
}

func isNews(old, g *fact.Grant) bool {
	switch {
	case old == nil:
		return true
	case g.Status != fact.Granted:
		return g.Status > old.Status
	case g.Method == MethodState:
		return false
	case old.Status == fact.Granted:
		return g.Notice != "" && g.Notice != old.Notice && g.Said > old.Said
	}
	return g.Notice != "" && g.Said > old.Received && g.Received > old.Received
}
