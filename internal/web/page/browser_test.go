package page_test

import (
	"net/http/httptest"
	"testing"

	"github.com/heed-platform/heed/internal/reach/delivery"
	"github.com/heed-platform/heed/internal/web/page/browsertest"
)

func TestMain(m *testing.M) { browsertest.Main(m) }

func TestOutbox_inABrowser(t *testing.T) {
	t.Parallel()
	server := httptest.NewServer(serve(&ways{}, delivery.NewOutbox()))
	t.Cleanup(server.Close)
	tab := browsertest.Open(t, server.URL)
	tab.Go(server.URL + "/")
	tab.Check()
}
