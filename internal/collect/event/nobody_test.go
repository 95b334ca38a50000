package event_test

import (
	"strings"
	"testing"

	"github.com/heed-platform/heed/internal/collect/event"
)

// TestSingle_nobody: what happened to nobody in particular is kept by itself: no
// two such events meet, a retry does, and an event made of a row needs somebody.
func TestSingle_nobody(t *testing.T) {
	t.Parallel()
	seen := map[string]string{}
	for name, body := range map[string]string{
		"a track":                `{"type":"track","event":"A","messageId":"1"}`,
		"another":                `{"type":"track","event":"A","messageId":"2"}`,
		"a page without an id":   `{"type":"page","name":"Home"}`,
		"empty is absent":        `{"type":"track","event":"A","userId":"","anonymousId":null}`,
		"properties name nobody": `{"type":"track","event":"A","properties":{"email":"a@b.c","userId":"u"}}`,
	} {
		first, again := one(t, body, server()), one(t, body, server())
		id := ids(first.Event)
		if first.Code != "" || !strings.HasPrefix(id, "anonymous_id=nobody-") || ids(again.Event) != id {
			t.Errorf("%s: %s, %s, %s", name, first.Code, id, ids(again.Event))
		}
		if other, met := seen[id]; met {
			t.Errorf("%s and %s are one", name, other)
		}
		seen[id] = name
		row := server()
		row.Named = true
		if v := one(t, body, row); v.Code != event.NoIdentifier {
			t.Errorf("%s, made of a row: %q", name, v.Code)
		}
		elsewhere := server()
		elsewhere.Key = "another"
		if v := one(t, body, elsewhere); ids(v.Event) == id {
			t.Errorf("%s of another source is the same", name)
		}
	}
}
