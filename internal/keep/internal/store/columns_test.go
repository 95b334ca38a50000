package store

import (
	"strings"
	"testing"
)

// TestTables: whatever is personal says of which category it is, what for and
// how long; what says nothing about people claims nothing.
func TestTables(t *testing.T) {
	t.Parallel()
	for _, table := range Tables() {
		personal := false
		for _, c := range table.Columns {
			where := table.Name + "." + c.Name
			personal = personal || c.Protection != NotPersonal
			if (c.Protection == NotPersonal) != (c.Category == "") {
				t.Errorf("%s: %q of category %q", where, c.Protection, c.Category)
			}
			if c.Category != "" && c.Category != "user" && !strings.HasPrefix(c.Category, "user.") {
				t.Errorf("%s: %q is no category of people's data", where, c.Category)
			}
			// What may hold any value at all is readable for nobody.
			if c.Category == "user" && c.Protection != Sealed && c.Protection != Wrapped {
				t.Errorf("%s: anything about a person is %s", where, c.Protection)
			}
		}
		if table.Retention == "" || personal != (len(table.Purposes) > 0) {
			t.Errorf("%s: personal %v, purposes %v, kept %q", table.Name, personal, table.Purposes, table.Retention)
		}
	}
}

func TestUndeclared(t *testing.T) {
	t.Parallel()
	if faults := Undeclared("sqlite", "identity", []string{"fragment.shoe_size"}); len(faults) < 2 || !strings.Contains(faults[0], "shoe_size") {
		t.Errorf("a new column is found by nobody: %v", faults)
	}
}
