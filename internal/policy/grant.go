package policy

import (
	"slices"
	"strings"

	"github.com/heed-platform/heed/internal/fact"
	"github.com/heed-platform/heed/internal/policy/define"
)

// The ledger is read without pardon: a refusal at an equal or broader level
// beats every grant, wherever it stands in the list; so the order of grants,
// and which of two is more specific, never matters to the verdict.

// objection looks for a refusal that reaches this question.
func (c *Case) objection() finding {
	for _, g := range c.s.Grants {
		if g.Status == fact.Granted || !c.stops(g) {
			continue
		}
		code := CodeConsentUnknown
		switch {
		case g.Purpose != "" && !c.r.heard(g.Purpose):
		case g.Method == methodGPC:
			code = CodeGPC
		case g.Status == fact.Denied:
			code = CodeDenied
		case g.Status == fact.Withdrawn:
			code = CodeWithdrawn
		case g.Status == fact.Objected:
			code = CodeObjected
		}
		return finding{rule: ruleObjection, code: code}
	}
	return finding{}
}

const methodGPC = "gpc"

// stops reports whether a refusal reaches this question. An empty purpose
// refuses everything, except in a GPC signal, which speaks only of selling and
// sharing: what it stops is the law pack's to say, and handing data to a
// company that uses it for itself, unless the service that the person asked for
// needs it, as paying and parcels do.
func (c *Case) stops(g fact.Grant) bool {
	if g.Method == methodGPC {
		outsider := c.to != nil && c.to.Role != define.Processor && !define.Within(c.q.Purpose, "essential")
		if c.terms.gpc || c.q.Use == Share && outsider {
			return true
		}
		if g.Purpose == "" {
			return false
		}
	}
	if g.Topic == define.Guesses {
		return false // it closes values, not the person: see guessed
	}
	if to, one := strings.CutPrefix(g.Topic, define.ToRecipient); one && to != c.q.Recipient {
		return false
	} else if one {
		g.Topic = ""
	}
	if g.Purpose != "" && !define.Within(c.q.Purpose, g.Purpose) {
		return !c.r.heard(g.Purpose) && !c.purpose.Service
	}
	// A refusal on a channel or about a topic that nobody knows was meant for
	// something: it counts for all of them.
	return (g.Channel == "" || g.Channel == c.q.Channel || !c.r.channels[g.Channel]) &&
		(g.Topic == "" || define.Within(c.q.Topic, g.Topic) || c.r.topics[g.Topic].Key == "")
}

// guessed reports whether the person refused that what was only guessed about
// them is used.
func (c *Case) guessed() bool {
	return slices.ContainsFunc(c.s.Grants, func(g fact.Grant) bool {
		return g.Topic == define.Guesses && g.Status != fact.Granted
	})
}

// heard reports whether a purpose that a refusal names is known: to the
// workspace, as the family of such a purpose, or to Fides. A refusal of anything
// else stops all that is not service, for we cannot tell what was meant.
func (r *Rules) heard(purpose string) bool {
	if define.IsDataUse(purpose) {
		return true
	}
	for key := range r.purposes {
		if define.Within(key, purpose) {
			return true
		}
	}
	return false
}

// permits reports whether a grant is a yes to this question: for this purpose
// or one whose yes reaches it, on this channel or all, for this topic or all,
// given under a promise that we know and that names the purpose.
func (c *Case) permits(g fact.Grant) (*notice, bool) {
	if g.Status != fact.Granted || !c.purpose.covers([]string{g.Purpose}) ||
		g.Channel != "" && g.Channel != c.q.Channel ||
		g.Topic != "" && !define.Within(c.q.Topic, g.Topic) {
		return nil, false
	}
	n := c.r.notices[g.Notice]
	return n, n != nil && len(n.promised[c.q.Purpose]) > 0
}

// consent looks for the yes where one is needed.
func (c *Case) consent() finding {
	if c.terms.mode != define.OptIn && c.purpose.Basis != define.Consent {
		return finding{}
	}
	for _, g := range c.s.Grants {
		if _, yes := c.permits(g); yes {
			return finding{}
		}
	}
	if c.customer() {
		return finding{}
	}
	return finding{rule: ruleConsent, code: CodeNoGrant}
}

// customer is the soft opt-in: the law accepts it for messages to someone who
// bought something and has not refused.
func (c *Case) customer() bool {
	if !define.Within(c.q.Purpose, "marketing.communications") || len(c.s.Purchased) == 0 {
		return false
	}
	return slices.Contains(c.terms.bases, define.ExistingCustomer)
}

// accepted reports whether the person said yes to this purpose under a promise
// that holds the category.
func (c *Case) accepted(category string) bool {
	for _, g := range c.s.Grants {
		if n, yes := c.permits(g); yes && c.r.holds(n.promised[c.q.Purpose], category) {
			return true
		}
	}
	return false
}

// sensitiveTopic closes talk about a sensitive category until the person's own
// word or plain purchase opens that very category.
func (c *Case) sensitiveTopic() finding {
	t := c.r.topics[c.q.Topic]
	if !c.r.Sensitive(t.Category) || c.accepted(t.Category) || c.purchased(t.Category) {
		return finding{}
	}
	return finding{rule: ruleSensitiveTopic, code: CodeSensitiveClosed, category: t.Category}
}
