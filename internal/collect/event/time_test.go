package event_test

import (
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/heed-platform/heed/internal/clock"
	"github.com/heed-platform/heed/internal/collect/event"
)

func TestSingle_time(t *testing.T) {
	t.Parallel()
	at := func(s string) clock.Instant {
		v, err := time.Parse(time.RFC3339Nano, s)
		if err != nil {
			t.Fatal(err)
		}
		return clock.At(v)
	}
	tests := []struct {
		name, fields string
		want         clock.Instant
		kind         event.Kind
	}{
		{name: "no time", fields: ``, want: received},
		{name: "timestamp", fields: `"timestamp":"2026-11-22T09:00:00Z"`, want: at("2026-11-22T09:00:00Z")},
		{name: "originalTimestamp", fields: `"originalTimestamp":"2026-11-22T09:00:00Z"`, want: at("2026-11-22T09:00:00Z")},
		{name: "a clock that is an hour slow", fields: `"timestamp":"2026-11-22T08:59:50Z","sentAt":"2026-11-22T09:00:00Z"`, want: at("2026-11-22T09:59:50Z")},
		{name: "a clock that is an hour fast", fields: `"originalTimestamp":"2026-11-22T10:59:50Z","sentAt":"2026-11-22T11:00:00Z"`, want: at("2026-11-22T09:59:50Z")},
		{name: "history by a server with a good clock", fields: `"timestamp":"2024-01-01T00:00:00Z","sentAt":"2026-11-22T10:00:00Z"`, want: at("2024-01-01T00:00:00Z")},
		{name: "corrected before", fields: `"timestamp":"2026-11-22T09:00:00Z","originalTimestamp":"2026-11-22T07:00:00Z","sentAt":"2026-11-22T08:00:00Z"`, want: at("2026-11-22T09:00:00Z")},
		{name: "sentAt alone", fields: `"sentAt":"2026-11-22T08:00:00Z"`, want: received},
		{name: "the future", fields: `"timestamp":"2036-01-01T00:00:00Z"`, want: received},
		{name: "after it was sent", fields: `"timestamp":"2026-11-22T09:30:00Z","sentAt":"2026-11-22T09:00:00Z"`, want: received},
		{name: "empty text", fields: `"timestamp":"","sentAt":""`, want: received},
		{name: "nanoseconds", fields: `"timestamp":"2026-11-22T09:00:00.123456789Z"`, want: at("2026-11-22T09:00:00.123456Z")},
		{name: "offset", fields: `"timestamp":"2026-11-22T09:00:00.5+05:30"`, want: at("2026-11-22T03:30:00.5Z")},
		{name: "offset without colon", fields: `"timestamp":"2026-11-22T01:00:00-0800"`, want: at("2026-11-22T09:00:00Z")},
		{name: "offset of hours", fields: `"timestamp":"2026-11-22T01:00:00-08"`, want: at("2026-11-22T09:00:00Z")},
		{name: "no zone", fields: `"timestamp":"2026-11-22T09:00:00"`, want: at("2026-11-22T09:00:00Z")},
		{name: "no seconds", fields: `"timestamp":"2026-11-22T09:00Z"`, want: at("2026-11-22T09:00:00Z")},
		{name: "small letters", fields: `"timestamp":"2026-11-22t09:00:00z"`, want: at("2026-11-22T09:00:00Z")},
		{name: "leap second", fields: `"timestamp":"2016-12-31T23:59:60Z"`, want: at("2017-01-01T00:00:00Z")},
		{name: "before 1970", fields: `"timestamp":"1931-02-03T04:05:06.7Z"`, want: at("1931-02-03T04:05:06.7Z")},
		{name: "milliseconds", fields: `"timestamp":1795338000123`, want: at("2026-11-22T09:00:00.123Z")},
		{name: "milliseconds as text", fields: `"timestamp":"1795338000123"`, want: at("2026-11-22T09:00:00.123Z")},
		{name: "milliseconds with a fraction", fields: `"timestamp":1795338000123.4567`, want: at("2026-11-22T09:00:00.123456Z")},
		{name: "an import", fields: `"timestamp":"2015-12-12T19:11:01Z","sentAt":"2015-12-12T19:11:05Z"`, want: at("2015-12-12T19:11:01Z"), kind: event.Import},
	}
	for _, tt := range tests {
		src := server()
		if tt.kind != 0 {
			src.Kind = tt.kind
		}
		body := `{"type":"page","userId":"u"}`
		if tt.fields != "" {
			body = `{"type":"page","userId":"u",` + tt.fields + `}`
		}
		v := one(t, body, src)
		if v.Code != "" || v.Event.At != tt.want || v.Event.Received != received {
			t.Errorf("%s: %s %s, want %s", tt.name, v.Event.At.Format(), v.Why, tt.want.Format())
		}
	}
}

