package policy

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// The codes of a Ruling; they are stable, and each has its two sentences below.
const (
	CodeAllowed              = "allowed"
	CodeUseUnknown           = "use_unknown"
	CodeTimeMissing          = "time_missing"
	CodePurposeUnknown       = "purpose_unknown"
	CodePurposeNotOfUse      = "purpose_not_of_use"
	CodeChannelMissing       = "channel_missing"
	CodeChannelNotOfPurpose  = "channel_not_of_purpose"
	CodeRecipientMissing     = "recipient_missing"
	CodeRecipientUnknown     = "recipient_unknown"
	CodeRecipientNotAllowed  = "recipient_not_allowed"
	CodeRecipientNotApproved = "recipient_not_approved"
	CodeTransferUnprotected  = "transfer_unprotected"
	CodeTopicUnknown         = "topic_unknown"
	CodeTopicMuted           = "topic_muted"
	CodeLawSilent            = "law_silent"
	CodeForbidden            = "law_forbids"
	CodeBasisNotAccepted     = "basis_not_accepted"
	CodeMinor                = "minor"
	CodeConsentUnknown       = "consent_unknown"
	CodeDenied               = "denied"
	CodeWithdrawn            = "withdrawn"
	CodeObjected             = "objected"
	CodeGPC                  = "gpc"
	CodeNoGrant              = "no_grant"
	CodeBreak                = "on_break"
	CodeOriginUnknown        = "origin_unknown"
	CodeThirdParty           = "third_party_rumor"
	CodeUncovered            = "uncovered"
	CodeNoticeUnknown        = "notice_unknown"
	CodeNotCovered           = "not_covered"
	CodeCategoryUnknown      = "category_unknown"
	CodeNotForUse            = "not_for_use"
	CodeExpired              = "expired"
	CodeSensitiveGuess       = "sensitive_guess"
	CodeSensitiveClosed      = "sensitive_closed"
	CodeGuessRefused         = "guess_refused"
	CodeUnconfirmed          = "address_unconfirmed"
)

// The rules in the order in which they are asked: those on the person, then
// those on the value.
const (
	ruleUse = iota
	ruleTime
	rulePurpose
	rulePurposeOfUse
	ruleRecipient
	ruleChannel
	ruleTopic
	ruleLaw
	ruleAge
	ruleObjection
	ruleConsent
	ruleSensitiveTopic
	ruleBreak
	ruleOrigin
	ruleNotice
	ruleExpiry
	ruleGuess
	ruleCategory
	ruleRumor
	ruleMuted
	ruleCover
	ruleSensitive
)

var ruleNames = [...]string{
	"use", "time", "purpose", "purpose_of_use", "recipient", "channel", "topic", "law", "age",
	"objection", "consent", "sensitive_topic", "break",
	"origin", "notice", "expiry", "guess", "category", "rumor", "muted", "cover", "sensitive",
}

// voice is what one code says: what is missing, and the two sentences. Words in
// braces are filled with labels and keys of definitions, nothing else.
type voice struct{ missing, marketer, person string }

