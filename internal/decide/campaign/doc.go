// Package campaign decides, for one person in one moment, whether a campaign
// says something.
//
// How to think of it:
//
//	definition (file) → draft → approved by another role → live → Engine
//	moment (an event, an audience entered, a send) → Triggered → Decide → fact.Decision
//	chosen → Delivery, a question on the queue → Recheck when it leaves
//
// A decision keeps the whole case that the guards were shown, so Replay judges it
// again and must come to the same reasons. The package is pure: the line gives
// it what the gate let it see, and stores what it answers.
//
// It promises: only what is live and approved by its content decides; the same
// moment of the same person never queues a campaign twice; whoever is not known
// to be in the audience gets nothing. It does not render or send (reach).
// Start reading at Live.Decide.
package campaign
