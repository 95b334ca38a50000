package api

import (
	"encoding/json"
	"io/fs"
	"maps"
	"slices"
	"strings"

	"github.com/heed-platform/heed/internal/clock"
	"github.com/heed-platform/heed/internal/keep"
	"github.com/heed-platform/heed/internal/keep/catalog"
	"github.com/heed-platform/heed/internal/keep/gate"
	"github.com/heed-platform/heed/internal/problem"
	"github.com/heed-platform/heed/internal/web/api/folder"
)

// entry is one version of a definition, as the API shows it.
type entry struct {
	Kind     string          `json:"kind"`
	Key      string          `json:"key"`
	Version  int64           `json:"version"`
	Hash     string          `json:"hash"`
	Status   string          `json:"status"`
	Author   string          `json:"author"`
	Approved string          `json:"approved_by,omitempty"`
	Answer   string          `json:"answer,omitempty"`
	At       clock.Instant   `json:"at"`
	Body     json.RawMessage `json:"body,omitempty"`
}

type changes struct {
	Changed   []entry           `json:"changed"`
	WriteKeys map[string]string `json:"write_keys,omitempty"`
}

func (c *visit) changed(entries []catalog.Entry, err error) (any, error) {
	if err != nil {
		return nil, err
	}
	out := changes{Changed: make([]entry, len(entries))}
	for i, e := range entries {
		out.Changed[i] = entry{
			Kind: string(e.Kind), Key: e.Key, Version: e.Version, Hash: e.Hash, Status: string(e.Status),
			Author: e.Author, Approved: e.Approve, Answer: e.Answer, At: e.At,
		}
	}
	return out, nil
}

func (c *visit) apply() (any, error) {
	files, err := c.files()
	if err != nil {
		return nil, err
	}
	entries, err := c.Workspace.Apply(c.r.Context(), files, c.by)
	v, err := c.changed(entries, err)
	if out, ok := v.(changes); ok {
		out.WriteKeys = c.Workspace.NewKeys()
		return out, nil
	}
	return nil, err
}

// files are the workspace that a request brings: as JSON by path, or as YAML
// documents that each say "# Source: PATH" in their first line.
func (c *visit) files() (fs.FS, error) {
	if kind, _, _ := strings.Cut(c.r.Header.Get("Content-Type"), ";"); strings.HasSuffix(strings.TrimSpace(kind), "yaml") {
		raw, err := c.body()
		if err != nil {
			return nil, err
		}
		files, ok := folder.Split(string(raw))
		if !ok {
			return nil, errInput.At("/", "is documents that each begin with a line such as # Source: campaigns/shoes.yaml")
		}
		return files, nil
	}
	var in struct {
		Files map[string]json.RawMessage `json:"files"`
	}
	if err := c.input(&in); err != nil {
		return nil, err
	}
	out := folder.Folder{}
	for _, name := range slices.Sorted(maps.Keys(in.Files)) {
		body := []byte(in.Files[name])
		var yaml string
		if json.Unmarshal(body, &yaml) == nil {
			body = []byte(yaml)
		}
		if !out.Add(name, body) {
			return nil, errInput.At("/files", "has a path that is not like campaigns/shoes.yaml")
		}
	}
	return out, nil
}

func (c *visit) definitions() (any, error) {
	kind, key := c.r.PathValue("kind"), c.r.PathValue("key")
	all, err := c.Registry.Definitions(c.r.Context(), kind)
	if err != nil {
		return nil, err
	}
	out := struct {
		Definitions []entry `json:"definitions"`
	}{[]entry{}}
	for _, d := range all {
		if key == "" || d.Key == key {
			out.Definitions = append(out.Definitions, shown(d, key != ""))
		}
	}
	if len(out.Definitions) == 0 && kind != "" {
		return nil, errDefinition
	}
	return out, nil
}

var errDefinition = problem.New(problem.NotFound, "definition-missing", "There is no such version of this definition.")

func shown(d keep.Definition, whole bool) entry {
	e := entry{
		Kind: d.Kind, Key: d.Key, Version: d.Version, Hash: d.Hash, Status: d.Status,
		Author: d.Author, Approved: d.Approve, Answer: d.Answer, At: d.At,
	}
	if whole {
		e.Body = d.Body
	}
	return e
}

// approve approves the newest draft, if it is the one that was read.
func (c *visit) approve() (any, error) {
	var in struct {
		Answer string `json:"answer"`
		Hash   string `json:"hash"`
	}
	if err := c.input(&in); err != nil {
		return nil, err
	}
	d, err := c.Workspace.Draft(c.r.Context(), c.r.PathValue("key"))
	if err != nil {
		return nil, err
	}
	return c.changed(c.Workspace.Approve(c.r.Context(), d.Key, d.Version, in.Hash, in.Answer, c.by))
}

func (c *visit) pause() (any, error) {
	return c.changed(c.Workspace.Pause(c.r.Context(), c.r.PathValue("key"), c.by))
}

func (c *visit) resume() (any, error) {
	return c.changed(c.Workspace.Resume(c.r.Context(), c.r.PathValue("key"), c.by))
}

func (c *visit) end() (any, error) {
	return c.changed(c.Workspace.End(c.r.Context(), catalog.Campaign, c.r.PathValue("key"), c.by))
}

func (c *visit) send() (any, error) {
	n, err := c.Workspace.Send(c.r.Context(), c.r.PathValue("key"), c.by)
	if err != nil {
		return nil, err
	}
	return struct {
		Considered gate.Total `json:"considered"`
	}{gate.TotalOf(n)}, nil
}

func (c *visit) dryRun() (any, error) {
	return c.Audiences.DryRun(c.r.Context(), c.r.PathValue("key"), c.by)
}

func (c *visit) preview() (any, error) {
	return c.Audiences.Preview(c.r.Context(), c.r.PathValue("key"), c.by)
}

func (c *visit) previewExpression() (any, error) {
	var in struct {
		Expression string `json:"expression"`
		Purpose    string `json:"purpose"`
	}
	if err := c.input(&in); err != nil {
		return nil, err
	}
	return c.Audiences.PreviewExpression(c.r.Context(), in.Expression, in.Purpose, c.by)
}
