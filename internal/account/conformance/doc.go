// Package conformance compares what was done with data to what people had been
// promised when it was done.
//
// Every disclosure of everybody is judged again: the person is put back to the
// moment before it, the rules to those in force then, and each value that left
// must have been free to leave. What holds is counted by promise; what does not
// is an exception, named by the disclosure and the rule that it broke. The gate
// ruled at the time; this is the check that it did, made from the ledgers alone.
//
// It promises that every disclosure is in the report once, as a use or as an
// exception. What looks like an exception but rested on events that retention has
// emptied since is only counted, for nobody can tell any more. It does not judge
// what left before the first rules were kept. Start reading at Compare.
package conformance
