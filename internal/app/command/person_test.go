package command_test

import (
	"bytes"
	"context"
	"encoding/json"
	"log/slog"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/heed-platform/heed/internal/app"
	"github.com/heed-platform/heed/internal/app/command"
	"github.com/heed-platform/heed/internal/clock"
	"github.com/heed-platform/heed/internal/collect/event"
	"github.com/heed-platform/heed/internal/config"
	"github.com/heed-platform/heed/internal/keep/keeptest/pgtest"
	"github.com/heed-platform/heed/internal/line"
)

// desk is somebody at a machine who types commands; no server runs.
type desk struct {
	t   *testing.T
	env map[string]string
	dir string
}

// onEach seats somebody at each database, with the example workspace in force.
func onEach(t *testing.T, f func(t *testing.T, d desk)) {
	t.Helper()
	for engine, database := range map[string]func(testing.TB) string{
		"sqlite":   func(testing.TB) string { return "" },
		"postgres": pgtest.URL,
	} {
		t.Run(engine, func(t *testing.T) {
			t.Parallel()
			dir := t.TempDir()
			d := desk{t, map[string]string{
				"HEED_DATA": filepath.Join(dir, "data"), "HEED_DATABASE": database(t),
				"HEED_WRITE_KEY": "wk-test", "HEED_ADMIN_TOKEN": "at-test-0123456789",
			}, dir}
			d.run("apply", "-f", "../../../workspace")
			f(t, d)
		})
	}
}

func (d desk) lookup(key string) (string, bool) {
	v, ok := d.env[key]
	return v, ok && v != ""
}

// try types a command.
func (d desk) try(args ...string) (out, errs string, code int) {
	d.t.Helper()
	var o, e bytes.Buffer
	ctx, cancel := context.WithTimeout(d.t.Context(), time.Minute)
	defer cancel()
	code = command.Main(ctx, command.Process{Args: args, In: strings.NewReader(""), Out: &o, Err: &e, Env: d.lookup})
	return o.String(), e.String(), code
}

// run types a command that must succeed and returns what it says.
func (d desk) run(args ...string) string {
	d.t.Helper()
	out, errs, code := d.try(args...)
	if code != 0 {
		d.t.Fatalf("heed %s: exit %d\n%s", strings.Join(args, " "), code, errs)
	}
	return out
}

// hears takes events as a source of the workspace sends them.
func (d desk) hears(source, batch string) {
	d.t.Helper()
	cfg, err := config.Load(config.Flags{}, d.lookup)
	if err != nil {
		d.t.Fatal(err)
	}
	a, err := app.Open(d.t.Context(), cfg, clock.System{}, slog.New(slog.DiscardHandler))
	if err != nil {
		d.t.Fatal(err)
	}
	defer func() {
		if err := a.Close(); err != nil {
			d.t.Error(err)
		}
	}()
	src, ok := a.SourceNamed(source)
	if !ok {
		d.t.Fatalf("no source %s", source)
	}
	parsed, err := event.Batch([]byte(batch), src, clock.System{}.Now())
	if err != nil {
		d.t.Fatal(err)
	}
	b := line.Batch{Source: src.Key}
	for _, v := range parsed.Verdicts {
		if v.Code != "" {
			d.t.Fatal(v.Why)
		}
		b.Arrivals = append(b.Arrivals, line.Arrival{Event: v.Event})
	}
	if _, err := a.Line.Accept(d.t.Context(), b); err != nil {
		d.t.Fatal(err)
	}
}

const household = `{"batch":[
 {"type":"identify","messageId":"m1","userId":"ada","anonymousId":"phone","traits":{"email":"Ada@Example.com","firstName":"Ada","points":12.50}},
 {"type":"identify","messageId":"m2","userId":"ada","anonymousId":"tablet"},
 {"type":"track","messageId":"m3","userId":"bea","event":"Product Viewed"},
 {"type":"identify","messageId":"m4","userId":"bea","anonymousId":"laptop"}]}`

