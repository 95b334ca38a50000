package identity

import (
	"regexp"
	"slices"
	"strings"

	"github.com/heed-platform/heed/internal/person"
)

// Lists are values that a workspace blocked at any time, by namespace. The zero
// Lists hold nothing.
type Lists struct {
	spaces map[person.Namespace]*listed
}

type listed struct {
	values   map[string]bool // in lower case
	patterns []*regexp.Regexp
}

// NewLists joins the lists of definitions, of which there may be several for one
// namespace: each stood for some time. It fails with namespace-invalid.
func NewLists(defined []Namespace) (Lists, error) {
	l := Lists{map[person.Namespace]*listed{}}
	for _, d := range defined {
		var s space
		for _, b := range d.Blocked {
			if err := s.block(b); err != nil {
				return Lists{}, errNamespace.Because(err)
			}
		}
		if len(d.Blocked) > 0 {
			l.add(d.Name, &s)
		}
	}
	return l, nil
}

func (l Lists) add(ns person.Namespace, s *space) {
	all := l.spaces[ns]
	if all == nil {
		all = &listed{values: map[string]bool{}}
		l.spaces[ns] = all
	}
	for _, v := range s.values {
		all.values[v] = true
	}
	for _, p := range s.pattern {
		if !slices.ContainsFunc(all.patterns, func(re *regexp.Regexp) bool { return re.String() == p.String() }) {
			all.patterns = append(all.patterns, p)
		}
	}
}

// Any reports whether any value of a namespace was ever blocked.
func (l Lists) Any(ns person.Namespace) bool { return l.spaces[ns] != nil }

// Has reports whether any list ever blocked the value.
func (l Lists) Has(ns person.Namespace, value string) bool {
	s := l.spaces[ns]
	if s == nil {
		return false
	}
	v := strings.ToLower(strings.TrimSpace(value))
	return s.values[v] || slices.ContainsFunc(s.patterns, func(re *regexp.Regexp) bool { return re.MatchString(v) })
}
