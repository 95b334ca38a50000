package event_test

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/heed-platform/heed/internal/clock"
	"github.com/heed-platform/heed/internal/collect/event"
	"github.com/heed-platform/heed/internal/fact"
	"github.com/heed-platform/heed/internal/person"
	"github.com/heed-platform/heed/internal/problem"
)

var received = clock.At(time.Date(2026, 11, 22, 10, 0, 0, 0, time.UTC))

func server() event.Source {
	return event.Source{Key: "server", Kind: event.Server, Notice: "shop@1", Origin: fact.Declared}
}

func browser() event.Source {
	return event.Source{Key: "web", Kind: event.Browser, Notice: "shop@1", Origin: fact.Declared, Secret: event.Key("s3cret")}
}

// one judges one event, whose type is in it.
func one(t *testing.T, body string, src event.Source) event.Verdict {
	t.Helper()
	p, err := event.Single([]byte(body), 0, src, received)
	if err != nil {
		t.Fatalf("%s: %v", body, err)
	}
	return p.Verdicts[0]
}

// ids are an event's identifiers as "ns=value", in order.
func ids(e fact.Event) string {
	var out []string
	for _, id := range e.Identifiers {
		out = append(out, string(id.NS)+"="+id.Value.Reveal())
	}
	return strings.Join(out, " ")
}

func TestSingle_fields(t *testing.T) {
	t.Parallel()
	v := one(t, `{"type":"track","event":"Order Completed","userId":"u1","messageId":"m1","timestamp":"2026-11-22T09:59:58Z","sentAt":"2026-11-22T09:59:59.5Z","properties":{"total":9007199254740993.10}}`, server())
	want := fact.Event{
		Source: "server", Message: "m1", Type: fact.Track, Name: "Order Completed",
		At: received.Add(-1500 * time.Millisecond), Received: received, Verified: true,
		Notice: "shop@1", Origin: fact.Declared,
		Identifiers: []person.Identifier{person.Ident(person.UserID, "u1")},
		Raw:         v.Raw,
	}
	if diff := cmp.Diff(want, v.Event, cmp.Comparer(func(a, b person.Secret) bool { return a.Equal(b) })); diff != "" {
		t.Errorf("event (-want +got):\n%s", diff)
	}
	if got := string(event.Path(v.Event.Raw, "properties.total")); got != "9007199254740993.10" {
		t.Errorf("total became %s", got)
	}
}

func TestSingle_names(t *testing.T) {
	t.Parallel()
	for body, want := range map[string]string{
		`{"type":"track","event":"A","userId":"u"}`:                           "A",
		`{"type":"page","name":"Home","userId":"u"}`:                          "Home",
		`{"type":"page","properties":{"name":"Cart"},"userId":"u"}`:           "Cart",
		`{"type":"page","name":null,"properties":{"name":7},"userId":"u"}`:    "",
		`{"type":"screen","name":"Start","properties":[],"userId":"u"}`:       "Start",
		`{"type":"group","groupId":12,"userId":"u"}`:                          "12",
		`{"type":"identify","userId":"u","name":"x","event":"y"}`:             "",
		`{"type":"alias","userId":"u","previousId":"p"}`:                      "",
		`{"type":"track","event":"Caf\u00e9 \ud83d\ude00","anonymousId":"a"}`: "Café 😀",
	} {
		if v := one(t, body, server()); v.Code != "" || v.Event.Name != want {
			t.Errorf("%s: name %q (%s), want %q", body, v.Event.Name, v.Why, want)
		}
	}
}

