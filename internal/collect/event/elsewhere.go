package event

import (
	"slices"

	"github.com/heed-platform/heed/internal/fact"
	"github.com/heed-platform/heed/internal/person"
)

// otherwise lists what would have named the event's fragment by what Canonical
// answered at other times, without what names it today: identifiers in order of
// strength, as far as the first that always pointed at somebody. That is seldom
// more than a look at the strongest one.
func (t *trial) otherwise(found []named) []person.Identifier {
	own := found[0]
	if len(t.absent) == 0 {
		if forms, nobody := t.src.once(own); len(forms) == 0 && !nobody {
			return nil
		}
	}
	var out []named
	add := func(ns person.Namespace, value string) {
		n := named{ns: ns, value: value}
		if value != "" && (ns != own.ns || value != own.value) && !slices.Contains(out, n) {
			out = append(out, n)
		}
	}
	steady := false
	for _, n := range t.inOrder(found) {
		forms, nobody := t.src.once(n)
		add(n.ns, n.value)
		for _, form := range forms {
			add(n.ns, form)
		}
		if steady = n.value != "" && !nobody; steady {
			break
		}
	}
	if !steady {
		t.alternatives(add)
	}
	var ids []person.Identifier
	for _, n := range out {
		ids = append(ids, person.Ident(n.ns, n.value))
	}
	return ids
}

// inOrder is everything the event names in the order in which it may name the
// fragment, what points at nobody today included.
func (t *trial) inOrder(found []named) []named {
	if len(t.absent) == 0 && (t.src.trusted() || t.verified) {
		return found
	}
	all := slices.Concat(t.absent, found)
	slices.SortStableFunc(all, func(a, b named) int {
		if own := DeviceClass(a.ns); !t.src.trusted() && !t.verified && own != DeviceClass(b.ns) {
			if own {
				return -1
			}
			return 1
		}
		return byRank(a, b)
	})
	return all
}

// alternatives are what names an event that names nobody else.
func (t *trial) alternatives(add func(person.Namespace, string)) {
	if t.typ == fact.Group {
		if text := t.loose(t.e.groupID, "groupId"); text != "" {
			if form, ok := t.src.canonical(GroupID, text); ok {
				add(GroupID, form)
			}
		}
	}
	for _, n := range t.alone(nil) {
		add(n.ns, n.value)
	}
}

// once asks for other answers about a value. What was not sent, because heed
// made it, always was what it is.
func (s *Source) once(n named) (forms []string, nobody bool) {
	if n.sent == "" {
		return nil, false
	}
	return s.Once(n.ns, n.sent)
}
