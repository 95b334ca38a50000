package app

import (
	"context"
	"fmt"
	"log/slog"
	"net"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"github.com/heed-platform/heed/internal/clock"
	"github.com/heed-platform/heed/internal/config"
	"github.com/heed-platform/heed/internal/problem"
)

// Finding is one thing that was looked at, and what to do about it.
type Finding struct {
	What string
	OK   bool
	Says string
}

// diskLow is how little room makes the doctor speak up.
const diskLow = 1 << 30

// Examine looks at everything that heed needs to run here. running is the server
// that it runs in, if it does.
func Examine(ctx context.Context, c config.Config, clk clock.Clock, running *App) []Finding {
	out := []Finding{folder(c.Data), disk(c.Data), keyFile(c), clockSane(clk), mail(ctx, c)}
	if running != nil {
		return append(append(out, Finding{"port", true, "this server listens on " + c.Listen}), inside(ctx, running)...)
	}
	return append(append(out, port(ctx, c.Listen)), database(ctx, c, clk)...)
}

func port(ctx context.Context, addr string) Finding {
	var lc net.ListenConfig
	l, err := lc.Listen(ctx, "tcp", addr)
	if err != nil {
		return Finding{"port", false, addr + " is taken; if that is not heed, stop it or choose another with --listen"}
	}
	_ = l.Close()
	return Finding{"port", true, addr + " is free"}
}

func folder(dir string) Finding {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return Finding{"folder", false, dir + " cannot be made; choose another with --data"}
	}
	probe := filepath.Join(dir, ".probe")
	if err := os.WriteFile(probe, nil, 0o600); err != nil {
		return Finding{"folder", false, dir + " cannot be written; mend its rights"}
	}
	_ = os.Remove(probe)
	return Finding{"folder", true, dir + " can be written"}
}

func disk(dir string) Finding {
	var s syscall.Statfs_t
	if err := syscall.Statfs(dir, &s); err != nil {
		return Finding{"disk", false, "free room cannot be read"}
	}
	free := s.Bavail * uint64(s.Bsize)
	says := fmt.Sprintf("%d MB free", free>>20)
	if free < diskLow {
		return Finding{"disk", false, says + "; below 1 GB, make room before heed has to refuse events"}
	}
	return Finding{"disk", true, says}
}

func keyFile(c config.Config) Finding {
	path := filepath.Join(c.Data, "heed.kek")
	info, err := os.Stat(path)
	if err != nil {
		return Finding{"keys", true, "no key file yet; the first start makes one"}
	}
	if info.Mode().Perm()&0o077 != 0 {
		return Finding{"keys", false, path + " can be read by others; chmod 600"}
	}
	return Finding{"keys", true, path + " is private; keep a copy apart from backups of the database"}
}

func database(ctx context.Context, c config.Config, clk clock.Clock) []Finding {
	a, err := Open(ctx, c, clk, slog.New(slog.DiscardHandler))
	if err != nil {
		return []Finding{{"database", false, problem.Of(err).Error()}}
	}
	defer func() { _ = a.Close() }()
	return inside(ctx, a)
}

// inside is what only an open database tells.
func inside(ctx context.Context, a *App) []Finding {
	out := []Finding{writable(ctx, a), a.epoch(), a.copies(ctx), a.sending(ctx)}
	s, err := a.Schema(ctx)
	if err != nil {
		return append(out, Finding{"schema", false, problem.Of(err).Error()})
	}
	drift := conflicts(s)
	if len(drift) == 0 {
		return append(out, Finding{"schema", true, fmt.Sprintf("%d fields seen, each with one type", len(s.Paths()))})
	}
	return append(out, Finding{"schema", false, "comes with different types, so rules that read it are unknown where it differs: " + strings.Join(drift, ", ")})
}

func writable(ctx context.Context, a *App) Finding {
	if err := a.Keep.Ready(ctx); err != nil {
		return Finding{"database", false, "it opens but cannot be written: " + problem.Of(err).Error()}
	}
	balance, err := a.Keep.Tallies(ctx)
	if err != nil {
		return Finding{"database", false, problem.Of(err).Error()}
	}
	var accepted, aside int64
	for _, t := range balance {
		accepted, aside = accepted+t.Accepted, aside+t.Quarantined
	}
	return Finding{"database", true, fmt.Sprintf("opens and can be written; %d events accepted, %d put aside so far", accepted, aside)}
}

// epoch is before any clock that is right: 2026-01-01.
const epoch clock.Instant = 1_767_225_600_000_000

func clockSane(clk clock.Clock) Finding {
	now := clk.Now().Time()
	if clk.Now() < epoch {
		return Finding{"clock", false, now.Format(time.RFC3339) + " is in the past; set the clock before taking events"}
	}
	return Finding{"clock", true, now.Format(time.RFC3339)}
}

func mail(ctx context.Context, c config.Config) Finding {
	if c.SMTP.IsZero() {
		return Finding{"mail", true, "no SMTP server is set, so no email is sent"}
	}
	ch, err := mailer(c)
	if err != nil {
		return Finding{"mail", false, problem.Of(err).Detail}
	}
	ctx, cancel := context.WithTimeout(ctx, 5*time.Second)
	defer cancel()
	if err := ch.Check(ctx); err != nil {
		return Finding{"mail", false, err.Error() + "; mend HEED_SMTP_URL"}
	}
	return Finding{"mail", true, "the mail server answers and lets us in; how letters travel: " + ch.Protection()}
}
