package app

import (
	"testing"

	"github.com/heed-platform/heed/internal/clock"
	"github.com/heed-platform/heed/internal/keep/catalog"
)

// TestHistory_rulesOfThen: each moment has the rules of its time; before the
// first there are none.
func TestHistory_rulesOfThen(t *testing.T) {
	t.Parallel()
	entry := func(kind catalog.Kind, key string, version int64, at clock.Instant, body string) catalog.Entry {
		return catalog.Entry{Kind: kind, Key: key, Version: version, At: at, Status: catalog.Live, Body: []byte(body)}
	}
	first := entry(catalog.Attribute, "first_name", 1, 10, `{"name":"first_name","label":"name","category":"user.name"}`)
	first.Status = catalog.Superseded
	h := newHistory([]catalog.Entry{
		entry(catalog.Category, "user.name", 1, 10, `{"key":"user.name","label":"name"}`), first,
		entry(catalog.Attribute, "first_name", 2, 20, `{"name":"first_name","label":"given name","category":"user.name"}`),
	})
	for at, want := range map[clock.Instant]string{9: "", 10: "name", 19: "name", 20: "given name", 99: "given name"} {
		r, err := h.rules(at)
		if err != nil {
			t.Fatal(err)
		}
		if got := r.Label("traits.first_name"); got != want {
			t.Errorf("at %d it is called %q, want %q", at, got, want)
		}
	}
}
