package door

import (
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/heed-platform/heed/internal/web/page/browsertest"
)

func TestMain(m *testing.M) { browsertest.Main(m) }

// Every page of the way in and out, as a browser without scripts shows it.
func TestDoor_inABrowser(t *testing.T) {
	t.Parallel()
	h := open(t, nil)
	server := httptest.NewServer(h.h)
	t.Cleanup(server.Close)
	h.address = server.URL

	browsertest.Page(t, server.URL+"/me/code")
	tab := browsertest.Open(t, server.URL)
	tab.Go(server.URL + "/me/data")
	tab.Check()
	tab.Shot("door-ask")
	tab.Fill("#f-address", "what?")
	if status := tab.Press("main form button"); status != http.StatusBadRequest {
		t.Errorf("an address that is none: %d", status)
	}
	tab.Check()
	tab.Fill("#f-address", "ada@example.com")
	tab.Press("main form button")
	tab.Check()
	tab.Shot("door-give")
	tab.Fill("#f-code", "1")
	tab.Press("main form button")
	tab.Check()
	tab.Fill("#f-code", h.code())
	if status := tab.Press("main form button"); status != http.StatusOK {
		t.Errorf("let in: %d", status)
	}
	tab.Go(server.URL + "/me/out")
	tab.Check()
	tab.Press("main form button")
	tab.Check()
	tab.Go(server.URL + h.link("/me/preferences"))
	tab.Check()
	tab.Shot("door-enter")
	if status := tab.Press("main form button"); status != http.StatusOK {
		t.Errorf("by a link: %d", status)
	}
}
