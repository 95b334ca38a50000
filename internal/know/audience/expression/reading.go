package expression

import (
	"time"

	"github.com/heed-platform/heed/internal/clock"
	"github.com/heed-platform/heed/internal/fact"
)

// Reading is one sight of one person at one moment, ready to be asked many
// expressions. It belongs to one goroutine.
type Reading struct {
	person   *fact.Profile
	withheld map[string]string
	now      clock.Instant
	due      clock.Instant // the earliest moment at which something read so far changes by itself
	met      *[]Withheld   // where to write down what was met withheld; nil is nowhere
}

// Withheld is one thing that an expression needed and was not given, and the
// code of the ruling that says why.
type Withheld struct {
	Path string
	Code string
}

// CodeNotHeld says that a value was too long, or a list too full, for heed to
// hold all of it: what is not there may have been given all the same.
const CodeNotHeld = "not_held"

// NewReading prepares what one use may see of one person at now.
func NewReading(s fact.Sight, now clock.Instant) *Reading {
	return &Reading{person: s.Profile, withheld: s.Withheld, now: now}
}

// hides reports whether path, or all of its root, is withheld.
func (r *Reading) hides(root, path string) bool {
	if len(r.withheld) == 0 {
		return false
	}
	code, hidden := r.withheld[path]
	if !hidden {
		code, hidden = r.withheld[root]
	}
	if hidden {
		r.note(path, code)
	}
	return hidden
}

// note writes down what was met withheld, when somebody asked for that.
func (r *Reading) note(path, code string) {
	if r.met == nil {
		return
	}
	for _, w := range *r.met {
		if w.Path == path {
			return
		}
	}
	*r.met = append(*r.met, Withheld{path, code})
}

// nothing is what a search without a find means: no value, unless the profile
// is too full to hold all that was given.
func (r *Reading) nothing(path string) value {
	if r.person.Full {
		r.note(path, CodeNotHeld)
		return value{}
	}
	return value{kind: absent}
}

// wake moves the moment of the next look to at, when that is earlier.
func (r *Reading) wake(at clock.Instant) {
	if at > r.now && (r.due == 0 || at < r.due) {
		r.due = at
	}
}

const day = clock.Instant(24 * time.Hour / time.Microsecond)

// today is the UTC day of now, counted from 1970.
func (r *Reading) today() int64 {
	d := int64(r.now / day)
	if r.now < 0 && r.now%day != 0 {
		d--
	}
	return d
}
