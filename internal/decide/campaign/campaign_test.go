package campaign_test

import (
	"encoding/json"
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"pgregory.net/rapid"

	"github.com/heed-platform/heed/internal/clock"
	"github.com/heed-platform/heed/internal/decide/campaign"
	"github.com/heed-platform/heed/internal/decide/guard"
	"github.com/heed-platform/heed/internal/fact"
	"github.com/heed-platform/heed/internal/policy"
	"github.com/heed-platform/heed/internal/problem"
)

func TestCompile_faults(t *testing.T) {
	t.Parallel()
	s := open(t)
	fine := s.find("jackets-letter").Definition
	for name, c := range map[string]struct {
		change func(*campaign.Definition)
		want   string
	}{
		"no key":                  {func(d *campaign.Definition) { d.Key = "" }, "/key: is missing"},
		"a key with a space":      {func(d *campaign.Definition) { d.Key = "Big Sale" }, "/key: is up to 63"},
		"nobody said why":         {func(d *campaign.Definition) { d.About = " " }, "/about: is missing"},
		"two triggers":            {func(d *campaign.Definition) { d.Trigger.Event = "X" }, "/trigger: needs exactly one"},
		"no trigger":              {func(d *campaign.Definition) { d.Trigger = campaign.Trigger{} }, "/trigger: needs exactly one"},
		"another purpose":         {func(d *campaign.Definition) { d.Purpose = "marketing.communications.smoke" }, `/purpose: there is no purpose "marketing.communications.smoke"`},
		"another channel":         {func(d *campaign.Definition) { d.Channel = "pigeon" }, "/channel: heed reaches"},
		"a channel of no purpose": {func(d *campaign.Definition) { d.Channel, d.Message = "sms", campaign.Message{Text: "x"} }, "/channel: marketing.communications.email never speaks through sms"},
		"an offer as news":        {func(d *campaign.Definition) { d.Purpose = "essential.service.notifications.email" }, "/trigger: essential.service.notifications.email is a service"},
		"a moment that no notice promises": {func(d *campaign.Definition) {
			d.Purpose, d.Trigger, d.Channel, d.Recipient, d.Message = "marketing.communications.sms", campaign.Trigger{Event: "Product Viewed"}, "sms", "text-carrier", campaign.Message{Text: "x"}
		}, `/trigger: no notice promises to use "Product Viewed"`},
		"no recipient":              {func(d *campaign.Definition) { d.Recipient = "somebody" }, `/recipient: there is no recipient "somebody"`},
		"a recipient for else":      {func(d *campaign.Definition) { d.Recipient = "text-carrier" }, `/recipient: recipient "text-carrier" may not receive anything`},
		"no audience":               {func(d *campaign.Definition) { d.Audience = "all" }, `/audience: there is no audience "all"`},
		"no audience to enter":      {func(d *campaign.Definition) { d.Trigger = campaign.Trigger{Enters: "all"} }, `/trigger: there is no audience "all"`},
		"no topic":                  {func(d *campaign.Definition) { d.Topic = "weather" }, `/topic: there is no topic "weather"`},
		"private and unsaid":        {func(d *campaign.Definition) { d.Item.Category = "Women > Maternity" }, "/topic: the item is about something private; name its topic, maternity"},
		"private, another topic":    {func(d *campaign.Definition) { d.Item.Category, d.Topic = "diapers", "maternity" }, "name its topic, baby"},
		"two items":                 {func(d *campaign.Definition) { d.Item.Event = true }, "/item: is either one thing"},
		"an event's item, no event": {func(d *campaign.Definition) { d.Item = campaign.Item{Event: true} }, "/item: can be what the event names only"},
		"again after ages":          {func(d *campaign.Definition) { d.Item.Repurchase = math.MaxInt }, "/item.repurchase_days: is between"},
		"again, and what":           {func(d *campaign.Definition) { d.Item = campaign.Item{Repurchase: 3} }, "/item: needs an id"},
		"most held out":             {func(d *campaign.Definition) { d.Holdout = 51 }, "/holdout_percent: is between 0 and 50"},
		"for ever":                  {func(d *campaign.Definition) { d.Expires = 24*90 + 1 }, "/expires_hours: is between 1 and 2160"},
		"an email without text":     {func(d *campaign.Definition) { d.Message.Text = "" }, "/message: an email has a subject"},
		"a webhook with text":       {func(d *campaign.Definition) { d.Channel, d.Message.Payload = "webhook", "{}" }, "/message: a webhook has a payload"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			d := fine
			c.change(&d)
			_, err := campaign.Compile(approved(d), s.deps())
			if err == nil {
				t.Fatal("it was compiled")
			}
			p := problem.Of(err)
			var said []string
			for _, f := range p.Fields {
				said = append(said, f.Pointer+": "+f.Reason)
			}
			if p.Code != "campaign-invalid" || !slices.ContainsFunc(said, func(s string) bool { return strings.Contains(s, c.want) }) {
				t.Errorf("%s %q, want %q", p.Code, said, c.want)
			}
		})
	}
}

