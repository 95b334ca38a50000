package migrate

import (
	"context"
	"errors"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/heed-platform/heed/internal/problem"
)

var errStop = errors.New("stop")

// TestSteps_equal: both engines have the same numbers and names.
func TestSteps_equal(t *testing.T) {
	t.Parallel()
	for _, store := range []string{"identity", "data"} {
		names := map[string][]string{}
		for _, engine := range []string{"sqlite", "postgres"} {
			steps, err := Steps(engine, store)
			if err != nil {
				t.Fatal(err)
			}
			for i, s := range steps {
				if s.Number != i+1 {
					t.Errorf("%s/%s: step %d has number %d", engine, store, i+1, s.Number)
				}
				names[engine] = append(names[engine], s.Name)
			}
		}
		if diff := cmp.Diff(names["sqlite"], names["postgres"]); diff != "" || len(names["sqlite"]) == 0 {
			t.Errorf("%s (-sqlite +postgres):\n%s", store, diff)
		}
	}
	if _, err := Steps("oracle", "data"); err == nil {
		t.Error("an engine that does not exist has steps")
	}
}

// memory is a target that remembers steps and fails at one of them.
type memory struct {
	done   []Applied
	failAt int
}

func (m *memory) Applied(context.Context) ([]Applied, error) { return m.done, nil }

func (m *memory) Apply(_ context.Context, s Step) error {
	if s.Number == m.failAt {
		return errStop
	}
	m.done = append(m.done, Applied{s.Number, s.Name, s.Sum})
	return nil
}

func TestRun(t *testing.T) {
	t.Parallel()
	steps := []Step{{1, "begin", "a", "sum-a"}, {2, "more", "b", "sum-b"}, {3, "last", "c", "sum-c"}}
	all := []Applied{{1, "begin", "sum-a"}, {2, "more", "sum-b"}, {3, "last", "sum-c"}}
	for name, c := range map[string]struct {
		done   []Applied
		failAt int
		want   int    // steps applied in the end
		code   string // of the problem
	}{
		"empty":        {nil, 0, 3, ""},
		"behind":       {all[:1], 0, 3, ""},
		"up to date":   {all, 0, 3, ""},
		"newer":        {append(slices.Clone(all), Applied{4, "future", "x"}), 0, 4, "schema-newer"},
		"edited":       {[]Applied{all[0], {2, "more", "other"}}, 0, 2, "schema-edited"},
		"renamed":      {[]Applied{{1, "start", "sum-a"}}, 0, 1, "schema-edited"},
		"a step fails": {nil, 2, 1, "internal"},
	} {
		m := &memory{slices.Clone(c.done), c.failAt}
		err := Run(t.Context(), steps, m)
		if p := problem.Of(err); p == nil && c.code != "" || p != nil && p.Code != c.code {
			t.Errorf("%s: %v, want %q", name, err, c.code)
		}
		if len(m.done) != c.want {
			t.Errorf("%s: %d steps, want %d", name, len(m.done), c.want)
		}
	}
}

var (
	comment = regexp.MustCompile(`(?m)--.*$`)
	tables  = regexp.MustCompile(`(?s)CREATE TABLE (heed(?:_keys)?\.\w+) \((.*?)\n\)`)
	primary = regexp.MustCompile(`(?m)PRIMARY KEY \(([^)]*)\)|^\s*(\w+)\s.*PRIMARY KEY`)
)

// local are the tables that do not grow with people, or that Citus cannot
// spread because jobs and timers are claimed across people. They stay on the
// coordinator.
var local = []string{
	"heed.job", "heed.timer", "heed.quarantine", "heed.definition", "heed.source", "heed.token",
	"heed.tally", "heed.audit", "heed.item", "heed.meta", "heed.probe", "heed.ticket", "heed.request",
}

// citusFaults lists what Citus would refuse (reference: its own documentation
// on distributed tables): a key without the column that spreads the table, a
// second unique index without it, triggers, and server time in an upsert.
func citusFaults(sql string) (faults []string) {
	sql = comment.ReplaceAllString(sql, "")
	spread := map[string]string{}
	for _, m := range tables.FindAllStringSubmatch(sql, -1) {
		name, body := m[1], m[2]
		if slices.Contains(local, name) {
			continue
		}
		key := primary.FindStringSubmatch(body)
		if key == nil {
			faults = append(faults, name+" has no primary key")
			continue
		}
		first, _, _ := strings.Cut(key[1]+key[2], ",")
		if first != "fragment" && first != "pseudonym" {
			faults = append(faults, name+" is keyed by "+first)
		}
		if strings.Count(body, "UNIQUE") > 0 {
			faults = append(faults, name+" has another unique key")
		}
		spread[name] = first
	}
	for _, m := range regexp.MustCompile(`CREATE UNIQUE INDEX \w+ ON (\S+)`).FindAllStringSubmatch(sql, -1) {
		if spread[m[1]] != "" {
			faults = append(faults, m[1]+" has another unique index")
		}
	}
	for _, word := range []string{"TRIGGER", "now()", "CURRENT_TIMESTAMP", "bigserial", "REFERENCES"} {
		if strings.Contains(strings.ToLower(sql), strings.ToLower(word)) {
			faults = append(faults, "uses "+word)
		}
	}
	return faults
}

// TestCitus: the data store's tables can be spread by person.
func TestCitus(t *testing.T) {
	t.Parallel()
	steps, err := Steps("postgres", "data")
	if err != nil {
		t.Fatal(err)
	}
	found := 0
	for _, s := range steps {
		for _, fault := range citusFaults(s.SQL) {
			t.Errorf("%04d_%s: %s", s.Number, s.Name, fault)
		}
		found += len(tables.FindAllString(s.SQL, -1))
	}
	if found < 15 {
		t.Errorf("only %d tables were read", found)
	}
	// The control: each rule finds what it looks for.
	for _, bad := range []string{
		"CREATE TABLE heed.x (\n  id bigint PRIMARY KEY\n);",
		"CREATE TABLE heed.x (\n  fragment bigint\n);",
		"CREATE TABLE heed.x (\n  fragment bigint,\n  a text UNIQUE,\n  PRIMARY KEY (fragment)\n);",
		"CREATE TABLE heed.x (\n  fragment bigint,\n  PRIMARY KEY (fragment)\n);\nCREATE UNIQUE INDEX u ON heed.x (a);",
		"CREATE TABLE heed.x (\n  at bigint,\n  fragment bigint,\n  PRIMARY KEY (at, fragment)\n);",
		"CREATE TRIGGER t AFTER INSERT ON heed.fact",
		"ALTER TABLE heed.fact ADD COLUMN x timestamptz DEFAULT now()",
	} {
		if len(citusFaults(bad)) == 0 {
			t.Errorf("control: nothing is wrong with %q", bad)
		}
	}
}
