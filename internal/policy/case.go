package policy

import (
	"slices"
	"strings"

	"github.com/heed-platform/heed/internal/fact"
	"github.com/heed-platform/heed/internal/policy/define"
)

// Case is one question about one person, ready to be asked about many fields.
// Make it with Rules.Case; the zero Case denies.
type Case struct {
	r       *Rules
	q       Question
	s       Standing
	purpose *purpose
	law     *law
	terms   terms
	to      *recipient
	person  finding
}

// finding is where the rules stopped: at the first that did not hold, or, with
// an empty code, nowhere.
type finding struct {
	rule     int // index into ruleNames
	code     string
	category string
	notice   *notice
}

// Person rules whether this use may touch this person at all.
func (r *Rules) Person(q Question, s Standing) Ruling {
	c := r.Case(q, s)
	return c.Person()
}

// Field rules whether this use may see this value of this person. It includes
// the ruling of Person.
func (r *Rules) Field(q Question, s Standing, f Field) Ruling {
	c := r.Case(q, s)
	return c.Field(f)
}

// Case rules on the person once, so that each field costs only its own rules.
func (r *Rules) Case(q Question, s Standing) Case {
	c := Case{r: r, q: q, s: s}
	c.person = c.judge()
	return c
}

// Person is the ruling on the person.
func (c *Case) Person() Ruling { return c.ruling(c.judged()) }

// Field is the ruling on one value, the person's included.
func (c *Case) Field(f Field) Ruling { return c.ruling(c.see(f)) }

// Sees is Field without the words: the verdict and its code, for inner loops.
func (c *Case) Sees(f Field) (Verdict, string) {
	if found := c.see(f); found.code != "" {
		return Deny, found.code
	}
	return Allow, CodeAllowed
}

// judged is the finding on the person; a Case that nobody made has none.
func (c *Case) judged() finding {
	if c.r == nil {
		return finding{rule: ruleUse, code: CodeUseUnknown}
	}
	return c.person
}

// see is the finding on one value. Where only the person's yes is missing and
// the value's own promise never spoke of the purpose, that promise is the reason
// to name: it is what would have to change.
func (c *Case) see(f Field) finding {
	found := c.judged()
	if found.code == "" || found.code == CodeNoGrant {
		if about := c.field(f); found.code == "" || about.code == CodeNotCovered {
			return about
		}
	}
	return found
}

// families says which purposes each use may name, as Fides data uses and all
// below them. A use that is not listed may name none.
var families = map[Use][]string{
	Resolve:     {"essential", "functional", "personalize", "analytics", "marketing"},
	Measure:     {"analytics"},
	Personalize: {"personalize", "marketing", "essential", "functional"},
	Contact:     {"marketing.communications", "essential"},
	Share:       {"essential", "functional", "personalize", "analytics", "marketing", "third_party_sharing", "sales"},
	Learn:       {"analytics", "personalize", "functional", "train_ai_system"},
	Honor:       {"essential"},
	Operate:     {"essential", "functional"},
}

// judge asks the person rules in order and stops at the first that fails.
func (c *Case) judge() finding {
	if c.r == nil || len(families[c.q.Use]) == 0 {
		return finding{rule: ruleUse, code: CodeUseUnknown}
	}
	if c.q.Now <= 0 {
		return finding{rule: ruleTime, code: CodeTimeMissing}
	}
	if c.purpose = c.r.purposes[c.q.Purpose]; c.purpose == nil {
		return finding{rule: rulePurpose, code: CodePurposeUnknown}
	}
	if c.q.Channel == "" && c.q.Use == Personalize && len(c.purpose.Channels) == 1 {
		// A purpose that speaks on one channel only is asked about on that one, so
		// that a yes to the channel counts when an audience is kept for it.
		c.q.Channel = c.purpose.Channels[0]
	}
	if !define.WithinAny(c.q.Purpose, families[c.q.Use]) {
		return finding{rule: rulePurposeOfUse, code: CodePurposeNotOfUse}
	}
	c.law = c.r.law(c.s.Jurisdiction)
	if c.q.Use == Honor || c.q.Use == Operate {
		// What the person asked for, and what staff do under their own role and
		// log, hang on nobody's consent; neither may pass data on.
		if c.q.Recipient != "" {
			return finding{rule: ruleRecipient, code: CodeRecipientNotAllowed}
		}
		return finding{rule: ruleRecipient}
	}
	steps := [...]func() finding{
		c.recipient, c.channel, c.topic, c.lawful, c.age, c.objection, c.consent, c.sensitiveTopic, c.pause,
	}
	for _, step := range steps {
		if found := step(); found.code != "" {
			return found
		}
	}
	return finding{rule: ruleBreak}
}

func (c *Case) channel() finding {
	switch {
	case c.q.Channel == "" && c.q.Use == Contact:
		return finding{rule: ruleChannel, code: CodeChannelMissing}
	case c.q.Channel != "" && !slices.Contains(c.purpose.Channels, c.q.Channel):
		return finding{rule: ruleChannel, code: CodeChannelNotOfPurpose}
	}
	return finding{}
}

func (c *Case) recipient() finding {
	if c.q.Recipient == "" {
		if c.q.Use == Share {
			return finding{rule: ruleRecipient, code: CodeRecipientMissing}
		}
		return finding{}
	}
	c.to = c.r.recipients[c.q.Recipient]
	switch {
	case c.to == nil:
		return finding{rule: ruleRecipient, code: CodeRecipientUnknown}
	case !c.to.cleared:
		return finding{rule: ruleRecipient, code: CodeRecipientNotApproved}
	case !c.purpose.covers(c.to.Purposes):
		return finding{rule: ruleRecipient, code: CodeRecipientNotAllowed}
	case !c.law.mayReach(c.to):
		return finding{rule: ruleRecipient, code: CodeTransferUnprotected}
	}
	return finding{}
}

