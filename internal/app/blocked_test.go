package app_test

import (
	"context"
	"fmt"
	"io/fs"
	"slices"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/heed-platform/heed/internal/app"
	"github.com/heed-platform/heed/internal/collect/source"
	"github.com/heed-platform/heed/internal/keep/catalog"
	"github.com/heed-platform/heed/internal/person"
	"github.com/heed-platform/heed/workspace"
)

// block puts the example workspace in force with a list of blocked values.
func (h *house) block(ns person.Namespace, list ...string) {
	h.t.Helper()
	files := fstest.MapFS{}
	err := fs.WalkDir(workspace.Files, ".", func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		text, err := fs.ReadFile(workspace.Files, name)
		if name == "namespaces.yaml" && len(list) > 0 {
			var quoted []string
			for _, v := range list {
				quoted = append(quoted, fmt.Sprintf("%q", v))
			}
			key := fmt.Sprintf("{ key: %s,", ns)
			text = []byte(strings.Replace(string(text), key, fmt.Sprintf("%s blocked: [%s],", key, strings.Join(quoted, ", ")), 1))
		}
		files[name] = &fstest.MapFile{Data: text}
		return err
	})
	if err != nil {
		h.t.Fatal(err)
	}
	h.clock.Advance(time.Minute)
	if _, err := h.Apply(h.t.Context(), files, catalog.Actor{Role: catalog.Admin, Name: "blocker"}); err != nil {
		h.t.Fatal(err)
	}
}

// people says who is one person, by their devices and whatever else is known of
// them, and how often each did something.
func (h *house) people() []string {
	h.t.Helper()
	var out []string
	for _, p := range h.everybody(h.t) {
		var names []string
		for _, n := range p.Identifiers {
			names = append(names, n.Value.Reveal())
		}
		slices.Sort(names)
		n := int64(0)
		for _, c := range p.Counters {
			n += c.Count
		}
		if len(names) == 1 && strings.HasPrefix(names[0], "nobody-") {
			names[0] = "nobody"
		}
		out = append(out, fmt.Sprintf("%s: %d", strings.Join(names, " "), n))
	}
	slices.Sort(out)
	return out
}

func (h *house) expect(what string, want ...string) {
	h.t.Helper()
	if d := cmp.Diff(want, h.people()); d != "" {
		h.t.Fatalf("%s:\n%s", what, d)
	}
}

// again tells what was told before: nothing of it counts.
func (h *house) again(when string, events ...map[string]any) {
	h.t.Helper()
	for _, e := range events {
		if got := h.tell(h.t, "server", e); got.Duplicates != 1 {
			h.t.Fatalf("%s, %v came again: %+v", when, e["messageId"], got)
		}
	}
}

func (h *house) first(events ...map[string]any) {
	h.t.Helper()
	for _, e := range events {
		if got := h.tell(h.t, "server", e); got.Accepted != 1 {
			h.t.Fatalf("%v: %+v", e["messageId"], got)
		}
	}
}

func visit(message, email, device string) map[string]any {
	e := map[string]any{"type": "track", "event": "Visited", "messageId": message, "timestamp": "2026-03-01T10:00:00Z"}
	if email != "" {
		e["context"] = map[string]any{"traits": map[string]any{"email": email}}
	}
	if device != "" {
		e["anonymousId"] = device
	}
	return e
}

// The shop's own address turns out to be named at its till: what came before the
// list changed counts once, and whom the address had joined are parted, for as
// long as it is blocked.
func TestBlocked_laterAndNoMore(t *testing.T) {
	t.Parallel()
	const shop = "till@shop.example"
	onBoth(t, func(t *testing.T, h *house) {
		t.Helper()
		h.furnish()
		before := []map[string]any{visit("m-1", shop, "phone-1"), visit("m-2", shop, "phone-2"), visit("m-3", shop, "")}
		h.first(before...)
		together := "phone-1 phone-2 till@shop.example: 3"
		h.expect("before", together)

		h.block(person.Email, shop)
		apart := []string{"phone-1: 0", "phone-2: 0", "till@shop.example: 3"}
		h.expect("blocked", apart...)
		h.again("blocked", before...)
		meanwhile := []map[string]any{visit("m-4", shop, "phone-1"), visit("m-5", shop, "")}
		h.first(meanwhile...)
		h.again("blocked", meanwhile...)
		parted := []string{"nobody: 1", "phone-1: 1", "phone-2: 0", "till@shop.example: 3"}
		h.expect("blocked, and more came", parted...)

		h.block(person.Email)
		h.again("free again", before...)
		h.again("free again", meanwhile...)
		later := visit("m-6", shop, "phone-2")
		h.first(later)
		h.expect("free again", "nobody: 1", "phone-1 phone-2 till@shop.example: 5")

		h.block(person.Email, "/.*@shop\\.example/")
		h.again("blocked by a pattern", slices.Concat(before, meanwhile, []map[string]any{later})...)
		h.settled("till@shop.example: 4")
		want := []string{"nobody: 1", "phone-1: 1", "phone-2: 0", "till@shop.example: 4"}
		h.expect("blocked by a pattern", want...)

		if r, err := h.Rebuild(t.Context(), func(int) {}); err != nil || r.Differed != 0 {
			t.Fatalf("rebuild: %+v %v", r, err)
		}
		h.expect("rebuilt", want...)
		h.close()
		h.open()
		h.expect("opened again", want...)
		h.again("opened again", slices.Concat(before, meanwhile, []map[string]any{later})...)
	})
}

