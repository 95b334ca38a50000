// Package page is what people see: clean HTML, one small style sheet, no
// JavaScript, on any phone.
//
// The way out of a list stands at /u/{token}, a link that every message carries.
// Looking at it changes nothing, because scanners and previews look at every
// link; its button, and the mail program's own (RFC 8058), stop what the link
// stands for, as often as they are pressed. A link that is not ours is answered
// with one page, always the same, without asking the database.
//
// At / is the outbox of a heed that nobody's customers see: what was sent lately
// by the channel of that name, shown only to the machine it runs on and its
// network. A server without that channel says in a sentence what it is.
//
// Start reading at Routes.
package page
