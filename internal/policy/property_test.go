package policy_test

import (
	"encoding/json"
	"math"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/heed-platform/heed/internal/clock"
	"github.com/heed-platform/heed/internal/fact"
	"github.com/heed-platform/heed/internal/policy"
	"github.com/heed-platform/heed/internal/policy/define"
)

// vocabulary is what generated questions are made of: words that the example
// workspace knows, and some that it does not.
type vocabulary struct {
	defs define.Definitions

	purposes, channels, topics, recipients, places, notices, categories, fields []string
}

func vocabularyOf(d define.Definitions) vocabulary {
	v := vocabulary{
		defs: d, purposes: []string{"", "marketing", "nonsense.purpose"}, channels: []string{"", "fax"}, topics: []string{"", "gardening"},
		recipients: []string{"", "nobody"}, places: []string{"", "XX", "US", "US-TX", "DE-BE"}, notices: []string{"", "newsletter@99"},
		categories: []string{"", "user.nonsense", "shoe"}, fields: []string{"traits.x", "identifiers.email", "purchases.Maternity", "purchases.shoes", "spend"},
	}
	for _, p := range d.Purposes {
		v.purposes = append(v.purposes, p.Key)
		v.channels = append(v.channels, p.Channels...)
	}
	for _, t := range d.Topics {
		v.topics = append(v.topics, t.Key)
	}
	for _, r := range d.Recipients {
		v.recipients = append(v.recipients, r.Key)
	}
	for _, p := range d.Packs {
		v.places = append(v.places, p.Jurisdictions[0])
	}
	for _, n := range d.Notices {
		v.notices = append(v.notices, n.Ref())
	}
	for _, c := range d.Categories {
		v.categories = append(v.categories, c.Key)
	}
	return v
}

func (v vocabulary) question(t *rapid.T) policy.Question {
	return policy.Question{
		Use:       policy.Use(rapid.IntRange(0, 9).Draw(t, "use")),
		Purpose:   rapid.SampledFrom(v.purposes).Draw(t, "purpose"),
		Channel:   rapid.SampledFrom(v.channels).Draw(t, "channel"),
		Topic:     rapid.SampledFrom(v.topics).Draw(t, "topic"),
		Recipient: rapid.SampledFrom(v.recipients).Draw(t, "recipient"),
		Now:       clock.Instant(rapid.SampledFrom([]int64{math.MinInt64, -1, 0, 1, 1_000, math.MaxInt64}).Draw(t, "now")),
	}
}

func (v vocabulary) grant(t *rapid.T) fact.Grant {
	return fact.Grant{
		Purpose: rapid.SampledFrom(v.purposes).Draw(t, "granted purpose"),
		Channel: rapid.SampledFrom(v.channels).Draw(t, "granted channel"),
		Topic:   rapid.SampledFrom(v.topics).Draw(t, "granted topic"),
		Status:  fact.GrantStatus(rapid.SampledFrom([]int{1, 1, 1, 1, 0, 2, 3, 4, 5, 255}).Draw(t, "status")),
		Notice:  rapid.SampledFrom(v.notices).Draw(t, "granted notice"),
		Method:  rapid.SampledFrom([]string{"form", "gpc", ""}).Draw(t, "method"),
	}
}

func (v vocabulary) standing(t *rapid.T) policy.Standing {
	return policy.Standing{
		Jurisdiction: rapid.SampledFrom(v.places).Draw(t, "place"),
		Grants:       rapid.SliceOfN(rapid.Custom(v.grant), 0, 6).Draw(t, "grants"),
		Muted:        rapid.SliceOfN(rapid.SampledFrom(v.topics), 0, 2).Draw(t, "muted"),
		Break:        clock.Instant(rapid.SampledFrom([]int64{0, 0, 500, math.MaxInt64}).Draw(t, "break")),
		Purchased:    rapid.SliceOfN(rapid.SampledFrom(v.categories), 0, 3).Draw(t, "purchased"),
		Minor:        policy.Tri(rapid.IntRange(0, 3).Draw(t, "minor")),
	}
}