func TestSingle_quarantine(t *testing.T) {
	t.Parallel()
	long := strings.Repeat("x", 201)
	tests := []struct{ name, body, code, where string }{
		{"no type", `{"userId":"u"}`, event.UnknownType, "type"},
		{"unknown type", `{"type":"buy","userId":"u"}`, event.UnknownType, "type"},
		{"type in capitals", `{"type":"Track","event":"A","userId":"u"}`, event.UnknownType, "type"},
		{"type of number", `{"type":1,"userId":"u"}`, event.UnknownType, "type"},
		{"a list", `[]`, event.NotAnObject, ""},
		{"a number", `42`, event.NotAnObject, ""},
		{"about nobody", `{"type":"identify","traits":{"plan":"pro"}}`, event.NoIdentifier, ""},
		{"empty is absent", `{"type":"identify","userId":"","anonymousId":null}`, event.NoIdentifier, ""},
		{"track without event", `{"type":"track","userId":"u"}`, event.MissingField, "event"},
		{"track with empty event", `{"type":"track","event":"","userId":"u"}`, event.MissingField, "event"},
		{"track with event of number", `{"type":"track","event":1,"userId":"u"}`, event.BadField, "event"},
		{"group without groupId", `{"type":"group","userId":"u"}`, event.MissingField, "groupId"},
		{"alias without previousId", `{"type":"alias","userId":"u"}`, event.MissingField, "previousId"},
		{"traits of text", `{"type":"identify","userId":"u","traits":"x"}`, event.BadField, "traits"},
		{"properties as full list", `{"type":"page","userId":"u","properties":[1]}`, event.BadField, "properties"},
		{"context of number", `{"type":"page","userId":"u","context":1}`, event.BadField, "context"},
		{"context.traits of text", `{"type":"page","userId":"u","context":{"traits":"x"}}`, event.BadField, "context.traits"},
		{"notice of number", `{"type":"page","userId":"u","context":{"notice":1}}`, event.BadField, "context.notice"},
		{"user id of object", `{"type":"page","userId":{"$ne":1}}`, event.BadIdentifier, "userId"},
		{"user id of bool", `{"type":"page","userId":true}`, event.BadIdentifier, "userId"},
		{"user id too long", `{"type":"page","userId":"` + long + `"}`, event.IDTooLong, "userId"},
		{"anonymous id too long", `{"type":"page","userId":"u","anonymousId":"` + long + `"}`, event.IDTooLong, "anonymousId"},
		{"email too long", `{"type":"identify","userId":"u","traits":{"email":"` + long + `"}}`, event.IDTooLong, "traits.email"},
		{"NUL in id", `{"type":"page","userId":"a\u0000b"}`, event.BadEncoding, "userId"},
		{"NUL in property", `{"type":"page","userId":"a","properties":{"x":[{"y":"\u0000"}]}}`, event.BadEncoding, "properties.x.y"},
		{"invalid UTF-8 in id", "{\"type\":\"page\",\"userId\":\"a\xff\"}", event.BadEncoding, "userId"},
		{"lone surrogate", `{"type":"page","userId":"\ud800"}`, event.BadEncoding, "userId"},
		{"replacement character in id", `{"type":"page","userId":"a` + "\ufffd" + `"}`, event.BadEncoding, "userId"},
		{"bidi in id", `{"type":"page","userId":"a\u202eb"}`, event.BadEncoding, "userId"},
		{"zero width in id", `{"type":"page","userId":"a\u200bb"}`, event.BadEncoding, "userId"},
		{"byte order mark in id", `{"type":"page","anonymousId":"\ufeffa"}`, event.BadEncoding, "anonymousId"},
		{"newline in id", `{"type":"page","userId":"a\nb"}`, event.BadEncoding, "userId"},
		{"zero width in email", `{"type":"identify","userId":"u","traits":{"email":"a\u200b@b.c"}}`, event.BadEncoding, "traits.email"},
		{"zero width in messageId", `{"type":"page","userId":"u","messageId":"m\u200d"}`, event.BadEncoding, "messageId"},
		{"userId twice", `{"type":"page","userId":"alice","userId":"mallory"}`, event.DuplicateKey, "userId"},
		{"USERID too", `{"type":"page","userId":"alice","USERID":"mallory"}`, event.DuplicateKey, "USERID"},
		{"USERID alone", `{"type":"page","USERID":"mallory","anonymousId":"a"}`, event.DuplicateKey, "USERID"},
		{"user\u017fId folds", `{"type":"page","u` + "ſ" + `erId":"mallory","anonymousId":"a"}`, event.DuplicateKey, "?"},
		{"escaped twin", `{"type":"page","userId":"alice","user\u0049d":"mallory"}`, event.DuplicateKey, "userId"},
		{"consent in other case", `{"type":"page","userId":"u","context":{"Consent":{}}}`, event.DuplicateKey, "context.Consent"},
		{"property twice", `{"type":"page","userId":"u","properties":{"p":{"a":1,"a":2}}}`, event.DuplicateKey, "properties.p.a"},
		{"65 deep", `{"type":"page","userId":"u","properties":` + strings.Repeat(`[`, 64) + strings.Repeat(`]`, 64) + `}`, event.TooDeep, "properties"},
		{"20,000 deep", `{"type":"page","userId":"u","properties":` + strings.Repeat(`[`, 20000) + strings.Repeat(`]`, 20000) + `}`, event.TooDeep, "properties"},
		{"1,001 properties", `{"type":"page","userId":"u","properties":{` + members(1001) + `}}`, event.TooManyProperties, "properties.k999"},
		{"too large", `{"type":"page","userId":"u","properties":{"x":"` + strings.Repeat("x", event.MaxEvent) + `"}}`, event.TooLarge, ""},
		{"time of words", `{"type":"page","userId":"u","timestamp":"yesterday"}`, event.BadTime, ""},
		{"time of object", `{"type":"page","userId":"u","originalTimestamp":{}}`, event.BadTime, ""},
		{"sentAt of words", `{"type":"page","userId":"u","sentAt":"now"}`, event.BadTime, ""},
		{"push token too long", `{"type":"page","userId":"u","context":{"device":{"token":"` + strings.Repeat("x", 2049) + `"}}}`, event.IDTooLong, "context.device.token"},
		{"consent without a word", `{"type":"track","event":"Segment Consent Preference Updated","userId":"u","context":{"consent":{}}}`, event.MissingField, "context.consent.categoryPreferences"},
		{"consent of text", `{"type":"track","event":"Segment Consent Preference Updated","userId":"u","context":{"consent":{"categoryPreferences":"all"}}}`, event.BadField, "context.consent.categoryPreferences"},
		{"33 external ids of nobody", `{"type":"page","userId":"u","context":{"externalIds":[` + strings.Repeat(`7,`, 32) + `7]}}`, event.TooManyIdentifiers, "context.externalIds"},
		{"33 identifiers", `{"type":"page","userId":"u","context":{"externalIds":[` + externals(32) + `]}}`, event.TooManyIdentifiers, ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			v := one(t, tt.body, server())
			if v.Code != tt.code {
				t.Fatalf("code %q (%s), want %q", v.Code, v.Why, tt.code)
			}
			if want := event.Why(tt.code); v.Why != want && v.Why != want+" ("+tt.where+")" {
				t.Errorf("why: %s; want it to name %s", v.Why, tt.where)
			}
			if tt.where != "" && !strings.HasSuffix(v.Why, "("+tt.where+")") {
				t.Errorf("why: %s; want it to end with %s", v.Why, tt.where)
			}
			if string(v.Raw) != tt.body || v.Event.Raw != nil {
				t.Error("the quarantine keeps other bytes than were sent")
			}
		})
	}
}

