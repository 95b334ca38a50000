package source

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"time"

	"github.com/heed-platform/heed/internal/clock"
)

// saveEvery is how often the checkpoint is written.
const saveEvery = 2 * time.Second

// checkpoint counts how many events were answered, in the order in which the
// files make them. It holds for the same bytes and the same mapping only, and
// saves time: what is sent twice happens once.
type checkpoint struct {
	memory Memory
	clock  clock.Clock
	print  string
	before int64 // events that an earlier run has sent
	handed int64
	passes int64
	saved  clock.Instant
}

// saved is what Memory holds.
type savedState struct {
	Print  string `json:"print"`
	Events int64  `json:"events"`
}

func openCheckpoint(ctx context.Context, r *run) (*checkpoint, error) {
	c := &checkpoint{memory: r.o.Memory, clock: r.im.clock}
	if c.memory == nil {
		return c, nil
	}
	var err error
	if c.print, err = r.print(ctx); err != nil {
		return nil, err
	}
	raw, err := c.memory.Load(ctx)
	if err != nil {
		return nil, fmt.Errorf("read checkpoint: %w", err)
	}
	var s savedState
	if len(raw) > 0 && json.Unmarshal(raw, &s) == nil && s.Print == c.print {
		c.before = s.Events
	}
	c.saved = c.clock.Now()
	return c, nil
}

// print is one number for everything that decides over the events.
func (r *run) print(ctx context.Context) (string, error) {
	h := sha256.New()
	write := func(parts ...string) {
		for _, p := range parts {
			_, _ = fmt.Fprintf(h, "%d:%s", len(p), p)
		}
	}
	write(string(r.m.Text()), r.o.Salt, r.o.AsOf.Format())
	for _, in := range r.found.inputs {
		sum, err := digest(ctx, in.path)
		if err != nil {
			return "", errFile.At(in.name, "is the file").Because(err)
		}
		write(in.name, sum)
	}
	return hex.EncodeToString(h.Sum(nil)), nil
}

func digest(ctx context.Context, path string) (string, error) {
	f, err := os.Open(path)
	if err != nil {
		return "", err
	}
	defer func() { _ = f.Close() }()
	h := sha256.New()
	for {
		n, err := io.CopyN(h, f, 16<<20)
		if err == io.EOF || n == 0 { //nolint:errorlint // CopyN returns it as it is
			return string(h.Sum(nil)), nil
		}
		if err != nil {
			return "", err
		}
		if ctx.Err() != nil {
			return "", ctx.Err()
		}
	}
}

// known marks the events that an earlier run has sent.
func (c *checkpoint) known(events []Entry) {
	for i := range events {
		events[i].Known = c.handed < c.before
		c.handed++
	}
}

// passed counts a page that was answered.
func (c *checkpoint) passed(ctx context.Context, f *flight) error {
	c.passes += int64(len(f.events))
	if c.clock.Now().Sub(c.saved) < saveEvery {
		return nil
	}
	return c.save(ctx)
}

// save writes how far the import is, unless an earlier run came further.
func (c *checkpoint) save(ctx context.Context) error {
	if c.memory == nil || c.passes <= c.before {
		return nil
	}
	c.saved = c.clock.Now()
	raw, err := json.Marshal(savedState{c.print, c.passes})
	if err == nil {
		err = c.memory.Save(ctx, raw)
	}
	if err != nil {
		return fmt.Errorf("write checkpoint: %w", err)
	}
	return nil
}

// finish forgets the checkpoint: an import that is begun again after its end
// looks at everything anew.
func (c *checkpoint) finish(ctx context.Context) error {
	if c.memory == nil {
		return nil
	}
	if err := c.memory.Save(ctx, nil); err != nil {
		return fmt.Errorf("clear checkpoint: %w", err)
	}
	return nil
}
