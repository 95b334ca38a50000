package event_test

import (
	"bytes"
	"encoding/json"
	"testing"

	"github.com/heed-platform/heed/internal/clock"
	"github.com/heed-platform/heed/internal/collect/event"
	"github.com/heed-platform/heed/internal/fact"
)

// An Order Completed as a shop sends it: 751 bytes, as in the lab's load.
const track751 = `{"type":"track","messageId":"9c0f2a31-7f14-4bfa-a2b0-9cf0f5e2a871","userId":"user-000482913","anonymousId":"a1b2c3d4-0482-4913-9abc-def012345678","timestamp":"2026-11-22T10:00:00.000Z","event":"Order Completed","properties":{"order_id":"order-73482913","total":129.90,"revenue":119.90,"currency":"EUR","products":[{"product_id":"p-4711","sku":"SKU-4711-42","name":"Running shoe","brand":"Acme","category":"shoes","price":79.95,"quantity":1},{"product_id":"p-0815","sku":"SKU-0815-M","name":"Running socks","category":"socks","price":9.95,"quantity":4}]},"context":{"ip":"203.0.113.7","locale":"de-DE","library":{"name":"analytics.js","version":"2.1.0"},"page":{"path":"/checkout/done","title":"Thanks!!!!","url":"https://shop.example/checkout/done"}}}`

func BenchmarkSingle(b *testing.B) {
	body := []byte(track751)
	b.SetBytes(int64(len(body)))
	b.ReportAllocs()
	for b.Loop() {
		p, err := event.Single(body, fact.Track, event.Source{Key: "web", Kind: event.Server}, clock.Instant(1795341601000000))
		if err != nil || p.Verdicts[0].Code != "" {
			b.Fatal(err, p.Verdicts[0].Why)
		}
	}
}

// BenchmarkBatch reports per event, in batches of 20.
func BenchmarkBatch(b *testing.B) {
	const n = 20
	one := []byte(track751)
	body := append([]byte(`{"batch":[`), bytes.Repeat(append(one, ','), n-1)...)
	body = append(append(body, one...), `],"sentAt":"2026-11-22T10:00:00.000Z"}`...)
	b.ReportAllocs()
	b.SetBytes(int64(len(body)))
	for b.Loop() {
		p, err := event.Batch(body, event.Source{Key: "web", Kind: event.Server}, clock.Instant(1795341601000000))
		if err != nil || len(p.Verdicts) != n || p.Verdicts[n-1].Code != "" {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N*n), "ns/event")
}

func BenchmarkDigest(b *testing.B) {
	raw := fact.Raw(track751)
	b.ReportAllocs()
	for b.Loop() {
		event.Digest("web", raw)
	}
}

func BenchmarkPath(b *testing.B) {
	raw := fact.Raw(track751)
	b.ReportAllocs()
	for b.Loop() {
		if event.Path(raw, "context.page.url") == nil {
			b.Fatal("not found")
		}
	}
}

// BenchmarkEncodingJSON is the yardstick: the standard library decoding only
// the envelope of the same event, loosely.
func BenchmarkEncodingJSON(b *testing.B) {
	body := []byte(track751)
	b.ReportAllocs()
	for b.Loop() {
		var e struct {
			Type, MessageID, UserID, AnonymousID, Event string
			Timestamp                                   json.RawMessage
			Properties, Traits, Context                 json.RawMessage
		}
		if err := json.Unmarshal(body, &e); err != nil {
			b.Fatal(err)
		}
	}
}
