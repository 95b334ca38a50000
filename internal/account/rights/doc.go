// Package rights answers the person: what is known about them and how, who they
// are taken for and why, what may be done with each thing and what may not, what
// was said to them, who received their data, and the proof that it is gone.
//
//	gate.Inspect, gate.Release → Dossier → Show     what is known, with where it comes from
//	                                     → Explain  who, what for, why and why not, in plain words
//	                                     → Export   everything, as data to take along
//	gate.Erase → Certificate             → Proof
//
// Each answer is a value that marshals to JSON, and most have a Text for people
// to read. It promises plain words that come from the workspace's own labels and
// rulings, nothing about anybody else, and that text from outside cannot steer a
// terminal. It does not decide who may ask: whoever holds a Dossier was let in by
// the gate, on the record. Start reading at Show, then Explain.
package rights
