package stories_test

import (
	"encoding/json"
	"errors"
	"io"
	"math/rand/v2"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/heed-platform/heed/internal/keep/keeptest/pgtest"
)

// ring is what stands in heed.kek.
type ring struct {
	Current uint16            `json:"current"`
	Epochs  map[uint16]string `json:"epochs"`
}

func (h *heed) ring() ring {
	h.t.Helper()
	raw, err := os.ReadFile(filepath.Join(h.dir, "data", "heed.kek"))
	var r ring
	if err == nil {
		err = json.Unmarshal(raw, &r)
	}
	if err != nil {
		h.t.Fatal(err)
	}
	return r
}

// rotate tells the server to rotate keys, as `heed keys rotate` does, again and
// again until stop is closed. It never opens the database itself, as the command
// would where no server answers. It returns how many rotations came to an end.
func (h *heed) rotate(stop <-chan struct{}) (done <-chan int) {
	out := make(chan int, 1)
	client := &http.Client{Timeout: 20 * time.Second}
	go func() {
		whole := 0
		for {
			select {
			case <-stop:
				out <- whole
				return
			case <-time.After(5 * time.Millisecond):
			}
			if h.rotateOnce(client) == nil {
				whole++
			}
		}
	}()
	return out
}

func (h *heed) rotateOnce(client *http.Client) error {
	raw, err := os.ReadFile(filepath.Join(h.dir, "data", "running.json"))
	if err != nil {
		return err
	}
	var server struct{ Admin, Secret string }
	if err := json.Unmarshal(raw, &server); err != nil {
		return err
	}
	req, err := http.NewRequest(http.MethodPost, "http://"+server.Admin+"/command", strings.NewReader(`{"args":["keys","rotate"]}`))
	if err != nil {
		return err
	}
	req.Header.Set("Authorization", "Bearer "+server.Secret)
	resp, err := client.Do(req)
	if err != nil {
		return err
	}
	defer func() { _ = resp.Body.Close() }()
	said, err := io.ReadAll(resp.Body)
	if err == nil && !strings.Contains(string(said), "is in use") {
		err = errors.New(string(said))
	}
	return err
}

// Keys are rotated without pause while people come in and the program is killed
// again and again: every event that was answered with 200 is there, once, and can
// be read. The control takes a key away that is still in use, and is caught.
func TestRotate_killedBesideIngest(t *testing.T) {
	t.Parallel()
	for name, database := range map[string]func(testing.TB) string{"sqlite": func(testing.TB) string { return "" }, "postgres": pgtest.URL} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			h := start(t, programs.heed, database(t))
			c := newClients(h, 3)
			stop := make(chan struct{})
			rotated := h.rotate(stop)
			halves := 0
			for range kills(t) {
				time.Sleep(time.Duration(30+rand.IntN(200)) * time.Millisecond)
				h.kill()
				if len(h.ring().Epochs) > 1 {
					halves++
				}
				h.serve()
				c.point(h.url)
			}
			close(stop)
			whole := <-rotated
			acked := c.finish()
			h.run("keys", "rotate")
			if r := h.ring(); len(r.Epochs) != 1 {
				t.Errorf("after the last rotation the file holds %d keys", len(r.Epochs))
			}
			lost, doubled := c.compare(t, h, acked)
			if lost != 0 || doubled != 0 || len(acked) < 100 {
				t.Fatalf("of %d acked events %d are lost and %d are there more than once", len(acked), lost, doubled)
			}
			if out := h.run("verify"); !strings.Contains(out, "nothing was changed") {
				t.Errorf("verify: %s", out)
			}
			t.Logf("%d kills, %d of them in the middle of a rotation, %d whole rotations, %d acked events", kills(t), halves, whole, len(acked))
			h.stop()
			h.loseKey()
		})
	}
}

// loseKey is the control: without the key that keys are wrapped under, nothing
// starts, and nothing new is made in its place.
func (h *heed) loseKey() {
	h.t.Helper()
	path := filepath.Join(h.dir, "data", "heed.kek")
	r := h.ring()
	r.Epochs[r.Current] = strings.Repeat("A", 43) + "="
	wrong, err := json.Marshal(r)
	if err == nil {
		err = os.WriteFile(path, wrong, 0o600)
	}
	if err != nil {
		h.t.Fatal(err)
	}
	if _, errs, exit := h.try("verify"); exit == 0 || !strings.Contains(errs, "does not open this identity store") {
		h.t.Errorf("with a wrong key: exit %d, %s", exit, errs)
	}
	if err := os.Remove(path); err != nil {
		h.t.Fatal(err)
	}
	if _, errs, exit := h.try("verify"); exit == 0 || !strings.Contains(errs, "key file is not here") {
		h.t.Errorf("without its key: exit %d, %s", exit, errs)
	}
	if _, err := os.Stat(path); err == nil {
		h.t.Error("a new key was made over existing data")
	}
}
