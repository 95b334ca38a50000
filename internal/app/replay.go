package app

import (
	"context"
	"slices"

	"github.com/heed-platform/heed/internal/collect/event"
	"github.com/heed-platform/heed/internal/keep"
	"github.com/heed-platform/heed/internal/line"
)

// Replayed is what became of events that were in quarantine.
type Replayed struct {
	Tried     int `json:"tried"`
	Accepted  int `json:"accepted"`
	Duplicate int `json:"duplicate"`
	Left      int `json:"left"` // still not understood
}

// Replay tries events in quarantine again under the rules of now; none of ids is
// all. Those that are understood leave quarantine. Nothing is said to anybody
// because of a replay.
func (a *App) Replay(ctx context.Context, by string, ids []int64) (Replayed, error) {
	var out Replayed
	var after int64
	for {
		rows, err := a.Keep.Quarantined(ctx, after, timerPage)
		if err != nil || len(rows) == 0 {
			return out, err
		}
		var solved []int64
		for _, q := range rows {
			after = q.ID
			if len(ids) > 0 && !slices.Contains(ids, q.ID) {
				continue
			}
			ok, err := a.replayOne(ctx, q, &out)
			if err != nil {
				return out, err
			}
			if ok {
				solved = append(solved, q.ID)
			}
		}
		if len(solved) == 0 {
			continue
		}
		if err := a.Keep.DropQuarantined(ctx, by, solved); err != nil {
			return out, err
		}
	}
}

func (a *App) replayOne(ctx context.Context, q keep.Quarantine, out *Replayed) (bool, error) {
	out.Tried++
	src, ok := a.SourceNamed(q.Source)
	if !ok {
		out.Left++
		return false, nil
	}
	raw, err := a.Keep.OpenQuarantined(q)
	if err != nil {
		return false, err
	}
	parsed, err := event.Single(raw, 0, src, q.Received)
	if err != nil || len(parsed.Verdicts) != 1 || parsed.Verdicts[0].Code != "" {
		out.Left++
		return false, nil //nolint:nilerr // not understood still is an answer, and it stays where it is
	}
	arrival := line.Arrival{Event: parsed.Verdicts[0].Event, Elsewhere: parsed.Verdicts[0].Elsewhere}
	arrival.Event.Raw = slices.Clone(arrival.Event.Raw)
	arrival.Grants = a.Grants(src, &arrival.Event, false)
	answers, err := a.Line.Accept(ctx, line.Batch{Source: src.Key, Arrivals: []line.Arrival{arrival}, Replay: true, Held: true})
	if err != nil {
		return false, err
	}
	switch answers[0].Outcome {
	case line.Accepted:
		out.Accepted++
	case line.Duplicate:
		out.Duplicate++
	case line.Quarantined, line.Refused:
		out.Left++
		return false, nil
	}
	return true, nil
}
