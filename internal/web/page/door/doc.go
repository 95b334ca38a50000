// Package door lets people in to their own pages and out again.
//
//	With(scope, page): cookie ─▶ access.Visitor ─▶ page
//	                     └ not far enough ─▶ /me/code, and back to where they were
//
// It promises: a page behind With never runs without a visitor who has come far
// enough; a form of another site never reaches one; what somebody typed survives
// that a code is asked of them first; nothing of this is stored by browsers or
// told to other sites. It decides nothing: who is who is account/access's.
//
// Start reading at With.
package door