// TestNewEngine_olderVersions: what is gone since stops only what would speak.
func TestNewEngine_olderVersions(t *testing.T) {
	t.Parallel()
	s := open(t)
	d := s.find("jackets-letter").Definition
	d.Audience = "gone"
	for status, want := range map[string]bool{"live": false, "paused": false, "ended": true, "superseded": true} {
		a := approved(d)
		a.Status = status
		e, err := campaign.NewEngine([]campaign.Approved{a}, s.deps())
		if (err == nil) != want {
			t.Fatalf("%s: %v", status, err)
		}
		if err != nil {
			continue
		}
		l, ok := e.Find(d.Key, 1)
		if !ok || e.Len() != 0 || len(e.Triggered(campaign.Moment{Kind: campaign.OnSend, Name: d.Key})) != 0 {
			t.Fatalf("%s decides", status)
		}
		p := reader()
		sight, _ := s.see(s.find("jackets-letter"), p)
		if code, _ := l.Recheck(campaign.Delivery{}, sight, noon); code != "left_audience" {
			t.Errorf("%s lets something leave: %q", status, code)
		}
	}
	var none *campaign.Engine
	if _, ok := none.Find("x", 1); ok || none.Len() != 0 || none.All() != nil || none.Triggered(campaign.Moment{}) != nil {
		t.Error("no engine holds something")
	}
}

func TestEngine_Triggered(t *testing.T) {
	t.Parallel()
	s := open(t)
	keys := func(m campaign.Moment) (out []string) {
		for _, l := range s.engine.Triggered(m) {
			out = append(out, l.Key)
		}
		return out
	}
	for _, c := range []struct {
		m    campaign.Moment
		want []string
	}{
		{campaign.Moment{Kind: campaign.OnEvent, Name: "Order Shipped"}, []string{"order-shipped"}},
		{campaign.Moment{Kind: campaign.OnEvent, Name: "Order Shipped", Event: &fact.Event{Type: fact.Track}}, []string{"order-shipped"}},
		{campaign.Moment{Kind: campaign.OnEvent, Name: "Order Shipped", Event: &fact.Event{Type: fact.Page}}, nil},
		{campaign.Moment{Kind: campaign.OnEvent, Name: "lapsed"}, nil},
		{campaign.Moment{Kind: campaign.OnEnter, Name: "lapsed"}, []string{"back-in-touch"}},
		{campaign.Moment{Kind: campaign.OnSend, Name: "bulk-sms"}, []string{"bulk-sms"}},
		{campaign.Moment{Kind: campaign.OnSend, Name: "back-in-touch"}, nil},
		{campaign.Moment{Name: ""}, nil},
	} {
		if diff := cmp.Diff(c.want, keys(c.m)); diff != "" {
			t.Errorf("%s:\n%s", c.m, diff)
		}
	}
	if s.engine.Len() != len(s.campaigns) || len(s.engine.All()) != s.engine.Len() {
		t.Errorf("%d campaigns of %d", s.engine.Len(), len(s.campaigns))
	}
}

