package ingest

import (
	"context"
	"net/http"
	"strconv"

	"github.com/heed-platform/heed/internal/clock"
	"github.com/heed-platform/heed/internal/collect/consent"
	"github.com/heed-platform/heed/internal/collect/event"
	"github.com/heed-platform/heed/internal/fact"
	"github.com/heed-platform/heed/internal/keep"
	"github.com/heed-platform/heed/internal/line"
	"github.com/heed-platform/heed/internal/problem"
	"github.com/heed-platform/heed/internal/web"
)

// Line is where checked events go.
type Line interface {
	Accept(ctx context.Context, b line.Batch) ([]line.Answer, error)
	Sealed(source, code, why string, raw []byte, at clock.Instant) keep.Quarantine
}

// Deps is what the door stands on.
type Deps struct {
	Line    Line
	Clock   clock.Clock
	Metrics *web.Metrics

	// Source finds a source by its write key; it is asked for every request.
	Source func(writeKey string) (event.Source, bool)
	// Grants reads what an event says about consent. gpc is the request's
	// Sec-GPC. A browser's grants are already cut down to what it may say.
	Grants func(src event.Source, e *fact.Event, gpc bool) []fact.Grant
	// Refused adds events that never reached the line to a source's balance.
	Refused func(ctx context.Context, source string, n int64) error
	// PublicURL is how the world reaches heed; "" is by the request's Host.
	PublicURL func() string
}

// Ingest is the door.
type Ingest struct {
	Deps

	strangers *web.Limiter // by address: requests with unknown keys
	public    *web.Limiter // by source and address: requests with browser keys
	lines     *web.Limiter // of the log
}

// Routes adds the door's addresses to mux, each with and without a slash at its
// end.
func Routes(mux *http.ServeMux, d Deps) {
	in := &Ingest{Deps: d, strangers: web.NewLimiter(5, 50), public: web.NewLimiter(200, 1000), lines: web.NewLimiter(1, 10)}
	for _, c := range calls {
		in.handle(mux, http.MethodPost, c.path, in.receive(c))
	}
	in.handle(mux, http.MethodPost, "/v1/m", thanks)
	in.handle(mux, http.MethodPost, "/rsaMetrics", thanks)
	in.handle(mux, http.MethodGet, "/v1/projects/{key}/settings", in.settings)
	in.handle(mux, http.MethodGet, "/sourceConfig", in.sourceConfig)
	in.handle(mux, http.MethodGet, "/cluster-info", plain(`{"nodeCount":1}`))
	in.handle(mux, http.MethodGet, "/health", plain(`{"status":"UP"}`))
}

// call is one address that takes events. Type zero takes a batch.
type call struct {
	path   string
	typ    fact.EventType
	replay bool // history: nothing is said to anybody because of it
}

var calls = []call{
	{path: "/v1/identify", typ: fact.Identify},
	{path: "/v1/i", typ: fact.Identify},
	{path: "/v1/track", typ: fact.Track},
	{path: "/v1/t", typ: fact.Track},
	{path: "/v1/page", typ: fact.Page},
	{path: "/v1/p", typ: fact.Page},
	{path: "/v1/screen", typ: fact.Screen},
	{path: "/v1/s", typ: fact.Screen},
	{path: "/v1/group", typ: fact.Group},
	{path: "/v1/g", typ: fact.Group},
	{path: "/v1/alias", typ: fact.Alias},
	{path: "/v1/a", typ: fact.Alias},
	{path: "/v1/batch"},
	{path: "/v1/b"},
	{path: "/beacon/v1/batch"},
	{path: "/v1/import", replay: true},
}

// Problems of the door itself.
var (
	errNoKey      = problem.New(problem.Unauthenticated, "write-key-missing", "The request names no write key; send it as the user of Basic authorization.")
	errUnknownKey = problem.New(problem.Unauthenticated, "write-key-unknown", "Nobody here knows this write key; take one from heed source or from whoever runs heed.")
)

