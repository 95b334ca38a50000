// Package ingest is the door for events: the addresses that the SDKs of Segment
// and RudderStack know, unmodified.
//
//	body ──gunzip, limits──▶ whose key? ──▶ collect/event ──▶ collect/consent ──▶ line ──commit──▶ answer
//
// The answer says what became of every event, in the order of the request:
// accepted, known before, or put aside with a code and a reason. It is sent
// after the commit. A bad event never fails its neighbors; a body that cannot
// be read at all, an unknown key and a full line are refused aloud, with
// headers that let a browser's SDK read the refusal. Nothing is redirected,
// because an SDK follows a redirect without its body and calls that delivered.
//
// Content-Type is ignored: real SDKs send JSON under four of them.
//
// It knows nothing of people. Start reading at Ingest.receive.
package ingest
