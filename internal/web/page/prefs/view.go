package prefs

import (
	"cmp"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/heed-platform/heed/internal/account/access"
	"github.com/heed-platform/heed/internal/account/wish"
	"github.com/heed-platform/heed/internal/clock"
	"github.com/heed-platform/heed/internal/fact"
	"github.com/heed-platform/heed/internal/person"
	"github.com/heed-platform/heed/internal/policy"
	"github.com/heed-platform/heed/internal/web/page/door"
	"github.com/heed-platform/heed/internal/web/page/look"
	"github.com/heed-platform/heed/internal/web/page/words"
)

// view is what one answer shows.
type view struct {
	sheet    wish.Sheet
	values   wish.Choices // in the form's fields
	typed    url.Values   // what was sent, after a fault
	faults   []look.Fault
	proposed bool
	length   string // of a break that a link proposes, in days
	last     wish.Saved
}

// data is what choices.html is given.
type data struct {
	Full     bool
	CSRF     string
	Shown    string
	Saved    *saved
	Late     bool
	Proposed bool
	Purposes []purpose
	Break    look.Choices
	Often    look.Choices
	Limits   []string
	Quiet    quiet
	Zone     look.Choices
	Channels []look.Choices
	Only     look.Choices
	Topics   look.Choices
	Private  look.Choices
	Location look.Choices
	Devices  []device
	Language look.Choices
	Given    []wish.Given
	Contacts []contact
}

type saved struct {
	At       clock.Instant
	Undone   bool
	Undoable bool
	Leaving  int
	Rows     []look.Row
}

type purpose struct {
	wish.Purpose

	Name    string
	On      bool
	Why     string // why it cannot be changed here
	Context bool   // there is a promise to read
}

type quiet struct {
	On       look.Choices
	From, To look.Field
}

type device struct {
	Label   string
	Choices look.Choices
	Open    bool
}

type contact struct{ Channel, Value, State string }

func (d Deps) render(w http.ResponseWriter, r *http.Request, v access.Visitor, status int, p view) error {
	b := builder{view: p, say: d.Look.Words(r), full: v.Scope == access.Full, now: d.Clock.Now()}
	out := b.data()
	out.CSRF, out.Shown = door.Field(v), encode(offered(p.sheet, v))
	out.Late = r.URL.Query().Get("late") != ""
	return d.Look.Render(w, r, status, look.Page{
		Set: pages, Name: "choices.html", Title: b.say.T("prefs.title"), Data: out, Faults: p.faults,
		Inside: true, Here: Path, CSRF: door.Field(v),
	})
}

// builder puts a view into words.
type builder struct {
	view

	say  words.Words
	full bool
	now  clock.Instant
}

func (b builder) data() data {
	out := data{
		Full: b.full, Proposed: b.proposed, Saved: b.saved(), Purposes: b.purposes(), Break: b.pause(), Often: b.often(), Limits: b.limits(),
		Quiet: b.quiet(), Zone: b.zone(), Channels: b.channels(), Only: b.only(), Topics: b.topics(false), Private: b.topics(true),
	}
	if !b.full {
		out.Contacts = b.contacts()
		return out
	}
	out.Location, out.Devices, out.Language, out.Given, out.Contacts = b.location(), b.devices(), b.language(), b.sheet.Given, b.contacts()
	return out
}

// pick is a question of which one answer is given.
func (b builder) pick(name, kind, legend, hint string, options ...look.Option) look.Choices {
	for i := range options {
		options[i].Chosen = options[i].Value == b.values[name]
	}
	return look.Choices{Name: name, Kind: kind, Legend: legend, Hint: hint, Options: options}
}

func (b builder) saved() *saved {
	if b.last.At == 0 {
		return nil
	}
	s := &saved{At: b.last.At, Undone: b.last.Undone, Undoable: b.last.Undoable(), Leaving: b.last.Leaving}
	for _, c := range b.last.Changed {
		s.Rows = append(s.Rows, b.row(c))
	}
	return s
}

// row says one change.
func (b builder) row(c wish.Difference) look.Row {
	kind, rest, _ := strings.Cut(c.Name, ".")
	switch kind + "." {
	case wish.Purposes:
		i := slices.IndexFunc(b.sheet.Purposes, func(p wish.Purpose) bool { return p.Key == rest })
		if i >= 0 {
			rest = b.sheet.Purposes[i].Label
		}
		return look.Row{Name: capital(rest), Value: b.onOff(c.To)}
	case wish.Topics:
		i := slices.IndexFunc(b.sheet.Topics, func(t wish.Topic) bool { return t.Key == rest })
		if i >= 0 {
			rest = b.sheet.Topics[i].Label
		}
		return look.Row{Name: capital(rest), Value: b.onOff(c.To)}
	case wish.Channels:
		return look.Row{Name: b.channel(rest), Value: b.liked(c.To)}
	case wish.Shares:
		_, what, _ := strings.Cut(rest, ".")
		return look.Row{Name: b.say.Or("prefs.kind."+what, what), Value: b.onOff(either(c.To == wish.Yes, wish.On, wish.Off))}
	}
	return look.Row{Name: b.say.T("prefs.part." + c.Name), Value: b.value(c)}
}

