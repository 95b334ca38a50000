package audit_test

import (
	"context"
	"testing"

	"github.com/heed-platform/heed/internal/account/audit"
	"github.com/heed-platform/heed/internal/account/housetest"
	"github.com/heed-platform/heed/internal/keep"
)

// BenchmarkVerify_audit walks a chain of 100,000 entries that tell of facts;
// 1,000,000 should take at most ten seconds.
func BenchmarkVerify_audit(b *testing.B) {
	const entries = 100_000
	h := housetest.New(b, "sqlite", "")
	for range entries / 10_000 {
		err := h.Keep.Vault().Write(context.Background(), h.Keep.Writer, nil, func(tx *keep.Tx) error {
			for i := range 10_000 {
				tx.Audit(keep.AuditEntry{
					What: "grant.granted", By: "source:server", Person: "00112233445566778899aabb",
					Ref: "marketing.communications.email", N: uint64(i), Tag: make([]byte, 16),
				})
			}
			return nil
		})
		if err != nil {
			b.Fatal(err)
		}
	}
	for b.Loop() {
		r, err := audit.Verify(context.Background(), h.Keep, nil)
		if err != nil || r.Entries < entries {
			b.Fatal(err, r.Entries)
		}
	}
	b.ReportMetric(float64(b.Elapsed().Seconds())/float64(b.N)*1_000_000/entries, "s/1M-entries")
}
