package command

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"strings"
	"time"

	"github.com/heed-platform/heed/internal/app"
	"github.com/heed-platform/heed/internal/problem"
	"github.com/heed-platform/heed/internal/web/snippet"
)

// ServeCmd runs heed until it is told to stop.
type ServeCmd struct {
	Outbox bool `help:"Keep messages and show them at / instead of sending them, on channels that are not configured."`
}

// grace is how long requests in hand may take after heed was told to stop.
const grace = 15 * time.Second

// Run serves.
func (c *ServeCmd) Run(e *Env) error {
	a, err := app.Open(e.Ctx, e.Config, e.Clock, e.Log)
	if err != nil {
		return err
	}
	s, err := e.listen()
	if err != nil {
		return errors.Join(err, a.Close())
	}
	if c.Outbox {
		a.UseOutbox()
	}
	return errors.Join(e.serve(a, s, func() { c.greet(e, a, s) }), a.Close())
}

// server is what listens.
type server struct {
	public, admin net.Listener
	url           string
}

var errPort = problem.New(problem.Unavailable, "port-taken",
	"Another program listens on this address; stop it or choose another with --listen or --admin.")

// serve answers on the listeners, runs the workers and waits for the end.
func (e *Env) serve(a *app.App, s *server, ready func()) error {
	a.SetPublicURL(s.url)
	run, leave, err := announce(e.Config.Data, s.adminAddress(), s.url)
	if err != nil {
		return err
	}
	defer leave()
	adminMux := http.NewServeMux()
	adminMux.Handle("/command", e.serveCommands(a, run.Secret))
	adminMux.Handle("/", a.AdminHandler())
	servers := []*http.Server{limits(a.Handler()), limits(adminMux)}
	servers[1].WriteTimeout = 0 // a command may run for long
	failed := make(chan error, 2)
	ctx, stop := context.WithCancel(e.Ctx)
	defer stop()
	go func() { failed <- servers[0].Serve(s.public) }()
	if s.admin != nil {
		go func() { failed <- servers[1].Serve(s.admin) }()
	}
	workers := a.Work(ctx)
	ready()
	select {
	case <-e.Ctx.Done():
		err = nil
	case err = <-failed:
	}
	a.Drain()
	end, cancel := context.WithTimeout(context.WithoutCancel(e.Ctx), grace)
	defer cancel()
	for _, srv := range servers {
		if serr := srv.Shutdown(end); serr != nil {
			err = errors.Join(err, fmt.Errorf("shut down: %w", serr))
		}
	}
	stop()
	workers()
	if errors.Is(err, http.ErrServerClosed) {
		return nil
	}
	return err
}

// limits are what every connection must keep to; a slow client costs no more
// than its own socket.
func limits(h http.Handler) *http.Server {
	return &http.Server{
		Handler: h, ReadHeaderTimeout: 5 * time.Second, ReadTimeout: 30 * time.Second,
		WriteTimeout: 60 * time.Second, IdleTimeout: 120 * time.Second, MaxHeaderBytes: 32 << 10,
	}
}

func (e *Env) listen() (*server, error) {
	var lc net.ListenConfig
	public, err := lc.Listen(e.Ctx, "tcp", e.Config.Listen)
	if err != nil {
		return nil, errPort.At(e.Config.Listen, "cannot listen").Because(err)
	}
	s := &server{public: public, url: e.Config.PublicURL}
	if s.url == "" {
		s.url = "http://" + public.Addr().String()
	}
	s.url = strings.TrimRight(s.url, "/")
	if e.Config.Admin == "off" {
		return s, nil
	}
	s.admin, err = lc.Listen(e.Ctx, "tcp", e.Config.Admin)
	if err != nil {
		host, _, _ := net.SplitHostPort(e.Config.Admin)
		taken := err
		if s.admin, err = lc.Listen(e.Ctx, "tcp", net.JoinHostPort(host, "0")); err != nil {
			return nil, errors.Join(errPort.At(e.Config.Admin, "cannot listen").Because(taken), public.Close())
		}
		e.Log.WarnContext(e.Ctx, "the admin address is taken; commands will find the one that is used instead",
			slog.String("wanted", e.Config.Admin), slog.String("used", s.admin.Addr().String()))
	}
	return s, nil
}

// close gives the addresses back without having served.
func (s *server) close() error {
	err := s.public.Close()
	if s.admin != nil {
		err = errors.Join(err, s.admin.Close())
	}
	return err
}

func (s *server) adminAddress() string {
	if s.admin == nil {
		return ""
	}
	return s.admin.Addr().String()
}

// greet says where heed is and what to try first.
func (*ServeCmd) greet(e *Env, a *app.App, s *server) {
	e.say("heed listens on %s", s.url)
	if s.admin != nil {
		e.say("admin          http://%s (this machine only)", s.adminAddress())
	}
	e.say("data           %s, database %s", e.Config.Data, e.Config.Database)
	if s, err := a.Keep.Sending(e.Ctx); err != nil || s.Off {
		e.say("sending        OFF: %s; heed sending on", s.Why)
	}
	first := a.First()
	if !first.Made {
		e.say("\nWatch events arrive: heed tail")
		return
	}
	e.say("write key      %s   (source %q; shown once)", first.WriteKey, "server")
	e.say("admin token    %s   (shown once)", first.AdminToken)
	e.say("\nSend a first event, then see whom it met (heed tail):\n")
	e.say(`  curl %s/v1/identify -u %s: \
    -d '{"userId":"ada-1","traits":{"email":"ada@example.com","plan":"gold"}}'`, s.url, first.WriteKey)
	e.say("\nFrom a page, with the SDK people have (make a browser key first: heed source web --kind browser):\n")
	e.say(`  analytics.load("BROWSER_KEY", { integrations: { "Segment.io": { apiHost: "%s/v1", protocol: "%s" } } })`,
		strings.TrimPrefix(strings.TrimPrefix(s.url, "http://"), "https://"), scheme(s.url))
	e.say("\nOr with heed's own script: 4 KB, and nothing is stored or sent before heed.consent({…}) said yes (docs/guide/giving.md):\n")
	e.say("  %s", snippet.Tag(s.url, "BROWSER_KEY"))
	e.say("\nKeep %s/heed.kek safe and apart from backups of the database: without it nothing can be read.", e.Config.Data)
}

func scheme(url string) string {
	s, _, _ := strings.Cut(url, "://")
	return s
}
