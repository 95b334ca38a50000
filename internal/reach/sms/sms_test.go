package sms

import (
	"encoding/base64"
	"encoding/xml"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/heed-platform/heed/internal/keep/gate"
	"github.com/heed-platform/heed/internal/person"
	"github.com/heed-platform/heed/internal/problem"
	"github.com/heed-platform/heed/internal/reach/delivery"
)

func germany() string { return "DE" }

func letter(to, text string) gate.Letter {
	return gate.Letter{ID: "019c", Channel: "sms", To: person.Hide(to), Text: person.Hide(text)}
}

func channel(t *testing.T, address string) *Channel {
	t.Helper()
	c, err := New(Options{
		URL: address, Account: "AC123", Token: "geheim", From: "+4930555", Region: germany, Timeout: 300 * time.Millisecond,
		Report: func(l delivery.Label) string { return "https://heed.example/webhooks/sms?report=" + l.Key },
	})
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func TestSend_asTheGatewayWantsIt(t *testing.T) {
	t.Parallel()
	var got url.Values
	var path, user, password, kind string
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			t.Error(err)
		}
		got, err = url.ParseQuery(string(body))
		if err != nil {
			t.Error(err)
		}
		path, kind = r.Method+" "+r.URL.Path, r.Header.Get("Content-Type")
		user, password, _ = r.BasicAuth()
		w.WriteHeader(http.StatusCreated)
		_, _ = io.WriteString(w, `{"sid":"SM1","status":"queued","error_code":null}`)
	}))
	defer s.Close()
	c := channel(t, s.URL+"/")
	if err := c.send(t.Context(), delivery.Label{Key: "d-1"}, letter("030 / 12 34 56 78", " Dein Paket & du: 10 € \n")); err != nil {
		t.Fatal(err)
	}
	want := url.Values{
		"To": {"+493012345678"}, "From": {"+4930555"}, "Body": {"Dein Paket & du: 10 €"},
		"StatusCallback": {"https://heed.example/webhooks/sms?report=d-1"},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	if path != "POST /2010-04-01/Accounts/AC123/Messages.json" || user != "AC123" || password != "geheim" || kind != "application/x-www-form-urlencoded" {
		t.Errorf("%s, %s:%s, %s", path, user, password, kind)
	}
	c.From, c.Report = "MG123", nil
	if err := c.send(t.Context(), delivery.Label{}, letter("+493012345678", "Hallo")); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(url.Values{"To": {"+493012345678"}, "MessagingServiceSid": {"MG123"}, "Body": {"Hallo"}}, got); diff != "" {
		t.Error(diff)
	}
	if c.Protection() != "to a gateway on this machine" {
		t.Error(c.Protection())
	}
}

func TestSend_whatTheGatewaySays(t *testing.T) {
	t.Parallel()
	tests := []struct {
		status int
		header string
		body   string
		class  delivery.Class
		code   string
		after  time.Duration
	}{
		{400, "", `{"code":21211,"message":"The 'To' number +4930 is not a valid phone number.","status":400}`, delivery.Refused, "sms_21211", 0},
		{400, "", `{"code":21610}`, delivery.Refused, "sms_21610", 0},
		{400, "", `{"code":21606}`, delivery.Later, "sms_21606", 0},
		{400, "", `nonsense`, delivery.Refused, "sms_http_400", 0},
		{401, "", `{"code":20003}`, delivery.Later, "sms_20003", 0},
		{403, "", ``, delivery.Later, "sms_http_403", 0},
		{404, "", ``, delivery.Later, "sms_http_404", 0},
		{429, "120", ``, delivery.Later, "sms_http_429", 2 * time.Minute},
		{429, "99999999", ``, delivery.Later, "sms_http_429", 24 * time.Hour},
		{500, "", ``, delivery.Later, "sms_http_500", 0},
		{503, "7", ``, delivery.Later, "sms_http_503", 7 * time.Second},
		{502, "", ``, delivery.Unknown, "sms_http_502", 0},
		{504, "", ``, delivery.Unknown, "sms_http_504", 0},
		{302, "", ``, delivery.Later, "sms_http_302", 0},
	}
	for _, tt := range tests {
		s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			if tt.header != "" {
				w.Header().Set("Retry-After", tt.header)
			}
			w.Header().Set("Location", "http://127.0.0.1:1/")
			w.WriteHeader(tt.status)
			_, _ = io.WriteString(w, tt.body)
		}))
		err := channel(t, s.URL).send(t.Context(), delivery.Label{}, letter("+493012345678", "Hallo"))
		s.Close()
		f, ok := errors.AsType[*delivery.Failure](err)
		if !ok || f.Class != tt.class || f.Code != tt.code || f.After != tt.after {
			t.Errorf("%d %s: %+v", tt.status, tt.body, f)
		}
	}
}

