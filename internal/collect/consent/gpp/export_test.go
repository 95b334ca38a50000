package gpp

import (
	"strconv"
	"strings"
)

// Place is how a section lists sensitive data.
type Place struct {
	Count int
	Kinds []string
}

// Places are those of every US section.
func Places() map[string]Place {
	all := map[string]Place{}
	for _, l := range append([]layout{national[1]}, layouts...) {
		p := Place{Kinds: strings.Fields(l.sensitive)}
		for name := range strings.FieldsSeq(l.core) {
			if count, ok := strings.CutPrefix(name, sensitiveField+"*"); ok {
				p.Count, _ = strconv.Atoi(count)
			}
		}
		if l.second == sensitives {
			p.Count = 8
		}
		all[l.name] = p
	}
	return all
}

// Categories are the data categories of a kind.
func Categories(kind string) []string { return categories(kind) }
