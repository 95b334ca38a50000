package wish

import (
	"cmp"
	"slices"
	"strconv"
	"strings"

	"github.com/heed-platform/heed/internal/clock"
	"github.com/heed-platform/heed/internal/collect/sharing"
	"github.com/heed-platform/heed/internal/fact"
	"github.com/heed-platform/heed/internal/keep/gate"
	"github.com/heed-platform/heed/internal/person"
	"github.com/heed-platform/heed/internal/policy"
	"github.com/heed-platform/heed/internal/policy/define"
)

// Sheet is everything that one person can choose, what they chose, and what each
// choice is about.
type Sheet struct {
	Person   person.Ref
	Choices  Choices
	Purposes []Purpose
	Topics   []Topic   // parents before what lies under them
	Channels []string  // in the person's order, refused ones last
	Contacts []Contact // where they can be reached
	Devices  []Device
	Kinds    []string // of data that devices can tell
	Given    []Given
	Caps     []define.Cap  // the brand's own limits
	Quiet    define.Quiet  // the brand's own silence
	Zone     string        // the brand's
	Set      clock.Instant // when they last chose; zero is never
	now      clock.Instant
	profile  *fact.Profile
	muted    []string // keys of topics that were muted by name
	usual    []string // channels in the order of whoever chose none
	strange  []string // muted words that no topic is called by
}

// Topic is one subject.
type Topic struct {
	Key, Label string
	Private    bool // opens only by their own word
	Under      bool // lies under another
	Closed     bool // one that it lies under is off
}

// Contact is one address. It is the person's own: show it whole only to them.
type Contact struct {
	NS       person.Namespace
	Value    person.Secret
	Verified bool
}

// Device is one device or browser that told something about the person.
type Device struct {
	ID          string // as in Choices
	NS          person.Namespace
	First, Last clock.Instant
}

// Given is a promise under which the person gave something.
type Given struct {
	Notice define.Notice
	What   []string // labels of what they gave, fits "your …"
	Since  clock.Instant
}

// Languages are those to write texts in, the best first.
type Languages []string

// Read makes the sheet of the person of a dossier that came with its history.
func Read(d gate.Dossier, rules *policy.Rules, defs define.Definitions, languages Languages) Sheet {
	p := d.Profile()
	s := Sheet{
		Person: d.Ref(), Choices: Choices{}, Caps: rules.Brand().Caps, Quiet: rules.Brand().Quiet, Zone: rules.Brand().Zone,
		Kinds: sharing.Kinds(), Set: p.Preference.Set, now: d.Now(), profile: p,
	}
	languages = append(slices.Clone(languages), rules.Brand().Language)
	r := reader{Sheet: &s, d: d, rules: rules, defs: defs, languages: languages}
	r.purposes()
	r.topics()
	r.channels()
	r.times()
	r.devices()
	r.given()
	for _, n := range p.Identifiers {
		if n.NS == person.Email || n.NS == person.Phone {
			s.Contacts = append(s.Contacts, Contact{n.NS, n.Value, n.Verified})
		}
	}
	return s
}

// reader fills a sheet.
type reader struct {
	*Sheet

	d         gate.Dossier
	rules     *policy.Rules
	defs      define.Definitions
	languages Languages
}

func (r *reader) topics() {
	p := r.profile.Preference
	r.Choices[Only] = Off
	if len(p.Topics) > 0 {
		r.Choices[Only] = On
	}
	for _, word := range p.Muted {
		if t, ok := r.rules.TopicOf(word); ok {
			r.muted = append(r.muted, t.Key)
		} else {
			r.strange = append(r.strange, word)
		}
	}
	asked := r.keys(p.Topics)
	all := slices.Clone(r.defs.Topics)
	slices.SortStableFunc(all, func(a, b define.Topic) int { return cmp.Compare(r.rank(a.Key), r.rank(b.Key)) })
	for _, t := range all {
		one := Topic{Key: t.Key, Label: t.Label, Private: r.rules.Sensitive(t.Category)}
		value := On
		if within(t.Key, r.muted) || len(p.Topics) > 0 && !within(t.Key, asked) {
			value = Off
		}
		for _, above := range under(t.Key) {
			if _, known := r.rules.Topic(above); known {
				one.Under = true
				one.Closed = one.Closed || within(above, r.muted)
			}
		}
		r.Choices[Topics+t.Key] = value
		r.Topics = append(r.Topics, one)
	}
}

// rank puts what lies under a topic right behind it, in the workspace's order.
func (r *reader) rank(key string) int {
	top, _, _ := strings.Cut(key, ".")
	return slices.IndexFunc(r.defs.Topics, func(t define.Topic) bool {
		first, _, _ := strings.Cut(t.Key, ".")
		return first == top
	})
}

// keys are the topics that a person's words stand for; a word that nobody knows
// stands for itself.
func (r *reader) keys(words []string) []string {
	out := make([]string, 0, len(words))
	for _, word := range words {
		if t, ok := r.rules.TopicOf(word); ok {
			word = t.Key
		}
		out = append(out, word)
	}
	return out
}

