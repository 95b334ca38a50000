// Package snippet is heed in the brand's own pages: one small script, written by
// hand, that speaks the Segment spec's calls.
//
//	<script defer src="https://HEED/analytics.js" data-key="KEY" data-consent="buffer"></script>
//
// It promises: before heed.consent({…}) has said yes to something, nothing is
// stored in the browser and nothing is sent; what happened until then waits in
// memory (data-consent="buffer") or is not noted at all ("drop"). A no is kept as
// a no and nothing else; taking a yes back is told once, then the browser's number
// is forgotten. With data-storage="none" nothing is ever stored: the number lives
// as long as the page. Global Privacy Control goes along as context.gpc. Addresses
// of pages are sent without what stands after a question mark. A setting that it
// does not know makes it send nothing.
//
// What arrives is judged like every event (web/api/ingest). Start reading at
// analytics.js.
package snippet