func members(n int) string {
	out := make([]string, n)
	for i := range out {
		out[i] = fmt.Sprintf(`"k%d":%d`, i, i)
	}
	return strings.Join(out, ",")
}

func externals(n int) string {
	out := make([]string, n)
	for i := range out {
		out[i] = fmt.Sprintf(`{"id":"%d","type":"card","collection":"users","encoding":"none"}`, i)
	}
	return strings.Join(out, ",")
}

func TestSingle_accepted(t *testing.T) {
	t.Parallel()
	for name, body := range map[string]string{
		"1,000 properties":          `{"type":"page","userId":"u","properties":{` + members(1000) + `}}`,
		"64 deep":                   `{"type":"page","userId":"u","properties":{"x":` + strings.Repeat(`[`, 62) + strings.Repeat(`]`, 62) + `}}`,
		"id of 200 bytes":           `{"type":"page","userId":"` + strings.Repeat("x", 200) + `"}`,
		"push token of 2,048 bytes": `{"type":"page","userId":"u","context":{"device":{"token":"` + strings.Repeat("x", 2048) + `"}}}`,
		"consent said":              `{"type":"track","event":"Segment Consent Preference Updated","userId":"u","context":{"consent":{"categoryPreferences":{}}}}`,
		"__proto__":                 `{"type":"page","userId":"u","properties":{"__proto__":{"x":1},"constructor":2}}`,
		"zero width in a trait":     `{"type":"identify","userId":"u","traits":{"name":"👩‍👩‍👧 ` + "\ufffd" + `"}}`,
		"null everywhere":           `{"type":"page","userId":"u","traits":null,"properties":null,"context":null,"integrations":null,"timestamp":null,"messageId":null,"name":null}`,
		"device of text":            `{"type":"page","userId":"u","context":{"device":"phone","externalIds":{},"notice":null}}`,
		"same name in other case":   `{"type":"identify","userId":"u","traits":{"Email":"x","email":"a@b.c"}}`,
		"letters beyond ASCII":      `{"type":"page","userId":"Zoë-東京"}`,
		"time without zone":         `{"type":"page","userId":"u","timestamp":"2026-01-02 03:04:05"}`,
		"numbers beyond a float":    `{"type":"page","userId":"u","properties":{"x":1e400,"y":-0,"z":0.10}}`,
		"unknown fields are kept":   `{"type":"page","userId":"u","_metadata":{"a":1},"channel":"x","version":2}`,
		"white space between names": "{ \"type\" : \"page\" ,\n\t\"userId\" : \"u\" }",
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			keepsEverything(t, one(t, body, server()), []byte(body))
		})
	}
}

