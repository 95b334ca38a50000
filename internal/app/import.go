package app

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
	"path/filepath"
	"slices"
	"time"

	"github.com/heed-platform/heed/internal/clock"
	"github.com/heed-platform/heed/internal/collect/consent"
	"github.com/heed-platform/heed/internal/collect/event"
	"github.com/heed-platform/heed/internal/collect/source"
	"github.com/heed-platform/heed/internal/fact"
	"github.com/heed-platform/heed/internal/keep"
	items "github.com/heed-platform/heed/internal/know/catalog"
	"github.com/heed-platform/heed/internal/line"
	"github.com/heed-platform/heed/internal/policy/define"
	"github.com/heed-platform/heed/internal/problem"
)

// Import says what to bring in.
type Import struct {
	source.Options

	Map    string // the mapping's text; "" when the files hold Segment events
	File   string // its name, for faults
	Source string // which source it counts as; "" is the mapping's, else "import"
	Notice string // which notice covers values that name none; "" is the source's
}

// importSource is what history counts as when nobody says otherwise. It needs no
// write key, so it is there before a workspace defines it.
const importSource = "import"

var (
	errMapping = problem.New(problem.Invalid, "import-map-invalid", "The mapping has faults and nothing was imported; mend them and import again.")
	errSource  = problem.New(problem.Invalid, "import-source-unknown", "The workspace defines no source of this name; define it, or leave --source out.")
)

// Import brings files in through the line, as history: nothing is said to anybody
// because of it. Done twice, or begun again after a kill, it gives what doing it
// once gives. What it reports is true when it fails, too.
func (a *App) Import(ctx context.Context, o Import) (source.Report, error) {
	if o.Map != "" {
		m, faults := source.ParseMapping([]byte(o.Map))
		if len(faults) > 0 {
			p := errMapping
			for _, f := range faults {
				p = p.At(fmt.Sprintf("%s:%d", o.File, f.Line), f.Reason)
			}
			return source.Report{}, p
		}
		o.Mapping = &m
		o.Source = cmp.Or(o.Source, m.Source)
	}
	src, err := a.historian(cmp.Or(o.Source, importSource))
	if err != nil {
		return source.Report{}, err
	}
	if o.Notice != "" {
		src.Notice = o.Notice
	}
	folder, err := filepath.Abs(a.Config.Data)
	if err != nil {
		return source.Report{}, fmt.Errorf("import: %w", err)
	}
	o.Folder, o.Salt, o.Memory = folder, src.Key+"\x00"+src.Notice, importMemory{a.Keep}
	im := importing{app: a, src: src}
	return source.New(source.Sink{Events: im.events, Items: im.items}, a.Clock).Run(ctx, o.Options)
}

// historian is a source whose times are taken as written and whose word is
// verified: whoever imports sits at the machine.
func (a *App) historian(name string) (event.Source, error) {
	src, ok := a.SourceNamed(name)
	if !ok && name != importSource {
		return src, errSource.At(name, "is not defined")
	}
	if !ok {
		src = event.Source{Key: importSource, Origin: fact.Declared, Canonical: a.canonical, Once: a.once}
	}
	src.Kind = event.Import
	return src, nil
}

// importMemory keeps how far an import came beside what it brought.
type importMemory struct{ keep *keep.Keep }

const importMeta = "import"

// Load gives what Save kept.
func (m importMemory) Load(ctx context.Context) ([]byte, error) { return m.keep.Meta(ctx, importMeta) }

// Save keeps it.
func (m importMemory) Save(ctx context.Context, state []byte) error {
	return m.keep.SetMeta(ctx, importMeta, state)
}

// importing is one import as the line and the catalog see it.
type importing struct {
	app *App
	src event.Source
}

func (im *importing) events(ctx context.Context, page []source.Entry) ([]source.Answer, error) {
	answers := make([]source.Answer, len(page))
	batch := line.Batch{Source: im.src.Key, Replay: true, Returns: true}
	var at []int // where each arrival stands in the page
	now := im.app.Clock.Now()
	for i := range page {
		arrival, refused := im.judge(&page[i], now)
		switch {
		case refused.Outcome != 0:
			answers[i] = refused
		case page[i].Known:
			answers[i] = source.Answer{Outcome: source.Duplicate}
		default:
			batch.Arrivals, at = append(batch.Arrivals, arrival), append(at, i)
		}
	}
	if len(batch.Arrivals) == 0 {
		return answers, nil
	}
	said, err := im.accept(ctx, batch)
	if err != nil {
		return nil, err
	}
	for n, i := range at {
		switch said[n].Outcome {
		case line.Accepted:
			answers[i] = source.Answer{Outcome: source.Accepted}
		case line.Duplicate:
			answers[i] = source.Answer{Outcome: source.Duplicate}
		case line.Quarantined, line.Refused:
			answers[i] = source.Answer{Outcome: source.Refused, Code: said[n].Code, Why: said[n].Why}
		}
	}
	return answers, nil
}

