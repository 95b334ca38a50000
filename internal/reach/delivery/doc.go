// Package delivery takes what was decided out of the queue and lets it leave.
//
// How to think of it, for one job:
//
//	question → campaign at that version → gate.Ask → See → message.write
//	         → gate.Clear (asks again, writes the disclosure) → Channel.Send
//	         → gate.Settle (what became of it) → the job ends, waits or is buried
//
// It promises: nothing leaves before its disclosure is on disk; whoever may not
// be written to any more gets nothing, and the job says why; marketing of which
// nobody knows whether it arrived is never sent again; what keeps failing ends
// in a box that people can see (queue.List), never in silence.
//
// It does not decide whom to write to (decide), does not know any protocol
// (reach/email, reach/sms, reach/webhook) and does not judge (keep/gate).
// Start reading at Worker.Run, then Worker.try.
package delivery
