package gate

import (
	"testing"
	"time"

	"github.com/heed-platform/heed/internal/clock"
	"github.com/heed-platform/heed/internal/fact"
	"github.com/heed-platform/heed/internal/policy"
	"github.com/heed-platform/heed/internal/policy/define"
)

func TestAged(t *testing.T) {
	t.Parallel()
	rules, err := policy.Compile(define.Definitions{Sources: []define.Source{
		{Key: "bought", Label: "a list we bought", Kind: "import", Origin: define.Origin(fact.ThirdParty), Expire: 30},
		{Key: "till", Label: "the till", Kind: "server", Origin: define.Origin(fact.Declared)},
	}})
	if err != nil {
		t.Fatal(err)
	}
	at := clock.At(time.Date(2026, 11, 1, 0, 0, 0, 0, time.UTC))
	day := 24 * time.Hour
	p := &fact.Profile{Attributes: []fact.Attribute{
		{Name: "a", Source: "bought", At: at, Expires: at.Add(90 * day)},
		{Name: "b", Source: "bought", At: at},
		{Name: "c", Source: "bought", At: at, Expires: at.Add(day)},
		{Name: "d", Source: "till", At: at},
		{Name: "e", Source: "gone", At: at, Expires: at.Add(90 * day)},
	}}
	got := aged(rules, p)
	for i, want := range []clock.Instant{at.Add(30 * day), at.Add(30 * day), at.Add(day), 0, at.Add(90 * day)} {
		if got.Attributes[i].Expires != want {
			t.Errorf("%s runs out at %v, want %v", got.Attributes[i].Name, got.Attributes[i].Expires.Time(), want.Time())
		}
	}
	if p.Attributes[1].Expires != 0 {
		t.Error("what the state holds was changed")
	}
	if aged(nil, p) != p || aged(rules, &fact.Profile{}).Attributes != nil {
		t.Error("without rules or values nothing ages")
	}
}
