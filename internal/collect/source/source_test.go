package source

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"testing"

	"github.com/heed-platform/heed/internal/clock"
	"github.com/heed-platform/heed/internal/collect/event"
	"github.com/heed-platform/heed/internal/fact"
)

// shop is a sink that judges events as heed does and keeps what it accepts.
type shop struct {
	mu     sync.Mutex
	seen   map[string]string // messageId → event
	events []fact.Event
	grants []fact.Grant
	items  map[string]string
	pages  int
	fail   func(page int) error
}

func newShop() *shop { return &shop{seen: map[string]string{}, items: map[string]string{}} }

func (s *shop) sink() Sink { return Sink{Events: s.take, Items: s.shelve} }

func (s *shop) take(_ context.Context, page []Entry) ([]Answer, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.pages++; s.fail != nil {
		if err := s.fail(s.pages); err != nil {
			return nil, err
		}
	}
	src := event.Source{Key: "import", Kind: event.Import, Origin: fact.Declared}
	out := make([]Answer, len(page))
	for i, e := range page {
		src.Named = e.Made
		p, err := event.Single(e.JSON, 0, src, clock.System{}.Now())
		if err != nil {
			return nil, fmt.Errorf("%s:%d is no JSON: %s", e.File, e.Line, e.JSON)
		}
		v := p.Verdicts[0]
		said, known := s.seen[v.Event.Message]
		switch {
		case v.Code != "":
			out[i] = Answer{Refused, v.Code, v.Why}
		case known && said == string(e.JSON):
			out[i] = Answer{Outcome: Duplicate}
		case known:
			out[i] = Answer{Refused, "id_reused", "other content"}
		default:
			s.seen[v.Event.Message] = string(e.JSON)
			s.events = append(s.events, v.Event)
			s.grants = append(s.grants, e.Grants...)
			out[i] = Answer{Outcome: Accepted}
		}
	}
	return out, nil
}

func (s *shop) shelve(_ context.Context, page []Item) ([]Answer, error) {
	out := make([]Answer, len(page))
	for i, item := range page {
		var of struct {
			ID string `json:"id"`
		}
		if err := json.Unmarshal(item.JSON, &of); err != nil {
			return nil, err
		}
		s.items[of.ID] = string(item.JSON)
		out[i] = Answer{Outcome: Accepted}
	}
	return out, nil
}

// data is a folder of the shared data.
func data(t *testing.T, folder string) string {
	t.Helper()
	p := filepath.Join("..", "..", "..", "..", "shared", "data", folder)
	if _, err := os.Stat(p); err != nil {
		t.Fatalf("this test reads ../shared/data/%s beside the project, and it is not there: %v", folder, err)
	}
	return p
}

// workspaceMapping is a mapping of the example workspace.
func workspaceMapping(t *testing.T, name string) *Mapping {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("..", "..", "..", "workspace", "import", name+".yaml"))
	if err != nil {
		t.Fatal(err)
	}
	return parsed(t, string(text))
}

func parsed(t *testing.T, text string) *Mapping {
	t.Helper()
	m, faults := ParseMapping([]byte(text))
	if len(faults) > 0 {
		t.Fatalf("the mapping has faults: %+v", faults)
	}
	return &m
}

// imported runs an import that must succeed.
func imported(t *testing.T, s *shop, o Options) (Report, []Reject) {
	t.Helper()
	var rejects []Reject
	o.Rejected = func(r Reject) { rejects = append(rejects, r) }
	if o.Folder == "" {
		o.Folder = t.TempDir()
	}
	r, err := New(s.sink(), clock.System{}).Run(t.Context(), o)
	if err != nil {
		t.Fatalf("%v (rejects %+v)", err, rejects[:min(len(rejects), 5)])
	}
	return r, rejects
}

// folder writes files.
func folder(t *testing.T, files map[string]string) string {
	t.Helper()
	dir := t.TempDir()
	for name, text := range files {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

// one is the JSON of the first event that an import of one file brings.
func one(t *testing.T, mapping, file string) string {
	t.Helper()
	s := newShop()
	_, rejects := imported(t, s, Options{Paths: []string{folder(t, map[string]string{"rows.csv": file})}, Mapping: parsed(t, mapping)})
	if len(rejects) > 0 {
		t.Fatalf("rejected: %+v", rejects)
	}
	if len(s.events) == 0 {
		t.Fatal("no event came")
	}
	var b bytes.Buffer
	if err := json.Compact(&b, s.events[0].Raw); err != nil {
		t.Fatal(err)
	}
	return b.String()
}
