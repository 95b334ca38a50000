package event_test

import (
	"bytes"
	"encoding/json"
	"testing"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"

	"github.com/heed-platform/heed/internal/clock"
	"github.com/heed-platform/heed/internal/collect/event"
	"github.com/heed-platform/heed/internal/fact"
	"github.com/heed-platform/heed/internal/person"
)

func FuzzBatch(f *testing.F) {
	f.Add([]byte(`{"batch":[` + track751 + `],"sentAt":"2026-11-22T10:00:00Z","context":{"library":{"name":"go"}},"integrations":{"All":true}}`))
	f.Add([]byte(`{"batch":[{"type":"identify","userId":1,"traits":{"email":"a@b.c"},"context":{"traits":{"phone":"1"},"device":{"id":"d","adTrackingEnabled":true,"advertisingId":"x"},"externalIds":[{"id":"1","type":"card","collection":"users","encoding":"none"}],"notice":"n@1"}},null,{"type":"alias","previousId":"p"}]}`))
	f.Add([]byte(`{"context":{"a":1},"batch":[{"type":"group","groupId":"g","context":[ ],"timestamp":1795338000123.5}],"writeKey":"k"}`))
	f.Add([]byte("{\"batch\":[{\"userId\":\"\xff\",\"USERID\":\"\\ud800\"}]}"))
	f.Fuzz(func(t *testing.T, body []byte) {
		sent := bytes.Clone(body)
		event.WriteKey(body)
		p, err := event.Batch(body, browser(), received)
		if !bytes.Equal(sent, body) {
			t.Fatal("the body was changed")
		}
		if err != nil {
			return
		}
		var theirs struct{ Batch []json.RawMessage }
		if err := json.Unmarshal(body, &theirs); err == nil && len(theirs.Batch) != len(p.Verdicts) {
			t.Fatalf("%d events, encoding/json sees %d", len(p.Verdicts), len(theirs.Batch))
		}
		for i, v := range p.Verdicts {
			if v.Index != i || (v.Code == "") == (v.Event.Raw == nil) {
				t.Fatalf("verdict %d: index %d, code %q", i, v.Index, v.Code)
			}
			if v.Code == "" {
				sound(t, v.Event)
			}
		}
	})
}

// sound fails unless an accepted event keeps what the package promises.
func sound(t *testing.T, e fact.Event) {
	t.Helper()
	switch {
	case !json.Valid(e.Raw) || !utf8.Valid(e.Raw):
		t.Fatal("accepted what encoding/json refuses")
	case e.Message == "" || len(e.Message) > event.MaxID || len(e.Identifiers) == 0 || e.At > e.Received:
		t.Fatalf("unsound: message of %d bytes, %d identifiers, at %s", len(e.Message), len(e.Identifiers), e.At.Format())
	}
	for _, id := range e.Identifiers {
		if v := id.Value.Reveal(); v == "" || id.NS != person.PushToken && len(v) > event.MaxID || !utf8.ValidString(v) {
			t.Fatalf("unsound identifier of %s", id.NS)
		}
	}
	again, err := event.Single(e.Raw, e.Type, browser(), e.Received)
	if err != nil || again.Verdicts[0].Code != "" {
		t.Fatalf("not accepted again: %v %s", err, again.Verdicts[0].Why)
	}
	same := func(a, b fact.Event) bool {
		return a.Message == b.Message && ids(a) == ids(b) && a.Verified == b.Verified
	}
	if !same(e, again.Verdicts[0].Event) {
		t.Fatal("the same bytes met another fragment")
	}
}

// FuzzTraits compares what the readers see of an accepted event with
// encoding/json.
func FuzzTraits(f *testing.F) {
	f.Add([]byte(`{"type":"identify","userId":"u","traits":{"a":1,"b":null},"context":{"traits":{"b":2,"c":[1.0,"\u00e9"]}},"properties":{"x":{"y":1}}}`))
	f.Add([]byte(`{"type":"track","event":"A","userId":"u","context":{"traits":{"b":2}},"properties":{"a.b":1}}`))
	f.Add([]byte(`{"traits":{"a":"\`))
	f.Fuzz(func(t *testing.T, body []byte) {
		loose := fact.Event{Type: fact.Identify, Raw: body}
		for range event.Traits(&loose) {
		}
		event.Path(body, "context.traits.a")
		p, err := event.Single(body, 0, server(), clock.Instant(0))
		if err != nil || p.Verdicts[0].Code != "" {
			return
		}
		e := p.Verdicts[0].Event
		var theirs struct {
			Type       string                     `json:"type"`
			Traits     map[string]json.RawMessage `json:"traits"`
			Properties map[string]json.RawMessage `json:"properties"`
			Context    struct {
				Traits map[string]json.RawMessage `json:"traits"`
			} `json:"context"`
		}
		if err := json.Unmarshal(body, &theirs); err != nil {
			return // An empty list stands for an empty object, which encoding/json cannot say.
		}
		want := map[string]string{}
		for name, v := range theirs.Context.Traits {
			want[name] = string(v)
		}
		if theirs.Type == "identify" {
			for name, v := range theirs.Traits {
				want[name] = string(v)
			}
		}
		got := map[string]string{}
		for name, v := range event.Traits(&e) {
			got[name] = string(v)
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Fatalf("traits (-encoding/json +ours):\n%s", diff)
		}
		n := 0
		for name, v := range event.Properties(e.Raw) {
			if n++; string(theirs.Properties[name]) != string(v) {
				t.Fatalf("property %q", name)
			}
		}
		if n != len(theirs.Properties) {
			t.Fatalf("%d properties, encoding/json sees %d", n, len(theirs.Properties))
		}
	})
}
