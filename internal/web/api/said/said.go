// Package said is what a person said, as a request writes it down: grants for the
// ledger, and how they want to be spoken to. It refuses what it would have to
// guess at. Start reading at Grant and Preferences.
package said

import (
	"strconv"
	"time"

	"github.com/heed-platform/heed/internal/clock"
	"github.com/heed-platform/heed/internal/fact"
	"github.com/heed-platform/heed/internal/policy"
	"github.com/heed-platform/heed/internal/problem"
	"github.com/heed-platform/heed/internal/web/api/describe"
)

// Grant is what a person said about one use.
type Grant struct {
	Purpose      string        `json:"purpose"`
	Status       string        `json:"status"`
	Channel      string        `json:"channel"`
	Topic        string        `json:"topic"`
	Notice       string        `json:"notice"`
	Language     string        `json:"language"`
	Jurisdiction string        `json:"jurisdiction"`
	Said         clock.Instant `json:"said"`
	Evidence     string        `json:"evidence"`
}

var statuses = map[string]fact.GrantStatus{
	"granted": fact.Granted, "denied": fact.Denied, "withdrawn": fact.Withdrawn, "objected": fact.Objected,
}

// Fact reads one entry; at is where it stands in the request. What would stand in
// the ledger without effect is refused: a withdrawal under a misspelled purpose
// stops nothing.
func (g Grant) Fact(rules *policy.Rules, now clock.Instant, at string) (entry fact.Grant, wrong []problem.Field) {
	entry = fact.Grant{
		Purpose: g.Purpose, Channel: g.Channel, Topic: g.Topic, Status: statuses[g.Status], Notice: g.Notice, Language: g.Language,
		Jurisdiction: g.Jurisdiction, Method: "api", Source: "api", Said: g.Said, Evidence: g.Evidence,
	}
	if g.Said == 0 || g.Said > now {
		entry.Said = now
	}
	refuse := func(name, reason string) {
		wrong = append(wrong, problem.Field{Pointer: at + "/" + name, Reason: reason})
	}
	if rules == nil {
		refuse("purpose", "is not known, for no workspace is in force yet")
		return entry, wrong
	}
	if _, known := rules.Purpose(g.Purpose); !known {
		refuse("purpose", "is no purpose of the workspace")
	}
	if entry.Status == 0 {
		refuse("status", "is granted, denied, withdrawn or objected")
	}
	if _, known := rules.Notice(g.Notice); g.Notice != "" && !known {
		refuse("notice", "is no notice of the workspace")
	}
	if entry.Status == fact.Granted && g.Notice == "" {
		refuse("notice", "is missing; a grant names the text that the person saw")
	}
	if entry.Status == fact.Granted && g.Evidence == "" {
		refuse("evidence", "is missing; a grant names what proves it")
	}
	return entry, wrong
}

// Preferences are how a person wants to be spoken to. What is left out is no
// wish: each time the whole is set.
type Preferences struct {
	Muted    []string `json:"muted"`
	Topics   []string `json:"topics"`
	Channels []string `json:"channels"`
	Caps     []struct {
		Channel string `json:"channel"`
		Count   int    `json:"count"`
		Hours   int    `json:"hours"`
	} `json:"caps"`
	Quiet *struct {
		From string `json:"from"`
		To   string `json:"to"`
	} `json:"quiet"`
	Break    clock.Instant `json:"break_until"`
	Zone     string        `json:"zone"`
	Language string        `json:"language"`
	Location string        `json:"location"`
	Sharing  []struct {
		Device  string `json:"device"`
		Kind    string `json:"kind"`
		Allowed bool   `json:"allowed"`
	} `json:"sharing"`
}

const yearHours = 8760