// TestDecide_holdout: a draw is the same for ever, as large as it says, another
// one in another campaign, and nobody's without the key.
func TestDecide_holdout(t *testing.T) {
	t.Parallel()
	s := open(t)
	d := s.find("jackets-letter").Definition
	d.Holdout, d.Item, d.Audience = 20, campaign.Item{}, "readers"
	draws := func(key, secret string) []bool {
		d := d
		d.Key = key
		deps := s.deps()
		deps.Key = []byte(secret)
		l, err := campaign.Compile(approved(d), deps)
		if err != nil {
			t.Fatal(err)
		}
		p := reader()
		sight, ruling := s.see(l, p)
		out := make([]bool, 5000)
		for i := range out {
			p := *sight.Profile
			p.Ref, sight.Profile = refOf(i), &p
			got, _ := l.Decide(l.Trial(noon), sight, ruling, noon)
			if got.Chosen == got.Holdout {
				t.Fatalf("chosen %v, held out %v", got.Chosen, got.Holdout)
			}
			out[i] = got.Holdout
		}
		return out
	}
	share := func(a, b []bool) (held, both int) {
		for i := range a {
			if a[i] {
				held++
			}
			if a[i] && b[i] {
				both++
			}
		}
		return held, both
	}
	a := draws("one", "k")
	if !slices.Equal(a, draws("one", "k")) {
		t.Error("a draw changed")
	}
	held, _ := share(a, a)
	if held < 900 || held > 1100 { // 1,000 expected, 28 is a standard deviation
		t.Errorf("%d of 5,000 are held out, and 20%% were asked for", held)
	}
	for _, other := range [][]bool{draws("two", "k"), draws("one", "another key")} {
		if _, both := share(a, other); both < 140 || both > 260 { // 200 expected by chance
			t.Errorf("%d of 5,000 are held out in both: the draws hang together", both)
		}
	}
}

func TestDelivery_onceForEachPerson(t *testing.T) {
	t.Parallel()
	s := open(t)
	seen := map[string]string{}
	note := func(what, unique string) {
		if other, twice := seen[unique]; twice {
			t.Errorf("%s and %s are one job", what, other)
		}
		seen[unique] = what
		if strings.ContainsAny(unique, "_-: ") || len(unique) != 32 {
			t.Errorf("%s lies in clear beside the queue: %s", what, unique)
		}
	}
	job := func(l *campaign.Live, p *fact.Profile, m campaign.Moment) string {
		d, ok := s.decide(l, p, m)
		if !ok || !d.Chosen {
			t.Fatalf("%s: %v %+v", l.Key, ok, d.Reasons)
		}
		unique, due, body := l.Delivery(&d, m)
		q, err := campaign.ParseDelivery(body)
		want := campaign.Delivery{Campaign: l.Key, Version: l.Version, Hash: l.Hash, Decision: d.ID, Moment: m.String(), At: m.At}
		if diff := cmp.Diff(want, q, cmpopts.IgnoreFields(campaign.Delivery{}, "Items", "Categories", "Happened", "Event", "Notice")); err != nil || diff != "" || due != noon {
			t.Errorf("due %d, %v\n%s", due, err, diff)
		}
		return unique
	}
	bulk := s.find("bulk-sms")
	later := campaign.Moment{Kind: campaign.OnSend, Name: "bulk-sms", At: noon.Add(-time.Hour)}
	for i := range 3 {
		p := reader()
		p.Ref = refOf(i)
		first := job(bulk, p, bulk.Trial(noon))
		note(fmt.Sprintf("bulk to %d", i), first)
		if job(bulk, p, later) != first {
			t.Error("the same version is sent twice")
		}
	}
	next := *bulk
	next.Version = 2
	note("the next version", job(&next, reader(), bulk.Trial(noon)))
	shipped := func(message string) string {
		p := reader()
		give(p, "phone", `"+49301234567"`, "order@1")
		happen(p, "Order Shipped", "order@1", 1, noon)
		e := &fact.Event{Type: fact.Track, Name: "Order Shipped", Notice: "order@1", Source: "server", Message: message, At: noon}
		return job(s.find("order-shipped"), p, campaign.Moment{Kind: campaign.OnEvent, Name: e.Name, At: noon, Event: e})
	}
	note("a parcel", shipped("m1"))
	note("another parcel at the same time", shipped("m2"))
	if _, again := seen[shipped("m1")]; !again {
		t.Error("a parcel that was told twice is two")
	}
}

