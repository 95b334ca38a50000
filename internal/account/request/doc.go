// Package request keeps the rights that people use: what was asked for, by when
// the law wants an answer, what was done about it, and what others were told.
//
//	Desk.Open → Request            the law's clock runs (Due)
//	Desk.Extend, Refuse, Done      each with a reason from a closed list, each on the record
//	tell                           the recipients who must know, and their answers
//	erasure                        the whole of an erasure, from the question to the proof
//
// A request outlives the person as proof that they were answered, so it holds no
// personal data: reasons are codes, and what a request is about is the name of a
// field or a purpose, never a value. The clocks come from the law packs; how days
// and months are counted is in deadline.go.
//
// It decides nothing about who may ask: the door and the API do. Start reading at
// Desk.Open.
package request