func TestSingle_identifiers(t *testing.T) {
	t.Parallel()
	external := `"externalIds":[{"id":"L7","type":"Loyalty_Card","collection":"users","encoding":"none"},{"id":"x","type":"acct","collection":"accounts","encoding":"none"},{"id":"y","type":"crm","collection":"users"},{"id":8,"type":"crm","collection":"users","encoding":"none"},{"id":"g","type":"group_id","collection":"users","encoding":"none"},7]`
	tests := []struct{ name, body, want string }{
		{"numbers", `{"type":"page","userId":42,"anonymousId":1.50}`, "user_id=42 anonymous_id=1.50"},
		{
			"all of identify", `{"type":"identify","userId":"u","anonymousId":"a","traits":{"email":"a@b.c","phone":"+49","member_id":77},"context":{"device":{"id":"d","token":"t","advertisingId":"ad","adTrackingEnabled":true},` + external + `}}`,
			"user_id=u member_id=77 email=a@b.c phone=+49 crm=8 loyalty_card=L7 push_token=t device_id=d device_id=ad anonymous_id=a",
		},
		{"no tracking", `{"type":"page","anonymousId":"a","context":{"device":{"advertisingId":"ad","adTrackingEnabled":false}}}`, "anonymous_id=a"},
		{"tracking unsaid", `{"type":"page","anonymousId":"a","context":{"device":{"advertisingId":"ad"}}}`, "anonymous_id=a"},
		{"tracking as text", `{"type":"page","anonymousId":"a","context":{"device":{"advertisingId":"ad","adTrackingEnabled":"true"}}}`, "anonymous_id=a"},
		{"context.traits of track", `{"type":"track","event":"A","anonymousId":"a","context":{"traits":{"email":"a@b.c"}}}`, "email=a@b.c anonymous_id=a"},
		{"traits of track", `{"type":"track","event":"A","anonymousId":"a","traits":{"email":"a@b.c"}}`, "anonymous_id=a"},
		{"traits over context.traits", `{"type":"identify","userId":"u","traits":{"email":"new@b.c"},"context":{"traits":{"email":"old@b.c","phone":"1"}}}`, "user_id=u email=new@b.c phone=1"},
		{"null over context.traits", `{"type":"identify","userId":"u","traits":{"email":null},"context":{"traits":{"email":"old@b.c"}}}`, "user_id=u"},
		{"email of number", `{"type":"identify","userId":"u","traits":{"email":5,"phone":{}}}`, "user_id=u"},
		{"traits of a group", `{"type":"group","groupId":"g","userId":"u","traits":{"email":"office@b.c"}}`, "user_id=u"},
		{"a group alone", `{"type":"group","groupId":"g"}`, "group_id=g"},
		{"alias", `{"type":"alias","userId":"u","previousId":"p"}`, "user_id=u anonymous_id=p"},
		{"alias of an anonymous id", `{"type":"alias","userId":"u","previousId":"a","anonymousId":"a"}`, "user_id=u anonymous_id=a"},
		{"alias without a user", `{"type":"alias","previousId":"p"}`, "anonymous_id=p"},
		{"one id twice", `{"type":"page","userId":"u","context":{"externalIds":[{"id":"u","type":"USER_ID","collection":"users","encoding":"none"}]}}`, "user_id=u"},
		{"two ids of one kind", `{"type":"page","userId":"u","context":{"externalIds":[{"id":"a","type":"user_id","collection":"users","encoding":"none"}]}}`, "user_id=u user_id=a"},
		{"escapes", `{"type":"page","userId":"\u0041\/b"}`, "user_id=A/b"},
	}
	for _, tt := range tests {
		v := one(t, tt.body, server())
		if got := ids(v.Event); got != tt.want || !v.Event.Verified {
			t.Errorf("%s: %s (%s), want %s", tt.name, got, v.Why, tt.want)
		}
	}
}