var voices = map[string]voice{
	CodeGuessRefused: {
		"the person's wish that guesses are used",
		"The person does not want guesses about them to be used, and this value is one.",
		"You asked us not to use guesses about you, and this is one.",
	},
	CodeUnconfirmed: {
		"the answer of whoever has the address",
		"The address was typed into a page and its owner has not said that it is theirs; a form that asks them, a signed sign-in or your own server can.",
		"Somebody typed this address into a page. We write offers to it once its owner has told us that it is theirs.",
	},
	CodeAllowed: {
		"",
		"Allowed for “{purpose}”: promise, ground and origin hold.",
		"We use this for {purpose}, as we told you.",
	},
	CodeUseUnknown: {
		"use",
		"This kind of use is not known, so it is refused.",
		"We did not use your data: the request was not one we know.",
	},
	CodeTimeMissing: {
		"time of the use",
		"The use does not say when it happens, so nothing can be shown to be in force.",
		"We did not use your data: we could not tell what you allow at that time.",
	},
	CodePurposeUnknown: {
		"definition of the purpose",
		"The purpose is not defined in this workspace; define it, or name one that is.",
		"We did not use your data: nobody has told you about that purpose.",
	},
	CodePurposeNotOfUse: {
		"a purpose of this kind of use",
		"“{purpose}” is not a purpose for this kind of use.",
		"We did not use your data for {purpose} in this way: that is not what it is for.",
	},
	CodeChannelMissing: {
		"channel",
		"A message needs a channel, and none is named.",
		"We did not write to you: it was not clear by which way.",
	},
	CodeChannelNotOfPurpose: {
		"channel in the purpose {purpose_key}",
		"“{purpose}” does not speak on this channel; the purpose lists those it may use.",
		"We do not use this way of reaching you for {purpose}.",
	},
	CodeRecipientMissing: {
		"recipient",
		"Sharing needs a recipient, and none is named.",
		"We did not pass on your data: it was not clear to whom.",
	},
	CodeRecipientUnknown: {
		"definition of the recipient",
		"The recipient is not defined in this workspace; new ones start blocked until privacy has approved them.",
		"We did not pass on your data: we do not know that company.",
	},
	CodeRecipientNotAllowed: {
		"purpose {purpose_key} in the recipient",
		"The recipient may not receive data for “{purpose}”.",
		"We kept your data: nobody outside may have it for {purpose}.",
	},
	CodeRecipientNotApproved: {
		"approval of the recipient {recipient_key}",
		"{recipient}, or a company it passes data to, is not approved.",
		"We did not pass your data to {recipient}: we have not finished checking them.",
	},
	CodeTransferUnprotected: {
		"safeguards of the recipient {recipient_key}",
		"{recipient} is in a country that data may not go to without safeguards under {law}.",
		"We did not pass your data to {recipient}: it would not be protected there as it is here.",
	},
	CodeTopicUnknown: {
		"definition of the topic",
		"The topic is not one of the shop's categories; define it, so that people can mute it.",
		"We did not use your data: the subject was not one you could choose.",
	},
	CodeTopicMuted: {
		"the person's wish to hear about it",
		"The person muted this topic; it is silent everywhere.",
		"You asked us not to bring this up, so we do not.",
	},
	CodeLawSilent: {
		"a term for {purpose_key} in a law pack",
		"No law pack that holds for this person says how “{purpose}” may begin.",
		"We do not use your data for {purpose}: we have not settled whether we may.",
	},
	CodeForbidden: {
		"a law that permits {purpose_key}",
		"“{purpose}” is forbidden here under {law}.",
		"The law where you live does not let us use your data for {purpose}.",
	},
	CodeBasisNotAccepted: {
		"an accepted basis for {purpose_key}",
		"The ground on which “{purpose}” stands is not accepted under {law}.",
		"We do not use your data for {purpose}: the law where you live asks for a better reason.",
	},
	CodeMinor: {
		"proof of age for {purpose_key}",
		"“{purpose}” is closed to the young under {law}, and this person is or may be one.",
		"We do not use the data of young people for {purpose}.",
	},
	CodeConsentUnknown: {
		"a readable answer for {purpose_key}",
		"An entry of the consent ledger for “{purpose}” cannot be understood; it counts as a no.",
		"We could not read your answer about {purpose}, so we take it as a no.",
	},
	CodeDenied: {
		"a grant for {purpose_key}",
		"The person said no to “{purpose}”.",
		"You said no to {purpose}.",
	},
	CodeWithdrawn: {
		"a grant for {purpose_key}",
		"The person took back their yes to “{purpose}”.",
		"You took back your yes to {purpose}.",
	},
	CodeObjected: {
		"a grant for {purpose_key}",
		"The person objected to “{purpose}”.",
		"You objected to {purpose}.",
	},
	CodeGPC: {
		"the absence of a Global Privacy Control signal",
		"The person's browser said “do not sell or share”, and that stops “{purpose}”.",
		"Your browser told us not to sell or share your data, so we do not.",
	},
	CodeNoGrant: {
		"a grant for {purpose_key}",
		"“{purpose}” needs the person's yes, and there is none.",
		"You have not said yes to {purpose}.",
	},
	CodeBreak: {
		"the end of the person's break",
		"The person is taking a break from messages; only service messages reach them.",
		"You are taking a break from us, so we wait.",
	},
	CodeOriginUnknown: {
		"origin of the value",
		"Nobody knows where “{category}” comes from, so it decides nothing.",
		"We do not use {yours}: we cannot say where we have it from.",
	},
	CodeThirdParty: {
		"the person's own word on {category_key}",
		"“{category}” was bought or borrowed; “{purpose}” does not listen to rumors.",
		"Others told us about {yours}; we do not act on what others say about you.",
	},
	CodeUncovered: {
		"a notice for the value",
		"No notice says what “{category}” was given for, so it is usable for nothing.",
		"We never told you what we would use {yours} for, so we do not use it.",
	},
	CodeNoticeUnknown: {
		"the notice that the value names",
		"The notice under which “{category}” was given is not known here, so it is usable for nothing.",
		"We cannot find the promise under which you gave us {yours}, so we do not use it.",
	},
	CodeNotCovered: {
		"{purpose_key} for {category_key} in {notice_key}",
		"“{category}” comes from “{notice}”, which does not say “{purpose}”.",
		"We have {yours} from “{notice}”, and that did not speak of {purpose}.",
	},
	CodeCategoryUnknown: {
		"category of the field",
		"Nobody has said what kind of data this field is; give the attribute a category.",
		"We do not use this: we have not settled what kind of data it is.",
	},
	CodeNotForUse: {
		"a field of this kind of use",
		"Finding out who someone is may look at identifiers only.",
		"We did not look at {yours} to find out who you are.",
	},
	CodeExpired: {
		"a fresh value",
		"“{category}” is too old to be used.",
		"What we know about {yours} is too old, so we do not use it.",
	},
	CodeSensitiveGuess: {
		"the person's own word on {category_key}",
		"“{category}” is sensitive, and this is only guessed or heard; no guess about it is ever used.",
		"We make no guesses about {yours}, and use none.",
	},
	CodeSensitiveClosed: {
		"the person's own word on {category_key} for {purpose_key}",
		"“{category}” is sensitive; only the person's own word for “{purpose}” opens it, or their own plain purchase where the law allows.",
		"This is private ({yours}), and we leave it alone unless you tell us otherwise.",
	},
}

