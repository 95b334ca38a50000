package expression

import (
	"cmp"
	"fmt"
	"math"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/heed-platform/heed/internal/clock"
	"github.com/heed-platform/heed/internal/fact"
	"github.com/heed-platform/heed/internal/person"
)

// noon is the present of every table.
var noon = at("2026-01-15T12:00:00Z")

func at(s string) clock.Instant {
	t, ok := readTime(s)
	if !ok {
		panic("not a time: " + s)
	}
	return t
}

// clauses are the plain words in which the tables describe a person.
var clauses = []struct {
	words *regexp.Regexp
	apply func(s *fact.Sight, w []string)
}{
	{regexp.MustCompile(`^nothing is known$`), func(*fact.Sight, []string) {}},
	{regexp.MustCompile(`^there is more than fits$`), func(s *fact.Sight, _ []string) { s.Profile.Full = true }},
	{regexp.MustCompile(`^purchases are withheld$`), withhold("purchases")},
	{regexp.MustCompile(`^purchases in (.+) are withheld$`), func(s *fact.Sight, w []string) {
		s.Withheld["purchases."+w[1]], s.Withheld["purchases"] = "not_covered", "not_covered"
	}},
	{regexp.MustCompile(`^uncategorized purchases are withheld$`), withhold("purchases.")},
	{regexp.MustCompile(`^spending is withheld$`), withhold("spend")},
	{regexp.MustCompile(`^all traits are withheld$`), withhold("traits")},
	{regexp.MustCompile(`^(\w+) identifiers are withheld$`), func(s *fact.Sight, w []string) { s.Withheld["identifiers."+w[1]] = "not_covered" }},
	{regexp.MustCompile(`^(.+) events are withheld$`), func(s *fact.Sight, w []string) { s.Withheld["events."+w[1]] = "not_covered" }},
	{regexp.MustCompile(`^(.+) is withheld$`), func(s *fact.Sight, w []string) { s.Withheld["traits."+w[1]] = "no_grant" }},
	{regexp.MustCompile(`^goes by (\w+) (\S+)$`), func(s *fact.Sight, w []string) {
		s.Profile.Identifiers = append(s.Profile.Identifiers, fact.Named{Identifier: person.Ident(person.Namespace(w[1]), w[2])})
	}},
	{regexp.MustCompile(`^(.+) is too long$`), func(s *fact.Sight, w []string) {
		s.Profile.Attributes = append(s.Profile.Attributes, fact.Attribute{Name: w[1]})
	}},
	{regexp.MustCompile(`^(.+?) is (.+?)(?: until (\S+))?$`), func(s *fact.Sight, w []string) {
		a := fact.Attribute{Name: w[1], Value: person.Hide(w[2])}
		if w[3] != "" {
			a.Expires = at(w[3])
		}
		s.Profile.Attributes = append(s.Profile.Attributes, a)
	}},
	{regexp.MustCompile(`^did (.+?) on (.+)$`), func(s *fact.Sight, w []string) {
		c := fact.Counter{Name: w[1], Notice: strconv.Itoa(len(s.Profile.Counters))}
		for when := range strings.SplitSeq(w[2], ", ") {
			occur(&c, at(when))
		}
		s.Profile.Counters = append(s.Profile.Counters, c)
	}},
	{regexp.MustCompile(`^bought (\S+?)(?:/(\S+))?(?: in (\S+))?(?: by (\S+))?(?: on (\S+))?$`), func(s *fact.Sight, w []string) {
		p := fact.Purchase{Item: w[1], Variant: w[2], Category: w[3], Brand: w[4], Quantity: 1, Last: noon}
		if w[5] != "" {
			p.Last = at(w[5])
		}
		s.Profile.Purchases = append(s.Profile.Purchases, p)
	}},
	{regexp.MustCompile(`^returned (\S+?)(?:/(\S+))?$`), func(s *fact.Sight, w []string) {
		s.Profile.Purchases = append(s.Profile.Purchases, fact.Purchase{Item: w[1], Variant: w[2], Notice: "return@1", Quantity: -1})
	}},
	{regexp.MustCompile(`^spent (\d+) (\w+) in (\d+) orders?$`), func(s *fact.Sight, w []string) {
		minor, _ := strconv.ParseInt(w[1], 10, 64)
		orders, _ := strconv.ParseInt(w[3], 10, 64)
		s.Profile.Spends = append(s.Profile.Spends, fact.Spend{Currency: w[2], Minor: minor, Orders: orders})
	}},
}

func withhold(path string) func(*fact.Sight, []string) {
	return func(s *fact.Sight, _ []string) { s.Withheld[path] = "not_covered" }
}

// occur counts one more event.
func occur(c *fact.Counter, when clock.Instant) {
	if c.Count == 0 || when < c.First {
		c.First = when
	}
	c.Last = max(c.Last, when)
	c.Count++
	on := int32(math.Floor(float64(when) / float64(day)))
	i, found := slices.BinarySearchFunc(c.Days, on, func(d fact.DayCount, on int32) int { return cmp.Compare(d.Day, on) })
	if !found {
		c.Days = slices.Insert(c.Days, i, fact.DayCount{Day: on})
	}
	c.Days[i].Count++
}

// sight reads a person in plain words, clause by clause.
func sight(tb testing.TB, words string) fact.Sight {
	tb.Helper()
	s := fact.Sight{Profile: &fact.Profile{}, Withheld: map[string]string{}}
	for clause := range strings.SplitSeq(words, "; ") {
		known := false
		for _, c := range clauses {
			if w := c.words.FindStringSubmatch(clause); w != nil {
				c.apply(&s, w)
				known = true
				break
			}
		}
		if !known {
			tb.Fatalf("the tables do not know how to say %q", clause)
		}
	}
	slices.SortStableFunc(s.Profile.Purchases, func(a, b fact.Purchase) int {
		return cmp.Or(cmp.Compare(a.Item, b.Item), cmp.Compare(a.Variant, b.Variant))
	})
	return s
}

func format(i clock.Instant) string {
	if i == 0 {
		return "never"
	}
	return i.Time().Format(time.RFC3339Nano)
}

func mustCompile(tb testing.TB, source string) *Expression {
	tb.Helper()
	e, err := Compile(source, Schema{})
	if err != nil {
		tb.Fatalf("%s: %v", source, err)
	}
	return e
}

func describe(s fact.Sight) string {
	p := s.Profile
	var b strings.Builder
	for _, a := range p.Attributes {
		fmt.Fprintf(&b, "%s=%s ", a.Name, a.Value.Reveal())
	}
	fmt.Fprintf(&b, "%+v %+v %+v full=%v withheld=%v", p.Counters, p.Purchases, p.Spends, p.Full, s.Withheld)
	return b.String()
}
