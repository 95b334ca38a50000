package stories_test

import (
	"fmt"
	"io"
	"io/fs"
	"maps"
	"mime/quotedprintable"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/emersion/go-smtp"

	"github.com/heed-platform/heed/internal/keep/keeptest/pgtest"
)

// message is what left heed: where to, everything that it said, and when it came.
type message struct {
	to, text string
	at       time.Time
}

// world is everything outside that a shop's heed reaches: people's mailboxes and
// telephones, and a company that takes payloads.
type world struct {
	mu    sync.Mutex
	mails []message
	texts []message
	hooks []message

	refuses bool          // every message, with a text that names to whom
	takes   time.Duration // how long the gateway thinks about a text
}

// slow makes the gateway think about each text.
func (w *world) slow(d time.Duration) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.takes = d
}

func (w *world) think() {
	w.mu.Lock()
	d := w.takes
	w.mu.Unlock()
	time.Sleep(d)
}

// textsLeft is how many texts came so far.
func (w *world) textsLeft() int {
	w.mu.Lock()
	defer w.mu.Unlock()
	return len(w.texts)
}

// refuse makes the world refuse everything from now on.
func (w *world) refuse() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.refuses = true
}

func (w *world) refusing() bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.refuses
}

func (w *world) hears(into *[]message, m message) {
	w.mu.Lock()
	defer w.mu.Unlock()
	m.at = time.Now()
	*into = append(*into, m)
}

// mailsTo are the letters that an address got.
func (w *world) mailsTo(address string) []string { return w.to(&w.mails, address) }

// textsTo are the texts that a number got.
func (w *world) textsTo(number string) []string { return w.to(&w.texts, number) }

func (w *world) to(in *[]message, address string) []string {
	w.mu.Lock()
	defer w.mu.Unlock()
	var out []string
	for _, m := range *in {
		if m.to == address {
			out = append(out, m.text)
		}
	}
	return out
}

// arrivals are when a number got its texts.
func (w *world) arrivals(number string) []time.Time {
	w.mu.Lock()
	defer w.mu.Unlock()
	var out []time.Time
	for _, m := range w.texts {
		if m.to == number {
			out = append(out, m.at)
		}
	}
	return out
}

// about are the messages, of any kind and to anybody, that name something.
func (w *world) about(what string) []message {
	w.mu.Lock()
	defer w.mu.Unlock()
	var out []message
	for _, m := range slices.Concat(w.mails, w.texts, w.hooks) {
		if strings.Contains(m.to+" "+m.text, what) {
			out = append(out, m)
		}
	}
	return out
}

// wait waits until something is so; most of it takes a second.
func wait(t *testing.T, what string, so func() bool) {
	t.Helper()
	for begun := time.Now(); !so(); time.Sleep(20 * time.Millisecond) {
		if time.Since(begun) > 30*time.Second {
			t.Fatalf("waited too long for %s", what)
		}
	}
}

// mailServer takes mail for everybody.
func (w *world) mailServer(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	srv := smtp.NewServer(smtp.BackendFunc(func(*smtp.Conn) (smtp.Session, error) { return &mailing{world: w}, nil }))
	srv.Domain = "mail.example"
	srv.EnableSMTPUTF8 = true
	go func() { _ = srv.Serve(l) }()
	t.Cleanup(func() { _ = srv.Close() })
	return "smtp://" + l.Addr().String()
}

// mailing is one connection of the mail server.
type mailing struct {
	world *world
	to    string
}

func (*mailing) Mail(string, *smtp.MailOptions) error { return nil }
func (*mailing) Reset()                               {}
func (*mailing) Logout() error                        { return nil }

func (m *mailing) Rcpt(to string, _ *smtp.RcptOptions) error {
	m.to = to
	if m.world.refusing() {
		return &smtp.SMTPError{Code: 550, EnhancedCode: smtp.EnhancedCode{5, 1, 1}, Message: "there is no " + to + " here"}
	}
	return nil
}

func (m *mailing) Data(r io.Reader) error {
	raw, err := io.ReadAll(r)
	if err != nil {
		return err
	}
	// Both as it came and decoded: what is looked for may be in either.
	decoded, _ := io.ReadAll(quotedprintable.NewReader(strings.NewReader(string(raw))))
	m.world.hears(&m.world.mails, message{to: m.to, text: string(raw) + "\n" + string(decoded)})
	return nil
}