func TestSingle_canonical(t *testing.T) {
	t.Parallel()
	src := server()
	src.Canonical = func(ns person.Namespace, v string) (string, bool) {
		if ns == person.Email {
			return strings.ToLower(v), strings.Contains(v, "@")
		}
		return v, v != "null" && v != "0"
	}
	for body, want := range map[string]string{
		`{"type":"identify","userId":"null","anonymousId":"a","traits":{"email":"A@B.C"}}`: "email=a@b.c anonymous_id=a",
		`{"type":"identify","userId":"u","traits":{"email":"nobody"}}`:                     "user_id=u",
		`{"type":"identify","userId":"0","traits":{"email":"nobody"}}`:                     "",
	} {
		v := one(t, body, src)
		if got := ids(v.Event); got != want || (want == "") != (v.Code == event.NoIdentifier) {
			t.Errorf("%s: %q (%s), want %q", body, got, v.Code, want)
		}
	}
}

func sign(user string) string {
	mac := hmac.New(sha256.New, []byte("s3cret"))
	mac.Write([]byte(user))
	return hex.EncodeToString(mac.Sum(nil))
}

func TestSingle_browser(t *testing.T) {
	t.Parallel()
	body := func(rest string) string {
		return `{"type":"identify","userId":"u","traits":{"email":"a@b.c"}` + rest + `}`
	}
	tests := []struct {
		name, body, want string
		verified         bool
	}{
		{"a claim", body(`,"anonymousId":"a"`), "anonymous_id=a user_id=u email=a@b.c", false},
		{"the strongest of the device", body(`,"anonymousId":"a","context":{"device":{"id":"d","token":"t"}}`), "push_token=t user_id=u email=a@b.c device_id=d anonymous_id=a", false},
		{"no device", body(``), "user_id=u email=a@b.c", false},
		{"a signature covers the user id", body(`,"anonymousId":"a","context":{"userIdHmac":"` + sign("u") + `"}`), "user_id=u anonymous_id=a", true},
		{"a signature in capitals", body(`,"anonymousId":"a","context":{"userIdHmac":"` + strings.ToUpper(sign("u")) + `"}`), "user_id=u anonymous_id=a", true},
		{"of somebody else", body(`,"anonymousId":"a","context":{"userIdHmac":"` + sign("v") + `"}`), "anonymous_id=a user_id=u email=a@b.c", false},
		{"half a signature", body(`,"anonymousId":"a","context":{"userIdHmac":"` + sign("u")[:32] + `"}`), "anonymous_id=a user_id=u email=a@b.c", false},
		{"an empty signature", body(`,"anonymousId":"a","context":{"userIdHmac":""}`), "anonymous_id=a user_id=u email=a@b.c", false},
	}
	for _, tt := range tests {
		v := one(t, tt.body, browser())
		if got := ids(v.Event); got != tt.want || v.Event.Verified != tt.verified {
			t.Errorf("%s: %s verified %v (%s), want %s verified %v", tt.name, got, v.Event.Verified, v.Why, tt.want, tt.verified)
		}
	}
	mute := browser()
	mute.Secret = nil
	mac := hmac.New(sha256.New, nil)
	mac.Write([]byte("u"))
	if v := one(t, body(`,"anonymousId":"a","context":{"userIdHmac":"`+hex.EncodeToString(mac.Sum(nil))+`"}`), mute); v.Event.Verified {
		t.Error("a source without a secret believed a signature under the empty key")
	}
	if v := one(t, body(`,"anonymousId":"a"`), event.Source{Key: "unset"}); v.Event.Verified {
		t.Error("a source without a kind was trusted")
	}
	if v := one(t, body(`,"anonymousId":"a"`), event.Source{Key: "old", Kind: event.Import}); !v.Event.Verified {
		t.Error("an import was not trusted")
	}
}

func TestSingle_typeOfTheAddress(t *testing.T) {
	t.Parallel()
	p, err := event.Single([]byte(`{"event":"A","userId":"u"}`), fact.Track, server(), received)
	if err != nil || p.Verdicts[0].Code != "" || p.Verdicts[0].Event.Type != fact.Track {
		t.Errorf("%v %s", err, p.Verdicts[0].Why)
	}
	p, err = event.Single([]byte(`{"type":"identify","userId":"u"}`), fact.Track, server(), received)
	if err != nil || p.Verdicts[0].Code != event.TypeMismatch {
		t.Errorf("%v %s", err, p.Verdicts[0].Code)
	}
}

func TestSingle_notice(t *testing.T) {
	t.Parallel()
	v := one(t, `{"type":"page","userId":"u","context":{"notice":"membership@3"}}`, server())
	if v.Event.Notice != "membership@3" {
		t.Errorf("notice %q", v.Event.Notice)
	}
	src := server()
	src.Notice = ""
	if v := one(t, `{"type":"page","userId":"u"}`, src); v.Code != "" || v.Event.Notice != "" {
		t.Errorf("without a notice: %s, %q", v.Code, v.Event.Notice)
	}
}