func (v vocabulary) field(t *rapid.T) policy.Field {
	return policy.Field{
		Name:     rapid.SampledFrom(v.fields).Draw(t, "field"),
		Category: rapid.SampledFrom(v.categories).Draw(t, "category"),
		Origin:   fact.Origin(rapid.SampledFrom([]int{1, 1, 2, 2, 3, 4, 0, 5, 255}).Draw(t, "origin")),
		Notice:   rapid.SampledFrom(v.notices).Draw(t, "notice"),
		Expires:  clock.Instant(rapid.SampledFrom([]int64{0, 0, 0, 500, math.MinInt64, math.MaxInt64}).Draw(t, "expires")),
	}
}

// likely is a question that a promise of the workspace answers with yes, more
// often than not: one purpose that one notice names, and a value given under it.
func (v vocabulary) likely(t *rapid.T) (policy.Question, policy.Standing, policy.Field) {
	n := rapid.SampledFrom(v.defs.Notices).Draw(t, "notice")
	c := rapid.SampledFrom(n.Covers).Draw(t, "cover")
	q := policy.Question{
		Use:     rapid.SampledFrom([]policy.Use{policy.Contact, policy.Contact, policy.Personalize, policy.Measure, policy.Learn, policy.Resolve, policy.Operate}).Draw(t, "use"),
		Purpose: rapid.SampledFrom(c.Purposes).Draw(t, "purpose"), Now: 1_000,
	}
	for _, p := range v.defs.Purposes {
		if p.Key == q.Purpose && len(p.Channels) > 0 {
			q.Channel = rapid.SampledFrom(p.Channels).Draw(t, "channel")
		}
	}
	s := policy.Standing{
		Jurisdiction: rapid.SampledFrom(v.places).Draw(t, "place"), Minor: policy.No,
		Grants: []fact.Grant{{Purpose: q.Purpose, Status: fact.Granted, Notice: n.Ref()}},
	}
	f := policy.Field{Name: "identifiers.email", Category: c.Category, Origin: fact.Declared, Notice: n.Ref()}
	if rapid.Bool().Draw(t, "another value") {
		f = v.field(t)
	}
	if rapid.Bool().Draw(t, "bought") {
		s.Purchased, f.Origin = []string{f.Category}, fact.Observed
	}
	return q, s, f
}

// TestRules_lessNeverAllowsMore takes away a yes, a promise or a purchase, adds a
// refusal, a muted topic or years of doubt, and sees that no refusal turns into
// a permission.
func TestRules_lessNeverAllowsMore(t *testing.T) {
	t.Parallel()
	rules, defs := shop(t)
	v := vocabularyOf(defs)
	var allowed int
	rapid.Check(t, func(t *rapid.T) {
		q, s, f := v.likely(t)
		if rapid.Bool().Draw(t, "anything") {
			q, s, f = v.question(t), v.standing(t), v.field(t)
		}
		less, lessF := v.less(t, s, f)
		if rules.Field(q, less, lessF).Verdict == policy.Deny {
			return
		}
		allowed++
		if r := rules.Field(q, s, f); r.Verdict == policy.Deny {
			t.Fatalf("less allowed more:\n%+v\n%+v\n%+v\n%s\n%+v\n%+v", q, s, f, r.Code, less, lessF)
		}
	})
	if allowed < 5 {
		t.Errorf("only %d questions were ever allowed, so little was tried", allowed)
	}
}

// less is a standing and a value with some of what speaks for the use taken
// away, or something that speaks against it added.
func (v vocabulary) less(t *rapid.T, s policy.Standing, f policy.Field) (policy.Standing, policy.Field) {
	some := func(what string) bool { return rapid.IntRange(0, 3).Draw(t, what) == 0 }
	s.Grants = slices.DeleteFunc(slices.Clone(s.Grants), func(g fact.Grant) bool {
		return g.Status == fact.Granted && some("take back")
	})
	if some("refuse") {
		g := v.grant(t)
		g.Status = max(g.Status, fact.Denied)
		s.Grants = append(s.Grants, g)
	}
	if some("mute") {
		s.Muted = append(slices.Clone(s.Muted), rapid.SampledFrom(v.topics).Draw(t, "topic muted"))
	}
	if some("return") {
		s.Purchased = nil
	}
	if some("forget the notice") {
		f.Notice = ""
	}
	if some("forget the place") {
		s.Jurisdiction = ""
	}
	if some("rest") {
		s.Break = math.MaxInt64
	}
	if some("forget the age") && s.Minor == policy.No {
		s.Minor = policy.Unknown
	}
	if f.Origin != 0 && f.Origin < fact.ThirdParty && some("doubt") {
		f.Origin++
	}
	return s, f
}

