// Package webhook hands a payload to somebody else's server, signed as Standard
// Webhooks 1.0.0 says (www.standardwebhooks.com).
//
// The address is whatever a team typed in, so the package trusts neither it nor
// the name service: which address may be reached is decided when the connection
// is made, about the very address it is made to (Guard). Redirects are answers,
// never followed; an answer is read for at most 64 KB and 15 seconds, and none
// of it is kept.
//
// It does not decide what may leave, retry or remember: the caller does, from
// the Answer. Start reading at Client.Post.
package webhook
