// Package event turns the bytes of a request into checked events: Segment's
// shapes, as the SDKs of Segment and RudderStack send them, read strictly.
//
//	body ──strict──▶ envelope (where things lie) ──▶ Verdict ┬▶ fact.Event
//	                                                         └▶ quarantine: code, why
//
// It promises one Verdict for every event of a body, in the body's order, and
// that a poisoned event never changes the verdict of its neighbors: an error is
// returned only for a body that cannot be cut into events. It decides from the
// event's bytes, the body's shared context and the kind of its source alone, so
// a retry meets the same fragment. Nothing is repaired and nothing is lost:
// Event.Raw keeps every property as it was written.
//
// Which identifiers an event names, strongest first:
//
//	user_id       userId
//	member_id     traits.member_id
//	email, phone  traits.email, traits.phone
//	(its type)    context.externalIds of collection "users", encoding "none"
//	push_token    context.device.token
//	device_id     context.device.id; context.device.advertisingId while
//	              context.device.adTrackingEnabled is true
//	anonymous_id  anonymousId; the previousId of an alias
//	group_id      the groupId of a group call that names nobody else
//
// Traits are those of identify over context.traits; the other calls have
// context.traits only (a group's traits are the group's), and properties never
// name anybody. An alias ties what was done under previousId to its userId, so
// previousId is read as an anonymous id: two user ids are never one person, and
// an alias does not change that.
//
// Words from a browser are claims. Its event belongs to the strongest device
// class identifier it carries, and is verified only when context.userIdHmac
// signs the user id; that signature covers the user id and the device alone, so
// a signed browser event names no email, phone or other identifier.
//
// It does not store, judge uses, know canonical forms (Source.Canonical) or
// speak HTTP. Start reading at Batch.
package event
