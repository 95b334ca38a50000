package consent_test

import (
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/heed-platform/heed/internal/collect/consent"
	"github.com/heed-platform/heed/internal/fact"
)

func TestNews(t *testing.T) {
	t.Parallel()
	before, after := received.Add(-time.Hour), received.Add(time.Hour)
	entry := func(status fact.GrantStatus, method string) fact.Grant {
		return fact.Grant{Purpose: "analytics", Status: status, Method: method, Notice: "shop@2", Said: received, Received: received}
	}
	late := func(g fact.Grant) fact.Grant {
		g.Said, g.Received = after, after
		return g
	}
	backdated := func(g fact.Grant) fact.Grant {
		g.Said, g.Received = before, after
		return g
	}
	under := func(notice string, g fact.Grant) fact.Grant {
		g.Notice = notice
		return g
	}
	act, state := consent.MethodAct, consent.MethodState
	tests := []struct {
		name     string
		standing []fact.Grant
		heard    fact.Grant
		want     bool
	}{
		{"the first word", nil, entry(fact.Granted, state), true},
		{"the first refusal", nil, entry(fact.Denied, state), true},
		{"an echo of yes", []fact.Grant{entry(fact.Granted, state)}, late(entry(fact.Granted, state)), false},
		{"an echo of no", []fact.Grant{entry(fact.Denied, state)}, late(entry(fact.Denied, state)), false},
		{"a no after a yes", []fact.Grant{entry(fact.Granted, act)}, late(entry(fact.Denied, state)), true},
		{"a no that is late", []fact.Grant{entry(fact.Granted, act)}, backdated(entry(fact.Denied, act)), true},
		{"a weaker no", []fact.Grant{entry(fact.Withdrawn, "unsubscribe")}, late(entry(fact.Denied, state)), false},
		{"a stronger no", []fact.Grant{entry(fact.Denied, state)}, late(entry(fact.Withdrawn, act)), true},
		{"a state after a withdrawal", []fact.Grant{entry(fact.Withdrawn, "unsubscribe")}, late(entry(fact.Granted, state)), false},
		{"an act after a withdrawal", []fact.Grant{entry(fact.Withdrawn, "unsubscribe")}, late(entry(fact.Granted, act)), true},
		{"an act without a notice", []fact.Grant{entry(fact.Withdrawn, "unsubscribe")}, under("", late(entry(fact.Granted, act))), false},
		{"an act of before that comes late", []fact.Grant{entry(fact.Withdrawn, "unsubscribe")}, backdated(entry(fact.Granted, act)), false},
		{"an act at the same moment", []fact.Grant{entry(fact.Withdrawn, "unsubscribe")}, entry(fact.Granted, act), false},
		{"a state under a new notice", []fact.Grant{entry(fact.Granted, act)}, under("shop@3", late(entry(fact.Granted, state))), false},
		{"an act under a new notice", []fact.Grant{entry(fact.Granted, act)}, under("shop@3", late(entry(fact.Granted, act))), true},
		{"an old act under another notice", []fact.Grant{entry(fact.Granted, act)}, under("shop@1", backdated(entry(fact.Granted, act))), false},
		{"the worst of several stands", []fact.Grant{entry(fact.Granted, act), entry(fact.Withdrawn, "form")}, late(entry(fact.Granted, state)), false},
		{"GPC is no answer to a question", []fact.Grant{entry(fact.Objected, consent.MethodGPC)}, entry(fact.Granted, state), true},
		{"an answer is no GPC", []fact.Grant{entry(fact.Objected, "form")}, entry(fact.Objected, consent.MethodGPC), true},
		{"an echo of GPC", []fact.Grant{entry(fact.Objected, consent.MethodGPC)}, late(entry(fact.Objected, consent.MethodGPC)), false},
	}
	for _, tt := range tests {
		if got := len(consent.News(tt.standing, []fact.Grant{tt.heard})) == 1; got != tt.want {
			t.Errorf("%s: news %v, want %v", tt.name, got, tt.want)
		}
	}
}

// TestNews_statesNeverRaise: whatever stands, a state never turns a no into a yes,
// and a refusal that allows less than what stands is never lost.
func TestNews_statesNeverRaise(t *testing.T) {
	t.Parallel()
	status := rapid.SampledFrom([]fact.GrantStatus{fact.Granted, fact.Denied, fact.Withdrawn, fact.Objected})
	rapid.Check(t, func(r *rapid.T) {
		draw := func(label string, method ...string) fact.Grant {
			return fact.Grant{
				Purpose: rapid.SampledFrom([]string{"a", "b"}).Draw(r, label), Status: status.Draw(r, label),
				Method: rapid.SampledFrom(method).Draw(r, label), Notice: rapid.SampledFrom([]string{"", "n@1", "n@2"}).Draw(r, label),
				Said: received.Add(time.Duration(rapid.IntRange(-9, 9).Draw(r, label))), Received: received.Add(time.Duration(rapid.IntRange(-9, 9).Draw(r, label))),
			}
		}
		var standing []fact.Grant
		for range rapid.IntRange(0, 4).Draw(r, "n") {
			standing = append(standing, draw("standing", "form", consent.MethodAct, consent.MethodState))
		}
		heard := draw("heard", consent.MethodAct, consent.MethodState)
		news := len(consent.News(standing, []fact.Grant{heard})) == 1
		worst := fact.GrantStatus(0)
		for _, s := range standing {
			if s.Purpose == heard.Purpose {
				worst = max(worst, s.Status)
			}
		}
		switch {
		case news && heard.Status == fact.Granted && heard.Method == consent.MethodState && worst > 0:
			r.Fatal("a state was entered over what stood")
		case !news && heard.Status > max(worst, fact.Granted):
			r.Fatal("a refusal was lost")
		}
	})
}
