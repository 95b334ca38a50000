package door

import (
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"

	"github.com/heed-platform/heed/internal/account/housetest"
)

// issuer is a brand's sign-in that lets in whoever it is told to.
type issuer struct {
	t         *testing.T
	server    *httptest.Server
	key       *rsa.PrivateKey
	challenge map[string]string // of PKCE, by code
	nonce     map[string]string
	claims    func(c map[string]any) // what it says otherwise
	sign      func(payload []byte) string
}

func newIssuer(t *testing.T) *issuer {
	t.Helper()
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	i := &issuer{t: t, key: key, challenge: map[string]string{}, nonce: map[string]string{}, claims: func(map[string]any) {}}
	i.sign = i.signed(key)
	mux := http.NewServeMux()
	mux.HandleFunc("/.well-known/openid-configuration", func(w http.ResponseWriter, _ *http.Request) {
		i.reply(w, map[string]any{
			"issuer": i.server.URL, "authorization_endpoint": i.server.URL + "/auth", "token_endpoint": i.server.URL + "/token",
			"jwks_uri": i.server.URL + "/keys", "id_token_signing_alg_values_supported": []string{"RS256"},
		})
	})
	mux.HandleFunc("/keys", func(w http.ResponseWriter, _ *http.Request) {
		i.reply(w, jose.JSONWebKeySet{Keys: []jose.JSONWebKey{{Key: key.Public(), KeyID: "k", Algorithm: "RS256", Use: "sig"}}})
	})
	mux.HandleFunc("/token", i.token)
	i.server = httptest.NewServer(mux)
	t.Cleanup(i.server.Close)
	return i
}

func (i *issuer) reply(w http.ResponseWriter, v any) {
	w.Header().Set("Content-Type", "application/json")
	if err := json.NewEncoder(w).Encode(v); err != nil {
		i.t.Error(err)
	}
}

func (i *issuer) signed(key any) func([]byte) string {
	return func(payload []byte) string {
		s, err := jose.NewSigner(jose.SigningKey{Algorithm: jose.RS256, Key: key}, (&jose.SignerOptions{}).WithHeader("kid", "k"))
		if err != nil {
			i.t.Fatal(err)
		}
		object, err := s.Sign(payload)
		if err != nil {
			i.t.Fatal(err)
		}
		compact, err := object.CompactSerialize()
		if err != nil {
			i.t.Fatal(err)
		}
		return compact
	}
}

// token takes a code, if whoever brings it began.
func (i *issuer) token(w http.ResponseWriter, r *http.Request) {
	code := r.PostFormValue("code")
	sum := sha256.Sum256([]byte(r.PostFormValue("code_verifier")))
	if want := i.challenge[code]; want == "" || base64.RawURLEncoding.EncodeToString(sum[:]) != want || r.PostFormValue("redirect_uri") != site+loginBack {
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(http.StatusBadRequest)
		_, _ = w.Write([]byte(`{"error":"invalid_grant"}`))
		return
	}
	delete(i.challenge, code)
	now := housetest.Noon.Time()
	claims := map[string]any{
		"iss": i.server.URL, "aud": "heed", "sub": "ada", "nonce": i.nonce[code], "iat": now.Unix(), "exp": now.Add(time.Hour).Unix(),
	}
	i.claims(claims)
	payload, err := json.Marshal(claims)
	if err != nil {
		i.t.Error(err)
	}
	i.reply(w, map[string]any{"access_token": "a", "token_type": "Bearer", "id_token": i.sign(payload)})
}

// depart sends a browser to the issuer, which sends it back; the result is the
// address that it comes back to.
func (i *issuer) depart(b *browser, next string) string {
	i.t.Helper()
	away := b.get("/me/login?next=" + url.QueryEscape(next))
	u, err := url.Parse(away.Header().Get("Location"))
	if err != nil || away.Code != http.StatusSeeOther || !strings.HasPrefix(u.String(), i.server.URL+"/auth?") {
		i.t.Fatalf("%d to %s", away.Code, u)
	}
	q := u.Query()
	if q.Get("code_challenge_method") != "S256" || q.Get("scope") != "openid" || q.Get("client_id") != "heed" || q.Get("response_type") != "code" {
		i.t.Errorf("asked for %v", q)
	}
	code := rand.Text()
	i.challenge[code], i.nonce[code] = q.Get("code_challenge"), q.Get("nonce")
	return loginBack + "?code=" + code + "&state=" + q.Get("state")
}

