package ingest

import (
	"encoding/base64"
	"log/slog"
	"net/http"
	"strings"

	"github.com/heed-platform/heed/internal/collect/event"
	"github.com/heed-platform/heed/internal/problem"
	"github.com/heed-platform/heed/internal/web"
)

// sourceOfHeader finds the source by the request's head: Basic authorization
// first, then ?writeKey= as beacons send it. known is false when the head names
// no key. A key in the head wins over one in the body.
func (in *Ingest) sourceOfHeader(r *http.Request) (src event.Source, known bool, err error) {
	key := headerKey(r)
	if key == "" && r.URL.RawQuery != "" {
		key = r.URL.Query().Get("writeKey")
	}
	if key == "" {
		return src, false, nil
	}
	src, err = in.find(r, key)
	return src, err == nil, err
}

func (in *Ingest) sourceOfBody(r *http.Request, body []byte) (event.Source, error) {
	key := event.WriteKey(body)
	if key == "" {
		return event.Source{}, in.stranger(r, errNoKey)
	}
	return in.find(r, key)
}

// find is the source of a key; whoever tries many that nobody knows is slowed.
func (in *Ingest) find(r *http.Request, key string) (event.Source, error) {
	if src, ok := in.Source(key); ok {
		return src, nil
	}
	in.Metrics.UnknownKey()
	if !in.strangers.Allow(web.Address(r), in.Clock.Now()) {
		return event.Source{}, web.ErrTooFast
	}
	if in.lines.Allow("", in.Clock.Now()) {
		web.Log(r).LogAttrs(r.Context(), slog.LevelWarn, "events refused: unknown write key",
			slog.String("request", web.ID(r)), slog.String("key", tail(key)))
	}
	return event.Source{}, errUnknownKey
}

func (in *Ingest) stranger(r *http.Request, p *problem.Error) error {
	in.Metrics.UnknownKey()
	if !in.strangers.Allow(web.Address(r), in.Clock.Now()) {
		return web.ErrTooFast
	}
	return p
}

// headerKey is the user of Basic authorization. Its password does not matter,
// and a key without a colon is taken as well.
func headerKey(r *http.Request) string {
	scheme, rest, _ := strings.Cut(r.Header.Get("Authorization"), " ")
	if !strings.EqualFold(scheme, "Basic") {
		return ""
	}
	rest = strings.TrimRight(strings.TrimSpace(rest), "=")
	raw, err := base64.RawStdEncoding.DecodeString(rest)
	if err != nil {
		return ""
	}
	key, _, _ := strings.Cut(string(raw), ":")
	return key
}

// tail is enough of a key to recognize one's own and too little to use.
func tail(key string) string {
	if len(key) < 12 {
		return "…"
	}
	return "…" + key[len(key)-4:]
}