// textGateway takes texts as Twilio does.
func (w *world) textGateway(t *testing.T) string {
	t.Helper()
	srv := httptest.NewServer(http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		_ = r.ParseForm()
		if w.refusing() {
			rw.WriteHeader(http.StatusBadRequest)
			_, _ = io.WriteString(rw, `{"code":21211,"status":400,"message":"The 'To' number `+r.PostForm.Get("To")+` is not valid."}`)
			return
		}
		w.think()
		w.hears(&w.texts, message{to: r.PostForm.Get("To"), text: r.PostForm.Get("Body")})
		rw.Header().Set("Content-Type", "application/json")
		rw.WriteHeader(http.StatusCreated)
		_, _ = io.WriteString(rw, `{"sid":"SM0","status":"queued"}`)
	}))
	t.Cleanup(srv.Close)
	return srv.URL
}

// company takes whatever is posted to it.
func (w *world) company(t *testing.T) string {
	t.Helper()
	srv := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		w.hears(&w.hooks, message{to: r.URL.Path, text: string(body)})
	}))
	t.Cleanup(srv.Close)
	return srv.URL
}

// shop is a heed with the example workspace in force, and the world around it.
type shop struct {
	*heed
	*world

	folder  string            // of its workspace
	keys    map[string]string // write keys by source
	company string            // where a company takes payloads
	letters int               // how many were written in the story
}

// inShop tells a story in a shop, on each database.
func inShop(t *testing.T, story func(t *testing.T, s *shop)) {
	t.Helper()
	for name, database := range map[string]func(testing.TB) string{"sqlite": func(testing.TB) string { return "" }, "postgres": pgtest.URL} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := openShop(t, database(t))
			story(t, s)
			// Whatever was told, it is as the facts say, and nobody changed them.
			says(t, "heed rebuild", s.run("rebuild"), "; 0 differed")
			s.run("verify")
		})
	}
}

const textToken = "gateway-secret"

func openShop(t *testing.T, database string) *shop {
	t.Helper()
	w := &world{}
	s := &shop{world: w, keys: map[string]string{"server": writeKey}, company: w.company(t)}
	s.heed = start(t, programs.heed, database,
		"HEED_SMTP_URL="+w.mailServer(t), "HEED_FROM=Linden & Lark <hello@lindenlark.example>",
		"HEED_SMS_URL="+w.textGateway(t), "HEED_SMS_ACCOUNT=AC1", "HEED_SMS_TOKEN="+textToken, "HEED_SMS_FROM=+493055501000",
		"HEED_WEBHOOK_ALLOW=127.0.0.1/32")
	s.folder = filepath.Join(s.dir, "workspace")
	copyWorkspace(t, s.folder)
	// These stories are told at any hour and often, so the shop keeps no hours.
	brand := filepath.Join(s.folder, "brand.yaml")
	text, err := os.ReadFile(brand)
	if err != nil {
		t.Fatal(err)
	}
	text = regexp.MustCompile(`(?ms)^(# At most.*?\n)?caps:.*?^(#|quiet)`).ReplaceAll(text, []byte("$2"))
	text = regexp.MustCompile(`(?ms)^quiet:.*`).ReplaceAll(text, []byte("quiet: { from: \"00:00\", to: \"00:00\" }\n"))
	s.write("brand.yaml", string(text))
	s.apply()
	return s
}

// copyWorkspace copies the example workspace's files.
func copyWorkspace(t *testing.T, to string) {
	t.Helper()
	from := os.DirFS("../workspace")
	err := fs.WalkDir(from, ".", func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || filepath.Ext(path) != ".yaml" || strings.HasPrefix(path, "import/") {
			return err
		}
		text, err := fs.ReadFile(from, path)
		if err != nil {
			return err
		}
		if err := os.MkdirAll(filepath.Join(to, filepath.Dir(path)), 0o750); err != nil {
			return err
		}
		return os.WriteFile(filepath.Join(to, path), text, 0o600)
	})
	if err != nil {
		t.Fatal(err)
	}
}

// write writes a file of the workspace.
func (s *shop) write(name, text string) {
	s.t.Helper()
	path := filepath.Join(s.folder, name)
	if err := os.MkdirAll(filepath.Dir(path), 0o750); err != nil {
		s.t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		s.t.Fatal(err)
	}
}

// read reads one.
func (s *shop) read(name string) string {
	s.t.Helper()
	text, err := os.ReadFile(filepath.Join(s.folder, name))
	if err != nil {
		s.t.Fatal(err)
	}
	return string(text)
}

