package form

import (
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/heed-platform/heed/internal/person"
	"github.com/heed-platform/heed/internal/policy/define"
)

// The limits of an answer, in characters.
const (
	maxLine  = 200
	maxWords = 4000
)

// Box is the name of the input for the i-th agreement.
func Box(i int) string { return "yes-" + strconv.Itoa(i) }

// Answers is what somebody wrote, checked. Values hold what was asked and
// answered, by attribute; an answer left empty is not there.
type Answers struct {
	Values map[string]string
	Agreed []int // places in Form.Agree
}

// Mistake is what is wrong with one input. Code is a word of the pages.
type Mistake struct {
	Field string
	Code  string
}

// The codes of mistakes.
const (
	Needed      = "needed"
	Unticked    = "unticked"
	NoEmail     = "no_email"
	NoPhone     = "no_phone"
	NoNumber    = "no_number"
	NoDate      = "no_date"
	NoOption    = "no_option"
	TooLong     = "too_long"
	Unreadable  = "unreadable"
	NothingSaid = "nothing_said"
)

// Canonical gives the form under which an address is found, or false for one
// that nobody can have.
type Canonical func(ns person.Namespace, value string) (string, bool)

// Take reads a post. What the form does not ask is not looked at.
func (f Form) Take(post url.Values, canonical Canonical) (Answers, []Mistake) {
	a := Answers{Values: map[string]string{}}
	var wrong []Mistake
	for _, q := range f.Ask {
		value := strings.TrimSpace(post.Get(q.Name))
		if value == "" {
			if q.Need {
				wrong = append(wrong, Mistake{q.Name, Needed})
			}
			continue
		}
		value, code := read(q, value, canonical)
		if code != "" {
			wrong = append(wrong, Mistake{q.Name, code})
			continue
		}
		a.Values[q.Name] = value
	}
	for i, y := range f.Agree {
		switch {
		case post.Get(Box(i)) != "":
			a.Agreed = append(a.Agreed, i)
		case y.Need:
			wrong = append(wrong, Mistake{Box(i), Unticked})
		}
	}
	if len(wrong) == 0 && len(a.Values) == 0 {
		wrong = append(wrong, Mistake{f.Ask[0].Name, NothingSaid})
	}
	return a, wrong
}

// Raw is a post as it was typed, for showing it again; only what the form asks.
func (f Form) Raw(post url.Values) map[string]string {
	raw := map[string]string{}
	for _, q := range f.Ask {
		if v := post.Get(q.Name); utf8.ValidString(v) && len(v) <= 4*maxWords {
			raw[q.Name] = v
		}
	}
	for i := range f.Agree {
		if post.Get(Box(i)) != "" {
			raw[Box(i)] = "1"
		}
	}
	return raw
}

var number = regexp.MustCompile(`^-?[0-9]{1,12}([.,][0-9]{1,6})?$`)

// read checks one answer.
func read(q define.Asked, value string, canonical Canonical) (checked, code string) {
	limit := maxLine
	if q.Kind == "words" {
		limit = maxWords
	}
	switch {
	case !utf8.ValidString(value) || strings.ContainsFunc(value, func(r rune) bool { return hidden(r) && (q.Kind != "words" || r != '\n' && r != '\r' && r != '\t') }):
		return "", Unreadable
	case utf8.RuneCountInString(value) > limit:
		return "", TooLong
	}
	switch q.Name {
	case "email":
		return address(person.Email, value, NoEmail, canonical)
	case "phone":
		return address(person.Phone, value, NoPhone, canonical)
	}
	switch q.Kind {
	case "number":
		if !number.MatchString(value) {
			return "", NoNumber
		}
		return strings.Replace(value, ",", ".", 1), ""
	case "date":
		if _, err := time.Parse(time.DateOnly, value); err != nil {
			return "", NoDate
		}
	case "choice":
		if !slices.Contains(q.Options, value) {
			return "", NoOption
		}
	}
	return value, ""
}

func address(ns person.Namespace, value, code string, canonical Canonical) (string, string) {
	value, ok := canonical(ns, value)
	if !ok {
		return "", code
	}
	return value, ""
}

// hidden are characters that nobody can see, and that can make a text look like
// another one.
func hidden(r rune) bool {
	return r == unicode.ReplacementChar || unicode.In(r, unicode.Cc, unicode.Zl, unicode.Zp) ||
		'\u202a' <= r && r <= '\u202e' || '\u2066' <= r && r <= '\u2069'
}