func TestLogin(t *testing.T) {
	t.Parallel()
	i := newIssuer(t)
	h := open(t, &Login{Name: "Lark Club", Issuer: i.server.URL, Client: "heed", Secret: "s"})
	b := h.browser()
	if page := b.get("/me/code?next=/me/data"); !strings.Contains(page.Body.String(), `href="/me/login?next=%2fme%2fdata"`) || !strings.Contains(page.Body.String(), "Lark Club") {
		t.Errorf("nothing leads there:\n%s", page.Body)
	}
	back := i.depart(b, "/me/data?x=1")
	in := b.get(back)
	if in.Code != http.StatusSeeOther || in.Header().Get("Location") != "/me/data?x=1" {
		t.Fatalf("%d to %s", in.Code, in.Header().Get("Location"))
	}
	if got := b.get("/me/data"); !strings.HasPrefix(got.Body.String(), "data "+h.ref().String()) {
		t.Errorf("%d %s", got.Code, got.Body)
	}
	h.desk.Due(t.Context())
	if len(h.box.List()) != 2 {
		t.Errorf("%d contact points heard of it", len(h.box.List()))
	}
	if again := h.browser().get(back); again.Code != http.StatusUnauthorized {
		t.Errorf("the same address again: %d", again.Code)
	}
}

// Whatever is wrong with what comes back, nobody gets in, and all get one answer.
func TestLogin_letsNobodyElseIn(t *testing.T) {
	t.Parallel()
	i := newIssuer(t)
	h := open(t, &Login{Name: "Lark Club", Issuer: i.server.URL, Client: "heed", Secret: "s"})
	other, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	set := func(name string, value any) func() {
		return func() { i.claims = func(c map[string]any) { c[name] = value } }
	}
	tests := []struct {
		name string
		lie  func()
		turn func(b *browser, back string) string
	}{
		{name: "for another program", lie: set("aud", "someone")},
		{name: "by another issuer", lie: set("iss", "https://evil.example")},
		{name: "over", lie: set("exp", housetest.Noon.Time().Add(-time.Hour).Unix())},
		{name: "of another trip", lie: set("nonce", "another")},
		{name: "without a nonce", lie: set("nonce", nil)},
		{name: "about nobody", lie: set("sub", "")},
		{name: "about somebody we do not know", lie: set("sub", "nobody")},
		{name: "signed by somebody else", lie: func() { i.sign = i.signed(other) }},
		{name: "not signed", lie: func() {
			i.sign = func(payload []byte) string {
				return base64.RawURLEncoding.EncodeToString([]byte(`{"alg":"none"}`)) + "." + base64.RawURLEncoding.EncodeToString(payload) + "."
			}
		}},
		{name: "signed with the public key as a secret", lie: func() {
			i.sign = func(payload []byte) string {
				s, err := jose.NewSigner(jose.SigningKey{Algorithm: jose.HS256, Key: i.key.N.Bytes()}, nil)
				if err != nil {
					t.Fatal(err)
				}
				object, err := s.Sign(payload)
				if err != nil {
					t.Fatal(err)
				}
				compact, _ := object.CompactSerialize()
				return compact
			}
		}},
		{name: "to another browser", turn: func(b *browser, back string) string { clear(b.cookies); return back }},
		{name: "with a browser's own cookie", turn: func(b *browser, back string) string { b.cookies["__Host-heed-login"] = "mine"; return back }},
		{name: "with another state", turn: func(_ *browser, back string) string { return back + "x" }},
		{name: "with another code", turn: func(_ *browser, back string) string { return strings.Replace(back, "code=", "code=x", 1) }},
		{name: "refused", turn: func(_ *browser, back string) string {
			return strings.Replace(back, "code=", "error=access_denied&x=", 1)
		}},
		{name: "too late", turn: func(_ *browser, back string) string { h.Clock.Advance(11 * time.Minute); return back }},
	}
	pages := map[string]string{}
	for _, tt := range tests {
		i.claims, i.sign = func(map[string]any) {}, i.signed(i.key)
		b := h.browser()
		back := i.depart(b, "/me/data")
		if tt.lie != nil {
			tt.lie()
		}
		if tt.turn != nil {
			back = tt.turn(b, back)
		}
		got := b.get(back)
		if got.Code != http.StatusUnauthorized || b.cookies["__Host-heed"] != "" {
			t.Errorf("%s: %d, cookies %v", tt.name, got.Code, b.cookies)
		}
		// The language links name the address itself; all else is one page.
		body := got.Body.String()
		pages[body[:strings.Index(body, "<footer")]] = tt.name
	}
	if len(pages) != 1 {
		t.Errorf("%d different answers: %v", len(pages), fmt.Sprint(len(pages)))
	}
	i.server.Close()
	if got := h.browser().get("/me/login"); got.Code != http.StatusSeeOther && got.Code != http.StatusUnauthorized {
		t.Errorf("an issuer that is away: %d", got.Code)
	}
}
