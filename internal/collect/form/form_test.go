package form_test

import (
	"encoding/json"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/heed-platform/heed/internal/clock"
	"github.com/heed-platform/heed/internal/collect/event"
	"github.com/heed-platform/heed/internal/collect/form"
	"github.com/heed-platform/heed/internal/fact"
	"github.com/heed-platform/heed/internal/person"
	"github.com/heed-platform/heed/internal/policy/define"
)

var now = clock.At(time.Date(2026, 11, 22, 7, 0, 0, 0, time.UTC))

// desk is a form that asks for two addresses and something else.
func desk(t *testing.T) form.Form {
	t.Helper()
	d := define.Definitions{
		Notices: []define.Notice{{Key: "n", Version: 1, Language: "en", Title: "T", Text: "We use it."}},
		Forms: []define.Form{{
			Key: "f", Language: "en", Notice: "n@1", Source: "forms", Places: []string{"page", "clerk"},
			Ask: []define.Asked{
				{Name: "email"},
				{Name: "phone"},
				{Name: "name", Need: true},
				{Name: "size", Kind: "number"},
				{Name: "cut", Kind: "choice", Options: []string{"slim", "wide"}},
				{Name: "born", Kind: "date"},
				{Name: "words", Kind: "words"},
			},
			Agree: []define.Agreement{
				{Purpose: "marketing.communications.email", Channel: "email", Label: "mail"},
				{Purpose: "marketing.communications.sms", Label: "texts"},
				{Purpose: "personalize.content.profiled", Label: "choose"},
			},
		}},
	}
	f, ok := form.NewBook(d, func(string) string { return strings.Repeat("ab", 32) }).Find("f", "de")
	if !ok {
		t.Fatal("no form")
	}
	return f
}

// canonical takes what looks like an address.
func canonical(ns person.Namespace, value string) (string, bool) {
	value = strings.ToLower(strings.ReplaceAll(value, " ", ""))
	return value, ns == person.Email && strings.Contains(value, "@") || ns == person.Phone && strings.HasPrefix(value, "+")
}

func TestTake(t *testing.T) {
	t.Parallel()
	f := desk(t)
	tests := []struct {
		name  string
		post  url.Values
		want  map[string]string
		wrong []form.Mistake
	}{
		{"as asked", url.Values{"name": {" Ann "}, "email": {"A@B.C"}, "size": {"42,5"}, "cut": {"slim"}, "born": {"1990-02-28"}, "words": {"a\nb"}}, map[string]string{
			"name": "Ann", "email": "a@b.c", "size": "42.5", "cut": "slim", "born": "1990-02-28", "words": "a\nb",
		}, nil},
		{"what nobody asked", url.Values{"name": {"Ann"}, "income": {"9"}, "user_id": {"u"}}, map[string]string{"name": "Ann"}, nil},
		{"needed", url.Values{"email": {"a@b.c"}}, nil, []form.Mistake{{Field: "name", Code: form.Needed}}},
		{"all wrong", url.Values{
			"name": {"x\u202eevil"}, "email": {"ab.c"}, "phone": {"12"}, "size": {"big"}, "cut": {"round"}, "born": {"1990-02-30"},
			"words": {strings.Repeat("w", 4001)},
		}, nil, []form.Mistake{
			{Field: "email", Code: form.NoEmail},
			{Field: "phone", Code: form.NoPhone},
			{Field: "name", Code: form.Unreadable},
			{Field: "size", Code: form.NoNumber},
			{Field: "cut", Code: form.NoOption},
			{Field: "born", Code: form.NoDate},
			{Field: "words", Code: form.TooLong},
		}},
	}
	for _, test := range tests {
		a, wrong := f.Take(test.post, canonical)
		if diff := cmp.Diff(test.wrong, wrong); diff != "" {
			t.Errorf("%s: mistakes (-want +got):\n%s", test.name, diff)
		}
		if test.want != nil {
			if diff := cmp.Diff(test.want, a.Values); diff != "" {
				t.Errorf("%s: values (-want +got):\n%s", test.name, diff)
			}
		}
	}
}

func counter() func() string {
	n := 0
	return func() string { n++; return "id" + strconv.Itoa(n) }
}

// TestParts_eachAddressSpeaksForItself looks where each answer and each yes goes.
func TestParts_eachAddressSpeaksForItself(t *testing.T) {
	t.Parallel()
	f := desk(t)
	a := form.Answers{Values: map[string]string{"email": "a@b.c", "phone": "+49", "name": "Ann"}, Agreed: []int{0, 1, 2}}
	shape := func(parts []form.Part) (out []string) {
		for _, p := range parts {
			var yes []string
			for _, y := range p.Agreed {
				yes = append(yes, y.Label)
			}
			names := make([]string, 0, len(p.Values))
			for name := range p.Values {
				names = append(names, name)
			}
			slices.Sort(names)
			out = append(out, p.Address+": "+strings.Join(names, " ")+" / "+strings.Join(yes, " "))
		}
		return out
	}
	if diff := cmp.Diff([]string{"email: email name / mail choose", "phone: phone / texts"}, shape(f.Parts(a, now, nil, counter()))); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff([]string{": name / choose", "email: email / mail", "phone: phone / texts"}, shape(f.Parts(a, now, &form.Clerk{Proof: "7"}, counter()))); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff([]string{": name / choose"}, shape(f.Parts(form.Answers{Values: map[string]string{"name": "Ann"}, Agreed: []int{2}}, now, nil, counter()))); diff != "" {
		t.Error(diff)
	}
}

