package catalog

import (
	"os"
	"testing"
)

// shop is the example workspace, as it is shipped.
func shop(t *testing.T) Workspace {
	t.Helper()
	w, faults := Load(os.DirFS("../../../workspace"))
	for _, f := range append(faults, w.Check()...) {
		t.Error(f)
	}
	return w
}

func TestLoad_exampleWorkspace(t *testing.T) {
	t.Parallel()
	w := shop(t)
	if _, err := w.Compile(); err != nil {
		t.Fatal(err)
	}
	for kind, least := range map[Kind]int{Purpose: 20, Category: 40, Notice: 12, Pack: 6, Source: 8, Recipient: 8, Attribute: 50, Namespace: 7, Topic: 15, Brand: 1} {
		if got := len(w.Of(kind)); got < least {
			t.Errorf("%d definitions of kind %s, want at least %d", got, kind, least)
		}
	}
}
