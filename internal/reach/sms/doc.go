// Package sms hands short texts to a gateway that speaks Twilio's API, and reads
// what the gateway tells back.
//
// How to think of it:
//
//	out:  gate.Letter → Channel.Send → one form → taken, refused, later or unknown
//	in:   form and signature → Inbound → Heard: a withdrawal, a cry for help, a
//	      report about a message, or nothing
//
// It promises: a text of which nobody knows whether it went is never called
// failed; a STOP is heard in the words people use, in four languages, even when
// the gateway's signature does not hold; and no word whatever gives a consent.
//
// It does not write to the ledger (app does, with what Inbound heard) and does
// not try again (reach/delivery). Start reading at Channel.Send and at Inbound.
package sms
