package identity

import (
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/heed-platform/heed/internal/person"
)

// nobody are values that programs send when they know no identifier: the union
// of what Segment and PostHog refuse, and what forms are filled in with.
var nobody = map[string]bool{
	"-1": true, "anonymous": true, "guest": true, "distinctid": true, "distinct_id": true, "id": true,
	"not_authenticated": true, "email": true, "undefined": true, "true": true, "false": true,
	"[object object]": true, "nan": true, "none": true, "null": true, "nil": true, "(null)": true,
	"n/a": true, "na": true, "unknown": true, "unknown_user": true, "anonymous_user": true,
	"user_id": true, "userid": true, "anonymous_id": true, "anonymousid": true, "(not set)": true, "<nil>": true,
	"test@test.com": true, "none@none.com": true, "no@email.com": true, "noemail@noemail.com": true,
}

// Blocked reports whether a value points at nobody, in every namespace: empty,
// only zeros and dashes (Segment's ^[0-]*$, which holds the all-zero UUID), the
// all-ones UUID, or a word like "null". Case and outer space don't matter.
func Blocked(value string) bool {
	v := strings.ToLower(strings.TrimSpace(value))
	return strings.Trim(v, "0-") == "" || nobody[v] || v == "ffffffff-ffff-ffff-ffff-ffffffffffff"
}

// Blocked reports whether a value may not become a fragment in this workspace:
// it points at nobody, the workspace blocks it (its own shop's address, say),
// or it is a phone number of one digit over and over.
func (r Rules) Blocked(ns person.Namespace, value string) bool {
	if Blocked(value) || ns == person.Phone && oneDigit(value) {
		return true
	}
	if len(r.spaces) == 0 {
		return false
	}
	s := &r.spaces[r.at(ns)]
	v := strings.ToLower(strings.TrimSpace(value))
	return slices.Contains(s.values, v) ||
		slices.ContainsFunc(s.pattern, func(re *regexp.Regexp) bool { return re.MatchString(v) })
}

// block adds one value, or one regular expression between slashes.
func (s *space) block(value string) error {
	if len(value) < 3 || value[0] != '/' || value[len(value)-1] != '/' {
		v := strings.ToLower(strings.TrimSpace(value))
		if v == "" {
			return errNamespace
		}
		s.values = append(s.values, v)
		return nil
	}
	re, err := regexp.Compile("(?i:" + value[1:len(value)-1] + ")")
	if err != nil {
		return err
	}
	s.pattern = append(s.pattern, re)
	return nil
}

// oneDigit reports whether the last nine digits of a number are the same.
func oneDigit(value string) bool {
	run, last := 0, byte(0)
	for i := range len(value) {
		c := value[i]
		switch {
		case c < '0' || c > '9':
		case c == last:
			run++
		default:
			run, last = 1, c
		}
	}
	return run >= 9
}

// Spelled lists the identifiers that the workspace's lists spell, in canonical
// form. Whole says that nothing else is on them: no pattern, and no value of a
// namespace in which case tells identifiers apart but not what is blocked.
func (r Rules) Spelled() (ids []person.Identifier, whole bool) {
	whole = true
	for i := range r.spaces {
		s := &r.spaces[i]
		whole = whole && len(s.pattern) == 0
		for _, v := range s.values {
			form, err := Canonical(s.Name, v, "")
			if err != nil || !r.Blocked(s.Name, form) {
				continue // no identifier looks like this
			}
			ids = append(ids, person.Ident(s.Name, form))
			whole = whole && (s.Name == person.Email || strings.ToUpper(v) == v)
		}
	}
	return ids, whole
}

// Listing is one text for all that the workspace blocks: another one for
// another list.
func (r Rules) Listing() string {
	var b strings.Builder
	for i := range r.spaces {
		s := &r.spaces[i]
		for _, v := range slices.Sorted(slices.Values(s.values)) {
			fmt.Fprintf(&b, "%s=%q\n", s.Name, v)
		}
		for _, p := range s.pattern {
			fmt.Fprintf(&b, "%s~%q\n", s.Name, p.String())
		}
	}
	return b.String()
}
