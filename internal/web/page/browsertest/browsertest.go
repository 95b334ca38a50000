// Package browsertest looks at the customer's pages as people meet them: in
// Chromium, with scripts switched off, on a narrow phone and a wide screen, by day
// and by night, in every language.
//
// A test package that uses it has
//
//	func TestMain(m *testing.M) { browsertest.Main(m) }
//
// and gets one Chromium for all its tests. Page checks one address through and
// through; Open gives a tab to walk in: Go, Fill, Tick, Press, Text, and Check for
// whatever it shows at the moment. Shot writes a picture into docs/guide, only
// when HEED_SHOTS=1 is set. Nothing is skipped: without Chromium or axe-core
// (tools/needs.sh brings both) the tests fail and say so.
//
// axe-core finds perhaps half of what keeps people out; the rest is for eyes and
// for keyboards. Start reading at Page.
package browsertest

import (
	"context"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/chromedp"
)

// chromium is the browser of this test binary.
type chromium struct {
	once  sync.Once
	inner context.Context
	close func()
	err   error
	begun bool // by Main
}

var browser chromium //nolint:gochecknoglobals // one for the whole test binary

// Main runs the tests and closes their Chromium.
func Main(m *testing.M) {
	browser.begun = true
	code := m.Run()
	if browser.close != nil {
		browser.close()
	}
	os.Exit(code)
}

// start starts Chromium, once.
func (c *chromium) start(t *testing.T) context.Context {
	t.Helper()
	if !c.begun {
		t.Fatal("this package needs func TestMain(m *testing.M) { browsertest.Main(m) }")
	}
	c.once.Do(func() {
		options := append([]chromedp.ExecAllocatorOption{}, chromedp.DefaultExecAllocatorOptions[:]...)
		if os.Getuid() == 0 {
			options = append(options, chromedp.NoSandbox) // Chromium has none for root
		}
		path, err := find()
		if err != nil {
			c.err = err
			return
		}
		options = append(options, chromedp.ExecPath(path), chromedp.Flag("hide-scrollbars", true), chromedp.Flag("force-prefers-reduced-motion", true))
		outer, stop := chromedp.NewExecAllocator(context.Background(), options...) //nolint:forbidigo // the browser outlives the test that first asked for it
		inner, end := chromedp.NewContext(outer)
		c.inner, c.close = inner, func() { end(); stop() }
		c.err = chromedp.Do(inner)
	})
	if c.err != nil {
		t.Fatalf("Chromium does not start (tools/needs.sh installs it): %v", c.err)
	}
	return c.inner
}

func find() (string, error) {
	for _, name := range []string{"chromium", "chromium-browser", "google-chrome"} {
		if path, err := exec.LookPath(name); err == nil {
			return path, nil
		}
	}
	return "", fmt.Errorf("there is no Chromium on this machine")
}

// Tab is one tab with cookies of its own. Scripts are off.
type Tab struct {
	t     *testing.T
	inner context.Context
	width int64
}

const patience = time.Minute // many browsers share a machine

// pictured is how much of a page stands in the documentation, in pixels.
const pictured = 900

// Open opens a tab for the pages under address, with cookies.
func Open(t *testing.T, address string, cookies ...*http.Cookie) *Tab {
	t.Helper()
	inner, end := chromedp.NewContext(browser.start(t), chromedp.WithNewBrowserContext())
	t.Cleanup(end)
	tab := &Tab{t: t, inner: inner}
	tab.must(chromedp.Do(inner)) // opens it, on a context without an end
	call(tab, emulation.SetScriptExecutionDisabled, emulation.SetScriptExecutionDisabledParams{Value: true})
	for _, c := range cookies {
		call(tab, network.SetCookie, network.SetCookieParams{Name: c.Name, Value: c.Value, URL: address, HTTPOnly: &c.HttpOnly, Secure: &c.Secure})
	}
	tab.Look(narrow, false)
	return tab
}

func (b *Tab) must(err error) {
	b.t.Helper()
	if err != nil {
		b.t.Fatal(err)
	}
}