// receive takes events at one address.
func (in *Ingest) receive(c call) web.Handler {
	return func(w http.ResponseWriter, r *http.Request) error {
		src, known, err := in.sourceOfHeader(r)
		if err != nil {
			return err
		}
		if known {
			if err := in.pace(r, src); err != nil {
				return err
			}
		}
		body, err := readBody(w, r)
		if err != nil {
			return in.refuse(r, src, err)
		}
		if !known {
			if src, err = in.sourceOfBody(r, body); err != nil {
				return err
			}
			if err := in.pace(r, src); err != nil {
				return err
			}
		}
		now := in.Clock.Now()
		parsed, err := parse(body, c, src, now)
		if err != nil {
			return in.refuse(r, src, err)
		}
		b, index := in.batch(r, c, src, parsed, now)
		answers, err := in.Line.Accept(r.Context(), b)
		if err != nil {
			return err
		}
		in.Metrics.Committed(in.Clock.Now().Sub(now))
		in.answer(w, src, parsed, index, answers)
		return nil
	}
}

// pace slows a place that sends too much with a key that anybody can have.
func (in *Ingest) pace(r *http.Request, src event.Source) error {
	if src.Kind == event.Server || src.Kind == event.Import || in.public.Allow(src.Key+" "+web.Address(r), in.Clock.Now()) {
		return nil
	}
	return web.ErrTooFast
}

func parse(body []byte, c call, src event.Source, now clock.Instant) (event.Parsed, error) {
	if c.typ == 0 {
		return event.Batch(body, src, now)
	}
	return event.Single(body, c.typ, src, now)
}

// refuse counts a body that could not be cut into events as one event of its
// source, so that the balance shows it.
func (in *Ingest) refuse(r *http.Request, src event.Source, err error) error {
	if src.Key == "" {
		return err
	}
	in.Metrics.Events(src.Key, "refused", 1)
	if cerr := in.Refused(r.Context(), src.Key, 1); cerr != nil {
		return cerr
	}
	return err
}

// batch sorts verdicts into what the line applies and what is put aside. index
// says which verdict each arrival is.
func (in *Ingest) batch(r *http.Request, c call, src event.Source, parsed event.Parsed, now clock.Instant) (b line.Batch, index []int) {
	gpc := consent.GPC(r.Header.Values("Sec-Gpc"))
	b = line.Batch{Source: src.Key, Replay: c.replay, Arrivals: make([]line.Arrival, 0, len(parsed.Verdicts))}
	index = make([]int, 0, len(parsed.Verdicts))
	for i := range parsed.Verdicts {
		v := &parsed.Verdicts[i]
		if v.Code != "" {
			b.Quarantine = append(b.Quarantine, in.Line.Sealed(src.Key, v.Code, v.Why, v.Raw, now))
			continue
		}
		b.Arrivals = append(b.Arrivals, line.Arrival{Event: v.Event, Grants: in.Grants(src, &v.Event, gpc), Elsewhere: v.Elsewhere})
		index = append(index, i)
	}
	return b, index
}

// answer writes what became of each event.
func (in *Ingest) answer(w http.ResponseWriter, src event.Source, parsed event.Parsed, index []int, answers []line.Answer) {
	accepted, duplicates := 0, 0
	for i, a := range answers {
		switch a.Outcome {
		case line.Accepted:
			accepted++
		case line.Duplicate:
			duplicates++
		case line.Quarantined, line.Refused:
			v := &parsed.Verdicts[index[i]]
			v.Code, v.Why = a.Code, a.Why
		}
	}
	out := make([]byte, 0, 128)
	out = append(out, `{"success":true,"accepted":`...)
	out = strconv.AppendInt(out, int64(accepted), 10)
	out = append(out, `,"duplicates":`...)
	out = strconv.AppendInt(out, int64(duplicates), 10)
	out = append(out, `,"quarantined":[`...)
	aside := 0
	for i := range parsed.Verdicts {
		if v := &parsed.Verdicts[i]; v.Code != "" {
			if aside++; aside > 1 {
				out = append(out, ',')
			}
			out = appendAside(out, v)
		}
	}
	out = appendWithheld(append(out, ']'), index, answers)
	out = append(out, "}\n"...)
	in.Metrics.Events(src.Key, "accepted", accepted)
	in.Metrics.Events(src.Key, "duplicate", duplicates)
	in.Metrics.Events(src.Key, "quarantined", aside)
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Content-Length", strconv.Itoa(len(out)))
	_, _ = w.Write(out)
}
