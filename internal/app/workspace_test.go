package app_test

import (
	"strings"
	"testing"

	"github.com/heed-platform/heed/internal/app"
	"github.com/heed-platform/heed/internal/decide/campaign"
	"github.com/heed-platform/heed/internal/keep/catalog"
	"github.com/heed-platform/heed/workspace"
)

func TestRead_theExampleWorkspaceHasNoFault(t *testing.T) {
	t.Parallel()
	w, faults := app.Read(workspace.Files)
	for _, f := range faults {
		t.Error(f)
	}
	if n := len(w.Of(catalog.Audience)); n < 8 {
		t.Errorf("%d audiences", n)
	}
	for _, d := range w.Of(catalog.Campaign) {
		var c campaign.Definition
		if err := d.Decode(&c); err != nil {
			t.Fatal(err)
		}
		for _, link := range []string{"{{ links.why }}", "{{ links.unsubscribe }}"} {
			if !strings.Contains(c.Message.Text, link) {
				t.Errorf("%s does not have %s", c.Key, link)
			}
		}
	}
}