func (b builder) onOff(value string) string {
	return either(value == wish.On, b.say.T("prefs.on"), b.say.T("prefs.off"))
}

// value is what a part was set to.
func (b builder) value(c wish.Difference) string {
	switch {
	case c.Name == wish.Only:
		return b.onOff(c.To)
	case c.Name == wish.Break && c.To != "":
		return b.say.T("prefs.until", "date", instant(c.To))
	case c.Name == wish.Often && c.To != "":
		return b.limit(c.To)
	case c.Name == wish.Location && c.To != "":
		return b.say.T("prefs.location_" + c.To)
	case c.Name == wish.Language && words.Speaks(c.To):
		return words.For(c.To).Name()
	case c.To == "":
		return b.say.T("prefs.none")
	}
	return c.To
}

func instant(text string) (at clock.Instant) {
	if err := at.UnmarshalText([]byte(text)); err != nil {
		return 0
	}
	return at
}

func (b builder) purposes() []purpose {
	out := make([]purpose, 0, len(b.sheet.Purposes))
	for _, p := range b.sheet.Purposes {
		one := purpose{Purpose: p, Name: wish.Purposes + p.Key, On: b.values[wish.Purposes+p.Key] == wish.On, Context: p.Notice.Key != ""}
		one.Label = capital(p.Label)
		if p.Fixed {
			one.Why = b.say.T("prefs.fixed_other")
			switch p.Code {
			case policy.CodeGPC:
				one.Why = b.say.T("prefs.fixed_gpc")
			case policy.CodeMinor:
				one.Why = b.say.T("prefs.fixed_minor")
			case policy.CodeForbidden, policy.CodeLawSilent, policy.CodeBasisNotAccepted:
				one.Why = b.say.T("prefs.fixed_law")
			}
		}
		if !b.full {
			one.Uses = nil // whoever else has the link need not know what we know
		}
		out = append(out, one)
	}
	return out
}

func (b builder) pause() look.Choices {
	options := []look.Option{{Value: "", Label: b.say.T("prefs.break_none")}}
	current, chosen := b.values[wish.Break], b.length
	if current != "" {
		options = append(options, look.Option{Value: keepBreak, Label: b.say.T("prefs.break_keep", "date", instant(current))})
		chosen = cmp.Or(chosen, keepBreak)
	}
	if b.typed != nil {
		chosen = b.typed.Get(wish.Break)
	}
	lengths := []int{7, 14, 30, 90}
	if n, err := strconv.Atoi(chosen); err == nil && !slices.Contains(lengths, n) {
		lengths = append(lengths, n)
	}
	for _, days := range lengths {
		options = append(options, look.Option{Value: strconv.Itoa(days), Label: b.say.T("prefs.break_days", "n", days)})
	}
	for i := range options {
		options[i].Chosen = options[i].Value == chosen
	}
	return look.Choices{Name: wish.Break, Kind: "select", Legend: b.say.T("prefs.break"), Hint: b.say.T("prefs.break_hint"), Options: options}
}

// limit says "at most 2 in 30 days".
func (b builder) limit(often string) string {
	c, ok := wish.ParseOften(often)
	if !ok {
		return often
	}
	return b.say.T("prefs.often_n", "n", c.Count, "days", b.days(c.Hours))
}

func (b builder) days(hours int) string {
	if hours%24 != 0 {
		return b.say.T("prefs.hours", "n", hours)
	}
	return b.say.T("prefs.days", "n", hours/24)
}

func (b builder) often() look.Choices {
	options := []look.Option{{Label: b.say.T("prefs.often_none")}}
	all := []string{"3/168", "2/168", "1/168", "2/720", "1/720"}
	if current := b.values[wish.Often]; current != "" && !slices.Contains(all, current) {
		all = append(all, current)
	}
	for _, often := range all {
		if often == b.values[wish.Often] || !b.already(often) {
			options = append(options, look.Option{Value: often, Label: b.limit(often)})
		}
	}
	return b.pick(wish.Often, "select", b.say.T("prefs.often"), b.say.T("prefs.often_hint"), options...)
}

