// Package audit checks that nothing stored was changed, moved, cut or put in by
// other hands than heed's, and says where.
//
// Verify walks, in this order,
//
//	the audit chain of every node   each entry follows the one before it
//	heads that were kept elsewhere  the chain that was there then is the one there now
//	every fragment                  its key opens, its facts follow each other, its state is what they give
//	what entries say about facts    the fact is there, sealed as it was then, and none is untold
//	definitions                     each is what the chain says was put in force
//	what lies sealed in waiting     deliveries and quarantine open
//	the balance                     as many events as were accepted
//
// It promises to find any change to a sealed row and any edit, removal, insertion
// or swap in the chains, and to name the place. A whole chain that somebody wrote
// anew is found only by heads kept elsewhere: keep them. It changes nothing and
// may run beside a working server. It does not see what is about nobody and
// sealed by nothing: the spine, timers, the catalog of items; nor the flags of
// the identity store. Start reading at Verify.
package audit
