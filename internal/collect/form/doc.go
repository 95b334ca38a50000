// Package form reads what people wrote into a form, and turns it into events
// and grants that say how they came about.
//
//	post ──Take──▶ Answers ──Parts──▶ what waits for an address to confirm itself
//	                             └──▶ what may be entered at once
//	Part ──Lock──▶ a ticket that only the link in the message opens
//	     ──Asking─▶ the event that holds the address, and nothing else, until then
//	     ──Entered▶ the event and the grants, once it is known to be theirs
//
// It promises: what the form does not ask is not taken; a box that is not ticked
// is no word at all; each address speaks only for itself, so a yes to texts waits
// for the phone and a yes to mail for the mailbox; answers that wait can be opened
// by nobody but the reader of the message, not even by us; every grant names the
// form, the hash of the notice that was shown, the language, the time, the box and
// the confirmation.
//
// It sends nothing, stores nothing and knows nobody. Start reading at Form.Take,
// then Form.Parts.
package form
