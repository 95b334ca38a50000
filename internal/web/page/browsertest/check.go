package browsertest

import (
	"context"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/chromedp"

	"github.com/heed-platform/heed/internal/web/page/words"
)

const (
	narrow = 360
	wide   = 1280
	height = 740
)

// view is one way to look at a page.
type view struct {
	width    int
	dark     bool
	language string
	axe      bool // ask axe-core too; it takes its time
}

// views is every language at both widths by day and by night, and the narrowest
// that WCAG 2.2 asks for (1.4.10). axe-core sees both widths, by day and by night,
// and both directions of writing, but not all of them with all.
func views() []view {
	var out []view
	for i, say := range words.All() {
		for _, width := range []int{320, narrow, wide} {
			for _, dark := range []bool{false, true} {
				if width == 320 && dark {
					continue // as wide as by day
				}
				out = append(out, view{
					width: width, dark: dark, language: say.Tag(),
					axe: i == 0 && width == narrow || i == 1 && width == wide && dark || say.Dir() == "rtl" && width == narrow && !dark,
				})
			}
		}
	}
	return out
}

// Page checks the page at address in every view: nothing that axe-core objects to
// (WCAG 2.0 to 2.2, A and AA), no scrolling sideways, nothing cut off, the right
// language and direction, nothing that the Content-Security-Policy had to stop.
func Page(t *testing.T, address string, cookies ...*http.Cookie) {
	t.Helper()
	tab := Open(t, address, cookies...)
	now := view{}
	for _, v := range views() {
		if v.width != now.width || v.dark != now.dark {
			tab.Look(v.width, v.dark)
		}
		if v.language != now.language {
			tab.Go(in(address, v.language))
		}
		now = v
		tab.see(v)
	}
}

// Check checks what the tab shows at the moment, narrow and wide, by day and by
// night, in the language it is in. It leaves the tab narrow, by day.
func (b *Tab) Check() {
	b.t.Helper()
	for _, v := range []view{{width: wide, axe: true}, {width: narrow, dark: true, axe: true}, {width: narrow, axe: true}} {
		b.Look(v.width, v.dark)
		b.see(v)
	}
}

// shape is what a page says about itself.
type shape struct {
	Address  string   `json:"address"`
	Language string   `json:"language"`
	Dir      string   `json:"dir"`
	Title    string   `json:"title"`
	Heads    int      `json:"heads"`
	Wider    []string `json:"wider"`
	Styled   bool     `json:"styled"`
	Scripts  int      `json:"scripts"`
	Foreign  []string `json:"foreign"`
}

const measure = `(() => {
  const width = document.documentElement.clientWidth, out = [];
  if (document.documentElement.scrollWidth > width) out.push("the page: " + document.documentElement.scrollWidth);
  for (const e of document.querySelectorAll("body *")) {
    if (e.closest(".scroll, .hidden, .skip")) continue;
    const box = e.getBoundingClientRect();
    if (box.width > 0 && (box.right > width + 1 || box.left < -1)) out.push(e.tagName + "." + e.className + " " + Math.round(box.left) + ".." + Math.round(box.right));
  }
  return {
    address: location.pathname, language: document.documentElement.lang, dir: document.documentElement.dir, title: document.title,
    heads: document.querySelectorAll("h1").length, wider: out.slice(0, 5), styled: document.styleSheets.length > 0,
    scripts: document.querySelectorAll("script, [onclick], [onload], [style]").length,
    foreign: performance.getEntriesByType("resource").map(e => e.name).filter(n => !n.startsWith(location.origin)),
  };
})()`

func (b *Tab) see(v view) {
	b.t.Helper()
	for _, fault := range b.faults(v) {
		b.t.Error(fault)
	}
}

// faults is what is wrong with what the tab shows, in a sentence each.
func (b *Tab) faults(v view) (out []string) {
	b.t.Helper()
	ctx, stop := context.WithTimeout(b.inner, patience)
	defer stop()
	s, err := chromedp.Run(ctx, chromedp.Evaluate[shape](measure))
	b.must(err)
	at := fmt.Sprintf("%s at %d px", s.Address, v.width)
	if v.dark {
		at += ", by night"
	}
	if v.language != "" {
		at += ", in " + v.language
		if want := words.For(v.language); s.Language != v.language || s.Dir != want.Dir() {
			out = append(out, fmt.Sprintf("%s: says it is in %q, written %s", at, s.Language, s.Dir))
		}
	}
	if len(s.Wider) > 0 {
		out = append(out, fmt.Sprintf("%s: wider than the window: %s", at, strings.Join(s.Wider, "; ")))
	}
	if s.Heads != 1 || s.Title == "" || !s.Styled || s.Scripts > 0 || len(s.Foreign) > 0 {
		out = append(out, fmt.Sprintf("%s: has %d headings, title %q, style %v, %d scripts or inline styles, and loads %v", at, s.Heads, s.Title, s.Styled, s.Scripts, s.Foreign))
	}
	if v.axe {
		for _, f := range b.axe() {
			var where strings.Builder
			for _, n := range f.Nodes {
				fmt.Fprintf(&where, "\n    %s\n    %s", n.HTML, n.Summary)
			}
			out = append(out, fmt.Sprintf("%s: %s (%s)%s", at, f.Help, f.ID, where.String()))
		}
	}
	return out
}

// finding is a rule of axe-core that the page breaks.
type finding struct {
	ID    string `json:"id"`
	Help  string `json:"help"`
	Nodes []struct {
		HTML    string `json:"html"`
		Summary string `json:"summary"`
	} `json:"nodes"`
}

const ask = `axe.run(document, {runOnly: ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"], resultTypes: ["violations"]})
  .then(r => r.violations.map(v => ({id: v.id, help: v.help, nodes: v.nodes.map(n => ({html: n.html, summary: n.failureSummary}))})))`

// axe runs axe-core in the page. Its promises need scripts, which the page itself
// was loaded without.
func (b *Tab) axe() []finding {
	b.t.Helper()
	source, err := os.ReadFile(filepath.Join(root(), "tools", "browser", "node_modules", "axe-core", "axe.min.js"))
	if err != nil {
		b.t.Fatalf("axe-core is not there; tools/needs.sh installs it: %v", err)
	}
	call(b, emulation.SetScriptExecutionDisabled, emulation.SetScriptExecutionDisabledParams{})
	defer call(b, emulation.SetScriptExecutionDisabled, emulation.SetScriptExecutionDisabledParams{Value: true})
	ctx, stop := context.WithTimeout(b.inner, patience)
	defer stop()
	if there, err := chromedp.Run(ctx, chromedp.Evaluate[bool](`typeof axe === "object"`)); err != nil || !there {
		_, err = chromedp.Run(ctx, chromedp.Evaluate[bool](string(source)+"\n;true"))
		b.must(err)
	}
	found, err := chromedp.Run(ctx, chromedp.Evaluate[[]finding](ask, chromedp.EvalAwaitPromise))
	b.must(err)
	return found
}

// call sends the tab a command of the protocol.
func call[P, R any](b *Tab, command cdp.Command[P, R], params P) {
	b.t.Helper()
	ctx, stop := context.WithTimeout(b.inner, patience)
	defer stop()
	_, err := chromedp.Call(ctx, command, params)
	b.must(err)
}
