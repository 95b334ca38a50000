package identity

import (
	"cmp"
	"fmt"
	"regexp"
	"strings"
	"time"

	"github.com/heed-platform/heed/internal/fact"
	"github.com/heed-platform/heed/internal/person"
	"github.com/heed-platform/heed/internal/problem"
)

// Namespace is what a workspace says about one kind of identifier. What is left
// out keeps its default; Strong and Device can only be added, never taken away.
type Namespace struct {
	Name person.Namespace `json:"name" yaml:"name"`
	// Rank orders namespaces, 1 is strongest; equal ranks are ordered by name.
	// Devices come after everything else whatever their rank.
	Rank int `json:"rank,omitempty" yaml:"rank,omitempty"`
	// Strong: two different ones are two people.
	Strong bool `json:"strong,omitempty" yaml:"strong,omitempty"`
	// Device: names a thing that several people may use.
	Device bool `json:"device,omitempty" yaml:"device,omitempty"`
	// Limit is how many one person may have within any PerDays days; PerDays 0
	// in a definition that sets Limit means ever.
	Limit   int `json:"limit,omitempty" yaml:"limit,omitempty"`
	PerDays int `json:"per_days,omitempty" yaml:"per_days,omitempty"`
	// People is how many people one identifier may be shared by before it stops
	// linking anybody: strong identifiers for a name, named people for a device.
	People int `json:"people,omitempty" yaml:"people,omitempty"`
	// Blocked values link nothing. They are compared without regard to case;
	// /…/ is a regular expression (RE2).
	Blocked []string `json:"blocked,omitempty" yaml:"blocked,omitempty"`
}

// Rules decide who is one person. The zero Rules join nobody.
type Rules struct {
	// MaxFragments is how many fragments one person may have.
	MaxFragments int
	// Barred are fragments whose identifier points at nobody today: what was said
	// of them and others is as if it had never been said, until they are no more.
	Barred map[fact.FragmentID]bool

	spaces []space
	place  map[person.Namespace]int
}

// space is a Namespace made ready.
type space struct {
	Namespace

	per     time.Duration // zero is ever
	values  []string      // blocked, in lower case
	pattern []*regexp.Regexp
}

const (
	maxFragments = 1000
	otherRank    = 50
	maxCount     = 100_000
)

// otherSpace stands for all namespaces that nobody declared. They share one
// limit, so that inventing namespaces does not get round it.
const otherSpace person.Namespace = "*"

// defaults are what holds without a word from the workspace. The limits follow
// Segment's advice (five of a kind, email per year); anonymous ids are counted
// by month because browsers forget theirs every week.
func defaults() []Namespace {
	return []Namespace{
		{Name: person.UserID, Rank: 10, Strong: true, Limit: 1},
		{Name: person.MemberID, Rank: 20, Strong: true, Limit: 1},
		{Name: person.Email, Rank: 30, Limit: 5, PerDays: 365, People: 3},
		{Name: person.Phone, Rank: 40, Limit: 5, PerDays: 365, People: 3},
		{Name: otherSpace, Rank: otherRank, Limit: 20, PerDays: 365, People: 3},
		{Name: person.PushToken, Rank: 60, Device: true, Limit: 50, PerDays: 365, People: 3},
		{Name: person.DeviceID, Rank: 70, Device: true, Limit: 20, PerDays: 365, People: 3},
		{Name: person.AnonymousID, Rank: 80, Device: true, Limit: 50, PerDays: 30, People: 3},
	}
}

// DefaultRules are the rules of a workspace that says nothing about namespaces.
func DefaultRules() Rules {
	r := Rules{MaxFragments: maxFragments}
	for _, n := range defaults() {
		r.spaces = append(r.spaces, space{Namespace: n, per: days(n.PerDays)})
	}
	r.place = index(r.spaces)
	return r
}

var errNamespace = problem.New(problem.Invalid, "namespace-invalid",
	"A namespace's definition can't be used; mend the fields that are named.")

