package app

import (
	"context"
	"fmt"
	"time"

	"github.com/heed-platform/heed/internal/clock"
)

const (
	// keyLife is how long one key-encryption key may be in use.
	keyLife = 30 * 24 * time.Hour
	// keyPause is how often a node looks whether another one rotates keys.
	keyPause = 20 * time.Second
)

// refreshKeys takes part in a rotation that another node runs.
func (a *App) refreshKeys(ctx context.Context) error { return a.Keep.RefreshKeys(ctx) }

// epoch is what the doctor says about the key-encryption key.
func (a *App) epoch() Finding {
	epoch, since, unfinished := a.Keep.KeyEpoch()
	switch {
	case unfinished:
		return Finding{"key epoch", false, "a rotation of keys was begun and not finished; run heed keys rotate again"}
	case since == 0:
		return Finding{"key epoch", false, fmt.Sprintf("%d, since nobody knows when; run heed keys rotate", epoch)}
	case a.Clock.Now().Sub(since) > keyLife:
		return Finding{"key epoch", false, fmt.Sprintf("%d since %s, longer than 30 days; run heed keys rotate", epoch, day(since))}
	}
	return Finding{"key epoch", true, fmt.Sprintf("%d since %s; rotate it before 30 days are over", epoch, day(since))}
}

func day(i clock.Instant) string { return i.Time().Format("2006-01-02") }

// sending is what the doctor says about the switch of sending.
func (a *App) sending(ctx context.Context) Finding {
	s, err := a.Keep.Sending(ctx)
	switch {
	case err != nil:
		return Finding{"sending", false, "the switch cannot be read, so nothing leaves: " + err.Error()}
	case s.Off:
		return Finding{"sending", false, fmt.Sprintf("off since %s: %s. To let messages leave again: heed sending on", s.Since.Format(), s.Why)}
	}
	return Finding{"sending", true, "messages may leave"}
}
