package rights

import (
	"cmp"
	"fmt"

	"github.com/heed-platform/heed/internal/know/profile/money"
	"github.com/heed-platform/heed/internal/policy/define"
)

// Text is Shown for people to read, at most a hundred columns wide.
func (s Shown) Text(d define.Definitions) string {
	w := words{d}
	var p sheet
	p.line(0, "Person %s", s.Person)
	if s.First != 0 {
		p.line(0, "First heard of on %s, last on %s.", day(s.First), day(s.Last))
	}
	p.head("Found by")
	for _, id := range s.Identifiers {
		p.row(2, 24, w.namespace(id.NS), "%s%s", id.Value, aside(!id.Verified, "claimed, not verified"))
	}
	p.head("Known")
	for _, a := range s.Attributes {
		if !a.Speaks {
			continue
		}
		p.row(2, 24, w.attribute(a.Name), "%s", short(plain(a.Value)))
		p.row(2, 24, "", "%s; through %s on %s; %s", origin(a.Origin), w.source(a.Source), day(a.Time), promise(w, a.Notice))
	}
	s.deeds(&p)
	s.said(&p, w)
	if s.Uncovered > 0 {
		p.head("%d values came under no notice: they are kept and usable for nothing.", s.Uncovered)
	}
	return p.String()
}

func aside(so bool, what string) string {
	if !so {
		return ""
	}
	return " (" + what + ")"
}

// promise names the text under which a value was given.
func promise(w words, ref string) string {
	switch title := w.notice(ref); {
	case ref == "":
		return "no notice covers it"
	case title == "":
		return fmt.Sprintf("under %s, which is not known here", ref)
	default:
		return fmt.Sprintf("under “%s” (%s)", title, ref)
	}
}

func (s Shown) deeds(p *sheet) {
	if len(s.Counters)+len(s.Purchases) == 0 {
		return
	}
	p.head("Done")
	for _, c := range s.Counters {
		p.row(2, 24, c.Name, "%s, last on %s%s", times(int(c.Count)), day(c.Last), aside(c.Notice != "", c.Notice))
	}
	for _, b := range s.Purchases {
		what := b.Item
		if b.Variant != "" {
			what += " " + b.Variant
		}
		p.row(2, 24, "bought", "%d × %s, last on %s%s%s", b.Quantity, what, day(b.Last), aside(b.Gift, "for somebody else"),
			aside(b.Notice != "", b.Notice))
	}
	for _, m := range s.Spends {
		p.row(2, 24, "spent", "%s %s in %d orders%s", money.Text(m.Minor, m.Currency), m.Currency, m.Orders, aside(m.Notice != "", m.Notice))
	}
}

func (s Shown) said(p *sheet, w words) {
	if len(s.Grants) > 0 {
		p.head("Said about uses of their data")
	}
	for _, g := range s.Grants {
		p.row(2, 24, g.Status, "%s%s%s; %s, by %s", cmp.Or(w.purpose(g.Purpose), "everything"), aside(g.Channel != "", "by "+g.Channel),
			aside(g.Topic != "", "about "+g.Topic), moment(g.Received), cmp.Or(g.Method, "no known way"))
	}
	if len(s.Memberships) > 0 {
		p.head("In audiences")
	}
	for _, m := range s.Memberships {
		p.row(2, 24, m.Audience, "since %s, for %s", day(m.Since), w.purpose(m.Purpose))
	}
}
