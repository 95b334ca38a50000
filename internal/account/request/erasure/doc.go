// Package erasure carries a wish to be erased from the question to the proof.
//
//	Eraser.Erase   take it in, stop every use, tell the person and each recipient,
//	               keep apart what a law demands, destroy the keys, hand out the proof
//	Eraser.Resume  goes on with those that were interrupted
//
// It promises that every recipient in the person's ledger has a part in the
// request (E-3), because every use is stopped before the ledger is read; that an
// erasure which has begun is finished; and that what a law keeps is named with its
// end. It does not destroy anything itself: the gate does. Start reading at Eraser.Erase.
package erasure
