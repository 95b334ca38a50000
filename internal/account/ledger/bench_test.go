package ledger_test

import (
	"fmt"
	"io"
	"testing"

	"github.com/heed-platform/heed/internal/account/housetest"
	"github.com/heed-platform/heed/internal/account/ledger"
)

// BenchmarkExport_people exports 2,000 people with three identifiers each.
func BenchmarkExport_people(b *testing.B) {
	const people = 2000
	h := housetest.New(b, "sqlite", "")
	for from := 0; from < people; from += 500 {
		var events []housetest.Event
		for i := from; i < from+500; i++ {
			events = append(events, housetest.Event{
				"type": "identify", "userId": fmt.Sprintf("u-%d", i), "anonymousId": fmt.Sprintf("b-%d", i),
				"traits": map[string]any{"email": fmt.Sprintf("u-%d@example.com", i)},
			})
		}
		h.Hears("server", events...)
	}
	for b.Loop() {
		n, err := ledger.Export(b.Context(), h.Keep.Gate, ledger.People, asking, io.Discard)
		if err != nil || n != people {
			b.Fatal(n, err)
		}
	}
	b.ReportMetric(float64(b.N)*people/b.Elapsed().Seconds(), "people/s")
}
