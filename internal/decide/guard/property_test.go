package guard_test

import (
	"cmp"
	"encoding/json"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/heed-platform/heed/internal/clock"
	"github.com/heed-platform/heed/internal/decide/guard"
	"github.com/heed-platform/heed/internal/fact"
)

var (
	zones    = rapid.SampledFrom([]string{"UTC", "Europe/Berlin", "America/Los_Angeles", "Australia/Lord_Howe", "Asia/Kathmandu", "Mars/Phobos", ""})
	channels = rapid.SampledFrom([]string{"email", "sms"})
	topics   = rapid.SampledFrom([]string{"", "shoes", "shoes.running", "clothes", "maternity"})
)

func around(t *rapid.T, name string) clock.Instant {
	return noon.Add(time.Duration(rapid.Int64Range(-200*3600, 200*3600).Draw(t, name)) * time.Second)
}

func genCap(t *rapid.T) fact.Cap {
	return fact.Cap{
		Channel: rapid.SampledFrom([]string{"", "email", "sms"}).Draw(t, "cap channel"),
		Count:   rapid.IntRange(-1, 4).Draw(t, "cap count"), Hours: rapid.IntRange(-1, 200).Draw(t, "cap hours"),
	}
}

func genQuiet(t *rapid.T) guard.Quiet {
	return guard.Quiet{From: rapid.IntRange(-1, 1441).Draw(t, "quiet from"), To: rapid.IntRange(-1, 1441).Draw(t, "quiet to")}
}

func genSent(t *rapid.T) guard.Sent {
	return guard.Sent{Channel: channels.Draw(t, "sent by"), At: around(t, "sent at")}
}

// genCase is any case; most of what it says is what nothing stands in the way of.
func genCase(t *rapid.T) guard.Case {
	likely := func(name string) bool { return rapid.IntRange(0, 9).Draw(t, name) > 0 }
	c := fine()
	c.Service = !likely("marketing")
	c.Channel = channels.Draw(t, "channel")
	c.Allowed, c.Member, c.Occasion = likely("allowed"), likely("member"), likely("occasion")
	if !likely("seen") {
		c.Withheld = []guard.Hole{{Path: "traits.plan", Code: "not_covered"}}
	}
	c.Address = rapid.SampledFrom([]guard.Address{"", guard.AddressKnown, guard.AddressKnown, guard.AddressKnown, guard.AddressAbsent}).Draw(t, "address")
	c.Now = around(t, "now")
	c.Expires = max(c.Now.Add(-time.Hour), around(t, "expires").Add(200*time.Hour))
	if !likely("expires at all") {
		c.Expires = 0
	}
	for _, topic := range rapid.SliceOfN(topics, 0, 2).Draw(t, "subjects") {
		c.Subjects = append(c.Subjects, guard.Subject{Topic: topic, Private: topic == "maternity"})
	}
	c.Repurchase = rapid.IntRange(0, 40).Draw(t, "repurchase")
	for range rapid.IntRange(0, 2).Draw(t, "variants") {
		c.Owned = append(c.Owned, guard.Bought{
			Item: "shoe", Quantity: rapid.Int64Range(-1, 2).Draw(t, "quantity"), Last: around(t, "bought"),
		})
	}
	c.OwnedHidden, c.Missing = !likely("purchases seen"), !likely("item known")
	if !likely("no choice of topics") {
		c.Wish.Topics = rapid.SliceOfN(topics, 0, 2).Draw(t, "chosen")
	}
	c.Wish.Break = cmp.Or(around(t, "break")*clock.Instant(rapid.IntRange(0, 1).Draw(t, "on break")), 0)
	for range rapid.IntRange(0, 2).Draw(t, "caps") {
		c.Caps = append(c.Caps, genCap(t))
	}
	for range rapid.IntRange(0, 1).Draw(t, "own caps") {
		c.Wish.Caps = append(c.Wish.Caps, genCap(t))
	}
	for range rapid.IntRange(0, 1).Draw(t, "quiet") {
		c.Quiet = append(c.Quiet, genQuiet(t))
	}
	for range rapid.IntRange(0, 1).Draw(t, "own quiet") {
		c.Wish.Quiet = append(c.Wish.Quiet, genQuiet(t))
	}
	for range rapid.IntRange(0, 6).Draw(t, "contacted") {
		c.Contacted = append(c.Contacted, genSent(t))
	}
	c.Zone = zones.Draw(t, "zone")
	c.Holdout, c.Draw = rapid.IntRange(0, 2000).Draw(t, "holdout"), rapid.IntRange(0, 9999).Draw(t, "draw")
	return c
}