// Fact reads the wishes; a wish that cannot be understood is refused, because
// half of what a person asked for is not what they asked for.
func (in *Preferences) Fact() (*fact.Preference, []problem.Field) {
	var wrong []problem.Field
	out := &fact.Preference{
		Muted: in.Muted, Topics: in.Topics, Channels: in.Channels, Break: in.Break, Zone: in.Zone, Language: in.Language, Source: "api",
	}
	for i, limit := range in.Caps {
		if limit.Count < 0 || limit.Hours < 1 || limit.Hours > yearHours {
			wrong = append(wrong, problem.Field{Pointer: "/caps/" + strconv.Itoa(i), Reason: "has a count from 0 and hours from 1 to 8760"})
		}
		out.Caps = append(out.Caps, fact.Cap{Channel: limit.Channel, Count: limit.Count, Hours: limit.Hours})
	}
	if in.Quiet != nil {
		var ok, ok2 bool
		out.QuietOn = true
		out.QuietAt, ok = minutes(in.Quiet.From)
		out.QuietTo, ok2 = minutes(in.Quiet.To)
		if !ok || !ok2 {
			wrong = append(wrong, problem.Field{Pointer: "/quiet", Reason: "has times such as 22:00 and 08:00"})
		} else if out.QuietAt == out.QuietTo {
			// Never and always are both at hand: nobody can tell which was meant.
			wrong = append(wrong, problem.Field{Pointer: "/quiet", Reason: "begins and ends at different times; leave it out for no quiet hours, and for silence set break_until"})
		}
	}
	if _, err := time.LoadLocation(in.Zone); err != nil || in.Zone == "Local" {
		wrong = append(wrong, problem.Field{Pointer: "/zone", Reason: "is a name such as Europe/Berlin"})
	}
	return out, append(wrong, in.device(out)...)
}

// device reads how much of where they are may be known, and what devices may tell.
func (in *Preferences) device(out *fact.Preference) (wrong []problem.Field) {
	switch in.Location {
	case "", fact.LocationNone, fact.LocationCity, fact.LocationStore, fact.LocationPrecise:
		out.Location = in.Location
	default:
		wrong = append(wrong, problem.Field{Pointer: "/location", Reason: "is none, city, store or precise"})
	}
	for i, s := range in.Sharing {
		if s.Kind == "" {
			wrong = append(wrong, problem.Field{Pointer: "/sharing/" + strconv.Itoa(i), Reason: "names a kind of data"})
		}
		out.Sharing = append(out.Sharing, fact.Share{Device: s.Device, Kind: s.Kind, Allowed: s.Allowed})
	}
	return wrong
}

// minutes reads 22:00 as minutes after midnight.
func minutes(clockTime string) (int, bool) {
	t, err := time.Parse("15:04", clockTime)
	return t.Hour()*60 + t.Minute(), err == nil
}

// PreferencesSchema describes Preferences.
func PreferencesSchema() describe.Schema {
	return describe.Object(describe.May("muted", describe.Listed("Topics not to speak of.", describe.Text("A topic."))), describe.May("topics", describe.Listed("Topics asked for.", describe.Text("A topic."))),
		describe.May("channels", describe.Listed("Those liked, in order; what a list leaves out is refused.", describe.Text("A channel."))),
		describe.May("caps", describe.Listed("At most so many messages.", describe.Object(describe.May("channel", describe.Text("All together without it.")), describe.Need("count", describe.Integer("From 0.")), describe.Need("hours", describe.Integer("In any window of so many hours, 1 to 8760."))))),
		describe.May("quiet", describe.Object(describe.Need("from", describe.Text("22:00, in the person's zone.")), describe.Need("to", describe.Text("08:00.")))),
		describe.May("break_until", describe.Moment("Nothing but service messages until then.")), describe.May("zone", describe.Text("Europe/Berlin.")), describe.May("language", describe.Text("de, pt-BR.")),
		describe.May("location", describe.Choice("How much of where they are may be known.", fact.LocationNone, fact.LocationCity, fact.LocationStore, fact.LocationPrecise)),
		describe.May("sharing", describe.Listed("What their devices may tell.", describe.Object(describe.May("device", describe.Text("Number of the device; every one without it.")), describe.Need("kind", describe.Text("location, advertising_id.")), describe.Need("allowed", describe.Flag("Whether it may."))))))
}

// GrantSchema describes Grant.
func GrantSchema() describe.Schema {
	return describe.Object(describe.Need("purpose", describe.Text("Key of a purpose.")), describe.Need("status", describe.Choice("What the person said.", "granted", "denied", "withdrawn", "objected")),
		describe.May("channel", describe.Text("All without it.")), describe.May("topic", describe.Text("All without it.")), describe.May("notice", describe.Text("The text that was shown, membership@3; a grant needs it.")),
		describe.May("language", describe.Text("Of that text.")), describe.May("jurisdiction", describe.Text("Where the person is, DE or US-CA.")), describe.May("said", describe.Moment("When the person said it; now without it.")),
		describe.May("evidence", describe.Text("What proves it: a form's number, a call's id; a grant needs it.")))
}