// judge reads one event as a request would bring it. refused is the zero Answer
// when it is understood.
func (im *importing) judge(e *source.Entry, now clock.Instant) (arrival line.Arrival, refused source.Answer) {
	src := im.src
	src.Named = e.Made
	parsed, err := event.Single(e.JSON, 0, src, now)
	if err != nil {
		return arrival, source.Answer{Outcome: source.Refused, Code: "not_json", Why: problem.Of(err).Detail}
	}
	v := &parsed.Verdicts[0]
	if v.Code != "" {
		return arrival, source.Answer{Outcome: source.Refused, Code: v.Code, Why: v.Why}
	}
	arrival = line.Arrival{Event: v.Event, Grants: im.app.Grants(im.src, &v.Event, false), Elsewhere: v.Elsewhere}
	rules := im.app.World().Rules
	for _, g := range e.Grants {
		if _, known := rules.Purpose(g.Purpose); g.Status == fact.Granted && !known && !define.IsDataUse(g.Purpose) {
			return arrival, source.Answer{
				Outcome: source.Refused, Code: "bad_grant",
				Why: "the workspace knows no such purpose; a yes to it would be worth nothing",
			}
		}
		if g.Status == fact.Granted && !consent.Own(v.Event.Origin) {
			return arrival, source.Answer{Outcome: source.Refused, Code: "bought_grant", Why: consent.WhyRumor}
		}
		g.Source = im.src.Key
		arrival.Grants = append(arrival.Grants, g)
	}
	return arrival, refused
}

// accept walks a batch; when more is arriving than can be written, history waits.
func (im *importing) accept(ctx context.Context, b line.Batch) ([]line.Answer, error) {
	const pause = 100 * time.Millisecond
	for {
		answers, err := im.app.Line.Accept(ctx, b)
		if p, ok := errors.AsType[*problem.Error](err); !ok || p.Kind != problem.TooMany {
			return answers, err
		}
		time.Sleep(pause)
	}
}

// items puts records into the catalog; those that change nothing are not
// written.
func (im *importing) items(ctx context.Context, page []source.Item) ([]source.Answer, error) {
	answers := make([]source.Answer, len(page))
	changes := make([]items.Change, len(page))
	var ids []string
	for i := range page {
		c, err := items.ChangeOf(page[i].JSON)
		if err != nil {
			answers[i] = source.Answer{Outcome: source.Refused, Code: "bad_item", Why: problem.Of(err).Error()}
			continue
		}
		changes[i], answers[i] = c, source.Answer{Outcome: source.Accepted}
		ids = append(ids, c.ID)
	}
	if len(ids) == 0 {
		return answers, nil
	}
	have, err := im.app.Keep.Items(ctx, ids)
	if err != nil {
		return nil, err
	}
	before, now := map[string][]byte{}, map[string]items.Item{}
	for _, row := range have {
		if now[row.ID], err = items.Parse(row.Body); err != nil {
			return nil, err
		}
		before[row.ID] = row.Body
	}
	for i := range changes {
		if answers[i].Outcome == source.Refused {
			continue
		}
		after, err := now[changes[i].ID].Upsert(changes[i])
		if err != nil {
			answers[i] = source.Answer{Outcome: source.Refused, Code: "bad_item", Why: problem.Of(err).Error()}
			continue
		}
		now[changes[i].ID] = after
	}
	var rows []keep.Item
	for _, id := range slices.Sorted(maps.Keys(now)) {
		body, err := now[id].Body()
		if err != nil {
			return nil, fmt.Errorf("write item: %w", err)
		}
		if !bytes.Equal(body, before[id]) {
			rows = append(rows, keep.Item{ID: id, Body: body})
		}
	}
	if len(rows) == 0 {
		return answers, nil
	}
	return answers, im.app.Keep.PutItems(ctx, rows)
}

// Notices are the notices that an import would name and the workspace does not
// have; "" says that some of what comes in names none.
func (a *App) Notices(o Import) []string {
	src, err := a.historian(cmp.Or(o.Source, importSource))
	if err != nil {
		return nil
	}
	named := []string{cmp.Or(o.Notice, src.Notice)}
	if o.Map != "" {
		m, _ := source.ParseMapping([]byte(o.Map))
		if names := m.Notices(); !slices.Contains(names, "") {
			named = names
		} else {
			named = append(named, names...)
		}
	}
	rules := a.World().Rules
	named = slices.DeleteFunc(named, func(ref string) bool { _, known := rules.Notice(ref); return known })
	slices.Sort(named)
	return slices.Compact(named)
}
