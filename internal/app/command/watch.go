package command

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"
	"time"

	"github.com/heed-platform/heed/internal/app"
	"github.com/heed-platform/heed/internal/line"
	"github.com/heed-platform/heed/internal/problem"
)

// TailCmd watches events arrive.
type TailCmd struct {
	JSON  bool `help:"One JSON object a line."`
	Count int  `short:"n" help:"Stop after so many events."`
}

var errNoServer = problem.New(problem.Unavailable, "no-server", "No server has this data folder open; start one with heed serve.")

// Run watches until it is interrupted.
func (c *TailCmd) Run(e *Env) error {
	if e.serving == nil {
		return errNoServer
	}
	seen, stop := e.serving.Line.Watch()
	defer stop()
	e.note("watching; events appear as they are committed")
	for n := 0; c.Count == 0 || n < c.Count; n++ {
		select {
		case <-e.Ctx.Done():
			return nil
		case s := <-seen:
			if err := c.show(e, s); err != nil {
				return err
			}
		}
	}
	return nil
}

func (c *TailCmd) show(e *Env, s line.Seen) error {
	if c.JSON {
		return json.NewEncoder(e.Out).Encode(s)
	}
	what := s.Type
	if s.Event != "" {
		what += " " + s.Event
	}
	named := make([]string, len(s.Named))
	for i, ns := range s.Named {
		named[i] = string(ns)
	}
	e.say("%s  %-8s %-28s met %s (%s; %s)%s", s.At.Time().Format("15:04:05"), s.Source, what, s.Person,
		plural(s.Fragments, "identifier"), strings.Join(named, ", "), ruled(s))
	return nil
}

// ruled is what the gate and the campaigns made of it, in a few words.
func ruled(s line.Seen) string {
	var out []string
	if len(s.Audiences) > 0 {
		out = append(out, "in "+strings.Join(s.Audiences, ", "))
	}
	for _, d := range s.Decisions {
		out = append(out, d.Campaign+": "+d.Ruling)
	}
	if s.Uncovered > 0 {
		out = append(out, plural(int(s.Uncovered), "value")+" under no notice, usable for nothing")
	}
	if len(out) == 0 {
		return ""
	}
	return "  → " + strings.Join(out, "; ")
}

func plural(n int, word string) string {
	if n == 1 {
		return "1 " + word
	}
	return fmt.Sprintf("%d %ss", n, word)
}

// SendCmd sends one event to a running server.
type SendCmd struct {
	Event string `arg:"" optional:"" help:"The event as JSON; - reads standard input; none sends an example."`
	To    string `placeholder:"URL" help:"Where the server is; else the one that has this data folder open."`
	Key   string `required:"" help:"Write key."`
}

const example = `{"type":"track","userId":"ada-1","event":"Product Viewed","properties":{"product_id":"shoe-aurora"}}`

// Run sends and prints the answer.
func (c *SendCmd) Run(e *Env) error {
	body, err := c.body(e)
	if err != nil {
		return err
	}
	to := c.To
	if to == "" {
		r, err := readRunning(e.Config.Data)
		if err != nil {
			return errNoServer.Because(err)
		}
		to = r.Public
	}
	req, err := http.NewRequestWithContext(e.Ctx, http.MethodPost, strings.TrimRight(to, "/")+"/v1/batch", bytes.NewReader(body))
	if err != nil {
		return errNoServer.Because(err)
	}
	req.SetBasicAuth(c.Key, "")
	client := &http.Client{Timeout: 10 * time.Second}
	resp, err := client.Do(req)
	if err != nil {
		return errNoServer.Because(err)
	}
	defer func() { _ = resp.Body.Close() }()
	if _, err := io.Copy(e.Out, io.LimitReader(resp.Body, 1<<20)); err != nil {
		return fmt.Errorf("read answer: %w", err)
	}
	if resp.StatusCode != http.StatusOK {
		return codeError(codeFailed)
	}
	return nil
}

// body wraps one event as a batch, so that its type stays in it.
func (c *SendCmd) body(e *Env) ([]byte, error) {
	event := []byte(example)
	switch c.Event {
	case "":
	case "-":
		var err error
		if event, err = io.ReadAll(io.LimitReader(e.In, 1<<20)); err != nil {
			return nil, fmt.Errorf("read standard input: %w", err)
		}
	default:
		event = []byte(c.Event)
	}
	return append(append([]byte(`{"batch":[`), event...), "]}"...), nil
}

// DoctorCmd looks whether heed can work here.
type DoctorCmd struct{}

// Run prints one line for each finding.
func (*DoctorCmd) Run(e *Env) error {
	healthy := true
	for _, f := range app.Examine(e.Ctx, e.Config, e.Clock, e.serving) {
		mark := "ok  "
		if !f.OK {
			mark, healthy = "FIX ", false
		}
		e.say("%s %-10s %s", mark, f.What, f.Says)
	}
	if !healthy {
		return codeError(codeFailed)
	}
	return nil
}