// when orders verdicts: the smaller allows more. What is not chosen is never.
func when(c guard.Case, v guard.Verdict) clock.Instant {
	if !v.Chosen {
		return 1 << 62
	}
	return max(c.Now, v.Later)
}

// stricter are ways in which a case may only be allowed less.
var stricter = map[string]func(*rapid.T, *guard.Case){
	"one more message":     func(t *rapid.T, c *guard.Case) { c.Contacted = append(slices.Clone(c.Contacted), genSent(t)) },
	"a cap of her own":     func(t *rapid.T, c *guard.Case) { c.Wish.Caps = append(slices.Clone(c.Wish.Caps), genCap(t)) },
	"a cap of the brand's": func(t *rapid.T, c *guard.Case) { c.Caps = append(slices.Clone(c.Caps), genCap(t)) },
	"a lower cap": func(_ *rapid.T, c *guard.Case) {
		c.Wish.Caps = slices.Clone(c.Wish.Caps)
		for i := range c.Wish.Caps {
			c.Wish.Caps[i].Count--
		}
	},
	"more quiet":     func(t *rapid.T, c *guard.Case) { c.Wish.Quiet = append(slices.Clone(c.Wish.Quiet), genQuiet(t)) },
	"a longer break": func(_ *rapid.T, c *guard.Case) { c.Wish.Break = c.Wish.Break.Add(time.Hour) },
	"a muted topic": func(t *rapid.T, c *guard.Case) {
		c.Wish.Muted = append(slices.Clone(c.Wish.Muted), topics.Draw(t, "muted"))
	},
	"a private topic": func(_ *rapid.T, c *guard.Case) {
		c.Subjects = append(slices.Clone(c.Subjects), guard.Subject{Topic: "baby", Private: true})
	},
	"only one topic": func(_ *rapid.T, c *guard.Case) { c.Wish.Topics = c.Wish.Topics[:min(1, len(c.Wish.Topics))]; only(c) },
	"only texts":     func(_ *rapid.T, c *guard.Case) { c.Wish.Channels = []string{"sms"} },
	"one more variant": func(_ *rapid.T, c *guard.Case) {
		c.Owned = append(slices.Clone(c.Owned), guard.Bought{Item: "shoe", Quantity: 1, Last: c.Now})
	},
	"hidden purchases": func(_ *rapid.T, c *guard.Case) { c.OwnedHidden = true },
	"nobody asked":     func(_ *rapid.T, c *guard.Case) { c.Allowed, c.Code = false, "" },
	"a bigger holdout": func(_ *rapid.T, c *guard.Case) { c.Holdout += 500 },
	"an earlier end": func(_ *rapid.T, c *guard.Case) {
		if c.Expires != 0 {
			c.Expires = c.Expires.Add(-3 * time.Hour)
		} else {
			c.Expires = c.Now.Add(time.Hour)
		}
	},
}

// only makes no choice the choice of everything that there is.
func only(c *guard.Case) {
	if len(c.Wish.Topics) == 0 {
		c.Wish.Topics = []string{"shoes"}
	}
}

// TestJudge_stricterNeverAllowsMore holds for the person's wishes, for what was
// sent before, and for every other guard.
func TestJudge_stricterNeverAllowsMore(t *testing.T) {
	t.Parallel()
	for name, change := range stricter {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			z := &guard.Zones{}
			rapid.Check(t, func(t *rapid.T) {
				c := genCase(t)
				less := c
				change(t, &less)
				a, b := guard.Judge(c, z), guard.Judge(less, z)
				if when(less, b) < when(c, a) {
					t.Fatalf("%s allows more: %+v before, %+v after", name, a, b)
				}
			})
		})
	}
}

