package schema

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/heed-platform/heed/internal/fact"
)

func identify(traits string) *fact.Event {
	return &fact.Event{Type: fact.Identify, Raw: fact.Raw(`{"traits":` + traits + `}`)}
}

func track(name, properties string) *fact.Event {
	return &fact.Event{Type: fact.Track, Name: name, Raw: fact.Raw(`{"properties":` + properties + `}`)}
}

func TestTypeOf(t *testing.T) {
	t.Parallel()
	for value, want := range map[string]Type{
		`null`: Null, ``: Null, `true`: Bool, `false`: Bool, `12.5`: Number, `-1`: Number, `"x"`: Text, `""`: Text,
		`"2026-02-01"`: Time, `"2026-02-01T10:00:00Z"`: Time, `"2026-13-01"`: Text, `"1-800-555-1234"`: Text,
		`[1]`: List, `{"a":1}`: Object,
	} {
		if got := TypeOf(fact.Raw(value)); got != want {
			t.Errorf("TypeOf(%s) = %s, want %s", value, got, want)
		}
	}
}

func TestObserve(t *testing.T) {
	t.Parallel()
	var s Schema
	s.Observe(identify(`{"plan":"pro","age":31,"address":{"country":"DE","geo":{"lat":1}}}`))
	s.Observe(identify(`{"plan":null,"age":"31","born":"1990-01-01"}`))
	s.Observe(track("Order Completed", `{"total":5}`))
	s.Observe(track("Order Completed", `{"total":"5"}`))
	s.Observe(&fact.Event{Type: fact.Page, Raw: fact.Raw(`{"name":"Home"}`)})
	b, err := json.Marshal(&s)
	if err != nil {
		t.Fatal(err)
	}
	const want = `{"events.Order Completed":{"object":2},"events.Order Completed.total":{"number":1,"text":1},` +
		`"events.page":{"null":1},"traits.address":{"object":1},"traits.address.country":{"text":1},` +
		`"traits.address.geo":{"object":1},"traits.address.geo.lat":{"number":1},"traits.age":{"number":1,"text":1},` +
		`"traits.born":{"time":1},"traits.plan":{"null":1,"text":1}}`
	if d := cmp.Diff(want, string(b)); d != "" {
		t.Error(d)
	}
	for path, want := range map[string]string{"traits.plan": "text", "traits.age": "number mixed 1", "traits.born": "time"} {
		seen, _ := s.Of(path)
		ty, mixed := seen.Type()
		got := ty.String()
		if mixed {
			got = fmt.Sprintf("%s mixed %d", got, seen.Strays())
		}
		if got != want {
			t.Errorf("%s is %s, want %s", path, got, want)
		}
	}
}

func TestObserve_namesThatCouldBeData(t *testing.T) {
	t.Parallel()
	var s Schema
	s.Observe(identify(`{"anna@example.org":1,"4915112345":true,"` + strings.Repeat("x", 65) + `":1,"line2":1,"":1}`))
	if d := cmp.Diff([]string{"traits.(other)", "traits.line2"}, s.Paths()); d != "" {
		t.Error(d)
	}
}

func TestObserve_endlessNames(t *testing.T) {
	t.Parallel()
	var s Schema
	for i := range 2 * maxPaths {
		s.Observe(identify(fmt.Sprintf(`{"x%dy%d":1}`, i%1000, i/1000)))
	}
	if n := len(s.Paths()); n != maxPaths+1 {
		t.Errorf("%d paths are held, want %d and one for the others", n, maxPaths)
	}
}

func TestSeen_timesAmongTexts(t *testing.T) {
	t.Parallel()
	s := Seen{Text: 2, Time: 3}
	if ty, mixed := s.Type(); ty != Text || mixed || s.Strays() != 0 {
		t.Errorf("got %s, %v, %d strays", ty, mixed, s.Strays())
	}
}

func TestMerge_anyOrder(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		events := rapid.SliceOf(rapid.Custom(func(t *rapid.T) *fact.Event {
			return identify(fmt.Sprintf(`{%q:%s}`, rapid.SampledFrom([]string{"a", "b"}).Draw(t, "name"),
				rapid.SampledFrom([]string{"1", `"x"`, "null", `{"c":[]}`}).Draw(t, "value")))
		})).Draw(t, "events")
		var all, a, b Schema
		for _, e := range events {
			all.Observe(e)
			if rapid.Bool().Draw(t, "which") {
				a.Observe(e)
			} else {
				b.Observe(e)
			}
		}
		a.Merge(&b)
		want, err := json.Marshal(&all)
		if err != nil {
			t.Fatal(err)
		}
		got, err := json.Marshal(&a)
		if err != nil {
			t.Fatal(err)
		}
		if d := cmp.Diff(string(want), string(got)); d != "" {
			t.Fatal(d)
		}
		var read Schema
		if err := json.Unmarshal(got, &read); err != nil {
			t.Fatal(err)
		}
		if again, _ := json.Marshal(&read); string(again) != string(got) {
			t.Fatalf("read back as %s", again)
		}
	})
}

func FuzzUnmarshal(f *testing.F) {
	f.Add([]byte(`{"traits.a":{"text":3}}`))
	f.Add([]byte(`{"traits.a":{"nonsense":3}}`))
	f.Fuzz(func(_ *testing.T, b []byte) {
		var s Schema
		if s.UnmarshalJSON(b) != nil {
			return
		}
		for _, p := range s.Paths() {
			if seen, ok := s.Of(p); ok {
				seen.Type()
				seen.Strays()
			}
		}
	})
}