// TestCompile_shorterPromisesNeverAllowMore takes words out of the promises and
// sees that no refusal turns into a permission.
func TestCompile_shorterPromisesNeverAllowMore(t *testing.T) {
	t.Parallel()
	rules, defs := shop(t)
	v := vocabularyOf(defs)
	rapid.Check(t, func(t *rapid.T) {
		shorter := defs
		shorter.Notices, shorter.Forms = slices.Clone(defs.Notices), nil // a form that asks more than its notice covers is a fault of its own
		key := rapid.SampledFrom(defs.Notices).Draw(t, "notice").Ref()
		cut := rapid.IntRange(0, 3).Draw(t, "cut")
		whole := rapid.Bool().Draw(t, "cut the whole cover")
		for i, n := range shorter.Notices {
			if n.Ref() != key || cut >= len(n.Covers) {
				continue
			}
			n.Covers = slices.Clone(n.Covers)
			if whole {
				n.Covers = slices.Delete(n.Covers, cut, cut+1)
			} else {
				n.Covers[cut].Purposes = n.Covers[cut].Purposes[1:]
			}
			shorter.Notices[i] = n
		}
		less, err := policy.Compile(shorter)
		if err != nil {
			t.Fatal(err)
		}
		for range 40 {
			q, s, f := v.likely(t)
			if rapid.Bool().Draw(t, "accepted") {
				s.Grants = append(s.Grants, fact.Grant{Purpose: q.Purpose, Status: fact.Granted, Notice: key})
			}
			if rules.Field(q, s, f).Verdict == policy.Deny && less.Field(q, s, f).Verdict == policy.Allow {
				t.Fatalf("a shorter promise allowed more:\n%+v\n%+v\n%+v", q, s, f)
			}
		}
	})
}

// TestRules_unknownWordsDeny puts a word that nobody defined in one place of a
// question that is allowed.
func TestRules_unknownWordsDeny(t *testing.T) {
	t.Parallel()
	rules, _ := shop(t)
	q := policy.Question{Use: policy.Contact, Purpose: "marketing.communications.email", Channel: "email", Topic: "shoes", Recipient: "mail-relay", Now: 1_000}
	s := policy.Standing{Jurisdiction: "DE", Minor: policy.No, Grants: []fact.Grant{{Purpose: q.Purpose, Status: fact.Granted, Notice: "newsletter@2"}}}
	f := policy.Field{Name: "traits.email", Category: "user.contact.email", Origin: fact.Declared, Notice: "newsletter@2"}
	if r := rules.Field(q, s, f); r.Verdict != policy.Allow {
		t.Fatalf("the question itself is refused: %+v", r)
	}
	rapid.Check(t, func(t *rapid.T) {
		word := rapid.StringMatching(`[a-z.@0-9]{1,20}zzz`).Draw(t, "word")
		q, s, f := q, s, f
		switch rapid.IntRange(0, 8).Draw(t, "place") {
		case 0:
			q.Use = policy.Use(rapid.Uint8Range(9, 255).Draw(t, "use"))
		case 1:
			q.Purpose = word
		case 2:
			q.Channel = word
		case 3:
			q.Topic = word
		case 4:
			q.Recipient = word
		case 5:
			s.Grants = []fact.Grant{{Purpose: q.Purpose, Status: fact.Granted, Notice: word}}
		case 6:
			f.Category = word
		case 7:
			f.Notice = word
		case 8:
			s.Grants = []fact.Grant{s.Grants[0], {Purpose: word, Status: fact.Denied}}
		}
		r := rules.Field(q, s, f)
		if r.Verdict != policy.Deny || r.Code == policy.CodeAllowed || r.Missing == "" || r.Marketer == "" || r.Person == "" {
			t.Fatalf("%+v", r)
		}
		for _, said := range append([]string{r.Code, r.Rule, r.Missing, r.Marketer, r.Person}, r.Considered...) {
			if strings.Contains(said, word) {
				t.Fatalf("the ruling repeats what it was asked about: %q", said)
			}
		}
	})
}

