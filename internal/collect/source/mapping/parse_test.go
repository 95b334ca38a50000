package mapping

import (
	"encoding/json"
	"fmt"
	"math/big"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

func TestParse_faults(t *testing.T) {
	t.Parallel()
	const head, files = "name: m\n", "files: {a: a.csv, j: {path: j.json, format: json}}\n"
	rule := func(s string) string { return head + files + "rows:\n- from: a\n  events:\n  - " + s + "\n" }
	event := func(s string) string {
		return rule("{type: track, event: E, time: 2020-01-01, ids: {user_id: '{u}'}, " + s + "}")
	}
	tests := []struct{ name, text, want string }{ // want is "line: part of the reason"
		{"empty", "", "1: is empty"},
		{"no yaml", "a: [", "1: is not YAML"},
		{"a list", "- a", "1: needs keys"},
		{"two mappings", head + files + "rows: []\n---\na: 1\n", "1: one file holds one mapping"},
		{"no name", files + "rows: []\n", "1: needs a name"},
		{"no rows", head + files, "1: needs files and rows"},
		{"unknown key", head + "color: red\n", `2: "color" is not a key here`},
		{"a key twice", head + files + "name: n\n", `3: "name" is said twice`},
		{"no value", "name:\n", "1: \"name\" has no value"},
		{"anchor", "name: &n m\n", "1: anchors"},
		{"zone", head + "zone: Berlin\n", "2: \"Berlin\" is not a time zone"},
		{"the machine's zone", head + "zone: Local\n", "2: \"Local\" is not a time zone"},

		{"no path", head + "files: {a: {optional: true}}\nrows: []\n", "2: needs a path"},
		{"path out of the folder", head + "files: {a: ../a.csv}\nrows: []\n", "2: is not a pattern"},
		{"path from the root", head + "files: {a: /etc/passwd}\nrows: []\n", "2: is not a pattern"},
		{"broken pattern", head + "files: {a: '[a'}\nrows: []\n", "2: is not a pattern"},
		{"format", head + "files: {a: {path: a, format: xml}}\nrows: []\n", `2: "xml" is not known here`},
		{"spaces without columns", head + "files: {a: {path: a, format: spaces}}\nrows: []\n", "2: needs its columns listed"},
		{"a column twice", head + "files: {a: {path: a, columns: [x, x]}}\nrows: []\n", "2: a name of its own"},
		{"skip", head + "files: {a: {path: a, skip: -1}}\nrows: []\n", "2: needs a whole number"},

		{"rows of no file", head + files + "rows:\n- events: []\n", "4: from which of the files"},
		{"rows of another file", head + files + "rows:\n- {from: b, events: []}\n", `4: "b" is not one of the files`},
		{"rows become nothing", head + files + "rows:\n- {from: a}\n", "4: events or items"},
		{"group and key", head + files + "rows:\n- {from: a, group: x, key: y, events: []}\n", "4: take the key away"},
		{"rows twice", head + files + "rows:\n- {from: a, events: []}\n- {from: a, events: []}\n", "5: a name of their own"},
		{"lookup without a file", head + files + "rows:\n- {from: a, lookup: {p: {by: {x: y}}}, events: []}\n", "4: a lookup needs a file"},
		{"lookup in json", head + files + "rows:\n- {from: a, lookup: {p: {file: j, by: {x: y}}}, events: []}\n", "4: only files with columns"},
		{"a column that the file has not", head + "files: {a: {path: a, columns: [x]}}\nrows:\n- {from: a, key: y, events: []}\n", `4: "y" is not one of the columns`},

		{"no type", rule("{ids: {user_id: u}}"), "6: an event needs a type"},
		{"wrong type", rule("{type: walk, ids: {user_id: u}}"), `6: "walk" is not known`},
		{"no ids", rule("{type: track, event: E}"), "6: an event needs ids"},
		{"no event", rule("{type: track, ids: {user_id: u}}"), `6: track needs "event"`},
		{"a name too many", rule("{type: identify, event: E, ids: {user_id: u}}"), `6: identify has no "event"`},
		{"properties of identify", rule("{type: identify, ids: {user_id: u}, properties: {a: 1}}"), "6: traits in place of properties"},
		{"kind of identifier", rule("{type: identify, ids: {User-Id: u}}"), "6: is not a kind of identifier"},
		{"a group is nobody", rule("{type: identify, ids: {group_id: u}}"), "6: is not a kind of identifier"},
		{"an identifier that is a list", rule("{type: identify, ids: {user_id: {column: u, split: ','}}}"), "6: needs text here"},
		{"raw of a table", rule("{raw: true}"), "6: only single rows of files in JSON"},
		{"raw and more", rule("{raw: true, type: track}"), "6: says everything itself"},
		{"a new id for nothing", event("new_id: true"), "6: has an id already"},
		{"two of a kind", rule("{type: identify, ids: {user_id: u}}\n  - {type: identify, ids: {user_id: v}}"), "7: a label of its own"},
		{"context that is ours", event("context: {device: 1}"), "6: device has a key of its own"},
		{"no time", rule("{type: page, ids: {user_id: u}}"), "6: page is something done, and needs the time"},
		{"time", rule("{type: identify, ids: {user_id: u}, time: yesterday}"), "6: is not a time"},
		{"layout", rule("{type: identify, ids: {user_id: u}, time: {column: d, layout: dd.mm.yyyy}}"), "6: is not a way to write a time"},

		{"no closing brace", event("properties: {p: 'a {x'}"), "6: opened and never closed"},
		{"no opening brace", event("properties: {p: 'a x}'}"), "6: closed and never opened"},
		{"an empty brace", event("properties: {p: '{}'}"), "6: needs the name of a column"},
		{"two values", event("properties: {p: {column: x, value: 1}}"), "6: a value is one of"},
		{"no value at all", event("properties: {p: {as: number}}"), "6: a value is one of"},
		{"unknown reading", event("properties: {p: {column: x, as: money}}"), `6: "money" is not known`},
		{"split by nothing", event("properties: {p: {column: x, split: ''}}"), "6: between the elements"},
		{"no number to compare", event("when: {x: '> many'}"), "6: not a number"},

		{"a grant without a purpose", event("grants: {status: granted}"), "6: a purpose and a status"},
		{"a status that is none", event("grants: {status: yes, purpose: p}"), `6: "yes" is not a status`},
		{"an item without an id", head + files + "rows:\n- {from: a, items: {name: x}}\n", "4: an item needs an id"},
		{"a field that items have not", head + files + "rows:\n- {from: a, items: {id: x, color: y}}\n", `4: "color" is not a field`},
		{"too deep", event("properties: {p: " + strings.Repeat("{object: {p: ", 20) + "1" + strings.Repeat("}}", 20) + "}"), "6: nests deeper"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			_, faults := Parse([]byte(tt.text))
			want, reason, _ := strings.Cut(tt.want, ": ")
			for _, f := range faults {
				if fmt.Sprint(f.Line) == want && strings.Contains(f.Reason, reason) {
					return
				}
			}
			t.Errorf("faults %+v, want %s", faults, tt.want)
		})
	}
}

