package gate_test

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/heed-platform/heed/internal/keep/keeptest/pgtest"
	house "github.com/heed-platform/heed/internal/line/linetest"
)

// nodes opens one PostgreSQL database as three nodes do, each with a folder and a
// name of its own and the keys that they share.
func nodes(t *testing.T) []*house.House {
	t.Helper()
	url := pgtest.URL(t)
	all := []*house.House{house.Open(t, t.TempDir(), url)}
	keys, err := os.ReadFile(all[0].KeyFile())
	for err == nil && len(all) < 3 {
		folder := t.TempDir()
		err = os.WriteFile(filepath.Join(folder, "heed.kek"), keys, 0o600)
		all = append(all, house.Open(t, folder, url))
	}
	if err != nil {
		t.Fatal(err)
	}
	return all
}

// The no is heard by one node while another one sends.
func TestDeclare_noNodeSendsAfterIt(t *testing.T) {
	t.Parallel()
	sent, after := raceRevocation(t, nodes(t), asked, rounds())
	t.Logf("%d races on three nodes, %d letters left", racers*rounds(), sent)
	if after != 0 {
		t.Fatalf("%d of %d letters left after the person had been told that none would", after, sent)
	}
	if sent == 0 {
		t.Fatal("nothing left at all; nothing was raced")
	}
}

// A sender that checks before its transaction is caught here too.
func TestDeclare_nodesHaveAControl(t *testing.T) {
	t.Parallel()
	if sent, after := raceRevocation(t, nodes(t), careless, rounds()/2); after == 0 {
		t.Fatalf("a sender that does not ask again was not caught in %d letters", sent)
	}
}