// NewRules are the default rules with what the workspace says laid over them.
// It fails with namespace-invalid, naming every fault.
func NewRules(defined []Namespace) (Rules, error) {
	r := DefaultRules()
	seen := map[person.Namespace]bool{}
	fault := errNamespace
	for i, d := range defined {
		at := fmt.Sprintf("/namespaces/%d", i)
		if seen[d.Name] {
			fault = fault.At(at+"/name", "is defined twice")
			continue
		}
		seen[d.Name] = true
		base, known := r.find(d.Name)
		if !known {
			base.Rank = otherRank
		}
		s, faults := lay(base, d)
		for _, f := range faults {
			fault = fault.At(at+f.Pointer, f.Reason)
		}
		if known {
			r.spaces[r.place[d.Name]] = s
		} else {
			r.spaces = append(r.spaces, s)
		}
		r.place = index(r.spaces)
	}
	if len(fault.Fields) > 0 {
		return Rules{}, fault
	}
	return r, nil
}

// Compare orders namespaces, the stronger one first.
func (r Rules) Compare(a, b person.Namespace) int {
	if len(r.spaces) == 0 {
		return strings.Compare(string(a), string(b))
	}
	return compare(&r.spaces[r.at(a)], &r.spaces[r.at(b)], a, b)
}

// compare orders a of space x and b of space y, the stronger one first.
func compare(x, y *space, a, b person.Namespace) int {
	if x.Device != y.Device {
		if x.Device {
			return 1
		}
		return -1
	}
	return cmp.Or(cmp.Compare(x.Rank, y.Rank), strings.Compare(string(a), string(b)))
}

// index is where each namespace stands.
func index(spaces []space) map[person.Namespace]int {
	place := make(map[person.Namespace]int, len(spaces))
	for i, s := range spaces {
		place[s.Name] = i
	}
	return place
}

// at is where the rule of a namespace stands.
func (r Rules) at(ns person.Namespace) int {
	if i, ok := r.place[ns]; ok {
		return i
	}
	return r.place[otherSpace]
}

// find is a namespace's own rule, or what holds for undeclared ones.
func (r Rules) find(ns person.Namespace) (s space, known bool) {
	_, known = r.place[ns]
	return r.spaces[r.at(ns)], known
}

var nameShape = regexp.MustCompile(`^[a-z][a-z0-9_.]{0,63}$`)

// lay puts a definition over the rule that held before.
func lay(s space, d Namespace) (space, []problem.Field) {
	var faults []problem.Field
	refuse := func(wrong bool, pointer, reason string) {
		if wrong {
			faults = append(faults, problem.Field{Pointer: pointer, Reason: reason})
		}
	}
	refuse(!nameShape.MatchString(string(d.Name)), "/name", "must be lower-case letters, digits, dots and underscores, at most 64")
	refuse(d.Rank < 0 || d.Rank > maxCount, "/rank", "must be between 1 and 100000")
	refuse(d.PerDays < 0 || d.PerDays > 36500, "/per_days", "must be between 1 and 36500")
	refuse(d.PerDays != 0 && d.Limit == 0, "/per_days", "needs a limit")
	refuse(d.People < 0 || d.People > maxCount, "/people", "must be between 1 and 100000")
	refuse(d.Limit < 0 || d.Limit > maxCount, "/limit", "must be between 1 and 100000")

	s.Name = d.Name
	s.Rank = cmp.Or(d.Rank, s.Rank)
	s.Strong = s.Strong || d.Strong
	s.Device = s.Device || d.Device
	s.People = cmp.Or(d.People, s.People)
	if d.Limit != 0 {
		s.Limit, s.PerDays = d.Limit, d.PerDays
	}
	if s.Strong {
		refuse(s.Device, "/device", "can't be a device and strong: a device may have several users")
		refuse(d.Limit > 1 || d.PerDays != 0, "/limit", "is 1 ever for a strong namespace")
		s.Limit, s.PerDays = 1, 0
	}
	s.per = days(s.PerDays)
	s.Blocked = d.Blocked
	for i, b := range d.Blocked {
		err := s.block(b)
		refuse(err != nil, fmt.Sprintf("/blocked/%d", i), "is neither a value nor a regular expression between slashes")
	}
	return s, faults
}

func days(n int) time.Duration { return time.Duration(n) * 24 * time.Hour }