func read(t *testing.T, body []byte) fact.Event {
	t.Helper()
	p, err := event.Single(body, 0, event.Source{Key: "forms", Kind: event.Server, Origin: fact.Declared}, now.Add(time.Hour))
	if err != nil || p.Verdicts[0].Code != "" {
		t.Fatalf("%v %s: %s", err, p.Verdicts[0].Why, body)
	}
	return p.Verdicts[0].Event
}

func names(e fact.Event) (out []string) {
	for _, id := range e.Identifiers {
		out = append(out, string(id.NS)+" "+id.Value.Reveal())
	}
	return out
}

// TestEvents follows two addresses of one post: neither event names anything that
// has not confirmed itself.
func TestEvents(t *testing.T) {
	t.Parallel()
	f := desk(t)
	parts := f.Parts(form.Answers{Values: map[string]string{"email": "a@b.c", "phone": "+49", "name": "Ann"}, Agreed: []int{0, 1}}, now, nil, counter())
	asking, err := parts[0].Asking("confirm@1")
	if err != nil {
		t.Fatal(err)
	}
	e := read(t, asking)
	if got := names(e); len(got) != 1 || got[0] != "signup id1" || e.Notice != "confirm@1" || strings.Contains(string(asking), "Ann") {
		t.Errorf("asking: %v %s", got, asking)
	}
	first, _ := parts[0].Entered(now, nil)
	if got := names(read(t, first)); !slices.Equal(got, []string{"email a@b.c", "signup id1"}) {
		t.Errorf("the first that answers: %v", got)
	}
	second, _ := parts[1].Entered(now, []string{"id1", "nobody"})
	e = read(t, second)
	if got := names(e); !slices.Equal(got, []string{"email a@b.c", "phone +49", "signup id2"}) || e.Notice != "n@1" {
		t.Errorf("the second that answers: %v", got)
	}
	g := parts[1].Grants(&e, now.Add(time.Minute))
	if len(g) != 1 || g[0].Purpose != "marketing.communications.sms" || g[0].Said != now.Add(time.Minute) || g[0].Message != e.Message {
		t.Fatalf("%+v", g)
	}
	if _, more := parts[0].Entered(now, nil); more != nil {
		t.Error(more)
	}
}

func TestEvents_aClerkSawTheCard(t *testing.T) {
	t.Parallel()
	f := desk(t)
	a := form.Answers{Values: map[string]string{"email": "a@b.c", "name": "Ann", "member_id": "M7"}}
	parts := f.Parts(a, now, &form.Clerk{Proof: "bon 7"}, counter())
	later, _ := parts[1].Entered(now, nil)
	if got := names(read(t, later)); !slices.Equal(got, []string{"member_id M7", "email a@b.c", "signup id2"}) {
		t.Errorf("%v", got)
	}
	delete(a.Values, "member_id")
	parts = f.Parts(a, now, &form.Clerk{Proof: "bon 7"}, counter())
	later, _ = parts[1].Entered(now, nil)
	if got := names(read(t, later)); !slices.Equal(got, []string{"email a@b.c", "signup id2", "signup id1"}) {
		t.Errorf("%v", got)
	}
}

func TestLock(t *testing.T) {
	t.Parallel()
	p := form.Part{ID: "1", Address: "email", Values: map[string]string{"email": "ann@example.com"}, Said: now}
	locked, err := form.Lock("secret", p)
	if err != nil || strings.Contains(string(locked), "example") {
		t.Fatalf("%q %v", locked, err)
	}
	got, err := form.Unlock("secret", locked)
	if diff := cmp.Diff(p, got); err != nil || diff != "" {
		t.Errorf("%v %s", err, diff)
	}
	for _, secret := range []string{"", "Secret", "secret "} {
		if _, err := form.Unlock(secret, locked); err == nil {
			t.Errorf("%q opens it", secret)
		}
	}
	locked[3] ^= 1
	if _, err := form.Unlock("secret", locked); err == nil {
		t.Error("changed, and it opens")
	}
}

// FuzzTake posts anything: what is taken was asked, and is text that people see.
func FuzzTake(f *testing.F) {
	f.Add("name=Ann&email=a@b.c&yes-0=1&size=4&cut=slim&born=2000-01-01&words=a%0Ab")
	f.Add("name=%00&phone=+1%ff&yes-9=1")
	f.Fuzz(func(t *testing.T, post string) {
		values, err := url.ParseQuery(post)
		if err != nil {
			return
		}
		d := desk(t)
		a, wrong := d.Take(values, canonical)
		for name := range a.Values {
			if !d.Asks(name) {
				t.Fatalf("%s was not asked", name)
			}
		}
		if len(wrong) > 0 {
			return
		}
		for _, p := range d.Parts(a, now, nil, counter()) {
			body, err := p.Entered(now, nil)
			if err != nil || !json.Valid(body) {
				t.Fatalf("%v %q", err, body)
			}
			read(t, body)
		}
	})
}