// TestJudge_later says that nothing objects at the instant to which a message is
// put off, and that something did at every minute before.
func TestJudge_later(t *testing.T) {
	t.Parallel()
	z := &guard.Zones{}
	rapid.Check(t, func(t *rapid.T) {
		c := genCase(t)
		c.Service = false
		c.Zone = rapid.SampledFrom([]string{"UTC", "Asia/Kathmandu"}).Draw(t, "a zone whose clocks never change")
		v := guard.Judge(c, z)
		if v.Later == 0 {
			return
		}
		if !v.Chosen || v.Later <= c.Now || c.Expires != 0 && v.Later > c.Expires {
			t.Fatalf("put off to an instant that is none: %+v", v)
		}
		then := c
		then.Now = v.Later
		if at := guard.Judge(then, z); !at.Chosen || at.Later != 0 {
			t.Fatalf("put off to an instant at which it may not leave: %+v, then %+v", v, at)
		}
		before := c
		for before.Now = c.Now; before.Now < v.Later; before.Now = before.Now.Add(7 * time.Minute) {
			if at := guard.Judge(before, z); at.Chosen && at.Later == 0 {
				t.Fatalf("put off to %s, and might have left at %s", v.Later.Format(), before.Now.Format())
			}
		}
	})
}

// TestJudge_quietInEveryZone looks at each minute by the wall clock, on days when
// clocks change as well.
func TestJudge_quietInEveryZone(t *testing.T) {
	t.Parallel()
	z := &guard.Zones{}
	rapid.Check(t, func(t *rapid.T) {
		c := fine()
		c.Expires, c.Zone = 0, rapid.SampledFrom([]string{"Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "America/Sao_Paulo", "Africa/Casablanca"}).Draw(t, "zone")
		c.Quiet = []guard.Quiet{{From: rapid.IntRange(0, 1440).Draw(t, "from"), To: rapid.IntRange(0, 1440).Draw(t, "to")}}
		start := rapid.SampledFrom([]string{"2026-03-29T00:00:00Z", "2026-10-25T00:00:00Z", "2026-04-04T12:00:00Z", "2026-10-03T12:00:00Z", "2026-11-01T04:00:00Z", "2018-11-04T02:00:00Z"}).Draw(t, "night")
		c.Now = instant(start).Add(time.Duration(rapid.IntRange(-300, 300).Draw(t, "minutes")) * time.Minute)
		c.Moment = c.Now
		v := guard.Judge(c, z)
		place, err := time.LoadLocation(c.Zone)
		if err != nil {
			t.Fatal(err)
		}
		if silent(c.Quiet[0], c.Now.Time().In(place)) != (v.Later != 0 || !v.Chosen) {
			t.Fatalf("quiet is not what the wall clock says: %+v", v)
		}
		if v.Later != 0 && (v.Later <= c.Now || silent(c.Quiet[0], v.Later.Time().In(place))) {
			t.Fatalf("put off to a quiet minute or back in time: %s", v.Later.Format())
		}
		if v.Later > c.Now.Add(50*time.Hour) { // the one minute of the day that is not quiet may not exist
			t.Fatalf("put off for more than two days: %s", v.Later.Format())
		}
	})
}

func silent(q guard.Quiet, wall time.Time) bool {
	m := wall.Hour()*60 + wall.Minute()
	switch {
	case q.From == q.To:
		return true
	case q.From < q.To:
		return q.From <= m && m < q.To
	}
	return m >= q.From || m < q.To
}

// TestJudge_capsHold is F-1 to F-3: whatever arrives, whatever the clock does,
// whatever fails, no window holds more than a cap allows; what failed gives its
// place back once; news about orders neither counts nor is held back.
func TestJudge_capsHold(t *testing.T) {
	t.Parallel()
	z := &guard.Zones{}
	rapid.Check(t, func(t *rapid.T) {
		caps := rapid.SliceOfN(rapid.Custom(func(t *rapid.T) fact.Cap {
			return fact.Cap{
				Channel: rapid.SampledFrom([]string{"", "email", "sms"}).Draw(t, "channel"),
				Count:   rapid.IntRange(1, 3).Draw(t, "count"), Hours: rapid.IntRange(1, 30).Draw(t, "hours"),
			}
		}), 1, 3).Draw(t, "caps")
		split := rapid.IntRange(0, len(caps)).Draw(t, "of which her own")
		now := noon
		var ledger []guard.Sent // what left and did not come back
		tried, left := 0, 0
		for range rapid.IntRange(1, 60).Draw(t, "moments") {
			now = now.Add(time.Duration(rapid.IntRange(-12*60, 24*60).Draw(t, "minutes")) * time.Minute)
			c := fine()
			c.Now, c.Moment, c.Expires, c.Channel = now, now, 0, channels.Draw(t, "by")
			c.Wish.Caps, c.Caps, c.Contacted = caps[:split], caps[split:], ledger
			if rapid.IntRange(0, 4).Draw(t, "news about an order") == 0 {
				c.Service = true
				if v := guard.Judge(c, z); !v.Chosen || v.Later != 0 {
					t.Fatalf("news about an order were held back: %+v", v)
				}
				continue // nobody counts them
			}
			tried++
			v := guard.Judge(c, z)
			if !v.Chosen || v.Later != 0 {
				continue
			}
			left++
			if rapid.IntRange(0, 5).Draw(t, "it fails") > 0 {
				ledger = append(ledger, guard.Sent{Channel: c.Channel, At: now})
			} else if again := guard.Judge(c, z); !again.Chosen || again.Later != 0 {
				t.Fatalf("what failed did not give its place back: %+v", again)
			}
		}
		for _, k := range caps {
			if n := most(ledger, k); n > k.Count {
				t.Fatalf("%d in %d hours by %q, and %d are allowed", n, k.Hours, k.Channel, k.Count)
			}
		}
		if tried > 0 && left == 0 {
			t.Fatal("caps of one or more let nothing leave at all")
		}
	})
}

// most is how many messages any window of a cap's length holds.
func most(ledger []guard.Sent, k fact.Cap) int {
	best := 0
	for _, first := range ledger {
		n := 0
		for _, s := range ledger {
			if (k.Channel == "" || s.Channel == k.Channel) && s.At >= first.At && s.At < first.At.Add(time.Duration(k.Hours)*time.Hour) {
				n++
			}
		}
		best = max(best, n)
	}
	return best
}

// TestJudge_replays says that a case that was written down is judged alike.
func TestJudge_replays(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		c := genCase(t)
		text, err := json.Marshal(c)
		if err != nil {
			t.Fatal(err)
		}
		var read guard.Case
		if err := json.Unmarshal(text, &read); err != nil {
			t.Fatalf("%s: %v", text, err)
		}
		a, b := guard.Judge(c, &guard.Zones{}), guard.Judge(read, nil)
		if a.Chosen != b.Chosen || a.Holdout != b.Holdout || a.Later != b.Later || a.Code != b.Code || !slices.Equal(a.Reasons, b.Reasons) {
			t.Fatalf("judged %+v, and %+v when it was read back from %s", a, b, text)
		}
	})
}

