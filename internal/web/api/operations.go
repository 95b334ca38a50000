package api

import (
	"encoding/json"
	"strconv"

	"github.com/heed-platform/heed/internal/clock"
	"github.com/heed-platform/heed/internal/keep/catalog"
	"github.com/heed-platform/heed/internal/keep/queue"
	"github.com/heed-platform/heed/internal/problem"
)

const (
	maxItems = 10000
	maxID    = 200 // bytes of an item's id
	maxPage  = 1000
)

var (
	errItem     = problem.New(problem.NotFound, "item-missing", "The product catalog has no item with this id.")
	errDelivery = problem.New(problem.NotFound, "delivery-missing", "No message has this id.")
)

// counted says how many a request did something with.
type counted struct {
	Done int `json:"done"`
}

func (c *visit) putItems() (any, error) {
	var in struct {
		Items []json.RawMessage `json:"items"`
	}
	if err := c.input(&in); err != nil {
		return nil, err
	}
	if len(in.Items) == 0 || len(in.Items) > maxItems {
		return nil, errInput.At("/items", "has from 1 to 10,000 entries")
	}
	wrong, err := c.shelf.Upsert(c.r.Context(), in.Items, "/items")
	if err == nil {
		err = invalid(wrong)
	}
	return counted{len(in.Items)}, err
}

func (c *visit) item() (any, error) {
	rows, err := c.Registry.Items(c.r.Context(), []string{c.r.PathValue("id")})
	if err != nil {
		return nil, err
	}
	if len(rows) == 0 {
		return nil, errItem
	}
	return json.RawMessage(rows[0].Body), nil
}

// aside is an event in quarantine, without its content.
type aside struct {
	ID       int64         `json:"id"`
	Source   string        `json:"source"`
	Code     string        `json:"code"`
	Why      string        `json:"why"`
	Received clock.Instant `json:"received"`
}

func (c *visit) quarantined() (any, error) {
	after, err := c.number("after", 0, 0, 1<<62)
	if err != nil {
		return nil, err
	}
	limit, err := c.number("limit", 100, 1, maxPage)
	if err != nil {
		return nil, err
	}
	rows, err := c.Quarantine.List(c.r.Context(), after, int(limit))
	if err != nil {
		return nil, err
	}
	out := struct {
		Quarantined []aside `json:"quarantined"`
	}{make([]aside, len(rows))}
	for i, q := range rows {
		out.Quarantined[i] = aside{q.ID, q.Source, q.Code, q.Why, q.Received}
	}
	return out, nil
}

func (c *visit) ids() ([]int64, error) {
	var in struct {
		IDs []int64 `json:"ids"`
	}
	err := c.input(&in)
	return in.IDs, err
}

func (c *visit) replayQuarantine() (any, error) {
	ids, err := c.ids()
	if err != nil {
		return nil, err
	}
	return c.Quarantine.Replay(c.r.Context(), ids, c.by)
}

func (c *visit) dropQuarantine() (any, error) {
	ids, err := c.ids()
	if err != nil {
		return nil, err
	}
	if len(ids) == 0 {
		return nil, errInput.At("/ids", "names at least one event")
	}
	return counted{len(ids)}, c.Quarantine.Drop(c.r.Context(), ids, c.by)
}

func (c *visit) deliveries() (any, error) {
	limit, err := c.number("limit", 100, 1, maxPage)
	if err != nil {
		return nil, err
	}
	state := c.r.URL.Query().Get("state")
	switch state {
	case "":
		state = "dead"
	case "waiting", "done", "dead":
	default:
		return nil, errInput.At("?state", "is waiting, done or dead")
	}
	rows, err := c.Deliveries.List(c.r.Context(), queue.Delivery, state, int(limit))
	if err != nil {
		return nil, err
	}
	return struct {
		Deliveries []queue.Entry `json:"deliveries"`
	}{append([]queue.Entry{}, rows...)}, nil
}