func TestSend_noAnswer(t *testing.T) {
	t.Parallel()
	failure := func(address string) *delivery.Failure {
		err := channel(t, address).send(t.Context(), delivery.Label{}, letter("+493012345678", "Hallo"))
		f, ok := errors.AsType[*delivery.Failure](err)
		if !ok || f.Code != "sms_no_answer" || strings.Contains(f.Error(), "AC123") || strings.Contains(f.Error(), "4930") {
			t.Fatalf("%v", err)
		}
		return f
	}
	done := make(chan struct{})
	silent := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
		<-done
	}))
	cut := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) }))
	defer cut.Close()
	defer silent.Close()
	defer close(done)
	for name, address := range map[string]string{"silent": silent.URL, "cut": cut.URL} {
		if f := failure(address); f.Class != delivery.Unknown {
			t.Errorf("%s: the text may have gone, yet it is %v", name, f.Class)
		}
	}
	var lc net.ListenConfig
	l, err := lc.Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	_ = l.Close()
	if f := failure("http://" + l.Addr().String()); f.Class != delivery.Later {
		t.Errorf("nobody there: %v", f.Class)
	}
}

func TestSend_whatIsNoText(t *testing.T) {
	t.Parallel()
	c := channel(t, "http://127.0.0.1:1")
	for _, tt := range []struct{ to, text, code string }{
		{"", "Hallo", "number_invalid"},
		{"12", "Hallo", "number_invalid"},
		{"+493012345678,+493012345679", "Hallo", "number_invalid"},
		{"+493012345678\n", " \n", "text_length"},
		{"+493012345678", strings.Repeat("ä", maxText+1), "text_length"},
	} {
		err := c.send(t.Context(), delivery.Label{}, letter(tt.to, tt.text))
		if f, ok := errors.AsType[*delivery.Failure](err); !ok || f.Class != delivery.Refused || f.Code != tt.code {
			t.Errorf("%q: %v", tt.to, err)
		}
	}
}

