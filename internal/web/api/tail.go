package api

import (
	"encoding/json"
	"net/http"
	"strings"
	"time"
)

// tail streams what the line applies until the client goes. It holds no place
// in the line: a slow reader misses events.
func (c *visit) tail() (any, error) {
	control := http.NewResponseController(c.w)
	// A stream has no end to time out at; the client's going ends it.
	if err := control.SetWriteDeadline(time.Time{}); err != nil {
		return nil, err
	}
	sse := strings.Contains(c.r.Header.Get("Accept"), "text/event-stream")
	c.w.Header().Set("Content-Type", "application/x-ndjson")
	if sse {
		c.w.Header().Set("Content-Type", "text/event-stream")
	}
	c.w.Header().Set("X-Accel-Buffering", "no")
	seen, stop := c.Watch()
	defer stop()
	c.w.WriteHeader(http.StatusOK)
	if err := control.Flush(); err != nil {
		return nil, err
	}
	alive := time.NewTicker(15 * time.Second) //nolint:forbidigo // keeps a connection alive; no rule reads it
	defer alive.Stop()
	for {
		var out []byte
		select {
		case <-c.r.Context().Done():
			return nil, nil
		case <-alive.C:
			// Proxies cut what is silent. A blank line is no event in either form.
			out = []byte("\n")
			if sse {
				out = []byte(":\n\n")
			}
		case s := <-seen:
			body, err := json.Marshal(s)
			if err != nil {
				return nil, err
			}
			out = append(body, '\n')
			if sse {
				out = append(append([]byte("data: "), body...), "\n\n"...)
			}
		}
		// What fails here is a client that has gone.
		if _, err := c.w.Write(out); err != nil {
			return nil, nil
		}
		if err := control.Flush(); err != nil {
			return nil, nil
		}
	}
}
