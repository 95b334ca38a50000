package ingest

import (
	"encoding/json"
	"net/http"
	"strings"

	"github.com/heed-platform/heed/internal/collect/event"
	"github.com/heed-platform/heed/internal/web"
)

// aside is how the answer names an event that was put aside.
type aside struct {
	Index int    `json:"index"`
	Code  string `json:"code"`
	Why   string `json:"why"`
}

func appendAside(out []byte, v *event.Verdict) []byte {
	raw, err := json.Marshal(aside{Index: v.Index, Code: v.Code, Why: v.Why})
	if err != nil { // numbers and text always marshal
		panic(err)
	}
	return append(out, raw...)
}

// thanks takes what SDKs tell about themselves and keeps none of it.
func thanks(w http.ResponseWriter, _ *http.Request) error {
	return write(w, []byte(`{"success":true}`))
}

func plain(text string) web.Handler {
	return func(w http.ResponseWriter, _ *http.Request) error { return write(w, []byte(text)) }
}

func write(w http.ResponseWriter, body []byte) error {
	w.Header().Set("Content-Type", "application/json")
	_, err := w.Write(append(body, '\n'))
	return err
}

// segment is what Segment's browser SDK asks for before it sends. Exactly one
// integration, and metrics off: otherwise it loads code from, and reports to,
// somebody else.
type segment struct {
	Integrations struct {
		Segment struct {
			APIKey     string `json:"apiKey"`
			APIHost    string `json:"apiHost"`
			Protocol   string `json:"protocol"`
			RetryQueue bool   `json:"retryQueue"`
			Bundled    bool   `json:"addBundledMetadata"`
		} `json:"Segment.io"`
	} `json:"integrations"`
	Plan struct {
		Track map[string]planned `json:"track"`
	} `json:"plan"`
	Metrics struct {
		SampleRate int `json:"sampleRate"`
	} `json:"metrics"`
	EnabledMiddleware struct{} `json:"enabledMiddleware"`
	RemotePlugins     []string `json:"remotePlugins"`
}

type planned struct {
	Enabled      bool     `json:"enabled"`
	Integrations struct{} `json:"integrations"`
}

// settings answers Segment's browser SDK. An unknown key is a plain 404: the SDK
// says so in the browser's console and never starts.
func (in *Ingest) settings(w http.ResponseWriter, r *http.Request) error {
	key := r.PathValue("key")
	if _, known := in.Source(key); !known {
		in.Metrics.UnknownKey()
		w.Header().Set("Cache-Control", "no-store")
		http.Error(w, "Nobody here knows this write key.", http.StatusNotFound)
		return nil
	}
	var s segment
	io := &s.Integrations.Segment
	io.APIKey, io.RetryQueue, io.Bundled = key, true, true
	scheme, host, _ := strings.Cut(in.origin(r), "://")
	io.Protocol, io.APIHost = scheme, host+"/v1"
	s.Plan.Track = map[string]planned{"__default": {Enabled: true}}
	s.RemotePlugins = []string{}
	return in.config(w, s)
}

// rudder is what RudderStack's browser SDK asks for before it sends.
type rudder struct {
	Source struct {
		ID          string `json:"id"`
		Name        string `json:"name"`
		WriteKey    string `json:"writeKey"`
		Enabled     bool   `json:"enabled"`
		WorkspaceID string `json:"workspaceId"`
		UpdatedAt   string `json:"updatedAt"`
		Config      struct {
			Collection struct {
				Errors  disabled `json:"errors"`
				Metrics disabled `json:"metrics"`
			} `json:"statsCollection"`
		} `json:"config"`
		Destinations []string `json:"destinations"`
		Connections  []string `json:"connections"`
	} `json:"source"`
}

type disabled struct {
	Enabled bool `json:"enabled"`
}

func (in *Ingest) sourceConfig(w http.ResponseWriter, r *http.Request) error {
	key := headerKey(r)
	if key == "" {
		key = r.URL.Query().Get("writeKey")
	}
	src, err := in.find(r, key)
	if err != nil {
		return err
	}
	var c rudder
	c.Source.ID, c.Source.Name, c.Source.WriteKey, c.Source.Enabled = src.Key, src.Key, key, true
	c.Source.WorkspaceID, c.Source.UpdatedAt = "heed", "2026-01-01T00:00:00Z"
	c.Source.Destinations, c.Source.Connections = []string{}, []string{}
	return in.config(w, c)
}

func (*Ingest) config(w http.ResponseWriter, v any) error {
	body, err := json.Marshal(v)
	if err != nil {
		return err
	}
	w.Header().Set("Cache-Control", "public, max-age=60")
	return write(w, body)
}

// origin is how the world reaches heed, without a slash at its end.
func (in *Ingest) origin(r *http.Request) string {
	if u := in.PublicURL(); u != "" {
		return strings.TrimRight(u, "/")
	}
	if r.TLS != nil {
		return "https://" + r.Host
	}
	return "http://" + r.Host
}