// remove takes a file out of the workspace again.
func (s *shop) remove(name string) {
	s.t.Helper()
	if err := os.Remove(filepath.Join(s.folder, name)); err != nil {
		s.t.Fatal(err)
	}
}

var shownKey = regexp.MustCompile(`write key for source (\S+): (\S+)`)

// apply puts the workspace in force, and keeps the write keys that are shown.
func (s *shop) apply() {
	s.t.Helper()
	for _, m := range shownKey.FindAllStringSubmatch(s.run("apply", "-f", s.folder), -1) {
		s.keys[m[1]] = m[2]
	}
}

// goLive lets somebody else take a campaign live.
func (s *shop) goLive(campaign string) {
	s.t.Helper()
	s.run("approve", campaign, "--answer", "Yes, I would not mind.")
}

// from posts events with the key of a source; all must be accepted.
func (s *shop) from(source string, events ...event) {
	s.t.Helper()
	if s.keys[source] == "" {
		s.t.Fatalf("there is no key of source %s", source)
	}
	if a := s.posts(s.keys[source], events...); a.Accepted != len(events) {
		s.t.Fatalf("of %d events from %s %d were accepted: %+v", len(events), source, a.Accepted, a)
	}
}

// decided is a line of `heed export decisions`.
type decided struct {
	Person, ID, Campaign, Purpose, Channel string
	Chosen                                 bool
	Reasons                                []struct {
		Guard, Code, Marketer, Person string
		Veto                          bool
	}
}

// why is what kept a campaign from a person, by the newest decision; "" is
// nothing, and none means that there was nothing to decide.
func (s *shop) why(campaign, person string) (code string, found bool) {
	s.t.Helper()
	for _, d := range lines[decided](s.t, s.run("export", "decisions", "--json")) {
		if d.Campaign != campaign || d.Person != person {
			continue
		}
		found, code = true, ""
		for _, r := range d.Reasons {
			if r.Veto && code == "" {
				code = r.Code
			}
		}
	}
	return code, found
}

// settled waits until nothing is on its way to anybody.
func (s *shop) settled() {
	s.t.Helper()
	wait(s.t, "messages to leave", func() bool { return s.underWay() == 0 })
}

// underWay is how many messages have not come to an end.
func (s *shop) underWay() int {
	s.t.Helper()
	var on struct{ Deliveries []struct{ ID int64 } }
	if status := s.api(http.MethodGet, "/api/deliveries?state=waiting", nil, &on); status != http.StatusOK {
		s.t.Fatalf("the queue is shown with %d", status)
	}
	return len(on.Deliveries)
}

// send considers everybody in a campaign's audience, once, and waits until what
// follows from it has left.
func (s *shop) send(campaign string) {
	s.t.Helper()
	var answer any
	if status := s.api(http.MethodPost, "/api/campaigns/"+campaign+"/send", nil, &answer); status != http.StatusAccepted {
		s.t.Fatalf("sending %s was answered %d %v", campaign, status, answer)
	}
	s.settled()
}

// order is an order of one thing.
func order(id, item, category string, ago time.Duration, more event) event {
	e := event{
		"type": "track", "event": "Order Completed", "timestamp": time.Now().Add(-ago).UTC().Format(time.RFC3339),
		"properties": event{"order_id": id, "currency": "EUR", "total": 19, "products": []event{
			{"product_id": item, "category": category, "price": 19, "quantity": 1},
		}},
	}
	maps.Copy(e, more)
	return e
}

// card is how an event names a member's card.
func card(number string) event {
	return event{"externalIds": []event{{"id": number, "type": "member_id", "collection": "users", "encoding": "none"}}}
}

const day = 24 * time.Hour

// says fails unless a text has each of the words in it.
func says(t *testing.T, what, text string, words ...string) {
	t.Helper()
	for _, w := range words {
		if !strings.Contains(text, w) {
			t.Errorf("%s does not say %q:\n%s", what, w, text)
		}
	}
}

// letter is a campaign that sends a letter, once, to an audience.
func letter(key, audience, item, text string) string {
	return fmt.Sprintf(`key: %s
label: a letter about %s
about: Written for a story.
purpose: marketing.communications.email
channel: email
audience: %s
recipient: mail-relay
trigger: { send: true }
item: { id: %q }
message:
  subject: About %s
  text: |
    %s {{ links.unsubscribe }} {{ links.why }}
`, key, item, audience, item, item, text)
}
