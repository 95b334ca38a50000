// Package tell lets everybody know who must, when a person has used a right: each
// recipient with a line in the disclosure ledger (GDPR Art. 19, CCPA § 7022), by
// OpenDSR, a signed webhook or a mail for people, and the person on every address
// that is proven to be theirs.
//
//	Teller.Recipients   a part of the request for each, and an errand
//	Teller.Person       a message to each verified contact point
//	Carrier.Due         carries errands, again and again; Remind asks those who have not answered
//	Listener.Hear       takes a recipient's signed answer
//
// It promises that no recipient in the ledger is left out, that a part is on
// record before anything leaves, and that what must be told outlives the person
// only until it was told. What the recipient does, it cannot promise: it shows
// who has not answered. Start reading at Teller.Recipients.
package tell