// do runs steps with an end to patience.
func (b *Tab) do(steps ...chromedp.Action[chromedp.Void]) {
	b.t.Helper()
	ctx, stop := context.WithTimeout(b.inner, patience)
	defer stop()
	b.must(chromedp.Do(ctx, steps...))
}

// Look sets the width of the window, and whether it is night.
func (b *Tab) Look(width int, dark bool) {
	b.t.Helper()
	scheme := "light"
	if dark {
		scheme = "dark"
	}
	b.width = int64(width)
	b.do(chromedp.EmulateViewport(b.width, height))
	call(b, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{
		Features: []*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: scheme}, {Name: "prefers-reduced-motion", Value: "reduce"}},
	})
}

// Go opens an address.
func (b *Tab) Go(address string) {
	b.t.Helper()
	b.do(chromedp.Navigate(address))
}

// Fill types text into the field that a CSS selector finds, instead of what is in it.
func (b *Tab) Fill(selector, text string) {
	b.t.Helper()
	b.do(chromedp.SetValue(chromedp.CSS(selector), text))
}

// Tick clicks what a CSS selector finds, without leaving the page.
func (b *Tab) Tick(selector string) {
	b.t.Helper()
	b.do(chromedp.Click(chromedp.CSS(selector)))
}

// Press clicks what a CSS selector finds, and waits for the page it leads to.
// It returns that page's status.
func (b *Tab) Press(selector string) int {
	b.t.Helper()
	ctx, stop := context.WithTimeout(b.inner, patience)
	defer stop()
	answer, err := chromedp.RunResponse(ctx, chromedp.Click(chromedp.CSS(selector)))
	b.must(err)
	return int(answer.Status)
}

// Text is what a CSS selector's first element shows.
func (b *Tab) Text(selector string) string {
	b.t.Helper()
	ctx, stop := context.WithTimeout(b.inner, patience)
	defer stop()
	text, err := chromedp.Run(ctx, chromedp.Text(chromedp.CSS(selector)))
	b.must(err)
	return text
}

// Shot writes a picture of the page's beginning to docs/guide/images, when
// HEED_SHOTS=1 is set: the documentation's pictures are the pages themselves. Any
// other value is a folder, for the whole page.
func (b *Tab) Shot(name string) {
	b.t.Helper()
	folder := os.Getenv("HEED_SHOTS") //nolint:forbidigo // whoever runs the tests asks for pictures, not the program
	if folder == "" {
		return
	}
	begin := folder == "1"
	if begin {
		folder = filepath.Join(root(), "docs", "guide", "images")
	}
	ctx, stop := context.WithTimeout(b.inner, patience)
	defer stop()
	take := chromedp.FullScreenshot(100)
	if begin {
		b.do(chromedp.EmulateViewport(b.width, pictured))
		defer b.do(chromedp.EmulateViewport(b.width, height))
		take = chromedp.CaptureScreenshot()
	}
	png, err := chromedp.Run(ctx, take)
	b.must(err)
	b.must(os.MkdirAll(folder, 0o755))                                   //nolint:gosec // pictures for everybody
	b.must(os.WriteFile(filepath.Join(folder, name+".png"), png, 0o644)) //nolint:gosec // pictures for everybody
}

// Shot opens an address at a width and writes its picture; see Tab.Shot.
func Shot(t *testing.T, name, address string, width int, dark bool, cookies ...*http.Cookie) {
	t.Helper()
	tab := Open(t, address, cookies...)
	tab.Look(width, dark)
	tab.Go(address)
	tab.Shot(name)
}

// root is the project's folder: the one with go.mod, above the tests' own.
func root() string {
	dir, err := os.Getwd()
	for err == nil && dir != filepath.Dir(dir) {
		if _, err := os.Stat(filepath.Join(dir, "go.mod")); err == nil {
			return dir
		}
		dir = filepath.Dir(dir)
	}
	return "."
}

// in is address in a language.
func in(address, language string) string {
	join := "?"
	if strings.Contains(address, "?") {
		join = "&"
	}
	return address + join + "lang=" + language
}
