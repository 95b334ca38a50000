package audience

import (
	"encoding/json"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/heed-platform/heed/internal/know/audience/expression"
	"github.com/heed-platform/heed/internal/know/profile/schema"
)

func TestLearned(t *testing.T) {
	t.Parallel()
	const seen = `{
		"traits.plan": {"text": 9, "null": 1}, "traits.age": {"number": 3}, "traits.vip": {"bool": 1}, "traits.tags": {"list": 2},
		"traits.renews_at": {"time": 4}, "traits.note": {"text": 4, "time": 1}, "traits.size": {"text": 4, "number": 1}, "traits.gone": {"null": 2},
		"traits.address": {"object": 2}, "traits.address.city": {"text": 2}, "traits.a.b": {"number": 1}, "traits.(other)": {"text": 5},
		"events.Order Completed": {"object": 7}, "events.Order Completed.total": {"number": 7}, "events.v1.2 Opened": {"null": 1}, "(other)": {"text": 1}
	}`
	var s schema.Schema
	if err := json.Unmarshal([]byte(seen), &s); err != nil {
		t.Fatal(err)
	}
	got := Learned(&s)
	want := map[string]expression.Type{
		"plan": expression.String, "age": expression.Number, "vip": expression.Bool, "tags": expression.List, "renews_at": expression.Time,
		"note": expression.String, "size": expression.Mixed, "gone": expression.Mixed, "address": expression.Object, "a.b": expression.Number,
	}
	if diff := cmp.Diff(want, got.Traits); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff([]string{"Order Completed", "v1.2 Opened"}, got.Events); diff != "" {
		t.Error(diff)
	}
	if none := Learned(&schema.Schema{}); len(none.Traits) != 0 || len(none.Events) != 0 {
		t.Errorf("nothing was seen, and yet %v", none)
	}
}