func TestSingle_badTime(t *testing.T) {
	t.Parallel()
	for _, bad := range []string{
		`"2026-11-22"`, `"2026-02-30T00:00:00Z"`, `"2026-13-01T00:00:00Z"`, `"2026-00-01T00:00:00Z"`, `"2026-01-00T00:00:00Z"`,
		`"2026-01-01T24:00:00Z"`, `"2026-01-01T00:60:00Z"`, `"2026-01-01T00:00:61Z"`, `"2026-01-01T00:00:00."`, `"2026-01-01T00:00:00.Z"`,
		`"2026-01-01T00:00:00+24:00"`, `"2026-01-01T00:00:00+1"`, `"2026-01-01T00:00:00 UTC"`, `"2026-1-1T00:00:00Z"`, `"Sun, 22 Nov 2026 10:00:00 GMT"`,
		`1795338000`, `"1795338000"`, `-1795338000123`, `1.795e12`, `99999999999999999`, `true`, `[]`, `"\u0032026"`, `"T"`, `"2026-11-22T"`,
	} {
		if v := one(t, `{"type":"page","userId":"u","timestamp":`+bad+`}`, server()); v.Code != event.BadTime {
			t.Errorf("%s: %q, read as %s", bad, v.Code, v.Event.At.Format())
		}
	}
}

func TestBatch_sentAt(t *testing.T) {
	t.Parallel()
	events := `[{"type":"page","userId":"u","timestamp":"2026-11-22T08:00:00Z"},{"type":"page","userId":"u","timestamp":"2026-11-22T08:00:00Z","sentAt":"2026-11-22T10:00:00Z"}]`
	for _, body := range []string{`{"batch":` + events + `,"sentAt":"2026-11-22T09:00:00Z"}`, `{"sentAt":"2026-11-22T09:00:00Z","batch":` + events + `}`} {
		p, err := event.Batch([]byte(body), server(), received)
		if err != nil {
			t.Fatal(err)
		}
		if a, b := p.Verdicts[0].Event.At, p.Verdicts[1].Event.At; a != received.Add(-time.Hour) || b != received.Add(-2*time.Hour) {
			t.Errorf("%s and %s", a.Format(), b.Format())
		}
	}
	p, err := event.Batch([]byte(`{"batch":`+events+`,"sentAt":"soon"}`), server(), received)
	if err != nil || p.Verdicts[0].Code != event.BadTime || p.Verdicts[1].Code != "" {
		t.Errorf("a bad sentAt of the batch: %v, %q, %q", err, p.Verdicts[0].Code, p.Verdicts[1].Code)
	}
}

// TestSingle_timeLikeTheLibrary compares with time.Parse over all of RFC 3339.
func TestSingle_timeLikeTheLibrary(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(r *rapid.T) {
		text := rapid.StringMatching(`(19|20)[0-9]{2}-(0[0-9]|1[0-3])-([0-2][0-9]|3[0-2])T([01][0-9]|2[0-4]):[0-6][0-9]:[0-5][0-9](\.[0-9]{1,9})?(Z|[+-](0[0-9]|1[0-9]|2[0-3]):[0-5][0-9])`).Draw(r, "time")
		want, err := time.Parse(time.RFC3339Nano, text)
		p, perr := event.Single([]byte(`{"type":"page","userId":"u","timestamp":"`+text+`"}`), 0, server(), clock.Instant(1<<62))
		if perr != nil {
			r.Fatal(perr)
		}
		v := p.Verdicts[0]
		if (err == nil) != (v.Code == "") {
			r.Fatalf("%s: the library says %v, we %q", text, err, v.Code)
		}
		if err == nil && v.Event.At != clock.At(want) {
			r.Fatalf("%s became %s", text, v.Event.At.Format())
		}
	})
	if strings.Contains(received.Format(), "1970") {
		t.Fatal("the test's clock is not set")
	}
}
