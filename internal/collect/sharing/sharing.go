package sharing

import (
	_ "embed" // kinds.json
	"encoding/json"
	"slices"
	"strconv"
	"strings"

	"github.com/heed-platform/heed/internal/collect/event/strict"
	"github.com/heed-platform/heed/internal/fact"
)

//go:embed kinds.json
var written []byte

// kind is one kind of data that a device can tell. One that lies within another
// is a part of it that people speak of in other words (fact.Preference.Location).
type kind struct {
	Key    string   `json:"key"`
	Within string   `json:"within"`
	Paths  []string `json:"paths"`
}

// The kinds that the program itself speaks of.
const (
	location      = "location"
	position      = "position" // of a location, what is finer than a town
	AdvertisingID = "advertising_id"
)

// node is a place in an event: the kinds that it is of, and the places below it.
type node struct {
	kinds []string
	below map[string]*node
}

// kinds and tree are what kinds.json says; nothing writes to them.
var (
	kinds  = mustRead()             //nolint:gochecknoglobals // a table that nothing writes to
	tree   = plant(kinds, nil)      //nolint:gochecknoglobals // likewise
	phones = plant(kinds, everyday) //nolint:gochecknoglobals // likewise
)

// everyday are places that the events of any browser have.
var everyday = []string{"context.ip", "context.os", "context.screen", "context.userAgent", "context.userAgentData"}

// mustRead reads the program's own file, which the tests have read.
func mustRead() []kind {
	var out []kind
	if err := json.Unmarshal(written, &out); err != nil {
		panic(err)
	}
	return out
}

func plant(kinds []kind, but []string) *node {
	root := &node{}
	for _, k := range kinds {
		for _, path := range k.Paths {
			if slices.Contains(but, path) {
				continue
			}
			at := root
			for name := range strings.SplitSeq(path, ".") {
				if at.below == nil {
					at.below = map[string]*node{}
				}
				if at.below[name] == nil {
					at.below[name] = &node{}
				}
				at = at.below[name]
			}
			at.kinds = append(at.kinds, k.Key)
		}
	}
	return root
}

// Kinds are the kinds that people are asked about, by their keys.
func Kinds() []string {
	var out []string
	for _, k := range kinds {
		if k.Within == "" {
			out = append(out, k.Key)
		}
	}
	return out
}

// Tells reports whether an event holds anything that a person may refuse.
func Tells(raw fact.Raw) bool { return tells(raw, tree) }

// Phones is Tells for what is more than any browser tells.
func Phones(raw fact.Raw) bool { return tells(raw, phones) }

func tells(raw []byte, at *node) bool {
	for name, value := range strict.Members(raw) {
		if n := at.below[name]; n != nil && (len(n.kinds) > 0 || tells(value, n)) {
			return true
		}
	}
	return false
}

// Refused lists the kinds that some preferences refuse to one event. devices are
// the fragments of the devices that it comes from, in decimal. A word about every
// device counts for each, and of two words the stricter.
func Refused(preferences []fact.Preference, devices []string) []string {
	var out []string
	for _, p := range preferences {
		switch p.Location {
		case "", fact.LocationPrecise:
		case fact.LocationCity, fact.LocationStore:
			out = append(out, position)
		default: // none, and every word that we do not know
			out = append(out, location)
		}
		for _, s := range p.Sharing {
			if !s.Allowed && (s.Device == "" || slices.Contains(devices, s.Device)) {
				out = append(out, s.Kind)
			}
		}
	}
	slices.Sort(out)
	return slices.Compact(out)
}

// Strip is the event without what is of a refused kind, and the kinds that went,
// sorted. An event that holds nothing of them is returned as it is.
func Strip(raw fact.Raw, refused []string) (fact.Raw, []string) {
	if len(refused) == 0 || !Tells(raw) {
		return raw, nil
	}
	s := stripper{refused: refused}
	out := s.object(make([]byte, 0, len(raw)+64), raw, tree)
	if len(s.gone) == 0 {
		return raw, nil
	}
	slices.Sort(s.gone)
	s.gone = slices.Compact(s.gone)
	return note(out, s.gone), s.gone
}

type stripper struct {
	refused []string
	gone    []string
}

// object writes an object without what is refused.
func (s *stripper) object(dst, raw []byte, at *node) []byte {
	dst = append(dst, '{')
	first := true
	for name, value := range strict.Members(raw) {
		n := at.below[name]
		if n != nil && s.takes(n) {
			continue
		}
		if !first {
			dst = append(dst, ',')
		}
		first = false
		dst = append(strict.AppendText(dst, name), ':')
		if n != nil && len(n.below) > 0 && len(value) > 0 && value[0] == '{' {
			dst = s.object(dst, value, n)
		} else {
			dst = append(dst, value...)
		}
	}
	return append(dst, '}')
}

// takes reports whether a place is of a refused kind, and notes which.
func (s *stripper) takes(n *node) bool {
	for _, k := range n.kinds {
		if slices.Contains(s.refused, k) {
			if k == position {
				k = location
			}
			s.gone = append(s.gone, k)
			return true
		}
	}
	return false
}

// note writes into an event what was taken out of it.
func note(raw fact.Raw, gone []string) fact.Raw {
	words := make([]string, len(gone))
	for i, k := range gone {
		words[i] = strconv.Quote(k)
	}
	said := `"withheld":[` + strings.Join(words, ",") + `]`
	out := []byte{'{'}
	found := false
	for name, value := range strict.Members(raw) {
		if len(out) > 1 {
			out = append(out, ',')
		}
		out = append(strict.AppendText(out, name), ':')
		if name != "context" {
			out = append(out, value...)
			continue
		}
		found = true
		out = append(out, '{')
		for inner, v := range strict.Members(value) {
			if inner != "withheld" { // nobody says it in our place
				out = append(append(strict.AppendText(out, inner), ':'), v...)
				out = append(out, ',')
			}
		}
		out = append(append(out, said...), '}')
	}
	if !found {
		if len(out) > 1 {
			out = append(out, ',')
		}
		out = append(append(append(out, `"context":{`...), said...), '}')
	}
	return append(out, '}')
}