// TestRules_total asks anything at all, three ways, and gets one whole answer.
func TestRules_total(t *testing.T) {
	t.Parallel()
	rules, defs := shop(t)
	v := vocabularyOf(defs)
	rapid.Check(t, func(t *rapid.T) {
		q, s, f := v.question(t), v.standing(t), v.field(t)
		c := rules.Case(q, s)
		person, field := c.Person(), c.Field(f)
		if verdict, code := c.Sees(f); verdict != field.Verdict || code != field.Code {
			t.Fatalf("Sees says %s %s, Field %+v", verdict, code, field)
		}
		if diff := cmp.Diff(rules.Field(q, s, f), field); diff != "" {
			t.Fatal(diff)
		}
		if person.Verdict == policy.Deny && field.Verdict == policy.Allow {
			t.Fatalf("a value may be seen of a person who may not be touched: %+v", person)
		}
		for _, r := range []policy.Ruling{person, field} {
			if (r.Verdict == policy.Allow) != (r.Code == policy.CodeAllowed) {
				t.Fatalf("verdict and code differ: %+v", r)
			}
			if n := len(r.Considered); n == 0 || r.Considered[n-1] != r.Rule {
				t.Fatalf("the last rule considered is not the one that decided: %+v", r)
			}
			if strings.ContainsAny(r.Missing+r.Marketer+r.Person, "{}") || (r.Missing == "") != (r.Verdict == policy.Allow) {
				t.Fatalf("words are missing: %+v", r)
			}
		}
	})
}

// FuzzCompile compiles whatever definitions it is given and asks the rules that
// come of them; neither may panic, and a zero question is refused by all.
func FuzzCompile(f *testing.F) {
	_, defs := shop(f)
	seed, err := json.Marshal(defs)
	if err != nil {
		f.Fatal(err)
	}
	f.Add(seed, "marketing.communications.sms", "user.contact.phone_number", "texts@1", "DE")
	f.Add([]byte(`{"purposes":[{"key":"sales","label":"x","basis":"consent","covers_children":true}]}`), "sales", "user", "a@1", "")
	f.Add([]byte(`{"notices":[{"key":"a","version":-1},{"key":"a","version":9}],"recipients":[{"key":"a","sub":["a"]}]}`), "", "", "a@-1", "US-")
	f.Fuzz(func(t *testing.T, text []byte, purpose, category, notice, place string) {
		var d define.Definitions
		if json.Unmarshal(text, &d) != nil {
			return
		}
		rules, err := policy.Compile(d)
		if err != nil {
			return
		}
		s := policy.Standing{Jurisdiction: place, Muted: []string{category}, Purchased: []string{category}, Grants: []fact.Grant{{Purpose: purpose, Notice: notice, Status: fact.Granted}}}
		field := policy.Field{Name: "purchases." + category, Category: category, Notice: notice, Origin: fact.Declared}
		for use := policy.None; use <= policy.Operate+1; use++ {
			r := rules.Field(policy.Question{Use: use, Purpose: purpose, Recipient: notice, Topic: category, Now: 1}, s, field)
			if r.Code == "" || (use == policy.None || use > policy.Operate) && r.Verdict != policy.Deny {
				t.Errorf("%s: %+v", use, r)
			}
		}
		if r := rules.Field(policy.Question{}, policy.Standing{}, policy.Field{}); r.Verdict != policy.Deny {
			t.Errorf("the zero question: %+v", r)
		}
	})
}
