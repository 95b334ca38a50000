// Package app builds the program from its configuration: the keep, the stages,
// the line, the workers and the web. The command line, the demo and the
// end-to-end tests all use it, so what is tested is what runs.
//
// How to think of it:
//
//	config ─ Open ─▶ App ─ Serve ─▶ until told to stop
//	definitions in force ─ world ─▶ rules, audiences, campaigns (replaced whole)
//
// It promises one order of starting and stopping: the database first, the port
// last; the port closed first, what is in hand answered, the database last. It
// holds no logic of its own beyond wiring. Start reading at Open, then Serve.
package app
