package command

import (
	"bufio"
	"bytes"
	"context"
	"crypto/rand"
	"crypto/subtle"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"syscall"

	"github.com/heed-platform/heed/internal/app"
)

// running is what a server leaves in its data folder so that commands find it.
type running struct {
	PID    int    `json:"pid"`
	Admin  string `json:"admin"`
	Public string `json:"public"`
	Secret string `json:"secret"`
}

const runningFile = "running.json"

// local are commands that never need the database of a running server.
var local = []string{"serve", "demo", "check", "bench", "config", "version", "send", "consent"}

// remote runs the command inside the server that has this data folder open;
// done is false when there is none.
func (e *Env) remote(command string, args []string) (code int, done bool) {
	name, _, _ := strings.Cut(command, " ")
	if slices.Contains(local, name) {
		return 0, false
	}
	r, err := readRunning(e.Config.Data)
	if err != nil {
		return 0, false
	}
	body, err := json.Marshal(call{Args: args, Dir: e.Dir})
	if err != nil {
		return fail(e.Err, err), true
	}
	req, err := http.NewRequestWithContext(e.Ctx, http.MethodPost, "http://"+r.Admin+"/command", bytes.NewReader(body))
	if err != nil {
		return fail(e.Err, err), true
	}
	req.Header.Set("Authorization", "Bearer "+r.Secret)
	resp, err := http.DefaultClient.Do(req) //nolint:forbidigo // to the server of this machine, found in its own folder
	if errors.Is(err, syscall.ECONNREFUSED) {
		// The file was left by a server that was killed: nobody holds the database.
		return 0, false
	}
	if err != nil {
		e.note(cutShort)
		return codeFailed, true
	}
	defer func() { _ = resp.Body.Close() }()
	if resp.StatusCode != http.StatusOK {
		return 0, false // another program has that port now
	}
	return e.copyFrames(resp.Body), true
}

// cutShort says that nobody knows what became of a command.
const cutShort = "heed: the server ended before the command did, or stumbled over it; its log says more."

// Each frame is a kind ('o' out, 'e' err, 'x' exit code), a length and bytes.
func (e *Env) copyFrames(r io.Reader) int {
	in := bufio.NewReader(r)
	for {
		var kind byte
		var n int
		if _, err := fmt.Fscanf(in, "%c %d\n", &kind, &n); err != nil {
			e.note(cutShort)
			return codeFailed
		}
		frame := make([]byte, n)
		if _, err := io.ReadFull(in, frame); err != nil {
			e.note(cutShort)
			return codeFailed
		}
		switch kind {
		case 'o':
			_, _ = e.Out.Write(frame)
		case 'e':
			_, _ = e.Err.Write(frame)
		case 'x':
			code, err := strconv.Atoi(string(frame))
			if err != nil {
				return codeFailed
			}
			return code
		}
	}
}

func readRunning(folder string) (running, error) {
	var r running
	raw, err := os.ReadFile(filepath.Join(folder, runningFile))
	if err != nil {
		return r, err
	}
	return r, json.Unmarshal(raw, &r)
}

// announce leaves word of this server for commands; call the result at the end.
func announce(folder, admin, public string) (running, func(), error) {
	var b [24]byte
	_, _ = rand.Read(b[:])
	r := running{PID: os.Getpid(), Admin: admin, Public: public, Secret: base64.RawURLEncoding.EncodeToString(b[:])}
	raw, err := json.Marshal(r) //nolint:gosec // the file is private and holds the secret on purpose
	if err != nil {
		return r, nil, err
	}
	path := filepath.Join(folder, runningFile)
	if err := os.WriteFile(path, raw, 0o600); err != nil {
		return r, nil, fmt.Errorf("announce server: %w", err)
	}
	return r, func() { _ = os.Remove(path) }, nil
}

type call struct {
	Args []string `json:"args"`
	Dir  string   `json:"dir"`
}

// serveCommands answers commands inside a server.
func (e *Env) serveCommands(a *app.App, secret string) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		token, _ := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer ")
		if r.Method != http.MethodPost || subtle.ConstantTimeCompare([]byte(token), []byte(secret)) != 1 {
			http.Error(w, "not found", http.StatusNotFound)
			return
		}
		var c call
		if err := json.NewDecoder(io.LimitReader(r.Body, 1<<20)).Decode(&c); err != nil {
			http.Error(w, "not a command", http.StatusBadRequest)
			return
		}
		out := &frames{w: w}
		inner := &Env{
			Ctx: r.Context(), In: bytes.NewReader(nil), Out: out.kind('o'), Err: out.kind('e'), Dir: c.Dir,
			Lookup: e.Lookup, Config: e.Config, Clock: e.Clock, Log: e.Log, serving: a,
		}
		code := inner.run(c.Args)
		_, _ = out.kind('x').Write([]byte(strconv.Itoa(code)))
	})
}

// frames writes several streams over one answer.
type frames struct {
	mu sync.Mutex
	w  http.ResponseWriter
}

type frameWriter struct {
	f *frames
	k byte
}

func (f *frames) kind(k byte) io.Writer { return frameWriter{f, k} }

func (w frameWriter) Write(p []byte) (int, error) {
	w.f.mu.Lock()
	defer w.f.mu.Unlock()
	_, err := fmt.Fprintf(w.f.w, "%c %d\n%s", w.k, len(p), p)
	if flusher, ok := w.f.w.(http.Flusher); ok {
		flusher.Flush()
	}
	if err != nil && errors.Is(err, context.Canceled) {
		return 0, err
	}
	return len(p), err
}
