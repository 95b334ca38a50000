// Package web is how heed speaks HTTP: what every door shares.
//
//	request ──Wrap──▶ id, limits, security headers ──▶ Handler ──error──▶ Fail ──▶ problem+json
//
// Wrap gives each request an id, turns a panic into a problem and counts what
// was answered. Fail is the one place where an error becomes an answer
// (RFC 9457) and a line in the log. It promises that a refusal says what, where
// and how to mend it; that what is withheld is answered exactly like what does
// not exist; and that neither answer nor log holds a body, a query string, a
// path's values or anything else about a person.
//
// The doors are in api (for programs and colleagues) and page (for people).
// Start reading at Wrap.
package web