// already reports whether the brand's own limit holds as much or more.
func (b builder) already(often string) bool {
	c, _ := wish.ParseOften(often)
	for _, own := range b.sheet.Caps {
		if own.Channel == "" && own.Count*c.Hours <= c.Count*own.Hours {
			return true
		}
	}
	return false
}

// limits are the brand's own, for knowing.
func (b builder) limits() []string {
	var out []string
	for _, c := range b.sheet.Caps {
		line := b.say.T("prefs.often_n", "n", c.Count, "days", b.days(c.Hours))
		if c.Channel != "" {
			line = b.channel(c.Channel) + ": " + line
		}
		out = append(out, line)
	}
	return out
}

func (b builder) quiet() quiet {
	value := b.values[wish.Quiet]
	from, to, on := strings.Cut(value, "-")
	if b.typed != nil {
		from, to, on = b.typed.Get(quietFrom), b.typed.Get(quietTo), b.typed.Get(wish.Quiet) != ""
	}
	if from == "" && to == "" {
		from, to = b.sheet.Quiet.From, b.sheet.Quiet.To
	}
	hint := ""
	if b.sheet.Quiet.From != "" {
		hint = b.say.T("prefs.quiet_hint", "from", b.sheet.Quiet.From, "to", b.sheet.Quiet.To)
	}
	return quiet{
		On: look.Choices{Name: wish.Quiet, Kind: "switch", Legend: b.say.T("prefs.quiet"), Hint: hint, Options: []look.Option{
			{Name: wish.Quiet, Value: wish.On, Label: b.say.T("prefs.quiet_on"), Chosen: on},
		}},
		From: look.Field{Name: quietFrom, Label: b.say.T("prefs.quiet_from"), Kind: "time", Value: from, Short: true, Required: true, Error: look.Faulty(b.faults, quietFrom)},
		To:   look.Field{Name: quietTo, Label: b.say.T("prefs.quiet_to"), Kind: "time", Value: to, Short: true, Required: true},
	}
}

// zones are those that most people live in; one that somebody set elsewhere is
// added to them.
func zones() []string {
	return []string{
		"Africa/Cairo", "Africa/Casablanca", "Africa/Johannesburg", "Africa/Lagos", "Africa/Nairobi",
		"America/Argentina/Buenos_Aires", "America/Bogota", "America/Chicago", "America/Denver", "America/Halifax", "America/Los_Angeles",
		"America/Mexico_City", "America/New_York", "America/Sao_Paulo", "Asia/Baghdad", "Asia/Bangkok", "Asia/Dubai", "Asia/Hong_Kong",
		"Asia/Jakarta", "Asia/Jerusalem", "Asia/Karachi", "Asia/Kolkata", "Asia/Riyadh", "Asia/Seoul", "Asia/Singapore", "Asia/Tokyo",
		"Atlantic/Canary", "Australia/Perth", "Australia/Sydney", "Europe/Athens", "Europe/Berlin", "Europe/Dublin", "Europe/Helsinki",
		"Europe/Istanbul", "Europe/Kyiv", "Europe/Lisbon", "Europe/London", "Europe/Madrid", "Europe/Moscow", "Europe/Paris", "Europe/Rome",
		"Europe/Vienna", "Europe/Zurich", "Pacific/Auckland",
	}
}

func (b builder) zone() look.Choices {
	options := []look.Option{{Label: b.say.T("prefs.zone_ours", "zone", place(b.sheet.Zone))}}
	all := zones()
	if current := b.values[wish.Zone]; current != "" && !slices.Contains(all, current) {
		all = append(all, current)
	}
	for _, zone := range all {
		options = append(options, look.Option{Value: zone, Label: place(zone)})
	}
	return b.pick(wish.Zone, "select", b.say.T("prefs.zone"), "", options...)
}

func place(zone string) string { return strings.ReplaceAll(zone, "_", " ") }

func (b builder) channel(name string) string { return b.say.Or("prefs.channel."+name, name) }

// liked says how much a channel is liked.
func (b builder) liked(rank string) string {
	if rank == wish.No {
		return b.say.T("prefs.channel_no")
	}
	n, _ := strconv.Atoi(rank)
	return b.say.T("prefs.channel_rank", "rank", b.say.Number(int64(n)))
}

func (b builder) channels() []look.Choices {
	var out []look.Choices
	for _, c := range b.sheet.Channels {
		name := wish.Channels + c
		var options []look.Option
		for i := range b.sheet.Channels {
			options = append(options, look.Option{Value: strconv.Itoa(i + 1), Label: b.liked(strconv.Itoa(i + 1))})
		}
		options = append(options, look.Option{Value: wish.No, Label: b.liked(wish.No)})
		out = append(out, b.pick(name, "select", b.channel(c), "", options...))
	}
	return out
}

