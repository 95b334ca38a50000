package rights

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/heed-platform/heed/internal/account/ledger"
	"github.com/heed-platform/heed/internal/policy"
)

// Where the second column of a table begins, and of one that begins with a time.
const (
	column = 22
	timed  = 28
)

// Text is the explanation for people to read, at most a hundred columns wide.
func (e *Explanation) Text() string {
	var p sheet
	e.textWho(&p)
	e.textValues(&p)
	e.textUses(&p)
	e.textLedgers(&p)
	return p.String()
}

func (e *Explanation) textWho(p *sheet) {
	p.head("Who this is")
	if n := len(e.Signals); n > 1 {
		p.line(2, "%d signals are taken for one person's. Each says why.", n)
	}
	p.row(2, column, "person", "%s", e.Person)
	if e.First != 0 {
		p.row(2, column, "known", "since %s; last heard of on %s", day(e.First), day(e.Last))
	}
	if len(e.Signals) == 0 {
		p.line(2, "No identifier of theirs has been spelled out by anybody.")
	}
	for _, s := range e.Signals {
		p.row(2, column, s.Label, "%s%s", s.Value, aside(!s.Verified, "claimed, not verified"))
		if s.Why != "" {
			p.row(2, column, "", "%s", s.Why)
		}
	}
	p.line(2, "Verified means that one of our own servers, or a call with a valid signature, said so; claimed means that only a browser did.")
	if len(e.Apart) > 0 {
		p.head("What is not joined, and why")
	}
	for _, s := range e.Apart {
		p.line(2, "%s", s)
	}
}

// textValues puts values together that may be used alike.
func (e *Explanation) textValues(p *sheet) {
	if len(e.Values) == 0 {
		return
	}
	p.head("What is known, and what each thing may be used for")
	var order []string
	alike := map[string][]Value{}
	for _, v := range e.Values {
		key := e.ruled(v)
		if alike[key] == nil {
			order = append(order, key)
		}
		alike[key] = append(alike[key], v)
	}
	for i, key := range order {
		if i > 0 {
			p.b.WriteByte('\n')
		}
		for _, v := range alike[key] {
			p.row(2, column, v.Label, "%s — %s%s%s", short(v.Shown), origin(v.Origin),
				through(v.Source != "", e.words.source(v.Source)), on(&v))
		}
		p.b.WriteString(key)
	}
}

// ruled says under which promise a value was given, what it is used for, and why
// for nothing else that is open for the person.
func (e *Explanation) ruled(v Value) string {
	var p sheet
	p.row(4, column-2, "promise", "%s", promise(e.words, v.Notice))
	rest := "anything else"
	if len(v.For) > 0 {
		p.row(4, column-2, "used for", "%s", strings.Join(e.merge(v.For), "; "))
	} else {
		p.row(4, column-2, "used for", "nothing")
		rest = "anything that is open for this person"
	}
	for _, r := range v.Withheld {
		switch {
		case r.Whole: // said once, of the person
		case r.Code == policy.CodeNotCovered:
			p.row(4, column-2, "not for", "%s: “%s” does not speak of it", rest, or(e.words.notice(v.Notice), v.Notice))
		case v.closed(r):
			p.row(4, column-2, "not for", "%s: %s", rest, r.Marketer)
		default:
			p.row(4, column-2, "not for", "%s: %s", strings.Join(e.merge(r.For), "; "), r.Marketer)
		}
	}
	return p.String()
}

// closed reports whether one reason is all that closes a value.
func (v *Value) closed(r Withheld) bool {
	return !slices.ContainsFunc(v.Withheld, func(o Withheld) bool { return !o.Whole && o.Code != r.Code })
}

// merge says a purpose once where it has the same answer on all its channels.
func (e *Explanation) merge(names []string) []string {
	var out []string
	done := map[string]bool{}
	for _, q := range questions(e.words.d) {
		name, label := e.words.use(q), e.words.purpose(q.Purpose)
		if done[q.Purpose] || !slices.Contains(names, name) {
			continue
		}
		whole := true
		for _, other := range questions(e.words.d) {
			whole = whole && (other.Purpose != q.Purpose || slices.Contains(names, e.words.use(other)))
		}
		if whole {
			name, done[q.Purpose] = label, true
		}
		out = append(out, name)
	}
	return out
}

func through(so bool, source string) string {
	if !so {
		return ""
	}
	return ", through " + source
}

func on(v *Value) string {
	if v.Time == 0 {
		return ""
	}
	return ", on " + day(v.Time)
}

