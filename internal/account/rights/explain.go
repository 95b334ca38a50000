package rights

import (
	"fmt"
	"slices"

	"github.com/heed-platform/heed/internal/account/ledger"
	"github.com/heed-platform/heed/internal/clock"
	"github.com/heed-platform/heed/internal/fact"
	"github.com/heed-platform/heed/internal/keep/gate"
	"github.com/heed-platform/heed/internal/know"
	"github.com/heed-platform/heed/internal/know/identity"
	"github.com/heed-platform/heed/internal/person"
	"github.com/heed-platform/heed/internal/policy"
	"github.com/heed-platform/heed/internal/policy/define"
)

// Explanation says of one person who they are taken for and why, what may be
// used for what and why not, what was decided and sent, and who has their data.
type Explanation struct {
	Person    person.Ref              `json:"person"`
	Asked     clock.Instant           `json:"asked"`
	First     clock.Instant           `json:"first_seen,omitzero"`
	Last      clock.Instant           `json:"last_seen,omitzero"`
	Signals   []Signal                `json:"signals"`
	Apart     []string                `json:"not_joined"`
	Values    []Value                 `json:"values"`
	Uses      []Use                   `json:"uses"`
	Said      []Grant                 `json:"said"`
	Decisions []Decided               `json:"decisions"` // the latest, newest first
	Decided   int                     `json:"decided"`   // in all
	Receivers []ledger.Receiver       `json:"receivers"`
	Sent      []ledger.DisclosureLine `json:"sent"` // the latest, newest first
	Looked    []Look                  `json:"looked"`
	words     words
}

// Signal is one identifier and why it is believed to be this person's.
type Signal struct {
	Identifier

	Label string `json:"label"`
	Why   string `json:"why"`
}

// Value is one thing that is known, what it was promised for, what it may be
// used for now, and why not for the rest.
type Value struct {
	Path     string        `json:"path"`
	Label    string        `json:"label"`
	Shown    string        `json:"value"`
	Category string        `json:"category"`
	Kind     string        `json:"kind"` // the category's label
	Origin   string        `json:"origin"`
	Source   string        `json:"source,omitempty"`
	Notice   string        `json:"notice"`
	Time     clock.Instant `json:"time,omitzero"`
	For      []string      `json:"used_for"`
	Withheld []Withheld    `json:"withheld"`
}

// Withheld is one reason for which a value is left alone, and for which uses.
type Withheld struct {
	Code     string   `json:"code"`
	Marketer string   `json:"marketer"`
	Person   string   `json:"person"`
	Missing  string   `json:"missing"`
	Whole    bool     `json:"whole_person"` // the use may not touch the person at all, whatever the value
	For      []string `json:"for"`
}

// Use is one thing that a purpose may do with this person or may not, whatever
// the values.
type Use struct {
	Use       string `json:"use"`
	Purpose   string `json:"purpose"`
	Label     string `json:"label"`
	Channel   string `json:"channel,omitempty"`
	Recipient string `json:"recipient,omitempty"`
	Allowed   bool   `json:"allowed"`
	Code      string `json:"code"`
	Marketer  string `json:"marketer"`
	Person    string `json:"person"`
	Missing   string `json:"missing,omitempty"`
}

// Decided is one decision, and whether the guards say the same when they are
// shown today what they were shown then.
type Decided struct {
	ledger.DecisionLine

	Same bool `json:"same_today"`
}

// Look is somebody of the staff who saw or changed something.
type Look struct {
	By   string        `json:"by"`
	Role string        `json:"role"`
	What string        `json:"what"`
	Why  string        `json:"why"`
	At   clock.Instant `json:"at"`
}

// lately is how many decisions and messages an explanation lists.
const lately = 10

// Explain puts together what can be said about the person of a dossier that came
// with its history.
func Explain(d gate.Dossier, k *know.Knowledge, defs define.Definitions) (Explanation, error) {
	book, err := ledger.Read(d)
	if err != nil {
		return Explanation{}, err
	}
	p := d.Profile()
	e := Explanation{
		Person: d.Ref(), Asked: d.Now(), First: p.First, Last: p.Last, Said: list(p.Grants, grant),
		Decided: len(book.Decisions), Receivers: book.Receivers(), words: words{defs},
		Looked: list(book.Notes, func(n fact.Note) Look { return Look(n) }),
	}
	if e.Receivers == nil {
		e.Receivers = []ledger.Receiver{}
	}
	e.Decisions = list(newest(book.Decisions), e.decided)
	e.Sent = list(newest(book.Disclosures), func(v ledger.Disclosure) ledger.DisclosureLine { return ledger.DisclosureLineOf(e.Person, &v) })
	e.who(d, k)
	e.uses(d)
	return e, nil
}