// TestDecide_keepsNothingMore: the case that is kept holds what the guards read.
func TestDecide_keepsNothingMore(t *testing.T) {
	t.Parallel()
	s := open(t)
	p := reader()
	give(p, "firstName", `"Ada-needle"`, "newsletter@2")
	buy(p, "cup-clay-needle", "", "Household", 1, noon, "order@1")
	buy(p, "jacket-heath", "M", "Jacket", 1, noon, "order@1")
	for i := range 40 {
		p.Contacted = append(p.Contacted, fact.Contacted{Channel: "email", Class: "marketing", At: noon.Add(-time.Duration(i+10) * 24 * time.Hour)})
	}
	p.Contacted = append(p.Contacted, fact.Contacted{Channel: "email", Class: "service", At: noon})
	l := s.find("jackets-letter")
	d, ok := s.decide(l, p, l.Trial(noon))
	if !ok || !d.Chosen {
		t.Fatal(d.Reasons)
	}
	if strings.Contains(string(d.Question), "needle") || strings.Contains(string(d.Question), "example.com") {
		t.Errorf("the case holds what no guard reads: %s", d.Question)
	}
	var c guard.Case
	if err := json.Unmarshal(d.Question, &c); err != nil || len(c.Contacted) != 0 {
		t.Errorf("%d messages that no cap counts: %v", len(c.Contacted), err)
	}
}

// TestDecide_private: that something private is withheld is not told to those
// who read reasons.
func TestDecide_private(t *testing.T) {
	t.Parallel()
	s := open(t)
	d := s.find("jackets-letter").Definition
	d.Key, d.Audience, d.Item, d.Topic = "quiet", "jacket-lovers", campaign.Item{}, ""
	l, err := campaign.Compile(approved(d), s.deps())
	if err != nil {
		t.Fatal(err)
	}
	sight := fact.Sight{Profile: reader(), Withheld: map[string]string{"purchases.Maternity": "sensitive_closed", "purchases": "sensitive_closed", "traits.favorite_brand": "not_covered"}}
	got, ok := l.Decide(l.Trial(noon), sight, policy.Ruling{Verdict: policy.Allow}, noon)
	if !ok || got.Chosen {
		t.Fatal(ok, got.Chosen)
	}
	for _, r := range got.Reasons {
		if strings.Contains(r.Marketer+r.Person, "Maternity") {
			t.Errorf("%s tells: %s", r.Guard, r.Marketer)
		}
		if r.Guard == "promise" && !strings.Contains(r.Marketer, "traits.favorite_brand") {
			t.Errorf("the promise is not named: %s", r.Marketer)
		}
	}
}

// TestDecide_enteringIsAUse: another purpose's audience starts a campaign only
// where this purpose may know the same.
func TestDecide_enteringIsAUse(t *testing.T) {
	t.Parallel()
	s := open(t)
	d := s.find("back-in-touch").Definition
	d.Key, d.Audience, d.Trigger.Enters, d.Holdout = "entered", "readers", "jacket-lovers", 0
	l, err := campaign.Compile(approved(d), s.deps())
	if err != nil {
		t.Fatal(err)
	}
	m := campaign.Moment{Kind: campaign.OnEnter, Name: "jacket-lovers", At: noon}
	p := reader()
	if _, ok := s.decide(l, p, m); ok {
		t.Error("whoever is not in it entered it")
	}
	give(p, "favorite_brand", `"Nordhaus"`, "order@1") // its promise does not speak of letters
	p.Grants = nil
	agree(p, "marketing.communications.email", "newsletter@1")
	if got, ok := s.decide(l, p, m); !ok || got.Chosen {
		t.Errorf("what letters may not know started a letter: %v %v", ok, got.Chosen)
	}
	buy(p, "jacket-heath", "", "Jacket", 1, noon, "order@1")
	if got, ok := s.decide(l, p, m); !ok || !got.Chosen {
		t.Errorf("what letters may know started none: %v %+v", ok, got.Reasons)
	}
}

