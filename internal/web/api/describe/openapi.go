package describe

import (
	"maps"
	"strconv"
	"strings"
)

// Operation is one method of one address.
type Operation struct {
	Method, Path string
	About        string   // one sentence
	Roles        []string // who may; none is everybody, without a token
	Reason       bool     // needs the header X-Heed-Reason
	Query        []Prop
	Body         Schema // nil takes none
	Other        Schema // the body as application/yaml; nil takes none
	Answer       Schema
	Status       int // of success
	Stream       bool
}

// MaxReason is how long a reason may be, in bytes.
const MaxReason = 500

// Document is an API as OpenAPI 3.1.
func Document(operations []Operation) Schema {
	paths := map[string]map[string]Schema{}
	for i := range operations {
		rt := &operations[i]
		path := strings.ReplaceAll(rt.Path, "...}", "}")
		if paths[path] == nil {
			paths[path] = map[string]Schema{}
		}
		paths[path][strings.ToLower(rt.Method)] = rt.describe(path)
	}
	return Schema{
		"openapi": "3.1.0",
		"info": Schema{
			"title": "heed", "version": "1",
			"description": "The management API. Tokens have roles; a route names those that may use it. Errors are application/problem+json.",
			"license":     Schema{"name": "Apache-2.0", "identifier": "Apache-2.0"},
		},
		"servers": []Schema{{"url": "/"}},
		"paths":   paths,
		"components": Schema{
			"securitySchemes": Schema{"token": Schema{"type": "http", "scheme": "bearer"}},
			"schemas":         Schema{"problem": problemSchema()},
			"responses": Schema{"problem": Schema{
				"description": "What is wrong, where, and how to mend it.",
				"content":     Schema{"application/problem+json": Schema{"schema": Schema{"$ref": "#/components/schemas/problem"}}},
			}},
		},
	}
}

func (rt *Operation) describe(path string) Schema {
	kinds := Schema{"application/json": Schema{"schema": rt.Answer}}
	if rt.Stream {
		kinds = Schema{"application/x-ndjson": Schema{"schema": rt.Answer}, "text/event-stream": Schema{"schema": Text("One event for each data line.")}}
	}
	op := Schema{
		"summary": rt.About, "operationId": rt.id(), "tags": []string{strings.Split(rt.Path, "/")[2]},
		"responses": Schema{strconv.Itoa(rt.Status): Schema{"description": "Done.", "content": kinds}, "default": Schema{"$ref": "#/components/responses/problem"}},
	}
	if len(rt.Roles) > 0 {
		op["security"] = []Schema{{"token": []string{}}}
		op["x-roles"] = rt.Roles
	} else {
		op["security"] = []Schema{}
	}
	if p := rt.parameters(path); len(p) > 0 {
		op["parameters"] = p
	}
	if rt.Body != nil {
		content := Schema{"application/json": Schema{"schema": rt.Body}}
		if rt.Other != nil {
			content["application/yaml"] = Schema{"schema": rt.Other}
		}
		op["requestBody"] = Schema{"required": true, "content": content}
	}
	return op
}

func (rt *Operation) parameters(path string) []Schema {
	var out []Schema
	for part := range strings.SplitSeq(path, "/") {
		if name, ok := strings.CutPrefix(part, "{"); ok {
			out = append(out, Schema{"name": strings.TrimSuffix(name, "}"), "in": "path", "required": true, "schema": Schema{"type": "string"}})
		}
	}
	for _, q := range rt.Query {
		of := maps.Clone(q.of)
		about := of["description"]
		delete(of, "description")
		out = append(out, Schema{"name": q.name, "in": "query", "description": about, "schema": of})
	}
	if rt.Reason {
		out = append(out, Schema{"name": "X-Heed-Reason", "in": "header", "required": true, "description": "Why somebody looks at this person; it goes on the record.", "schema": Schema{"type": "string", "minLength": 1, "maxLength": MaxReason}})
	}
	return out
}

// id is a name for generated clients: post_people_split.
func (rt *Operation) id() string {
	words := []string{strings.ToLower(rt.Method)}
	for part := range strings.SplitSeq(strings.TrimPrefix(rt.Path, "/api/"), "/") {
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

func problemSchema() Schema {
	return Schema{"type": "object", "required": []string{"type", "title", "status", "detail", "instance", "code"}, "properties": Schema{
		"type": Text("/problems/CODE."), "title": Text("The code as words."), "status": Integer("The HTTP status."),
		"detail": Text("What happened and how to mend it."), "instance": Text("The request's id, as the log has it."), "code": Text("Stable."),
		"fields": List(Object(Need("pointer", Text("A place in the request.")), Need("reason", Text("What is wrong there.")))),
	}}
}
