// Package data is the customer's pages about what is known: /me/data, who has it:
// /me/recipients, and why a message came: /me/why/{decision} and the link in each
// message, /why/{token}.
//
// What is shown is made by account/rights; what a form asks for is done by what
// Deps is given, in force when the page answers. A page that was reached by a
// message's link shows that message only, never a value, and can only lower what
// is allowed. Looking changes nothing. Start reading at Routes.
package data