func (c *Case) topic() finding {
	if c.q.Topic == "" {
		return finding{}
	}
	if _, known := c.r.topics[c.q.Topic]; !known {
		return finding{rule: ruleTopic, code: CodeTopicUnknown}
	}
	for _, m := range c.s.Muted {
		if define.Within(c.q.Topic, c.r.muted(m).Key) {
			return finding{rule: ruleTopic, code: CodeTopicMuted}
		}
	}
	return finding{}
}

func (c *Case) lawful() finding {
	c.terms = c.law.terms[place{c.q.Purpose, c.q.Channel}]
	switch {
	case !c.terms.spoken:
		return finding{rule: ruleLaw, code: CodeLawSilent}
	case c.terms.mode == define.Forbidden:
		return finding{rule: ruleLaw, code: CodeForbidden}
	case c.terms.mode == define.OptIn || c.purpose.Basis == define.Consent:
		return finding{}
	case !slices.Contains(c.terms.bases, c.purpose.Basis):
		return finding{rule: ruleLaw, code: CodeBasisNotAccepted}
	}
	return finding{}
}

func (c *Case) age() finding {
	if c.terms.minors && (c.s.Minor == Yes || c.s.Minor != No && c.terms.unknownAge) {
		return finding{rule: ruleAge, code: CodeMinor}
	}
	return finding{}
}

func (c *Case) pause() finding {
	if c.q.Use == Contact && !c.purpose.Service && c.q.Now < c.s.Break {
		return finding{rule: ruleBreak, code: CodeBreak}
	}
	return finding{}
}

// field asks the field rules in order and stops at the first that fails.
func (c *Case) field(f Field) finding {
	if c.q.Use == Honor {
		return c.person
	}
	n := c.r.notices[f.Notice]
	fail := func(rule int, code string) finding {
		return finding{rule: rule, code: code, category: f.Category, notice: n}
	}
	sensitive := c.r.Sensitive(f.Category)
	switch {
	case f.Origin < fact.Declared || f.Origin > fact.ThirdParty:
		return fail(ruleOrigin, CodeOriginUnknown)
	case f.Notice == "":
		return fail(ruleNotice, CodeUncovered)
	case n == nil:
		return fail(ruleNotice, CodeNoticeUnknown)
	case f.Expires != 0 && f.Expires <= c.q.Now, c.over(n, f):
		return fail(ruleExpiry, CodeExpired)
	case sensitive && f.Origin > fact.Observed:
		return fail(ruleGuess, CodeSensitiveGuess)
	case c.q.Use == Operate:
		return finding{rule: ruleGuess}
	case f.Origin == fact.Inferred && c.guessed():
		return fail(ruleGuess, CodeGuessRefused)
	case !c.r.known(f.Category):
		return fail(ruleCategory, CodeCategoryUnknown)
	case c.q.Use == Resolve && !strings.HasPrefix(f.Name, "identifiers."):
		return fail(ruleCategory, CodeNotForUse)
	case f.Origin == fact.ThirdParty && !c.purpose.ThirdParty:
		return fail(ruleRumor, CodeThirdParty)
	case f.Unconfirmed && !c.purpose.Service && (c.q.Use == Contact || c.q.Use == Share):
		return fail(ruleRumor, CodeUnconfirmed)
	case c.mutes(f):
		return fail(ruleMuted, CodeTopicMuted)
	case !c.covered(n, f.Category):
		return fail(ruleCover, CodeNotCovered)
	case sensitive && !c.opened(f):
		return fail(ruleSensitive, CodeSensitiveClosed)
	}
	return finding{rule: ruleSensitive}
}

// mutes reports whether the value belongs to a topic that the person muted: the
// counts of that shop category, or anything in the topic's sensitive category.
func (c *Case) mutes(f Field) bool {
	var about define.Topic
	if shop, ok := strings.CutPrefix(f.Name, "purchases."); ok {
		about, _ = c.r.TopicOf(shop)
	}
	for _, m := range c.s.Muted {
		t := c.r.muted(m)
		if define.Within(about.Key, t.Key) || c.r.Sensitive(t.Category) && define.Within(f.Category, t.Category) {
			return true
		}
	}
	return false
}

// covered reports whether the promise under which the value was given, or one
// that the person accepted for this very purpose, holds this category.
func (c *Case) covered(n *notice, category string) bool {
	return c.r.holds(n.promised[c.q.Purpose], category) || c.accepted(category)
}

// opened reports whether a sensitive value may be seen: the person said yes to
// this purpose under a promise that names the category, and the value is their
// own declaration or plain purchase for themselves; or such a purchase alone,
// where the law lets it speak. A purchase alone opens showing and writing, never
// sharing, counting or learning.
func (c *Case) opened(f Field) bool {
	own := f.Origin == fact.Declared || slices.Contains(c.s.Purchased, f.Category)
	return own && c.accepted(f.Category) || c.purchased(f.Category)
}

func (c *Case) purchased(category string) bool {
	return (c.q.Use == Personalize || c.q.Use == Contact) &&
		c.terms.ownPurchase && slices.Contains(c.s.Purchased, category)
}
