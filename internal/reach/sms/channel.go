package sms

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptrace"
	"net/url"
	"strconv"
	"strings"
	"sync/atomic"
	"time"
	"unicode/utf8"

	"github.com/heed-platform/heed/internal/keep/gate"
	"github.com/heed-platform/heed/internal/know/identity"
	"github.com/heed-platform/heed/internal/person"
	"github.com/heed-platform/heed/internal/problem"
	"github.com/heed-platform/heed/internal/reach/delivery"
)

const (
	// DefaultTimeout is how long one call may take.
	DefaultTimeout = 15 * time.Second
	maxText        = 1600 // characters; the gateway takes no more
	maxAnswer      = 64 << 10
)

var errOptions = problem.New(problem.Invalid, "sms-options-invalid",
	"The text gateway needs an https address (http only of this machine), an account, a token and the number that texts come from.")

// Options are what a Channel is made of.
type Options struct {
	URL     string // of the gateway: https://api.twilio.com
	Account string
	Token   string
	From    string                                 // a number, or the id of a messaging service (MG…)
	Region  func() string                          // where numbers without a country code belong: "DE"
	Report  func(label delivery.Label) (to string) // where the gateway tells what became of a text; nil asks for no reports
	Timeout time.Duration                          // 0 is DefaultTimeout
}

// Channel sends texts. It may be used by many goroutines at once.
type Channel struct {
	Options

	url     string
	client  *http.Client
	travels string
}

// New makes a Channel; the problem is sms-options-invalid.
func New(o Options) (*Channel, error) {
	u, err := url.Parse(strings.TrimRight(o.URL, "/"))
	if err != nil || u.Host == "" || u.User != nil || u.RawQuery != "" || o.Account == "" || o.Token == "" || o.From == "" || o.Region == nil {
		return nil, errOptions
	}
	c := &Channel{Options: o, travels: "tls"}
	switch host := u.Hostname(); {
	case u.Scheme == "https":
	case u.Scheme == "http" && (host == "localhost" || host == "127.0.0.1" || host == "::1"):
		c.travels = "to a gateway on this machine"
	default:
		return nil, errOptions
	}
	if c.Timeout == 0 {
		c.Timeout = DefaultTimeout
	}
	c.url = u.JoinPath("2010-04-01", "Accounts", o.Account, "Messages.json").String()
	c.client = &http.Client{
		Timeout:       c.Timeout,
		Transport:     &http.Transport{MaxIdleConnsPerHost: 8, IdleConnTimeout: 30 * time.Second, MaxResponseHeaderBytes: maxAnswer},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
	return c, nil
}

// Protection says how texts travel.
func (c *Channel) Protection() string { return c.travels }

// Send hands one text to the gateway.
func (c *Channel) Send(ctx context.Context, label delivery.Label, cleared gate.Cleared) error {
	l, err := cleared.Open()
	if err != nil {
		return err
	}
	return c.send(ctx, label, l)
}

func (c *Channel) send(ctx context.Context, label delivery.Label, l gate.Letter) error {
	to, err := identity.Canonical(person.Phone, l.To.Reveal(), c.Region())
	if err != nil {
		return delivery.Fail(delivery.Refused, "number_invalid", err)
	}
	text := strings.TrimSpace(l.Text.Reveal())
	if n := utf8.RuneCountInString(text); n == 0 || n > maxText {
		return delivery.Fail(delivery.Refused, "text_length", nil)
	}
	form := url.Values{"To": {to}, "Body": {text}, "From": {c.From}}
	if strings.HasPrefix(c.From, "MG") {
		form = url.Values{"To": {to}, "Body": {text}, "MessagingServiceSid": {c.From}}
	}
	if c.Report != nil {
		form.Set("StatusCallback", c.Report(label))
	}
	return c.post(ctx, form)
}

func (c *Channel) post(ctx context.Context, form url.Values) error {
	var written atomic.Bool // the transport may still be writing when Do gives up
	ctx = httptrace.WithClientTrace(ctx, &httptrace.ClientTrace{
		WroteRequest: func(i httptrace.WroteRequestInfo) { written.Store(i.Err == nil) },
	})
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, c.url, strings.NewReader(form.Encode()))
	if err != nil {
		return fmt.Errorf("ask the gateway: %w", err)
	}
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	r.Header.Set("Accept", "application/json")
	r.Header.Set("User-Agent", "heed")
	r.SetBasicAuth(c.Account, c.Token)
	answer, err := c.client.Do(r)
	if err != nil {
		class := delivery.Later
		if written.Load() {
			class = delivery.Unknown
		}
		f := delivery.Fail(class, "sms_no_answer", err)
		f.Detail = network(err)
		return f
	}
	defer func() { _ = answer.Body.Close() }()
	body, _ := io.ReadAll(io.LimitReader(answer.Body, maxAnswer)) // the status says what counts
	return judge(answer.StatusCode, answer.Header.Get("Retry-After"), body)
}

// network is what went wrong without the address that was called, which holds
// the account.
func network(err error) string {
	if u, ok := errors.AsType[*url.Error](err); ok {
		return u.Err.Error()
	}
	return "the gateway could not be called"
}

// ours are Twilio's numbers for what is wrong with the account or the sender:
// they say nothing about whoever should get the text, and somebody can mend them.
var ours = map[int]bool{
	20003: true, 20005: true, 20404: true, 20429: true, 21212: true, 21603: true, 21606: true, 21611: true,
	21659: true, 21660: true, 21661: true, 21701: true, 21703: true, 30001: true, 30002: true,
}

// judge reads an answer. A server that failed in the middle, or something between
// us and it, may have passed the text on.
func judge(status int, after string, body []byte) error {
	var said struct {
		Code int `json:"code"`
	}
	if json.Unmarshal(body, &said) != nil {
		said.Code = 0
	}
	code := fmt.Sprintf("sms_http_%d", status)
	if said.Code != 0 {
		code = fmt.Sprintf("sms_%d", said.Code)
	}
	class := delivery.Refused
	switch {
	case status >= 200 && status < 300:
		return nil
	case status == http.StatusBadGateway, status == http.StatusGatewayTimeout:
		class = delivery.Unknown
	case status >= 500, status < 400, status == http.StatusTooManyRequests, status == http.StatusRequestTimeout,
		status == http.StatusUnauthorized, status == http.StatusForbidden, status == http.StatusNotFound, ours[said.Code]:
		class = delivery.Later
	}
	f := delivery.Fail(class, code, nil)
	if n, err := strconv.Atoi(after); err == nil && n > 0 {
		f.After = min(time.Duration(n)*time.Second, 24*time.Hour)
	}
	return f
}