func TestSingle_strictSource(t *testing.T) {
	t.Parallel()
	src := server()
	src.Strict = true
	src.Allowed = func(notice, field string) bool {
		return notice == "shop@1" && slices.Contains([]string{"traits.email", "properties.total", "identifiers.device_id"}, field)
	}
	for body, where := range map[string]string{
		`{"type":"identify","userId":"u","traits":{"email":"a@b.c"}}`:                                  "",
		`{"type":"identify","userId":"u","anonymousId":"a","traits":{"email":"a@b.c","birthday":"x"}}`: "traits.birthday",
		`{"type":"track","event":"A","userId":"u","properties":{"total":1}}`:                           "",
		`{"type":"track","event":"A","userId":"u","properties":{"email":"a@b.c"}}`:                     "properties.email",
		`{"type":"track","event":"A","userId":"u","context":{"traits":{"phone":"1"}}}`:                 "traits.phone",
		`{"type":"page","userId":"u","context":{"device":{"id":"d"}}}`:                                 "",
		`{"type":"page","userId":"u","context":{"device":{"token":"d"}}}`:                              "identifiers.push_token",
		`{"type":"identify","userId":"u","traits":{"email":"a@b.c"},"context":{"notice":"other@1"}}`:   "traits.email",
		`{"type":"identify","userId":"u","traits":{"Jürgen":"a@b.c"},"context":{"notice":"other@1"}}`:  "traits.?",
		`{"type":"track","event":"A","userId":"u","context":{"ip":"203.0.113.7","page":{"path":"/"}}}`: "",
	} {
		v := one(t, body, src)
		if where == "" && v.Code != "" {
			t.Errorf("%s: %s", body, v.Why)
		}
		if where != "" && (v.Code != event.NotInNotice || !strings.HasSuffix(v.Why, "("+where+")")) {
			t.Errorf("%s: %s %s, want %s", body, v.Code, v.Why, where)
		}
	}
	src.Allowed = nil
	if v := one(t, `{"type":"identify","userId":"u","traits":{"email":"a@b.c"}}`, src); v.Code != event.NotInNotice {
		t.Error("a strict source without a list let a field in")
	}
}

func TestBatch_neighbors(t *testing.T) {
	t.Parallel()
	good := `{"type":"page","userId":"u"}`
	poison := []string{
		`null`, `[{"x":1}]`, "{\"type\":\"page\",\"userId\":\"\xff\xfe\"}", `{"userId":"a","USERID":"b"}`, `{"a":"\u0000\ud800\x"}`,
		strings.Repeat("[", 20000) + strings.Repeat("]", 20000), `{"type":"page","userId":"u","properties":{` + members(10000) + `}}`,
		`{"type":"page","userId":"u","properties":{"x":"` + strings.Repeat("x", 70000) + `"}}`, `{}`, "\"\x00\"",
	}
	body := `{"batch":[` + good
	for _, p := range poison {
		body += "," + p + "," + good
	}
	body += `],"sentAt":"2026-11-22T10:00:00Z"}`
	p, err := event.Batch([]byte(body), server(), received)
	if err != nil {
		t.Fatal(err)
	}
	if len(p.Verdicts) != 2*len(poison)+1 {
		t.Fatalf("%d verdicts for %d events", len(p.Verdicts), 2*len(poison)+1)
	}
	for i, v := range p.Verdicts {
		if bad := i%2 == 1; v.Index != i || (v.Code != "") != bad {
			t.Errorf("event %d (index %d): %q %s", i, v.Index, v.Code, v.Why)
		}
		if i%2 == 1 && string(v.Raw) != poison[i/2] {
			t.Errorf("event %d: the quarantine keeps other bytes than were sent", i)
		}
	}
}