func (b builder) only() look.Choices {
	return b.pick(wish.Only, "radio", b.say.T("prefs.only"), "",
		look.Option{Value: wish.Off, Label: b.say.T("prefs.only_off")}, look.Option{Value: wish.On, Label: b.say.T("prefs.only_on")})
}

// topics are the subjects, or the private ones.
func (b builder) topics(private bool) look.Choices {
	c := look.Choices{Name: "topic", Kind: "check", Legend: b.say.T("prefs.topics_legend")}
	if private {
		c.Name, c.Legend, c.Hint = "private", b.say.T("prefs.private_legend"), b.say.T("prefs.private_hint")
	}
	for _, t := range b.sheet.Topics {
		if t.Private != private {
			continue
		}
		name := wish.Topics + t.Key
		o := look.Option{Name: name, Value: wish.On, Label: capital(t.Label), Chosen: b.values[name] == wish.On, Fixed: t.Closed, Under: t.Under}
		if private && !b.full {
			o = look.Option{Name: fieldMute + t.Key, Value: wish.On, Label: b.say.T("prefs.never", "topic", t.Label), Under: t.Under}
		}
		c.Options = append(c.Options, o)
	}
	return c
}

func (b builder) location() look.Choices {
	var options []look.Option
	for _, l := range []string{fact.LocationNone, fact.LocationCity, fact.LocationStore, fact.LocationPrecise} {
		options = append(options, look.Option{Value: l, Label: b.say.T("prefs.location_" + l), Hint: b.say.T("prefs.location_hint_" + l)})
	}
	return b.pick(wish.Location, "radio", b.say.T("prefs.location"), "", options...)
}

func (b builder) devices() []device {
	out := []device{{Label: b.say.T("prefs.device_all"), Choices: b.shares("0")}}
	for i, d := range b.sheet.Devices {
		label := b.say.T("prefs.device", "number", b.say.Number(int64(i+1)))
		if d.Last != 0 {
			label = b.say.T("prefs.device_last", "number", b.say.Number(int64(i+1)), "date", d.Last)
		}
		out = append(out, device{Label: label, Choices: b.shares(d.ID)})
	}
	return out
}

func (b builder) shares(id string) look.Choices {
	c := look.Choices{Name: "share" + id, Kind: "switch", Legend: b.say.T("prefs.device_legend")}
	for _, kind := range b.sheet.Kinds {
		name := wish.Shares + id + "." + kind
		c.Options = append(c.Options, look.Option{
			Name: name, Value: wish.Yes, Label: b.say.Or("prefs.kind."+kind, kind), Chosen: b.values[name] == wish.Yes,
		})
	}
	return c
}

func (b builder) language() look.Choices {
	options := []look.Option{{Label: b.say.T("prefs.language_any")}}
	known := b.values[wish.Language] == ""
	for _, w := range words.All() {
		options = append(options, look.Option{Value: w.Tag(), Label: w.Name()})
		known = known || w.Tag() == b.values[wish.Language]
	}
	if current := b.values[wish.Language]; !known {
		options = append(options, look.Option{Value: current, Label: current})
	}
	return b.pick(wish.Language, "select", b.say.T("prefs.language"), b.say.T("prefs.language_hint"), options...)
}

// contacts are where they can be reached, masked for whoever came by a link.
func (b builder) contacts() []contact {
	var out []contact
	for _, c := range b.sheet.Contacts {
		channel := "email"
		if c.NS == person.Phone {
			channel = "sms"
		}
		one := contact{Channel: b.channel(channel), Value: c.Value.Reveal(), State: b.say.T("prefs.contact_open")}
		if !b.full {
			one.Value = mask(one.Value)
		}
		if c.Verified {
			one.State = b.say.T("prefs.contact_sure")
		}
		out = append(out, one)
	}
	return out
}

// mask shows enough of an address for its owner to know it again: "a…@e…", "… 78".
func mask(value string) string {
	name, host, mail := strings.Cut(value, "@")
	if !mail {
		return "… " + value[max(0, len(value)-2):]
	}
	first := func(s string) string {
		for _, c := range s {
			return string(c)
		}
		return ""
	}
	return first(name) + "…@" + first(host) + "…"
}

// capital begins a label that fits into a sentence like one of its own.
func capital(label string) string {
	for i, c := range label {
		return strings.ToUpper(string(c)) + label[i+len(string(c)):]
	}
	return label
}