// settled runs what runs beside until somebody stands as they should.
func (h *house) settled(want string) {
	h.t.Helper()
	ctx, stop := context.WithCancel(h.t.Context())
	wait := h.Work(ctx)
	defer wait()
	defer stop()
	for until := time.Now().Add(20 * time.Second); !slices.Contains(h.people(), want); time.Sleep(20 * time.Millisecond) {
		if time.Now().After(until) {
			h.t.Fatalf("%q is not there: %q", want, h.people())
		}
	}
}

// Case tells user ids apart, but not what is blocked.
func TestBlocked_inAnyCase(t *testing.T) {
	t.Parallel()
	onBoth(t, func(t *testing.T, h *house) {
		t.Helper()
		h.furnish()
		e := visit("m-1", "", "tablet")
		e["userId"] = "KIOSK-7"
		h.first(e)
		h.expect("before", "KIOSK-7 tablet: 1")
		h.block(person.UserID, "kiosk-7")
		h.again("blocked", e)
		h.settled("KIOSK-7: 1")
		h.expect("blocked", "KIOSK-7: 1", "tablet: 0")
		h.block(person.UserID)
		h.expect("free again", "KIOSK-7 tablet: 1")
	})
}

// Whoever is erased while an address is blocked is not brought back by a retry
// of what named both, nor when the address is free again.
func TestBlocked_erased(t *testing.T) {
	t.Parallel()
	const shop = "till@shop.example"
	onBoth(t, func(t *testing.T, h *house) {
		t.Helper()
		h.furnish()
		before := []map[string]any{visit("m-1", shop, "phone-1"), visit("m-2", shop, "phone-2")}
		h.first(before...)
		h.block(person.Email, shop)
		mine := visit("m-3", "", "phone-1")
		h.first(mine)
		h.erase(t, person.Ident(person.AnonymousID, "phone-1"))
		h.expect("erased", "phone-2: 0", "till@shop.example: 2")
		h.again("erased", before...)
		h.block(person.Email)
		h.again("free again", before...)
		h.expect("free again", "phone-2 till@shop.example: 2")
		h.erase(t, person.Ident(person.Email, shop))
		h.expect("all are erased")
		h.block(person.Email, shop)
		h.first(before[0]) // of whom nothing is left it is news, as ever
		h.expect("after", "phone-1: 1")
	})
}

const tills = `
name: tills
files: {rows: "*.csv"}
rows: {from: rows, key: no, events: {type: track, event: Order Completed, ids: {email: "{mail}", anonymous_id: "{card}"}, time: 2020-01-01, properties: {order_id: "{no}", currency: EUR, total: {column: total, as: number}}}}
`

// An import that is run again after a list changed brings nothing twice.
func TestBlocked_importedAgain(t *testing.T) {
	t.Parallel()
	const shop = "till@shop.example"
	onBoth(t, func(t *testing.T, h *house) {
		t.Helper()
		h.furnish()
		rows := []string{"1,till@shop.example,card-1,3.00", "2,till@shop.example,card-2,4.00", "3,eve@home.example,card-3,5.00"}
		file := fileOf(t, "no,mail,card,total", rows...)
		bring := func(when string, accepted, duplicates int64) {
			t.Helper()
			r, err := h.Import(t.Context(), app.Import{Map: tills, Options: source.Options{Paths: []string{file}}})
			if err != nil || r.Accepted != accepted || r.Duplicates != duplicates {
				t.Fatalf("%s: %+v %v", when, r, err)
			}
		}
		bring("first", 3, 0)
		h.block(person.Email, shop)
		bring("blocked", 0, 3)
		h.block(person.Email)
		bring("free again", 0, 3)
	})
}
