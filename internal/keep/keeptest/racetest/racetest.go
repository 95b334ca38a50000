// Package racetest is the part of keeptest in which chance takes part: random
// work beside a model of maps, and several handles that race on one database.
//
// Each race has a control that a careless engine must fail. Start reading at
// Suite.
package racetest

import given "github.com/heed-platform/heed/internal/keep/keeptest/giventest"

// Suite is what keeptest.Run adds to its own.
var Suite = []given.Test{
	{Name: "identity/model", Run: testIdentityModel},
	{Name: "data/model", Run: testDataModel},
	{Name: "nodes/admit", Run: testAdmitRace},
	{Name: "nodes/claim", Run: testClaimRace},
	{Name: "nodes/lock", Run: testLockBlocks},
	{Name: "nodes/chain", Run: testChainRace},
	{Name: "nodes/cut", Run: testCutRace},
	{Name: "nodes/forget", Run: testForgetRace},
}