func TestNew_refuses(t *testing.T) {
	t.Parallel()
	good := Options{URL: "https://api.example", Account: "a", Token: "t", From: "f", Region: germany}
	if c, err := New(good); err != nil || c.Protection() != "tls" {
		t.Error(err)
	}
	for name, spoil := range map[string]func(*Options){
		"clear":    func(o *Options) { o.URL = "http://api.example" },
		"scheme":   func(o *Options) { o.URL = "ftp://api.example" },
		"password": func(o *Options) { o.URL = "https://u:p@api.example" },
		"query":    func(o *Options) { o.URL = "https://api.example?x=1" },
		"nowhere":  func(o *Options) { o.URL = "" },
		"token":    func(o *Options) { o.Token = "" },
		"from":     func(o *Options) { o.From = "" },
	} {
		o := good
		spoil(&o)
		if _, err := New(o); problem.Of(err) == nil || problem.Of(err).Code != "sms-options-invalid" {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// The example of Twilio's own libraries.
const (
	exampleToken     = "12345"
	exampleAddress   = "https://mycompany.com/myapp.php?foo=1&bar=2"
	exampleSignature = "RSOYDt4T1cUTdK1PDd93/VVr8B8="
)

func exampleForm() url.Values {
	return url.Values{
		"CallSid": {"CA1234567890ABCDE"}, "Caller": {"+14158675309"}, "Digits": {"1234"}, "From": {"+14158675309"}, "To": {"+18005551212"},
	}
}

func TestSigned(t *testing.T) {
	t.Parallel()
	if !Signed(exampleToken, exampleAddress, exampleForm(), exampleSignature) {
		t.Fatal("the known example does not hold")
	}
	more := exampleForm()
	more.Set("Extra", "x")
	for name, holds := range map[string]bool{
		"other token":   Signed("12346", exampleAddress, exampleForm(), exampleSignature),
		"no token":      Signed("", exampleAddress, exampleForm(), base64.StdEncoding.EncodeToString(sign("", exampleAddress, exampleForm()))),
		"other address": Signed(exampleToken, exampleAddress+"3", exampleForm(), exampleSignature),
		"more fields":   Signed(exampleToken, exampleAddress, more, exampleSignature),
		"no signature":  Signed(exampleToken, exampleAddress, exampleForm(), ""),
		"nonsense":      Signed(exampleToken, exampleAddress, exampleForm(), "!"),
		"shorter":       Signed(exampleToken, exampleAddress, exampleForm(), "RSOYDt4T1cUTdK1PDd93/VVr8A=="),
	} {
		if holds {
			t.Errorf("%s holds", name)
		}
	}
}

func TestInbound(t *testing.T) {
	t.Parallel()
	const address = "https://heed.example/webhooks/sms"
	text := func(pairs ...string) url.Values {
		f := url.Values{"From": {"+493012345678"}, "To": {"+4930555"}, "MessageSid": {"SM9"}}
		for i := 0; i < len(pairs); i += 2 {
			f.Set(pairs[i], pairs[i+1])
		}
		return f
	}
	tests := []struct {
		name           string
		form           url.Values
		signed, forged What
	}{
		{"stop", text("Body", "Stop"), Withdraw, Withdraw},
		{"help", text("Body", "help"), Help, Nothing},
		{"start", text("Body", "START"), Nothing, Nothing},
		{"talk", text("Body", "Where is my parcel?"), Nothing, Nothing},
		{"the gateway heard a stop", text("Body", "whatever", "OptOutType", "STOP"), Withdraw, Withdraw},
		{"the gateway heard a start", text("Body", "START", "OptOutType", "START"), Nothing, Nothing},
		{"report", text("MessageStatus", "undelivered", "ErrorCode", "30003"), Report, Nothing},
		{"nothing", url.Values{}, Nothing, Nothing},
	}
	for _, tt := range tests {
		good := base64.StdEncoding.EncodeToString(sign("geheim", address, tt.form))
		h := Inbound("geheim", address, tt.form, good)
		if h.What != tt.signed || !h.Signed {
			t.Errorf("%s: %+v", tt.name, h)
		}
		h = Inbound("geheim", address, tt.form, "")
		if h.What != tt.forged || h.Signed {
			t.Errorf("%s, not signed: %+v", tt.name, h)
		}
	}
	f := text("Body", "STOP")
	h := Inbound("geheim", address, f, "")
	if h.From.Reveal() != "+493012345678" || h.Text != "SM9" || h.Answered {
		t.Errorf("%+v", h)
	}
}

func TestListen(t *testing.T) {
	t.Parallel()
	tests := []struct {
		want  What
		texts []string
	}{
		{Withdraw, []string{
			"STOP", "stop", " Stop. ", "STOP!", "“Stop”", "STOP 🛑", "s t o p", "Stopall", "STOP ALL", "UNSUBSCRIBE", "Cancel", "END", "quit", "REVOKE",
			"OPTOUT", "opt-out", "Opt Out", "please stop", "Stop texting me please", "stop it now!!!", "please UNSUBSCRIBE me", "no more",
			"STOPP", "stopp bitte", "Bitte abmelden", "Abbestellen!", "beenden", "Kündigen", "nicht mehr",
			"ARRÊT", "arrêter", "arretez svp", "désabonner", "Stop SVP", "stop sms",
			"BAJA", "baja por favor", "Parar", "Cancelar", "ALTO", "desuscribirme", "s\u0301top", "ＳＴＯＰ",
		}},
		{Help, []string{"HELP", "help?", "Info", "HILFE", "aide svp", "Ayuda, por favor"}},
		{Nothing, []string{
			"", " ", "🛑", "START", "unstop", "YES", "Ja", "please", "don't stop", "Bitte nicht abmelden", "never stop",
			"cancel my order", "I want to end the week with new shoes", "does the bus stop near your shop on Sundays?", "help me find shoes",
			"Ich möchte nicht mehr Schuhe als nötig", strings.Repeat("stop ", 2000), "nonstop",
		}},
	}
	for _, tt := range tests {
		for _, text := range tt.texts {
			if got := Listen(text); got != tt.want {
				t.Errorf("%.60q is %d, want %d (%.10q)", text, got, tt.want, fold(text))
			}
		}
	}
}

func TestReply(t *testing.T) {
	t.Parallel()
	var read struct {
		XMLName xml.Name `xml:"Response"`
		Message *string
	}
	if err := xml.Unmarshal(Reply("Linden & <Lark>"), &read); err != nil || *read.Message != "Linden & <Lark>" {
		t.Error(err, read)
	}
	read.Message = nil
	if err := xml.Unmarshal(Reply(""), &read); err != nil || read.Message != nil {
		t.Error(err, read)
	}
}

func FuzzListen(f *testing.F) {
	for _, s := range []string{"STOP", "please stop", "don't stop", "ｓｔｏｐ", "aide", "\xff\xfe"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		got := Listen(s)
		if again := Listen(strings.Join(fold(s), "  ")); again != got {
			t.Errorf("%q is %d, folded already %d", s, got, again)
		}
		if len(fold(s)) == 0 && got != Nothing {
			t.Errorf("%q says nothing and is %d", s, got)
		}
	})
}
