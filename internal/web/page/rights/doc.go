// Package rights is the customer's pages about what they may demand: /me/rights,
// /me/erase, and /me/erased/{receipt}, which shows how far the recipients are when
// nobody can sign in any more.
//
// What only lowers what is allowed is open to whoever came by a link; erasing asks
// for a code that is fresh. What is asked for is done by what Deps is given.
// Start reading at Routes.
package rights