// channels are those by which the brand speaks of anything but orders.
func (r *reader) channels() {
	var all []string
	for _, p := range r.defs.Purposes {
		if !p.Service && define.Within(p.Key, "marketing.communications") {
			all = append(all, p.Channels...)
		}
	}
	slices.Sort(all)
	all = slices.Compact(all)
	usual := []string{"email", "push", "sms", "post", "onsite"}
	place := func(c string) int {
		if i := slices.Index(usual, c); i >= 0 {
			return i
		}
		return len(usual)
	}
	slices.SortStableFunc(all, func(a, b string) int { return cmp.Compare(place(a), place(b)) })
	r.usual = all
	liked := r.profile.Preference.Channels
	if len(liked) == 0 {
		liked = all
	}
	for _, c := range liked {
		if slices.Contains(all, c) {
			r.Channels = append(r.Channels, c)
			r.Choices[Channels+c] = strconv.Itoa(len(r.Channels))
		}
	}
	for _, c := range all {
		if _, known := r.Choices[Channels+c]; !known {
			r.Channels = append(r.Channels, c)
			r.Choices[Channels+c] = No
		}
	}
}

func (r *reader) times() {
	p := r.profile.Preference
	r.Choices[Often], r.Choices[Quiet], r.Choices[Break] = "", "", ""
	for _, c := range p.Caps {
		if c.Channel == "" && c.Hours > 0 && rate(often(c)) < rate(r.Choices[Often]) {
			r.Choices[Often] = often(c)
		}
	}
	if p.QuietOn && p.QuietAt != p.QuietTo {
		r.Choices[Quiet] = clockTime(p.QuietAt) + "-" + clockTime(p.QuietTo)
	}
	if p.Break > r.now {
		r.Choices[Break] = p.Break.Format()
	}
	r.Choices[Zone], r.Choices[Language] = p.Zone, p.Language
	r.Choices[Location] = p.Location
}

// everyDevice stands for all devices in Choices, where a name needs a word.
const everyDevice = "0"

// mostDevices bounds the list; who has more of them sees those last heard of.
const mostDevices = 5

func (r *reader) devices() {
	seen := map[fact.FragmentID]*Device{}
	for _, n := range r.profile.Identifiers {
		if n.NS == person.DeviceID || n.NS == person.PushToken {
			seen[n.Fragment] = &Device{ID: strconv.FormatInt(int64(n.Fragment), 10), NS: n.NS}
		}
	}
	for _, l := range r.d.History() {
		device := seen[l.Fragment]
		if device == nil || !l.Kind.Tells() {
			continue
		}
		if device.First == 0 || l.Received < device.First {
			device.First = l.Received
		}
		device.Last = max(device.Last, l.Received)
	}
	for _, device := range seen {
		r.Devices = append(r.Devices, *device)
	}
	slices.SortFunc(r.Devices, func(a, b Device) int { return cmp.Or(cmp.Compare(b.Last, a.Last), cmp.Compare(a.ID, b.ID)) })
	r.Devices = r.Devices[:min(len(r.Devices), mostDevices)]
	said := map[string]bool{}
	for _, share := range r.profile.Preference.Sharing {
		said[cmp.Or(share.Device, everyDevice)+"."+share.Kind] = share.Allowed
	}
	ids := []string{everyDevice}
	for _, device := range r.Devices {
		ids = append(ids, device.ID)
	}
	for _, id := range ids {
		for _, kind := range r.Kinds {
			value := Yes
			if allowed, spoken := said[id+"."+kind]; spoken && !allowed {
				value = No
			}
			r.Choices[Shares+id+"."+kind] = value
		}
	}
}

// given lists the promises under which the person gave something, the latest
// first.
func (r *reader) given() {
	byNotice := map[string]*Given{}
	add := func(ref, label string, at clock.Instant) {
		n, ok := r.text(ref)
		if !ok {
			return
		}
		g := byNotice[ref]
		if g == nil {
			g = &Given{Notice: n, Since: at}
			byNotice[ref] = g
		}
		g.Since = min(g.Since, at)
		if label != "" && !slices.Contains(g.What, label) {
			g.What = append(g.What, label)
		}
	}
	for _, a := range r.profile.Attributes {
		add(a.Notice, r.rules.Label("traits."+a.Name), a.At)
	}
	for _, c := range r.profile.Counters {
		add(c.Notice, r.rules.Label("events."+c.Name), c.First)
	}
	for _, b := range r.profile.Purchases {
		add(b.Notice, r.rules.Label("purchases."+b.Category), b.Last)
	}
	for _, g := range byNotice {
		slices.Sort(g.What)
		r.Given = append(r.Given, *g)
	}
	slices.SortFunc(r.Given, func(a, b Given) int {
		return cmp.Or(cmp.Compare(b.Since, a.Since), cmp.Compare(a.Notice.Ref(), b.Notice.Ref()))
	})
}

// text is a notice in the best of the languages that it has.
func (r *reader) text(ref string) (define.Notice, bool) {
	for _, language := range r.languages {
		for _, n := range r.defs.Notices {
			if n.Ref() == ref && strings.EqualFold(n.Language, language) {
				return n, true
			}
		}
	}
	return r.rules.Notice(ref)
}