func TestRecheck(t *testing.T) {
	t.Parallel()
	s := open(t)
	l := s.find("aurora-week")
	p := reader()
	buy(p, "shoe-brook", "40", "Running shoes", 1, noon.Add(-1000), "order@1")
	d, ok := s.decide(l, p, l.Trial(noon))
	if !ok || !d.Chosen {
		t.Fatal(d.Reasons)
	}
	_, _, body := l.Delivery(&d, l.Trial(noon))
	q, err := campaign.ParseDelivery(body)
	if err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		change func(*fact.Profile)
		now    clock.Instant
		code   string
		later  clock.Instant
	}{
		"nothing changed":   {func(*fact.Profile) {}, noon, "", 0},
		"the cap is full":   {func(p *fact.Profile) { p.Contacted = sent(3, noon) }, noon, "cap_reached", 0},
		"one is in the way": {func(p *fact.Profile) { p.Contacted = append(sent(1, noon.Add(-160*time.Hour)), sent(2, noon)...) }, noon, "cap_reached", instant("2026-03-03T07:00:00Z")},
		"it is night":       {func(*fact.Profile) {}, instant("2026-03-02T22:00:00Z"), "quiet_hours", instant("2026-03-03T07:00:00Z")},
		"it is too late":    {func(*fact.Profile) {}, noon.Add(73 * time.Hour), "moment_over", 0},
		"too late by night": {func(*fact.Profile) {}, instant("2026-03-05T05:00:00Z"), "quiet_hours", instant("2026-03-05T07:00:00Z")},
		"she bought it":     {func(p *fact.Profile) { buy(p, "shoe-aurora", "40", "Running shoes", 1, noon, "order@1") }, noon, "already_bought", 0},
		"she left":          {func(p *fact.Profile) { p.Purchases = nil }, noon, "left_audience", 0},
		"no address":        {func(p *fact.Profile) { p.Attributes = p.Attributes[:2] }, noon, "no_address", 0},
		"not by email":      {func(p *fact.Profile) { p.Preference.Channels = []string{"sms"} }, noon, "channel_refused", 0},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := *p
			p.Purchases = slices.Clone(p.Purchases)
			c.change(&p)
			sight, _ := s.see(l, &p)
			code, later := l.Recheck(q, sight, c.now)
			if code != c.code || later != c.later {
				t.Errorf("%q, later %s; want %q, %s", code, later.Format(), c.code, c.later.Format())
			}
		})
	}
}

func sent(n int, at clock.Instant) []fact.Contacted {
	return slices.Repeat([]fact.Contacted{{Channel: "email", Class: "marketing", At: at}}, n)
}

// TestDecide_full: a profile that could not hold everything hides purchases.
func TestDecide_full(t *testing.T) {
	t.Parallel()
	s := open(t)
	p := reader()
	p.Full = true
	buy(p, "shoe-brook", "40", "Running shoes", 1, noon.Add(-1000), "order@1")
	l := s.find("aurora-week")
	d, ok := s.decide(l, p, l.Trial(noon))
	if !ok || d.Chosen {
		t.Errorf("%v %+v", ok, d)
	}
}

// TestReplay says that any decision, about any Ada, replays to the same reasons,
// and that another verdict or another reason is told apart.
func TestReplay(t *testing.T) {
	t.Parallel()
	s := open(t)
	rapid.Check(t, func(t *rapid.T) {
		p := reader()
		for range rapid.IntRange(0, 3).Draw(t, "purchases") {
			item := rapid.SampledFrom([]string{"shoe-aurora", "jacket-fjord", "sock-trail", "coffee-dawn"}).Draw(t, "item")
			category := rapid.SampledFrom([]string{"Running shoes", "Jacket", "Coffee", "Maternity", ""}).Draw(t, "category")
			notice := rapid.SampledFrom([]string{"order@1", "membership@1", ""}).Draw(t, "notice")
			buy(p, item, "", category, rapid.Int64Range(-1, 2).Draw(t, "quantity"), noon.Add(-time.Duration(rapid.IntRange(0, 3000).Draw(t, "hours ago"))*time.Hour), notice)
		}
		p.Preference = fact.Preference{
			Set: 1, Muted: rapid.SliceOfN(rapid.SampledFrom([]string{"shoes", "jacken", "nonsense"}), 0, 2).Draw(t, "muted"),
			Break: clock.Instant(rapid.Int64().Draw(t, "break")), Zone: rapid.SampledFrom([]string{"", "Asia/Tokyo", "Nowhere"}).Draw(t, "zone"),
			QuietOn: rapid.Bool().Draw(t, "quiet"), QuietAt: rapid.IntRange(0, 1440).Draw(t, "from"), QuietTo: rapid.IntRange(0, 1440).Draw(t, "to"),
			Caps: []fact.Cap{{Count: rapid.IntRange(0, 3).Draw(t, "count"), Hours: rapid.Int().Draw(t, "hours")}},
		}
		p.Contacted = sent(rapid.IntRange(0, 3).Draw(t, "sent"), noon.Add(-time.Hour))
		l := rapid.SampledFrom(s.engine.All()).Draw(t, "campaign")
		sight, ruling := s.see(l, p)
		d, candidate := l.Decide(l.Trial(noon), sight, ruling, noon)
		if !candidate {
			return
		}
		stored, err := fact.ParseDecision(fact.AppendDecision(nil, &d))
		if err != nil {
			t.Fatal(err)
		}
		same, reasons, err := campaign.Replay(stored)
		if err != nil || !same || !slices.Equal(reasons, d.Reasons) {
			t.Fatalf("same %v, %v: %+v and %+v", same, err, d.Reasons, reasons)
		}
		stored.Chosen = !stored.Chosen
		if same, _, _ := campaign.Replay(stored); same {
			t.Fatal("a decision that was turned round replays")
		}
	})
}