// The mappings of the example workspace have no fault.
func TestParse_workspace(t *testing.T) {
	t.Parallel()
	files, err := filepath.Glob("../../../../workspace/import/*.yaml")
	if err != nil || len(files) < 10 {
		t.Fatalf("%d mappings: %v", len(files), err)
	}
	for _, name := range files {
		text, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		m, faults := Parse(text)
		for _, f := range faults {
			t.Errorf("%s:%d: %s", name, f.Line, f.Reason)
		}
		if want := strings.TrimSuffix(filepath.Base(name), ".yaml"); m.Name != want {
			t.Errorf("%s is named %s", name, m.Name)
		}
	}
}

// Sums, quotients and shifts are exact: they agree with rational arithmetic.
func TestDecimal(t *testing.T) {
	t.Parallel()
	draw := rapid.Custom(func(t *rapid.T) string {
		return rapid.StringMatching(`-?(0|[1-9][0-9]{0,20})(\.[0-9]{1,20})?(e-?[0-9])?`).Draw(t, "number")
	})
	rapid.Check(t, func(t *rapid.T) {
		a, b := draw.Draw(t, "a"), draw.Draw(t, "b")
		x, ok1 := parseDecimal(a, '.', "")
		y, ok2 := parseDecimal(b, '.', "")
		if !ok1 || !ok2 {
			t.Fatalf("%s or %s is no number", a, b)
		}
		rat := func(s string) *big.Rat { r, _ := new(big.Rat).SetString(s); return r }
		if got := string(x.appendText(nil)); rat(got) == nil || rat(got).Cmp(rat(a)) != 0 {
			t.Fatalf("%s is written %s", a, got)
		}
		if q, ok := x.over(&y); ok {
			want := new(big.Rat).Quo(rat(a), rat(b)).FloatString(4)
			if got := string(q.appendText(nil)); rat(got).Cmp(rat(want)) != 0 {
				t.Fatalf("%s by %s is %s, want %s", a, b, got, want)
			}
		} else if rat(b).Sign() != 0 {
			t.Fatalf("%s by %s is nothing", a, b)
		}
		x.add(&y)
		if got := string(x.appendText(nil)); rat(got).Cmp(new(big.Rat).Add(rat(a), rat(b))) != 0 {
			t.Fatalf("%s and %s is %s", a, b, got)
		}
	})
}

func FuzzParse(f *testing.F) {
	files, err := filepath.Glob("../../../../workspace/import/*.yaml")
	if err != nil {
		f.Fatal(err)
	}
	for _, name := range files {
		text, err := os.ReadFile(name)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(text, "1,2,3")
	}
	f.Fuzz(func(t *testing.T, text []byte, row string) {
		m, faults := Parse(text)
		for _, fault := range faults {
			if fault.Line < 0 || fault.Reason == "" {
				t.Fatalf("a fault without a place or a reason: %+v", fault)
			}
		}
		if len(faults) > 0 {
			return
		}
		cells := strings.Split(row, ",")
		for i := range m.Rows {
			r := &m.Rows[i]
			full := make([]string, len(m.Files[r.From].Columns))
			for j := range full {
				full[j] = cells[j%len(cells)]
			}
			make1 := func() (out []string) {
				s := r.NewScope(func(lookup int, _ string) []string {
					return make([]string, len(m.Files[r.Lookups[lookup].File].Columns))
				})
				fault := r.Make(s, []Record{{File: "f", Line: 1, Cells: full, Value: []byte(`{"payload":{"type":"track"}}`)}}, func(made Made) {
					if !json.Valid(made.JSON) || made.JSON[0] != '{' {
						t.Fatalf("made %q", made.JSON)
					}
					out = append(out, string(made.JSON))
				})
				if fault != nil {
					out = append(out, fault.Code)
				}
				return out
			}
			if diff := cmp.Diff(make1(), make1()); diff != "" {
				t.Fatalf("the same row made something else: %s", diff)
			}
		}
	})
}