func TestJudge_theZeroCaseIsVetoed(t *testing.T) {
	t.Parallel()
	for _, service := range []bool{false, true} {
		v := guard.Judge(guard.Case{Service: service}, nil)
		if v.Chosen || v.Code == "" || v.Later != 0 {
			t.Errorf("service %v: %+v", service, v)
		}
	}
}

// TestJudge_asksEveryGuard: a dry run counts each, so no answer ends the asking.
func TestJudge_asksEveryGuard(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		c := genCase(t)
		v := guard.Judge(c, nil)
		var asked []string
		for _, r := range v.Reasons {
			asked = append(asked, r.Guard)
			if r.Veto != (r.Code != "") || r.Veto && (r.Marketer == "" || r.Person == "") {
				t.Fatalf("a reason without a voice: %+v", r)
			}
		}
		all := guard.Names()
		if c.Service {
			all = all[:5]
		}
		if !slices.Equal(asked, all) {
			t.Fatalf("asked %v of %v", asked, all)
		}
		if (v.Code == "") != (v.Chosen && v.Later == 0) {
			t.Fatalf("a code where nothing stands in the way, or none where something does: %+v", v)
		}
	})
}

func BenchmarkJudge(b *testing.B) {
	z := &guard.Zones{}
	c := fine()
	c.Caps = []fact.Cap{{Count: 3, Hours: 168}, {Channel: "email", Count: 1, Hours: 24}}
	c.Contacted = []guard.Sent{{Channel: "email", At: noon.Add(-30 * time.Hour)}}
	c.Quiet = []guard.Quiet{{From: 1200, To: 480}}
	b.ReportAllocs()
	for b.Loop() {
		if v := guard.Judge(c, z); !v.Chosen {
			b.Fatal(v)
		}
	}
}