func TestPerson(t *testing.T) {
	t.Parallel()
	onEach(t, func(t *testing.T, d desk) {
		d.hears("server", household)
		var shown struct {
			Person      string
			Identifiers []struct{ NS, Value string }
			Attributes  []map[string]any
		}
		if err := json.Unmarshal([]byte(d.run("person", "show", "email:ADA@example.com", "--json")), &shown); err != nil {
			t.Fatal(err)
		}
		if len(shown.Identifiers) != 4 || len(shown.Attributes) != 3 {
			t.Fatalf("%+v", shown)
		}
		for _, a := range shown.Attributes {
			for _, field := range []string{"name", "value", "origin", "category", "notice", "source", "time"} {
				if a[field] == nil {
					t.Errorf("%v has no %s", a, field)
				}
			}
		}
		// By id as well, and as text.
		if text := d.run("person", "show", shown.Person); !strings.Contains(text, "ada@example.com") {
			t.Error(text)
		}
		if text := d.run("person", "explain", "user_id:ada"); !strings.Contains(text, "4 signals are taken for one person's") {
			t.Error(text)
		}
		if text := d.run("person", "export", "user_id:ada", "--why", "she asked"); !strings.Contains(text, `"points":12.50`) || !strings.Contains(text, "she asked") {
			t.Error(text)
		}

		// Two people again, then one of them gone.
		if text := d.run("person", "split", "anonymous_id:tablet", "--from", "user_id:ada", "--why", "not hers"); !strings.Contains(text, "are two people again") {
			t.Error(text)
		}
		if text := d.run("person", "show", "user_id:ada", "--json"); strings.Contains(text, "tablet") {
			t.Error(text)
		}
		if _, errs, code := d.try("person", "erase", "user_id:ada"); code != 1 || !strings.Contains(errs, "--yes") {
			t.Errorf("exit %d: %s", code, errs)
		}
		if proof := d.run("person", "erase", "user_id:ada", "--yes"); strings.Contains(proof, "example.com") || !strings.Contains(proof, "gone from backups") {
			t.Error(proof)
		}
		for _, who := range []string{"user_id:ada", shown.Person, "email:ada@example.com", "user_id:nobody"} {
			out, errs, code := d.try("person", "show", who)
			if code != 1 || out != "" || !strings.Contains(errs, "There is no such person here") {
				t.Errorf("%s: exit %d %q %q", who, code, out, errs)
			}
		}
		if _, errs, code := d.try("person", "show", "ada"); code != 2 || !strings.Contains(errs, "NS:VALUE") {
			t.Errorf("exit %d: %s", code, errs)
		}
	})
}

func TestExport(t *testing.T) {
	t.Parallel()
	onEach(t, func(t *testing.T, d desk) {
		d.hears("server", household)
		var people []map[string]any
		for line := range strings.Lines(d.run("export", "people", "--json")) {
			var p map[string]any
			if err := json.Unmarshal([]byte(line), &p); err != nil {
				t.Fatal(err)
			}
			people = append(people, p)
		}
		if len(people) != 2 || len(people[0]) != 2 {
			t.Fatalf("%v", people)
		}
		if table := d.run("export", "people", "--no-json"); strings.Count(table, "\n") != 2 || !strings.Contains(table, "  user_id:ada  ") {
			t.Error(table)
		}
		if events := d.run("export", "events", "--json"); strings.Count(events, "\n") != 4 || !strings.Contains(events, `"messageId":"m3"`) {
			t.Error(events)
		}
		for _, what := range []string{"decisions", "disclosures"} {
			if out := d.run("export", what); out != "" {
				t.Error(out)
			}
		}
		out, errs, code := d.try("export", "people", "--purpose", "essential.service.payment_processing", "--to", "payment-house", "--why", "an order")
		if code != 0 || !strings.Contains(out, `"value":"Ada"`) || strings.Contains(out, "example.com") || !strings.Contains(errs, "1 person handed to payment-house") {
			t.Errorf("exit %d\n%s%s", code, out, errs)
		}
		if out := d.run("export", "disclosures"); strings.Count(out, "\n") != 1 || !strings.Contains(out, `"recipient":"payment-house"`) {
			t.Error(out)
		}
		out, errs, code = d.try("export", "people", "--purpose", "marketing.communications.email", "--to", "mail-relay")
		if code != 0 || out != "" || !strings.Contains(errs, "withheld from fewer than 10") {
			t.Errorf("exit %d\n%s%s", code, out, errs)
		}
		for _, wrong := range [][]string{
			{"export", "secrets"},
			{"export", "people", "--purpose", "sales"},
			{"export", "people", "--to", "mail-relay"},
			{"export", "events", "--purpose", "sales", "--to", "mail-relay"},
			{"export", "events", "--no-json"},
			{"export", "people", "--purpose", "essential.service.operations.support", "--to", "mail-relay"},
		} {
			if _, errs, code := d.try(wrong...); code != 2 || errs == "" {
				t.Errorf("%v: exit %d %s", wrong, code, errs)
			}
		}
	})
}