// textUses lists what the person's own word and the law leave open, then what
// they close, by reason.
func (e *Explanation) textUses(p *sheet) {
	p.head("What may be done with this person, where a value's promise allows it too")
	var open []string
	var order []string
	closed := map[string][]string{}
	says := map[string]string{}
	for i, q := range questions(e.words.d) {
		u, name := e.Uses[i], e.words.use(q)
		switch {
		case u.Allowed:
			open = append(open, name)
		default:
			if closed[u.Code] == nil {
				order = append(order, u.Code)
				says[u.Code] = u.Marketer
			}
			closed[u.Code] = append(closed[u.Code], name)
		}
	}
	if len(open) == 0 {
		open = []string{"nothing"}
	} else {
		open = e.merge(open)
	}
	for i, name := range open {
		mark := "yes"
		if i > 0 {
			mark = ""
		}
		p.row(2, 5, mark, "%s", name)
	}
	for _, code := range order {
		names := e.merge(closed[code])
		p.row(2, 5, "no", "%s — %s", names[0], says[code])
		if len(names) > 1 {
			p.row(2, 5, "", "For the same reason not: %s.", strings.Join(names[1:], "; "))
		}
	}
}

func (e *Explanation) textLedgers(p *sheet) {
	p.head("What they said about it")
	for _, g := range e.Said {
		p.row(2, timed, moment(g.Received), "%s: %s%s%s (%s)", g.Status, cmp.Or(e.words.purpose(g.Purpose), "everything"),
			aside(g.Channel != "", "by "+g.Channel), aside(g.Topic != "", "about "+g.Topic), cmp.Or(g.Method, "no known way"))
	}
	if len(e.Said) == 0 {
		p.line(2, "Nothing: neither yes nor no.")
	}
	p.head("What was decided lately (%d in all)", e.Decided)
	for _, d := range e.Decisions {
		p.row(2, timed, moment(d.At), "%s: %s", d.Campaign, short(verdict(d.DecisionLine)))
		if !d.Same {
			p.row(2, timed, "", "Shown the same again, the guards would say something else today.")
		}
	}
	if e.Decided == 0 {
		p.line(2, "Nothing.")
	}
	p.head("Who received data about them")
	for _, r := range e.Receivers {
		e.textReceiver(p, r)
	}
	if len(e.Receivers) == 0 {
		p.line(2, "Nobody.")
	}
	if len(e.Looked) > 0 {
		p.head("Who of the staff looked")
	}
	for _, l := range e.Looked {
		p.row(2, timed, moment(l.At), "%s (%s): %s, because: %s", l.By, l.Role, l.What, l.Why)
	}
}

// verdict is what a decision came to, in the words of its guards.
func verdict(d ledger.DecisionLine) string {
	var no []string
	for _, r := range d.Reasons {
		if r.Veto {
			no = append(no, r.Marketer)
		}
	}
	switch {
	case d.Chosen && d.NotBefore != 0:
		return fmt.Sprintf("a message was chosen, to leave not before %s. %s", moment(d.NotBefore), strings.Join(no, " "))
	case d.Chosen:
		return "a message was chosen; nothing stood in the way."
	}
	return "nothing was sent. " + strings.Join(no, " ")
}

func (e *Explanation) textReceiver(p *sheet, r ledger.Receiver) {
	to := e.words.recipient(r.Recipient)
	p.row(2, column, to.Label, "%s; %s, %s", both(e.words.categories(r.Categories)), times(r.Times), between(r))
	p.row(2, column, "", "for %s", both(list(r.Purposes, e.words.purpose)))
	outcomes := make([]string, 0, len(r.Outcomes))
	for word, n := range r.Outcomes {
		outcomes = append(outcomes, fmt.Sprintf("%s %d", word, n))
	}
	slices.Sort(outcomes)
	about := strings.Join(outcomes, ", ")
	if where := both(r.Countries); len(r.Countries) > 0 {
		about += "; in " + where
	}
	if to.Safeguards != "" {
		about += "; protected by " + to.Safeguards
	}
	if to.Contact != "" {
		about += "; object at " + to.Contact
	}
	p.row(2, column, "", "%s", about)
}

func times(n int) string {
	if n == 1 {
		return "once"
	}
	return fmt.Sprintf("%d times", n)
}

func between(r ledger.Receiver) string {
	if r.Times == 1 {
		return "on " + day(r.First)
	}
	return fmt.Sprintf("from %s to %s", day(r.First), day(r.Last))
}
