package browsertest

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

func TestMain(m *testing.M) { Main(m) }

const good = `<!doctype html><html lang="en" dir="ltr"><head><meta name="viewport" content="width=device-width"><title>A page</title><link rel="stylesheet" href="/s.css"></head>
<body><main><h1>A page</h1><p id="said">off</p>%s</main></body></html>`

// TestFaults is the control: each kind of fault is found, and none where there
// is none.
func TestFaults(t *testing.T) {
	t.Parallel()
	bodies := map[string]struct{ body, want string }{
		"good":     {`<p>Read this.</p>`, ""},
		"unnamed":  {`<input name="email">`, "(label)"},
		"pale":     {`<p class="pale">Hardly to be seen.</p>`, "(color-contrast)"},
		"tiny":     {`<a class="tiny" href="/a">a</a><a class="tiny" href="/b">b</a>`, "(target-size)"},
		"wide":     {`<p class="wide">x</p>`, "wider than the window"},
		"headings": {`<h1>Another</h1>`, "has 2 headings"},
		"script":   {`<script>document.getElementById("said").textContent = "on"</script>`, "1 scripts"},
	}
	mux := http.NewServeMux()
	mux.HandleFunc("/s.css", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/css")
		_, _ = w.Write([]byte(`.pale{color:#bbb;background:#fff} .tiny{display:inline-block;width:9px;height:9px;font-size:8px} .wide{width:2000px}`))
	})
	mux.HandleFunc("/{name}", func(w http.ResponseWriter, r *http.Request) {
		_, _ = fmt.Fprintf(w, good, bodies[r.PathValue("name")].body)
	})
	server := httptest.NewServer(mux)
	t.Cleanup(server.Close)
	tab := Open(t, server.URL)
	for name, test := range bodies {
		tab.Go(server.URL + "/" + name)
		faults := strings.Join(tab.faults(view{width: narrow, axe: true}), "\n")
		if test.want == "" && faults != "" || !strings.Contains(faults, test.want) {
			t.Errorf("%s: %q, want %q", name, faults, test.want)
		}
		if said := tab.Text("#said"); said != "off" {
			t.Errorf("%s: scripts are %s", name, said)
		}
	}
	tab.Go(server.URL + "/good")
	if faults := tab.faults(view{width: narrow, language: "ar"}); len(faults) != 1 {
		t.Errorf("a page that ignores the language: %v", faults)
	}
}
