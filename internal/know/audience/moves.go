package audience

import (
	"cmp"
	"slices"

	"github.com/heed-platform/heed/internal/clock"
	"github.com/heed-platform/heed/internal/fact"
	"github.com/heed-platform/heed/internal/know/audience/expression"
	"github.com/heed-platform/heed/internal/policy"
)

// Moves asks all audiences of a purpose about one person and gives what must be
// recorded: an entry for each audience that the person enters or leaves at now.
// Audiences that no longer exist are left too. A new generation alone is no
// move: whoever was in stays in, since they did nothing.
//
// before is the latest word for each audience and purpose, sorted by them, as a
// State keeps it; s is what the purpose may see. due is when to look again
// although nothing new became known; zero is never.
func (t *Set) Moves(purpose string, before []fact.Membership, s fact.Sight, now clock.Instant) (moves []fact.Membership, due clock.Instant) {
	if t == nil {
		return nil, 0
	}
	moves, due = t.MovesOf(t.all, purpose, before, s, now)
	return append(moves, t.gone(purpose, before, now)...), due
}

// MovesOf is Moves for some of the audiences, sorted by key as Touched and
// Timed give them. Those of another purpose are passed over. due is about these
// audiences only: an earlier timer for others still holds.
func (t *Set) MovesOf(some []*Audience, purpose string, before []fact.Membership, s fact.Sight, now clock.Instant) (moves []fact.Membership, due clock.Instant) {
	r := expression.NewReading(s, now)
	next := 0
	for _, a := range some {
		if a.Purpose != purpose {
			continue
		}
		answer, again := a.Expression.Judge(r)
		if again != 0 && (due == 0 || again < due) {
			due = again
		}
		for next < len(before) && order(before[next], a.Key, purpose) < 0 {
			next++
		}
		was := next < len(before) && before[next].In && order(before[next], a.Key, purpose) == 0
		if is := answer == policy.Yes; is != was {
			moves = append(moves, fact.Membership{Audience: a.Key, Generation: a.Generation, Purpose: purpose, In: is, At: now})
		}
	}
	return moves, due
}

func order(m fact.Membership, key, purpose string) int {
	return cmp.Or(cmp.Compare(m.Audience, key), cmp.Compare(m.Purpose, purpose))
}

// gone leaves the audiences that are no more, or are kept for another purpose
// now. Memberships for a purpose that no audience has are left with the first
// purpose, so that each is left once.
func (t *Set) gone(purpose string, before []fact.Membership, now clock.Instant) []fact.Membership {
	var left []fact.Membership
	first := len(t.purposes) == 0 || purpose == t.purposes[0]
	next := 0
	for _, m := range before {
		for next < len(t.all) && t.all[next].Key < m.Audience {
			next++
		}
		if !m.In || next < len(t.all) && t.all[next].Key == m.Audience && t.all[next].Purpose == m.Purpose {
			continue
		}
		_, asked := slices.BinarySearch(t.purposes, m.Purpose)
		if m.Purpose == purpose || !asked && first {
			m.In, m.At = false, now
			left = append(left, m)
		}
	}
	return left
}
