package town_test

import (
	"encoding/json"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/heed-platform/heed/internal/app/town"
)

var monday = time.Date(2026, 3, 2, 0, 0, 0, 0, time.UTC)

func TestDay_theSameForTheSameSeed(t *testing.T) {
	t.Parallel()
	a, b := town.New(7, 50).Day(3, monday), town.New(7, 50).Day(3, monday)
	if diff := cmp.Diff(a, b, cmpopts.IgnoreUnexported(town.Message{})); diff != "" {
		t.Fatalf("two runs of one seed differ:\n%s", diff)
	}
	if cmp.Equal(a, town.New(8, 50).Day(3, monday), cmpopts.IgnoreUnexported(town.Message{})) {
		t.Fatal("another seed made the same day")
	}
}

func TestDay_aMonthHasEverythingTheStoriesNeed(t *testing.T) {
	t.Parallel()
	tw := town.New(1, 80)
	seen, ids := map[string]int{}, map[string]bool{}
	for day := range 40 {
		last := time.Time{}
		for _, m := range tw.Day(day, monday.AddDate(0, 0, day)) {
			if m.At.Before(last) {
				t.Fatalf("day %d goes back in time", day)
			}
			last = m.At
			var e struct {
				Type, Event, MessageID string
				Context                map[string]any
			}
			if err := json.Unmarshal(m.Body, &e); err != nil {
				t.Fatal(err)
			}
			if ids[e.MessageID] {
				t.Fatalf("message id %s came twice", e.MessageID)
			}
			ids[e.MessageID] = true
			seen[m.Source+"/"+e.Type+"/"+e.Event]++
			if e.Context["messaging_subscriptions"] != nil {
				seen["said something about letters"]++
			}
		}
	}
	for _, want := range []string{
		"web/page/", "web/track/Product Viewed", "server/identify/", "card-desk/identify/", "server/track/Order Completed",
		"till/track/Order Completed", "server/track/Order Shipped", "server/track/Order Refunded", "said something about letters",
	} {
		if seen[want] == 0 {
			t.Errorf("a month in town has no %s", want)
		}
	}
	a, b := tw.Person(0), tw.Person(1)
	if a.Tablet == "" || a.Tablet != b.Tablet || a.Account == b.Account {
		t.Error("no two people share a tablet")
	}
}
