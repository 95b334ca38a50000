package api

import (
	"maps"
	"strings"
)

// openapi describes the route table as OpenAPI 3.1.
func (c *visit) openapi() (any, error) {
	paths := map[string]map[string]schema{}
	for i := range c.routes {
		rt := &c.routes[i]
		path := strings.ReplaceAll(rt.path, "...}", "}")
		if paths[path] == nil {
			paths[path] = map[string]schema{}
		}
		paths[path][strings.ToLower(rt.method)] = rt.describe(path)
	}
	return schema{
		"openapi": "3.1.0",
		"info": schema{
			"title": "heed", "version": "1",
			"description": "The management API. Tokens have roles; a route names those that may use it. Errors are application/problem+json.",
			"license":     schema{"name": "Apache-2.0", "identifier": "Apache-2.0"},
		},
		"servers": []schema{{"url": "/"}},
		"paths":   paths,
		"components": schema{
			"securitySchemes": schema{"token": schema{"type": "http", "scheme": "bearer"}},
			"schemas":         schema{"problem": problemSchema()},
			"responses": schema{"problem": schema{
				"description": "What is wrong, where, and how to mend it.",
				"content":     schema{"application/problem+json": schema{"schema": schema{"$ref": "#/components/schemas/problem"}}},
			}},
		},
	}, nil
}

func (rt *route) describe(path string) schema {
	status := "200"
	switch rt.status {
	case 201:
		status = "201"
	case 202:
		status = "202"
	}
	kinds := schema{"application/json": schema{"schema": rt.answer}}
	if rt.path == "/api/tail" {
		kinds = schema{"application/x-ndjson": schema{"schema": rt.answer}, "text/event-stream": schema{"schema": text("One event for each data line.")}}
	}
	op := schema{
		"summary": rt.about, "operationId": rt.id(), "tags": []string{strings.Split(rt.path, "/")[2]},
		"responses": schema{status: schema{"description": "Done.", "content": kinds}, "default": schema{"$ref": "#/components/responses/problem"}},
	}
	if len(rt.roles) > 0 {
		op["security"] = []schema{{"token": []string{}}}
		op["x-roles"] = rt.roles
	} else {
		op["security"] = []schema{}
	}
	if p := rt.parameters(path); len(p) > 0 {
		op["parameters"] = p
	}
	if rt.body != nil {
		content := schema{"application/json": schema{"schema": rt.body}}
		if rt.path == "/api/apply" {
			content["application/yaml"] = schema{"schema": text("Documents that each begin with a line such as # Source: campaigns/shoes.yaml.")}
		}
		op["requestBody"] = schema{"required": true, "content": content}
	}
	return op
}

func (rt *route) parameters(path string) []schema {
	var out []schema
	for part := range strings.SplitSeq(path, "/") {
		if name, ok := strings.CutPrefix(part, "{"); ok {
			out = append(out, schema{"name": strings.TrimSuffix(name, "}"), "in": "path", "required": true, "schema": schema{"type": "string"}})
		}
	}
	for _, q := range rt.query {
		of := maps.Clone(q.of)
		about := of["description"]
		delete(of, "description")
		out = append(out, schema{"name": q.name, "in": "query", "description": about, "schema": of})
	}
	if rt.why {
		out = append(out, schema{"name": "X-Heed-Reason", "in": "header", "required": true, "description": "Why somebody looks at this person; it goes on the record.", "schema": schema{"type": "string", "minLength": 1, "maxLength": maxReason}})
	}
	return out
}

// id is a name for generated clients: post_people_split.
func (rt *route) id() string {
	words := []string{strings.ToLower(rt.method)}
	for part := range strings.SplitSeq(strings.TrimPrefix(rt.path, "/api/"), "/") {
		switch {
		case part == "{kind}":
			part = "of_kind"
		case strings.HasPrefix(part, "{key...") || part == "{ref}" || part == "{id}":
			part = "one"
		case part == "{key}":
			continue
		}
		words = append(words, strings.NewReplacer("-", "_", ".json", "").Replace(part))
	}
	return strings.Join(words, "_")
}

func problemSchema() schema {
	return schema{"type": "object", "required": []string{"type", "title", "status", "detail", "instance", "code"}, "properties": schema{
		"type": text("/problems/CODE."), "title": text("The code as words."), "status": integer("The HTTP status."),
		"detail": text("What happened and how to mend it."), "instance": text("The request's id, as the log has it."), "code": text("Stable."),
		"fields": list(object(need("pointer", text("A place in the request.")), need("reason", text("What is wrong there.")))),
	}}
}
