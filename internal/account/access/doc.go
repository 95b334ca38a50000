// Package access decides who stands at the door of the customer's pages, and how
// far they may go in.
//
// Nobody has an account. A person shows that a contact point of theirs is in
// their hands, or that a link of ours reached them, and is then a Visitor for a
// while:
//
//	link of a message ──▶ Lower: see that decision, lower what is allowed
//	one-time code, OIDC ─▶ Full: see, change and erase everything of theirs
//
// It promises: secrets have 128 bits or more and are kept as keyed hashes; what
// was handed out ends by itself and by hand; a code's attempt is counted, on disk,
// before it is checked; whether we know an address never shows, because what
// happens while somebody waits is the same for all of them. It does not speak
// HTTP (web/page/door) and judges no use of data (keep/gate).
//
// Start reading at Visitor, then Desk.Begin and Desk.Visitor.
package access
