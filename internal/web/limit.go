package web

import (
	"net"
	"net/http"
	"net/netip"
	"strings"
	"sync"

	"golang.org/x/time/rate"

	"github.com/heed-platform/heed/internal/clock"
)

// Limiter lets each name do something so often a second, with a burst. It
// remembers a bounded number of names; when it has seen more, it forgets them
// all, which lets everybody through once more.
type Limiter struct {
	rate  rate.Limit
	burst int

	mu    sync.Mutex
	names map[string]*rate.Limiter
}

const manyNames = 1 << 14

// NewLimiter allows each name burst at once and perSecond afterwards.
func NewLimiter(perSecond float64, burst int) *Limiter {
	return &Limiter{rate: rate.Limit(perSecond), burst: burst, names: map[string]*rate.Limiter{}}
}

// Allow reports whether name may go on now.
func (l *Limiter) Allow(name string, now clock.Instant) bool {
	l.mu.Lock()
	if len(l.names) >= manyNames {
		l.names = map[string]*rate.Limiter{}
	}
	one := l.names[name]
	if one == nil {
		one = rate.NewLimiter(l.rate, l.burst)
		l.names[name] = one
	}
	l.mu.Unlock()
	return one.AllowN(now.Time(), 1)
}

// Address is where a request comes from, as a place that one household or
// company shares: an IPv4 address or an IPv6 /64. From a proxy on a private
// address the last hop that it noted is taken, since only what is near can reach
// us from there.
func Address(r *http.Request) string {
	host, _, err := net.SplitHostPort(r.RemoteAddr)
	if err != nil {
		return r.RemoteAddr
	}
	ip, err := netip.ParseAddr(host)
	if err != nil {
		return host
	}
	if ip = ip.Unmap(); ip.IsPrivate() || ip.IsLoopback() {
		if last, ok := forwarded(r); ok {
			ip = last
		}
	}
	if ip.Is6() {
		p, _ := ip.WithZone("").Prefix(64)
		return p.String()
	}
	return ip.String()
}

func forwarded(r *http.Request) (netip.Addr, bool) {
	list := r.Header.Values("X-Forwarded-For")
	if len(list) == 0 {
		return netip.Addr{}, false
	}
	last := list[len(list)-1]
	if i := strings.LastIndexByte(last, ','); i >= 0 {
		last = last[i+1:]
	}
	ip, err := netip.ParseAddr(strings.TrimSpace(last))
	return ip.Unmap(), err == nil
}
