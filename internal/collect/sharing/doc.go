// Package sharing takes out of an event what the person does not let their device
// tell: where they are, what moves beside them, what the phone is called.
//
//	event ──Tells──▶ is there anything of the kind in it
//	      ──Strip──▶ the event without what is refused, and the kinds that went
//
// Which parts of an event belong to which kind is data (kinds.json). What went is
// noted in the event itself, as context.withheld, so that the person can see in
// their own copy that somebody asked and did not get it.
//
// It promises: what is refused is gone before anything is sealed; a kind that
// nobody spoke of stays; of two words the stricter counts. It knows nobody: whose
// words count, the line knows. Start reading at Strip.
package sharing