func TestBatch_body(t *testing.T) {
	t.Parallel()
	good := `{"type":"page","userId":"u"}`
	tests := []struct{ name, body, code string }{
		{"empty", ``, "body-not-json"},
		{"words", `hello`, "body-not-json"},
		{"cut off", `{"batch":[` + good, "body-not-json"},
		{"broken event", `{"batch":[` + good + `,{"a":nul}]}`, "body-not-json"},
		{"two bodies", `{"batch":[]}{"batch":[]}`, "body-not-json"},
		{"a list", `[` + good + `]`, "body-no-batch"},
		{"one event", good, "body-no-batch"},
		{"batch of object", `{"batch":{}}`, "body-no-batch"},
		{"batch twice", `{"batch":[],"batch":[]}`, "body-not-strict"},
		{"Batch", `{"Batch":[]}`, "body-not-strict"},
		{"bad text outside", "{\"batch\":[" + good + "],\"writeKey\":\"\xff\"}", "body-not-strict"},
		{"bad text before", "{\"x\":\"\\u0000\",\"batch\":[" + good + "]}", "body-not-strict"},
		{"context of text", `{"batch":[],"context":"x"}`, "body-bad-context"},
		{"large context", `{"batch":[],"context":{"x":"` + strings.Repeat("x", 9000) + `"}}`, "body-bad-context"},
		{"2,501 events", `{"batch":[` + strings.Repeat(good+",", 2500) + good + `]}`, "batch-too-long"},
		{"too large", `{"batch":["` + strings.Repeat("x", event.MaxBody) + `"]}`, "body-too-large"},
	}
	for _, tt := range tests {
		p, err := event.Batch([]byte(tt.body), server(), received)
		if got := problem.Of(err); got == nil || got.Code != tt.code || p.Verdicts != nil {
			t.Errorf("%s: %v, want %s", tt.name, err, tt.code)
		}
	}
	for body, n := range map[string]int{
		`{"batch":[]}`: 0, `{"batch":[` + strings.Repeat(good+",", 2499) + good + `]}`: 2500,
	} {
		if p, err := event.Batch([]byte(body), server(), received); err != nil || len(p.Verdicts) != n {
			t.Errorf("%d events: %v", n, err)
		}
	}
	if _, err := event.Single([]byte(`{"type":`), 0, server(), received); !errors.Is(err, problem.New(problem.Invalid, "body-not-json", "")) {
		t.Errorf("half an event: %v", err)
	}
	if _, err := event.Single(make([]byte, event.MaxBody+1), 0, server(), received); problem.Of(err).Code != "body-too-large" {
		t.Errorf("a large event: %v", err)
	}
}

func TestBatch_shared(t *testing.T) {
	t.Parallel()
	tests := []struct{ name, shared, event, want string }{
		{
			"context into none", `"context":{"library":{"name":"go"}}`, `{"type":"page","userId":"u"}`,
			`{"context":{"library":{"name":"go"}},"type":"page","userId":"u"}`,
		},
		{
			"context under its own", `"context":{"library":1,"locale":"de"}`, `{"type":"page","userId":"u","context":{"locale":"fr","x":1.0}}`,
			`{"type":"page","userId":"u","context":{"library":1,"locale":"fr","x":1.0}}`,
		},
		{
			"nothing to add", `"context":{"locale":"de"}`, `{"type":"page","userId":"u","context":{"locale":"fr"}}`,
			`{"type":"page","userId":"u","context":{"locale":"fr"}}`,
		},
		{
			"into null and empty", `"context":{"a\"b":1},"integrations":{"All":false}`, `{"type":"page","userId":"u","context":null,"integrations":{ }}`,
			`{"type":"page","userId":"u","context":{"a\"b":1},"integrations":{"All":false}}`,
		},
		{
			"both", `"integrations":{"All":false,"X":true},"context":{"ip":"1"}`, `{"type":"page","userId":"u","integrations":{"All":true}}`,
			`{"context":{"ip":"1"},"type":"page","userId":"u","integrations":{"X":true,"All":true}}`,
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			for _, body := range []string{`{"batch":[` + tt.event + `],` + tt.shared + `}`, `{` + tt.shared + `,"batch":[` + tt.event + `]}`} {
				p, err := event.Batch([]byte(body), server(), received)
				if err != nil {
					t.Fatal(err)
				}
				keepsEverything(t, p.Verdicts[0], []byte(tt.want))
			}
		})
	}
	p, err := event.Batch([]byte(`{"context":{"traits":{"email":"a@b.c"},"device":{"id":"d"},"notice":"n@1"},"batch":[{"type":"page"},{"type":"page","context":"x","userId":"u"}]}`), server(), received)
	if err != nil || ids(p.Verdicts[0].Event) != "email=a@b.c device_id=d" || p.Verdicts[0].Event.Notice != "n@1" {
		t.Errorf("shared context names %s: %v", ids(p.Verdicts[0].Event), err)
	}
	if p.Verdicts[1].Code != event.BadField {
		t.Errorf("a context of text got %q", p.Verdicts[1].Code)
	}
}

