package api

import (
	"net/http"
	"slices"
	"strings"

	"github.com/heed-platform/heed/internal/keep/catalog"
	"github.com/heed-platform/heed/internal/keep/gate"
	"github.com/heed-platform/heed/internal/person"
	"github.com/heed-platform/heed/internal/problem"
	"github.com/heed-platform/heed/internal/web"
	"github.com/heed-platform/heed/internal/web/api/describe"
	"github.com/heed-platform/heed/internal/web/api/shelf"
)

// route is one thing the management API does, and who may ask for it.
type route struct {
	method, path string
	roles        []catalog.Role // nobody else may; none is everybody, without a token
	about        string         // one sentence
	why          bool           // looks at one person: needs a reason
	query        []describe.Prop
	body         describe.Schema // nil takes none
	yaml         describe.Schema // the body as application/yaml
	answer       describe.Schema
	stream       bool
	needs        func(*Deps) bool // nil is nothing; without it the route is absent
	status       int              // of success; 0 is 200
	do           func(*visit) (any, error)
}

// visit is one request to one route by somebody known.
type visit struct {
	*api

	w     http.ResponseWriter
	r     *http.Request
	route *route
	by    catalog.Actor
	why   string
}

// api is the management API, put together.
type api struct {
	Deps

	routes    []route
	strangers *web.Limiter
	shelf     *shelf.Shelf
}

var (
	errNoToken = problem.New(problem.Unauthenticated, "token-missing", "This address needs a token; send it as Authorization: Bearer TOKEN. heed token makes one.")
	errToken   = problem.New(problem.Unauthenticated, "token-unknown", "Nobody here knows this token; ask an admin for one.")
	errRole    = problem.New(problem.Forbidden, "role-not-allowed", "This role may not do this; ask somebody whose part it is.")
)

// mount adds the routes to mux, one handler for each path.
func (a *api) mount(mux *http.ServeMux) {
	var paths []string
	for _, rt := range a.routes {
		if !slices.Contains(paths, rt.path) {
			paths = append(paths, rt.path)
		}
	}
	for _, path := range paths {
		byMethod := map[string]*route{}
		var methods []string
		for i := range a.routes {
			if rt := &a.routes[i]; rt.path == path {
				byMethod[rt.method] = rt
				methods = append(methods, rt.method)
			}
		}
		mux.Handle(path, web.Handler(func(w http.ResponseWriter, r *http.Request) error {
			rt := byMethod[r.Method]
			if rt == nil && r.Method == http.MethodHead {
				rt = byMethod[http.MethodGet]
			}
			if rt == nil {
				w.Header().Set("Allow", strings.Join(methods, ", "))
				return web.ErrMethod
			}
			return a.serve(w, r, rt)
		}))
	}
}

// serve asks who it is, whether they may and why, in this order, before
// anything of the request is read.
func (a *api) serve(w http.ResponseWriter, r *http.Request, rt *route) error {
	c := &visit{api: a, w: w, r: r, route: rt}
	w.Header().Set("Cache-Control", "no-store")
	if len(rt.roles) > 0 {
		by, err := a.who(w, r)
		if err != nil {
			return err
		}
		if !slices.Contains(rt.roles, by.Role) {
			return errRole
		}
		c.by = by
	}
	if rt.why {
		why, err := reason(r)
		if err != nil {
			return err
		}
		c.why = why
	}
	v, err := rt.do(c)
	if err != nil || v == nil {
		return err
	}
	return replyAs(w, rt.success(), v)
}

func (rt *route) success() int {
	if rt.status == 0 {
		return http.StatusOK
	}
	return rt.status
}

// openapi describes the routes.
func (c *visit) openapi() (any, error) {
	list := make([]describe.Operation, len(c.routes))
	for i := range c.routes {
		rt := &c.routes[i]
		list[i] = describe.Operation{
			Method: rt.method, Path: rt.path, About: rt.about, Reason: rt.why, Query: rt.query, Body: rt.body, Other: rt.yaml,
			Answer: rt.answer, Status: rt.success(), Stream: rt.stream,
		}
		for _, r := range rt.roles {
			list[i].Roles = append(list[i].Roles, string(r))
		}
	}
	return describe.Document(list), nil
}

// who holds the token of a request. Whoever tries many that nobody knows is
// slowed.
func (a *api) who(w http.ResponseWriter, r *http.Request) (catalog.Actor, error) {
	scheme, token, _ := strings.Cut(r.Header.Get("Authorization"), " ")
	token = strings.TrimSpace(token)
	if !strings.EqualFold(scheme, "Bearer") || token == "" {
		w.Header().Set("WWW-Authenticate", `Bearer realm="heed"`)
		return catalog.Actor{}, errNoToken
	}
	by, ok := a.Actor(token)
	if !ok {
		if !a.strangers.Allow(web.Address(r), a.Clock.Now()) {
			return by, web.ErrTooFast
		}
		w.Header().Set("WWW-Authenticate", `Bearer realm="heed", error="invalid_token"`)
		return by, errToken
	}
	return by, nil
}

// person is whom the path's {ref} names. A ref that cannot be one is nobody.
func (c *visit) person() (Visit, error) {
	ref, err := person.ParseRef(c.r.PathValue("ref"))
	if err != nil {
		return Visit{}, gate.ErrNobody
	}
	return Visit{Subject: gate.ByRef(ref), By: c.by, Why: c.why}, nil
}
