package api

// Table is the route table, for tests outside of the package.
func Table() []Row {
	var rows []Row
	for _, rt := range table() {
		row := Row{Method: rt.method, Path: rt.path, Why: rt.why, Body: rt.body != nil, Status: rt.status}
		row.Names, row.Open = rt.answer.Names()
		row.Required = rt.answer.Required()
		for _, r := range rt.roles {
			row.Roles = append(row.Roles, string(r))
		}
		rows = append(rows, row)
	}
	return rows
}

// Row is one route.
type Row struct {
	Method, Path string
	Roles        []string
	Why, Body    bool
	Status       int
	Required     []string
	Names        map[string]bool
	Open         bool
}