func (c *visit) job() (int64, error) {
	id, err := strconv.ParseInt(c.r.PathValue("id"), 10, 64)
	if err != nil {
		return 0, errDelivery
	}
	return id, nil
}

func (c *visit) retryDelivery() (any, error) {
	id, err := c.job()
	if err != nil {
		return nil, err
	}
	return counted{1}, c.Deliveries.Retry(c.r.Context(), id, c.by)
}

func (c *visit) dropDelivery() (any, error) {
	id, err := c.job()
	if err != nil {
		return nil, err
	}
	return counted{1}, c.Deliveries.Drop(c.r.Context(), id, c.by)
}

// source is a source without its key and its secret.
type source struct {
	Key  string `json:"key"`
	Kind string `json:"kind"`
}

func (c *visit) sources() (any, error) {
	rows, err := c.Registry.Sources(c.r.Context())
	if err != nil {
		return nil, err
	}
	out := struct {
		Sources []source `json:"sources"`
	}{make([]source, len(rows))}
	for i, row := range rows {
		var body struct {
			Kind string `json:"kind"`
		}
		if err := json.Unmarshal(row.Body, &body); err != nil {
			return nil, err
		}
		out.Sources[i] = source{row.Key, body.Kind}
	}
	return out, nil
}

func (c *visit) addSource() (any, error) {
	var in source
	if err := c.input(&in); err != nil {
		return nil, err
	}
	p := errInput
	if in.Key == "" || len(in.Key) > maxID {
		p = p.At("/key", "is a name of 1 to 200 bytes")
	}
	if in.Kind != "browser" && in.Kind != "server" && in.Kind != "import" {
		p = p.At("/kind", "is browser, server or import")
	}
	if err := faults(p); err != nil {
		return nil, err
	}
	key, err := c.Workspace.AddSource(c.r.Context(), c.by, in.Key, in.Kind)
	if err != nil {
		return nil, err
	}
	return struct {
		Key      string `json:"key"`
		WriteKey string `json:"write_key"`
	}{in.Key, key}, nil
}

func (c *visit) addToken() (any, error) {
	var in struct {
		Name string       `json:"name"`
		Role catalog.Role `json:"role"`
	}
	if err := c.input(&in); err != nil {
		return nil, err
	}
	p := errInput
	if in.Name == "" || len(in.Name) > maxID {
		p = p.At("/name", "is a name of 1 to 200 bytes")
	}
	known := in.Role == catalog.Clerk // who has no place in this API, and one at the till
	for _, r := range everybody {
		known = known || r == in.Role
	}
	if !known {
		p = p.At("/role", "is marketer, privacy, operator, auditor, clerk or admin")
	}
	if err := faults(p); err != nil {
		return nil, err
	}
	token, err := c.Workspace.AddToken(c.r.Context(), c.by, in.Role, in.Name)
	if err != nil {
		return nil, err
	}
	return struct {
		Name  string       `json:"name"`
		Role  catalog.Role `json:"role"`
		Token string       `json:"token"`
	}{in.Name, in.Role, token}, nil
}

// sum is what became of one source's events.
type sum struct {
	Source      string `json:"source"`
	Sent        int64  `json:"sent"`
	Accepted    int64  `json:"accepted"`
	Duplicate   int64  `json:"duplicate"`
	Quarantined int64  `json:"quarantined"`
	Refused     int64  `json:"refused"`
}

func (c *visit) balance() (any, error) {
	rows, err := c.Registry.Tallies(c.r.Context())
	if err != nil {
		return nil, err
	}
	out := struct {
		Sources []sum `json:"sources"`
	}{make([]sum, len(rows))}
	for i, t := range rows {
		sent := t.Accepted + t.Duplicate + t.Quarantined + t.Refused
		out.Sources[i] = sum{t.Source, sent, t.Accepted, t.Duplicate, t.Quarantined, t.Refused}
	}
	return out, nil
}
