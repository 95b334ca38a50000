// Package join is where people give their data: forms that show what is promised
// before they ask, hosted at /join/FORM and embeddable in the brand's own pages,
// and the clerk's screen at /clerk for people who have no email.
//
//	form ──post──▶ what needs no address is entered
//	        └────▶ each address is asked: /confirm/TOKEN, whose button says yes
//
// It promises: the notice and what the person gets stand before the questions; no
// box is ever ticked for anybody; looking at a link changes nothing, because
// scanners look at every link; what was typed survives every error, a change of
// the form and a post from a page that may not embed it; no answer tells whether
// anybody here knows an address. A link that opens nothing is answered like every
// other such link.
//
// The clerk enters and reads aloud; there is nothing to look customers up with.
// What is taken and how it is proved is collect/form's; this package speaks HTTP.
// Start reading at Routes.
package join