func TestBatch_messageIDs(t *testing.T) {
	t.Parallel()
	message := func(body string, src event.Source) string {
		return one(t, body, src).Event.Message
	}
	base := `{"type":"track","event":"A","userId":"u","timestamp":"2026-11-22T09:00:00Z","properties":{"a":1,"b":"é"}`
	want := message(base+`}`, server())
	if !strings.HasPrefix(want, "heed-") || len(want) != 37 {
		t.Fatalf("made %q", want)
	}
	for name, body := range map[string]string{
		"sent again later":  base + `,"sentAt":"2026-11-22T09:30:00Z"}`,
		"in another order":  `{"properties":{"b":"\u00e9","a":1}, "timestamp":"2026-11-22T09:00:00Z","userId":"u","event":"A","type":"track"}`,
		"undefined":         base + `,"messageId":"undefined"}`,
		"null":              base + `,"messageId":null}`,
		"zero":              base + `,"messageId":0}`,
		"all-zero UUID":     base + `,"messageId":"00000000-0000-0000-0000-000000000000"}`,
		"longer than 200":   base + `,"messageId":"` + strings.Repeat("x", 201) + `"}`,
		"an object":         base + `,"messageId":{}}`,
		"at the third try":  base + `,"_metadata":{"retryCount":3}}`,
		"with its writeKey": base + `,"writeKey":"k"}`,
	} {
		if got := message(body, server()); got != want {
			t.Errorf("%s: %s, want %s", name, got, want)
		}
	}
	other := server()
	other.Key = "other"
	for name, got := range map[string]string{
		"another source": message(base+`}`, other),
		"another time":   message(strings.Replace(base, "09:00", "09:01", 1)+`}`, server()),
		"another value":  message(strings.Replace(base, `"a":1`, `"a":1.0`, 1)+`}`, server()),
	} {
		if got == want {
			t.Errorf("%s has the same id", name)
		}
	}
	if got := message(`{"type":"page","userId":"u","messageId":77}`, server()); got != "77" {
		t.Errorf("a number became %q", got)
	}
	if got := message(`{"type":"page","userId":"u","messageId":"`+strings.Repeat("y", 150)+`"}`, server()); len(got) != 150 {
		t.Errorf("an id of 150 bytes became %q", got)
	}
}

func TestTraits(t *testing.T) {
	t.Parallel()
	collect := func(body string) map[string]string {
		e := one(t, body, server()).Event
		out := map[string]string{}
		for name, v := range event.Traits(&e) {
			out[name] += string(v)
		}
		return out
	}
	for body, want := range map[string]map[string]string{
		`{"type":"identify","userId":"u","traits":{"a":1,"b":null},"context":{"traits":{"b":2,"c":[1.0]}}}`: {"a": "1", "b": "null", "c": "[1.0]"},
		`{"type":"identify","userId":"u","context":{"traits":{"b":2}}}`:                                     {"b": "2"},
		`{"type":"identify","userId":"u","traits":{"a.b":{"c":1}}}`:                                         {"a.b": `{"c":1}`},
		`{"type":"group","userId":"u","groupId":"g","traits":{"a":1},"context":{"traits":{"b":2}}}`:         {"b": "2"},
		`{"type":"page","userId":"u","traits":{"a":1}}`:                                                     {},
	} {
		if diff := cmp.Diff(want, collect(body)); diff != "" {
			t.Errorf("%s (-want +got):\n%s", body, diff)
		}
	}
	e := one(t, `{"type":"page","userId":"u","properties":{"n":[1,"x"]}}`, server()).Event
	for name, v := range event.Properties(e.Raw) {
		var got []string
		for item := range event.Elements(v) {
			got = append(got, string(item))
		}
		if text, ok := event.Text(fact.Raw(got[1])); name != "n" || !ok || text != "x" {
			t.Errorf("%s: %v", name, got)
		}
	}
}

func TestWhy(t *testing.T) {
	t.Parallel()
	seen := map[string]bool{}
	for _, code := range event.Codes() {
		why := event.Why(code)
		if seen[why] || !strings.HasSuffix(why, ".") || why == event.Why("") {
			t.Errorf("%s has no sentence of its own: %s", code, why)
		}
		seen[why] = true
	}
}

func TestKey_hides(t *testing.T) {
	t.Parallel()
	src := browser()
	b, err := json.Marshal(src.Secret)
	if got := fmt.Sprintf("%v %+v %s %x %s", src.Secret, struct{ K event.Key }{src.Secret}, src.Secret, src.Secret, b); err != nil || strings.Contains(got, "s3cret") || strings.Contains(got, "733363726574") {
		t.Errorf("%s %v", got, err)
	}
}
