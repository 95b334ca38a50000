// Package email hands letters to a mail server.
//
// How to think of it:
//
//	gate.Letter → compose (headers, text and HTML, one-click unsubscribe)
//	            → sign (DKIM over all of it) → session (SMTP) → taken, or why not
//
// It promises: no value of a person can add a header or a recipient; nothing
// goes over a network in clear unless the operator wrote so; and it says exactly
// whether the server refused the letter, did not take it, or may have it. The
// server's words can quote the address, so only its code is told.
//
// It does not decide, write texts or try again (reach/delivery). Start reading
// at Channel.Send.
package email
