// Package consent hears what an event and its request say about consent, in
// whichever way the site's tools say it, and puts it into the words of heed's
// ledger.
//
//	context.consent.categoryPreferences   Segment                 ┐
//	context.consentManagement             RudderStack             │
//	context.messaging_subscriptions       per address             ├▶ Hear ─▶ []fact.Grant
//	context.consent.{tcf,gpp,usp,gpc}     consent tools           │            │
//	Sec-GPC: 1                            Global Privacy Control  ┘   News ◀───┘
//
// The strings of consent tools are read by tcf, gpp and usp, over bits; they may
// also lie right in context, under the names that tools use (carried.go). What a
// TCF purpose or a US opt-out means here is the workspace's to say (Mapping). US
// sections only refuse: not to have opted out is no yes.
//
// There are two kinds of saying. An act is the person doing something: Segment's
// event "Segment Consent Preference Updated", a subscription. A state is what an
// SDK repeats with every event: it may be a year old. News compares what was
// heard with what stands, so that a state never undoes a later refusal and the
// ledger holds changes, not echoes. The signal itself stays in the event's Raw.
//
// What it promises: malformed never means more consent; what is said twice in
// different ways counts at its most restrictive; a yes holds for the event's own
// fragment only, and one that an unverified event says about a fragment that is
// not its device's is not taken at all; refusals are always taken; silence is
// neither. Everything not taken is named in Heard.Refused.
//
// It does not decide what a grant allows (policy), over which fragments it holds
// (know/profile) or what a law makes of GPC (its pack). Start reading at Hear.
package consent
