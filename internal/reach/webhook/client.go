package webhook

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptrace"
	"net/url"
	"strconv"
	"sync/atomic"
	"time"

	"github.com/heed-platform/heed/internal/clock"
	"github.com/heed-platform/heed/internal/problem"
)

// What one call may cost.
const (
	DefaultTimeout = 15 * time.Second // for all of it: names, connection, answer
	readLimit      = 64 << 10         // of an answer's header, and of its body
	maxBody        = 64 << 10         // of what is sent
)

var (
	errURL   = problem.New(problem.Invalid, "webhook-url-invalid", "A webhook's address is https://host/path, without a user name or password; http is for addresses that the operator allows.")
	errBody  = problem.New(problem.TooLarge, "webhook-body-too-large", "A webhook carries at most 64 KB; send references instead of everything.")
	errReach = problem.New(problem.Unavailable, "webhook-unreachable", "The webhook's server did not answer; it will be tried again.")
)

// Options are what a Client is made of.
type Options struct {
	Guard    Guard
	Clock    clock.Clock
	Timeout  time.Duration  // 0 is DefaultTimeout
	Resolver *net.Resolver  // nil is the machine's
	Roots    *x509.CertPool // nil is the machine's certificates
	Agent    string         // User-Agent; "" is "heed"
}

// Client calls webhooks. It may be used by many goroutines at once.
type Client struct {
	clock  clock.Clock
	agent  string
	secure *http.Client // https: public addresses and allowed ones
	plain  *http.Client // http: allowed ones only
}

// NewClient makes a Client. It uses no proxy: the guard must see the address
// that is reached.
func NewClient(o Options) *Client {
	if o.Timeout == 0 {
		o.Timeout = DefaultTimeout
	}
	if o.Agent == "" {
		o.Agent = "heed"
	}
	return &Client{clock: o.Clock, agent: o.Agent, secure: o.client(true), plain: o.client(false)}
}

func (o Options) client(secure bool) *http.Client {
	config := &tls.Config{MinVersion: tls.VersionTLS12, RootCAs: o.Roots}
	d := &net.Dialer{Timeout: o.Timeout, Resolver: o.Resolver, Control: o.Guard.control(secure)}
	return &http.Client{
		Timeout: o.Timeout,
		Transport: &http.Transport{
			DialContext:            d.DialContext,
			TLSClientConfig:        config,
			DisableCompression:     true, // a small answer could unpack into a large one
			MaxResponseHeaderBytes: readLimit,
			MaxIdleConnsPerHost:    2,
			IdleConnTimeout:        30 * time.Second,
		},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
}

// Answer is what became of one call.
type Answer struct {
	Status     int           // of HTTP; 0 is no answer
	Delivered  bool          // 2xx
	Disabled   bool          // 410: the receiver wants no more, ever
	MayHave    bool          // there is no answer, but the request was written: it may have arrived
	RetryAfter time.Duration // what the receiver asks for; 0 is nothing said
}

// CheckURL finds out, before anything is sent, whether an address can be a
// webhook's at all. The problem is webhook-url-invalid. Where it leads is known
// only when it is called.
func CheckURL(address string) error {
	_, err := parse(address)
	return err
}

func parse(address string) (*url.URL, error) {
	u, err := url.Parse(address)
	if err != nil || u.Scheme != "https" && u.Scheme != "http" || u.Hostname() == "" || u.User != nil || u.Opaque != "" {
		return nil, errURL
	}
	u.Fragment = ""
	return u, nil
}

// Post sends the body once, signed. The id names the message: it is the same
// for every try, and the receiver's key to do it once. Without an answer the
// error is a *problem.Error: webhook-address-refused (trying again will not
// help), webhook-unreachable, webhook-url-invalid, webhook-body-too-large or
// webhook-secret-invalid.
func (c *Client) Post(ctx context.Context, address, id string, body []byte, secrets ...Secret) (Answer, error) {
	u, err := parse(address)
	if err != nil {
		return Answer{}, err
	}
	if len(body) > maxBody {
		return Answer{}, errBody
	}
	now := c.clock.Now()
	signature, err := Sign(id, now, body, secrets...)
	if err != nil {
		return Answer{}, err
	}
	var written atomic.Bool // the transport may still be writing when Do gives up
	trace := &httptrace.ClientTrace{WroteRequest: func(i httptrace.WroteRequestInfo) { written.Store(i.Err == nil) }}
	request, err := http.NewRequestWithContext(httptrace.WithClientTrace(ctx, trace), http.MethodPost, u.String(), bytes.NewReader(body))
	if err != nil {
		return Answer{}, errURL.Because(err)
	}
	request.Header = http.Header{
		"Content-Type": {"application/json"}, "User-Agent": {c.agent},
		HeaderID: {id}, HeaderTimestamp: {seconds(now)}, HeaderSignature: {signature},
	}
	client := c.plain
	if u.Scheme == "https" {
		client = c.secure
	}
	response, err := client.Do(request)
	if err != nil {
		return Answer{MayHave: written.Load()}, unreached(err)
	}
	return read(response, now), nil
}

// unreached keeps the guard's word and hides everything else as the cause.
func unreached(err error) error {
	if p, ok := errors.AsType[*problem.Error](err); ok && errors.Is(p, errAddress) {
		return p
	}
	return errReach.Because(err)
}

// read takes what the status says and lets go of the rest.
func read(response *http.Response, now clock.Instant) Answer {
	// Reading a little lets the connection be used again. What it says, or that
	// it breaks off, changes nothing about the status.
	_, _ = io.CopyN(io.Discard, response.Body, readLimit)
	_ = response.Body.Close()
	return Answer{
		Status:     response.StatusCode,
		Delivered:  response.StatusCode >= 200 && response.StatusCode < 300,
		Disabled:   response.StatusCode == http.StatusGone,
		RetryAfter: retryAfter(response.Header.Get("Retry-After"), now),
	}
}

// retryAfter reads seconds or a date; nonsense is nothing said.
func retryAfter(s string, now clock.Instant) time.Duration {
	if n, err := strconv.ParseInt(s, 10, 32); err == nil && n > 0 {
		return time.Duration(n) * time.Second
	}
	if t, err := http.ParseTime(s); err == nil {
		return max(0, t.Sub(now.Time()))
	}
	return 0
}