func FuzzReplay(f *testing.F) {
	f.Add([]byte(`{}`))
	f.Add([]byte(`{"now":"2026-03-02T12:00:00Z","moment":"2026-03-02T12:00:00Z","allowed":true,"member":true,"address":"known","channel":"email","zone":"Europe/Berlin","quiet":[{"from":1200,"to":480}],"caps":[{"Count":3,"Hours":168}],"contacted":[{"channel":"email","at":"2026-03-02T11:00:00Z"}]}`))
	f.Add([]byte(`{"now":"9999-12-31T23:59:59Z","zone":"../../etc/passwd","quiet":[{"from":-1,"to":9223372036854775807}],"caps":[{"Count":-9223372036854775808,"Hours":9223372036854775807}],"repurchase_days":9223372036854775807,"owned":[{"quantity":1,"last":"9999-12-31T23:59:59Z"}]}`))
	f.Add([]byte(`{"wish":{"break":"9999-12-31T23:59:59Z","quiet":[{"from":0,"to":1440}],"topics":[""]},"now":"0000-01-01T00:00:00Z"}`))
	f.Fuzz(func(t *testing.T, question []byte) {
		_, reasons, err := campaign.Replay(fact.Decision{Question: question})
		if err != nil {
			return
		}
		_, again, err := campaign.Replay(fact.Decision{Question: question})
		if err != nil || !slices.Equal(reasons, again) {
			t.Errorf("two replays differ: %+v, %+v, %v", reasons, again, err)
		}
	})
}

func FuzzParseDelivery(f *testing.F) {
	f.Add([]byte(`{"campaign":"a","version":1,"hash":"h","decision":"d","moment":"send:a","at":"2026-03-02T12:00:00Z"}`))
	f.Add([]byte(`{"campaign":"a","version":-1,"at":"never"}`))
	f.Add([]byte(`{"campaign":"a","version":1,"hash":"h","decision":"d","moment":"event:X","at":"2026-03-02T12:00:00Z","items":["x"],"categories":["y"],"happened":true,"event":"X","notice":"n@1"}`))
	f.Add([]byte(`[]`))
	f.Fuzz(func(t *testing.T, body []byte) {
		q, err := campaign.ParseDelivery(body)
		if err != nil {
			return
		}
		text, err := json.Marshal(q)
		if err != nil {
			t.Fatal(err)
		}
		again, err := campaign.ParseDelivery(text)
		if diff := cmp.Diff(q, again, cmpopts.EquateEmpty()); err != nil || diff != "" {
			t.Errorf("%v\n%s", err, diff)
		}
	})
}

func BenchmarkDecide(b *testing.B) {
	s := open(b)
	p := reader()
	buy(p, "shoe-brook", "40", "Running shoes", 1, noon.Add(-1000), "order@1")
	l := s.find("aurora-week")
	sight, ruling := s.see(l, p)
	m := l.Trial(noon)
	b.ReportAllocs()
	for b.Loop() {
		if d, ok := l.Decide(m, sight, ruling, noon); !ok || !d.Chosen {
			b.Fatal(d.Reasons)
		}
	}
}