// ruling puts a finding into words.
func (c *Case) ruling(f finding) Ruling {
	r := Ruling{Verdict: Allow, Code: CodeAllowed, Rule: ruleNames[f.rule], Considered: c.considered(f.rule)}
	if f.code != "" {
		r.Verdict, r.Code = Deny, f.code
	}
	v := voices[r.Code]
	fill := strings.NewReplacer(c.words(f)...)
	r.Missing = fill.Replace(v.missing)
	r.Marketer, r.Person = capital(fill.Replace(v.marketer)), capital(fill.Replace(v.person))
	return r
}

// considered is the rules that were asked, up to the one that decided: those on
// the person, as far as they went, and then those on the value.
func (c *Case) considered(rule int) []string {
	asked := c.judged().rule
	if rule < ruleOrigin || asked == ruleBreak {
		return ruleNames[: rule+1 : rule+1]
	}
	return append(ruleNames[:asked+1:asked+1], ruleNames[ruleOrigin:rule+1]...)
}

// words fills the braces from definitions alone: what was asked for and is not
// defined is never repeated, for it may be about the person.
func (c *Case) words(f finding) []string {
	purposeKey, purposeLabel := "the purpose", "this purpose"
	if c.purpose != nil {
		purposeKey, purposeLabel = c.purpose.Key, c.purpose.Label
	}
	recipientKey, recipientLabel := "", "the recipient"
	if c.to != nil {
		recipientKey, recipientLabel = c.to.Key, c.to.Label
	}
	noticeKey, title := "a notice", "a notice"
	if f.notice != nil {
		noticeKey, title = f.notice.Ref(), f.notice.Title
	}
	lawLabel := "the law"
	if c.law != nil && c.law.label != "" {
		lawLabel = c.law.label
	}
	categoryKey, categoryLabel, yours := "this data", "this data", "this"
	if d, ok := c.r.nearest(f.category); ok {
		categoryKey, categoryLabel, yours = d.Key, d.Label, "your "+d.Label
	}
	return []string{
		"{purpose}", purposeLabel, "{purpose_key}", purposeKey, "{recipient}", recipientLabel,
		"{recipient_key}", recipientKey, "{notice}", title, "{notice_key}", noticeKey,
		"{law}", lawLabel, "{category}", categoryLabel, "{category_key}", categoryKey, "{yours}", yours,
	}
}

// capital makes a sentence of words that begin with a label.
func capital(s string) string {
	first, size := utf8.DecodeRuneInString(s)
	return string(unicode.ToUpper(first)) + s[size:]
}
