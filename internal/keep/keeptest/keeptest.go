// Package keeptest holds one conformance suite that every engine of keep must
// pass, so that what heed promises does not depend on the database.
//
// It says what store.Identity and store.Data mean where their comments leave
// room; racetest adds random work beside a model and races between handles.
// Start reading at Run.
package keeptest

import (
	"slices"
	"testing"

	given "github.com/heed-platform/heed/internal/keep/keeptest/giventest"
	"github.com/heed-platform/heed/internal/keep/keeptest/racetest"
)

// Run holds an engine to the suite. fresh makes a new, empty place.
func Run(t *testing.T, fresh func(t *testing.T) given.Place) {
	t.Helper()
	for _, test := range slices.Concat(suite, racetest.Suite) {
		t.Run(test.Name, func(t *testing.T) {
			t.Parallel()
			test.Run(t, fresh(t))
		})
	}
}

var suite = []given.Test{
	{Name: "identity/admit", Run: testAdmit},
	{Name: "identity/edges", Run: testEdges},
	{Name: "identity/refusals", Run: testRefusals},
	{Name: "identity/cut", Run: testCut},
	{Name: "identity/component", Run: testComponent},
	{Name: "identity/bury", Run: testBury},
	{Name: "identity/meta", Run: testIdentityMeta},
	{Name: "identity/keys", Run: testKeys},
	{Name: "copies", Run: testCopies},
	{Name: "facts/chains", Run: testChains},
	{Name: "facts/stale", Run: testStale},
	{Name: "facts/forget", Run: testForget},
	{Name: "facts/drop", Run: testDrop},
	{Name: "facts/long", Run: testLong},
	{Name: "states", Run: testStates},
	{Name: "spine", Run: testSpine},
	{Name: "jobs/queue", Run: testQueue},
	{Name: "jobs/unique", Run: testUnique},
	{Name: "jobs/fence", Run: testFence},
	{Name: "jobs/dead", Run: testDead},
	{Name: "timers", Run: testTimers},
	{Name: "quarantine", Run: testQuarantine},
	{Name: "definitions", Run: testDefinitions},
	{Name: "sources tokens items tallies", Run: testSmall},
	{Name: "tickets", Run: testTickets},
	{Name: "requests", Run: testRequests},
	{Name: "audit", Run: testAudit},
	{Name: "text", Run: testText},
	{Name: "transactions/undone", Run: testUndone},
	{Name: "transactions/doomed", Run: testDoomed},
	{Name: "transactions/stopped", Run: testStopped},
	{Name: "transactions/snapshot", Run: testSnapshot},
	{Name: "transactions/reopen", Run: testReopen},
	{Name: "transactions/closed", Run: testClosed},
}