// decided replays a decision. One whose question cannot be read any more cannot
// be shown to be the same.
func (e *Explanation) decided(d fact.Decision) Decided {
	again, err := ledger.Replay(e.Person, &d)
	return Decided{ledger.DecisionLineOf(e.Person, &d), err == nil && again.Same}
}

// newest are the last of a list in order of time, the latest first.
func newest[T any](all []T) []T {
	out := slices.Clone(all[max(0, len(all)-lately):])
	slices.Reverse(out)
	return out
}

// who tells from which signals the person is known and why they are one.
func (e *Explanation) who(d gate.Dossier, k *know.Knowledge) {
	group, nodes, edges := d.Group()
	why := map[fact.FragmentID]string{}
	e.Apart = []string{}
	if p, ok := k.Whole(group.Anchor, nodes, edges); ok {
		for _, s := range identity.Explain(p, know.Nodes(nodes), k.Rules()) {
			text := e.words.spaces(s.Text)
			if s.Code != "" {
				e.Apart = append(e.Apart, text)
			} else {
				why[s.Fragment] = text
			}
		}
	}
	e.Signals = list(d.Profile().Identifiers, func(n fact.Named) Signal {
		return Signal{identifier(n), e.words.namespace(n.NS), why[n.Fragment]}
	})
}

// uses asks every purpose on every channel about the person and each value.
func (e *Explanation) uses(d gate.Dossier) {
	e.Values = e.values(d)
	e.Uses = []Use{}
	for _, q := range questions(e.words.d) {
		ruling, withheld := d.Answer(q)
		name := e.words.use(q)
		allowed := ruling.Verdict == policy.Allow
		e.Uses = append(e.Uses, Use{
			Use: q.Use.String(), Purpose: q.Purpose, Label: e.words.purpose(q.Purpose), Channel: q.Channel, Recipient: q.Recipient,
			Allowed: allowed, Code: ruling.Code, Marketer: ruling.Marketer, Person: ruling.Person, Missing: ruling.Missing,
		})
		for i := range e.Values {
			v := &e.Values[i]
			r, no := withheld[v.Path]
			switch {
			case no:
				v.withhold(r, name, !allowed && r.Code == ruling.Code)
			case allowed:
				v.For = append(v.For, name)
			default:
				v.withhold(ruling, name, true)
			}
		}
	}
}

// withhold adds a use to the reasons for which the value is left alone. Reasons
// of one code differ in the purpose they name; the first speaks for all.
func (v *Value) withhold(r policy.Ruling, name string, whole bool) {
	for i := range v.Withheld {
		if v.Withheld[i].Code == r.Code && v.Withheld[i].Whole == whole {
			v.Withheld[i].For = append(v.Withheld[i].For, name)
			return
		}
	}
	v.Withheld = append(v.Withheld, Withheld{r.Code, r.Marketer, r.Person, r.Missing, whole, []string{name}})
}

// values lists what is known: attributes, what was done and what was bought.
func (e *Explanation) values(d gate.Dossier) []Value {
	p, w := d.Profile(), e.words
	out := []Value{}
	seen := map[string]bool{}
	put := func(v Value) {
		if seen[v.Path] {
			return
		}
		seen[v.Path] = true
		v.Category = d.Category(v.Path)
		v.Kind, v.For, v.Withheld = w.category(v.Category), []string{}, []Withheld{}
		out = append(out, v)
	}
	for _, a := range p.Attributes {
		put(Value{
			Path: "traits." + a.Name, Label: w.attribute(a.Name), Shown: plain([]byte(a.Value.Reveal())), Origin: a.Origin.String(),
			Source: a.Source, Notice: a.Notice, Time: a.At,
		})
	}
	for _, c := range p.Counters {
		put(Value{
			Path: "events." + c.Name, Label: c.Name, Shown: times(int(c.Count)), Origin: fact.Observed.String(),
			Notice: c.Notice, Time: c.Last,
		})
	}
	for _, b := range p.Purchases {
		put(Value{
			Path: "purchases." + b.Category, Label: "bought from " + or(b.Category, "no shelf"), Shown: fmt.Sprintf("%d, last of all %s", b.Quantity, b.Item),
			Origin: fact.Observed.String(), Notice: b.Notice, Time: b.Last,
		})
	}
	for _, s := range p.Spends {
		put(Value{Path: "spend", Label: "money spent", Shown: s.Currency, Origin: fact.Observed.String(), Notice: s.Notice})
	}
	return out
}
