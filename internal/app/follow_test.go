package app_test

import (
	"context"
	"testing"
	"time"

	"github.com/heed-platform/heed/internal/keep/catalog"
	"github.com/heed-platform/heed/internal/keep/keeptest/pgtest"
)

// TestFollow_anotherNode: a campaign that is paused on one node is silent on the
// others a moment later, and a token that was made there opens here.
func TestFollow_anotherNode(t *testing.T) {
	t.Parallel()
	folder := t.TempDir()
	here := &house{env: map[string]string{"HEED_DATABASE": pgtest.URL(t), "HEED_KEYS": pgtest.URL(t)}}
	here.begin(t, folder)
	defer here.close()
	here.furnish()
	here.goLive("order-received")
	there := &house{env: here.env}
	there.begin(t, folder)
	defer there.close()

	ctx, stop := context.WithCancel(t.Context())
	wait := there.Work(ctx)
	defer func() { stop(); wait() }()

	live := func(h *house) bool {
		for _, c := range h.World().Campaigns.All() {
			if c.Key == "order-received" {
				return true
			}
		}
		return false
	}
	if !live(here) || !live(there) {
		t.Fatal("it is not live on both")
	}
	boss := catalog.Actor{Role: catalog.Admin, Name: "boss"}
	if _, err := here.Pause(ctx, "order-received", boss); err != nil {
		t.Fatal(err)
	}
	token, err := here.AddToken(ctx, boss, catalog.Auditor, "kim")
	if err != nil {
		t.Fatal(err)
	}
	for begun := time.Now(); ; time.Sleep(20 * time.Millisecond) {
		_, known := there.Actor(token)
		if !live(there) && known {
			break
		}
		if time.Since(begun) > 20*time.Second {
			t.Fatalf("another node does not follow: live %v, token known %v", live(there), known)
		}
	}
}
