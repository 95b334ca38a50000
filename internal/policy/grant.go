package policy

import (
	"slices"

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
		switch g.Status {
		case fact.Denied:
			code = CodeDenied
		case fact.Withdrawn:
			code = CodeWithdrawn
		case fact.Objected:
			code = CodeObjected
			if g.Method == methodGPC {
				code = CodeGPC
			}
		case fact.Granted:
		}
		return finding{rule: ruleObjection, code: code}
	}
	return finding{}
}

const methodGPC = "gpc"

// stops reports whether a refusal reaches this question. An empty purpose
// refuses everything, except in a GPC signal, which speaks only of selling and
// sharing: what it stops is the law pack's to say, and handing data to a
// company that uses it for itself.
func (c *Case) stops(g fact.Grant) bool {
	if g.Method == methodGPC {
		if c.terms.gpc || c.q.Use == Share && c.to != nil && c.to.Role != define.Processor {
			return true
		}
		if g.Purpose == "" {
			return false
		}
	}
	return (g.Purpose == "" || define.Within(c.q.Purpose, g.Purpose)) &&
		(g.Channel == "" || g.Channel == c.q.Channel) &&
		(g.Topic == "" || define.Within(c.q.Topic, g.Topic))
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
	if n == nil {
		return nil, false
	}
	for _, cover := range n.bound {
		if c.purpose.covers(cover.Purposes) {
			return n, true
		}
	}
	return nil, false
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
		if n, yes := c.permits(g); yes && c.r.promises(n.bound, category, c.q.Purpose) {
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
