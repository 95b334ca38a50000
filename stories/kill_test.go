package stories_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"net/http"
	"os"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/heed-platform/heed/internal/keep/keeptest/pgtest"
)

// kills is how often the program is killed on each database; HEED_KILLS raises
// it for long runs.
func kills(t *testing.T) int {
	t.Helper()
	n, err := strconv.Atoi(os.Getenv("HEED_KILLS"))
	if err != nil {
		return 30
	}
	return n
}

// If heed answered 200, the event is on disk, once, readable.
func TestKill_everyAckedEventIsThereOnce(t *testing.T) {
	t.Parallel()
	for name, database := range map[string]func(testing.TB) string{"sqlite": func(testing.TB) string { return "" }, "postgres": pgtest.URL} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			h := start(t, programs.heed, database(t))
			c := newClients(h, 6)
			for range kills(t) {
				time.Sleep(time.Duration(30+rand.IntN(250)) * time.Millisecond)
				h.kill()
				h.serve()
				c.point(h.url)
			}
			acked := c.finish()
			lost, doubled := c.compare(t, h, acked)
			if lost != 0 || doubled != 0 || len(acked) < 100 {
				t.Fatalf("of %d acked events %d are lost and %d are there more than once", len(acked), lost, doubled)
			}
			t.Logf("%d kills, %d acked events, none lost, none doubled", kills(t), len(acked))
		})
	}
}

// The control: a program that answers before it commits must be caught.
func TestKill_anEarlyAnswerIsCaught(t *testing.T) {
	t.Parallel()
	h := start(t, programs.wrongAck, "")
	c := newClients(h, 6)
	for range 12 {
		time.Sleep(time.Duration(30+rand.IntN(150)) * time.Millisecond)
		h.kill()
		h.serve()
		c.point(h.url)
	}
	acked := c.finish()
	if lost, _ := c.compare(t, h, acked); lost == 0 {
		t.Fatal("a program that answers before it commits lost nothing: this test proves nothing")
	}
}

// clients send batches, each again and again until it is acked.
type clients struct {
	mu    sync.Mutex
	url   string
	acked map[string]bool
	stop  chan struct{}
	wg    sync.WaitGroup
}

func newClients(h *heed, n int) *clients {
	c := &clients{url: h.url, acked: map[string]bool{}, stop: make(chan struct{})}
	for w := range n {
		c.wg.Go(func() { c.work(w) })
	}
	return c
}

func (c *clients) point(url string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.url = url
}

func (c *clients) work(w int) {
	client := &http.Client{Timeout: 5 * time.Second}
	for n := 0; ; n++ {
		var ids []string
		body := []byte(`{"batch":[`)
		for i := range 10 {
			id := fmt.Sprintf("kill-%d-%d-%d", w, n, i)
			ids = append(ids, id)
			if i > 0 {
				body = append(body, ',')
			}
			body = fmt.Appendf(body, `{"type":"track","messageId":%q,"userId":"user-%d","anonymousId":"device-%d","event":"Product Viewed","properties":{"product_id":"p-%d"}}`, id, (n+i)%40, (w*7+i)%60, i)
		}
		body = append(body, "]}"...)
		for !c.send(client, body) {
			select {
			case <-c.stop:
				return
			case <-time.After(20 * time.Millisecond):
			}
		}
		c.mu.Lock()
		for _, id := range ids {
			c.acked[id] = true
		}
		c.mu.Unlock()
		select {
		case <-c.stop:
			return
		default:
		}
	}
}

func (c *clients) send(client *http.Client, body []byte) bool {
	c.mu.Lock()
	url := c.url
	c.mu.Unlock()
	req, err := http.NewRequest(http.MethodPost, url+"/v1/batch", bytes.NewReader(body))
	if err != nil {
		return false
	}
	req.SetBasicAuth(writeKey, "")
	resp, err := client.Do(req)
	if err != nil {
		return false
	}
	defer func() { _ = resp.Body.Close() }()
	var a answer
	return resp.StatusCode == http.StatusOK && json.NewDecoder(resp.Body).Decode(&a) == nil && a.Accepted+a.Duplicates == 10
}

func (c *clients) finish() map[string]bool {
	close(c.stop)
	c.wg.Wait()
	return c.acked
}

// compare reads every event back, decrypted, and counts what is missing and what
// is there twice.
func (c *clients) compare(t *testing.T, h *heed, acked map[string]bool) (lost, doubled int) {
	t.Helper()
	times := map[string]int{}
	for _, e := range lines[struct{ MessageID string }](t, h.run("export", "events", "--json")) {
		times[e.MessageID]++
		if times[e.MessageID] == 2 {
			doubled++
		}
	}
	for id := range acked {
		if times[id] == 0 {
			lost++
		}
	}
	return lost, doubled
}
