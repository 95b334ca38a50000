package identity

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/heed-platform/heed/internal/fact"
	"github.com/heed-platform/heed/internal/person"
)

// Sentence tells the marketer one thing about a person: why Fragment belongs to
// them, or why it is not joined with Other. It names namespaces and days, never
// values. Code is empty where it tells why something belongs.
type Sentence struct {
	Fragment fact.FragmentID
	Other    fact.FragmentID // zero for the anchor and for who stands alone
	Code     Code
	Text     string
}

// Explain tells why each fragment belongs to a person of Resolve, the anchor
// first and then outward, and why other edges of theirs join nothing. Nodes
// must hold both ends of every edge.
func Explain(p Person, nodes []Node, r Rules) []Sentence {
	e := explainer{p, nodes, r}
	out := []Sentence{{Fragment: p.Anchor, Text: e.anchor()}}
	reached := map[fact.FragmentID]bool{p.Anchor: true}
	joints := p.joints()
	for len(joints) > 0 {
		i := slices.IndexFunc(joints, func(j Edge) bool { return reached[j.A] || reached[j.B] })
		if i < 0 {
			break
		}
		j := joints[i]
		joints = slices.Delete(joints, i, i+1)
		in, new := j.A, j.B
		if reached[j.B] {
			in, new = j.B, j.A
		}
		reached[new] = true
		out = append(out, Sentence{Fragment: new, Other: in, Text: e.joined(new, in, j)})
	}
	for _, f := range p.Refused {
		own, other := f.Edge.A, f.Edge.B
		if !p.Has(own) {
			own, other = other, own
		}
		out = append(out, Sentence{Fragment: own, Other: other, Code: f.Code, Text: e.refused(own, other, f)})
	}
	return out
}

// joints are the accepted edges that brought fragments together, without those
// that only repeat it.
func (p Person) joints() []Edge {
	f := plant(len(p.Fragments))
	return slices.DeleteFunc(slices.Clone(p.Accepted), func(e Edge) bool {
		a, _ := slices.BinarySearch(p.Fragments, e.A)
		b, _ := slices.BinarySearch(p.Fragments, e.B)
		return !f.graft(int32(a), int32(b))
	})
}

type explainer struct {
	person Person
	nodes  []Node
	rules  Rules
}

// ns is what kind of identifier a fragment is.
func (e explainer) ns(id fact.FragmentID) person.Namespace {
	i := slices.IndexFunc(e.nodes, func(n Node) bool { return n.ID == id })
	if i < 0 {
		return "identifier"
	}
	return e.nodes[i].NS
}

func (e explainer) anchor() string {
	return fmt.Sprintf("The %s anchors this person: nothing stronger is known of them.", e.ns(e.person.Anchor))
}

func (e explainer) joined(id, in fact.FragmentID, by Edge) string {
	ns, other, day := e.ns(id), e.ns(in), by.At.Time().Format("2006-01-02")
	if by.Verified {
		return fmt.Sprintf("The %s belongs to this person because a verified event of %s named it together with their %s.", ns, day, other)
	}
	return fmt.Sprintf("The %s belongs to this person because a browser claimed so on %s, together with their %s;"+
		" nobody has proved it, and it ends when somebody proves that the name is theirs.", ns, day, other)
}

func (e explainer) refused(own, other fact.FragmentID, f Refusal) string {
	who := "A browser claimed on %s"
	if f.Edge.Verified {
		who = "A verified event of %s said"
	}
	whose := "another person's"
	if e.person.Has(other) {
		whose = "their"
	}
	return fmt.Sprintf(who+" that the %s and %s %s are one person's, but %s",
		f.Edge.At.Time().Format("2006-01-02"), e.ns(own), whose, e.ns(other), e.reason(f))
}

// reason is the end of a sentence about a refusal.
func (e explainer) reason(f Refusal) string {
	switch f.Code {
	case Undone:
		return "somebody undid that by hand; it stays undone until somebody mends it."
	case Nobody:
		return fmt.Sprintf("this workspace blocks that %s, so it points at nobody; it joins again when it is unblocked.", f.NS)
	case SharedDevice:
		return fmt.Sprintf("the %s is shared: different people signed in on it, so it joins nobody,"+
			" and what was done on it without signing in belongs to none of them.", f.NS)
	case TooManyPeople:
		return fmt.Sprintf("more than %d people use that %s, so it points at nobody.", e.rule(f.NS).People, f.NS)
	case ClaimedOnly:
		return "a claim without proof joins nothing to what is verified; a server's or a signed call can."
	case TwoPeople:
		return fmt.Sprintf("each side has a %s of its own, and two different ones are two people.", f.NS)
	case OverLimit:
		return e.limit(f.NS)
	case PersonFull:
		return "one person has at most " + strconv.Itoa(e.rules.MaxFragments) +
			" identifiers; more are no human, so look at where they come from."
	}
	return "no rule allows it."
}

func (e explainer) limit(ns person.Namespace) string {
	s := e.rule(ns)
	var b strings.Builder
	fmt.Fprintf(&b, "one person has at most %d ", s.Limit)
	if ns == otherSpace {
		b.WriteString("identifiers of undeclared namespaces")
	} else {
		b.WriteString(string(ns))
	}
	if s.PerDays > 0 {
		fmt.Fprintf(&b, " within %d days", s.PerDays)
	}
	b.WriteString(", and those that were named first count.")
	return b.String()
}

func (e explainer) rule(ns person.Namespace) space {
	if len(e.rules.spaces) == 0 {
		return space{}
	}
	return e.rules.spaces[e.rules.at(ns)]
}
