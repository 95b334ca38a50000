package stories_test

import (
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"
)

var (
	hiddenInput = regexp.MustCompile(`<input type="hidden" name="([a-z]+)" value="([^"]*)">`)
	confirmPath = regexp.MustCompile(`/confirm/[A-Z2-7]+`)
)

// fillsIn fills in a form as a browser without scripts does.
func (s *shop) fillsIn(form string, answers url.Values) {
	s.t.Helper()
	status, page := s.http(http.MethodGet, "/join/"+form, "", nil)
	if status != http.StatusOK || strings.Contains(page, "checked") {
		s.t.Fatalf("the form %s answers %d, or with a tick in it:\n%s", form, status, page)
	}
	for _, m := range hiddenInput.FindAllStringSubmatch(page, -1) {
		answers.Set(m[1], m[2])
	}
	status, page = s.http(http.MethodPost, "/join/"+form, answers.Encode(), func(r *http.Request) {
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	})
	if status != http.StatusSeeOther {
		s.t.Fatalf("signing up answers %d:\n%s", status, page)
	}
}

// TestGiving_aLetterAskedFor tells how she asks for the letter: what is promised
// stands before what is asked, her address answers for itself, and only then is
// she written to. Somebody who types her brother's address gets him nothing.
func TestGiving_aLetterAskedFor(t *testing.T) {
	t.Parallel()
	inShop(t, func(t *testing.T, s *shop) {
		s.write("audiences/asked.yaml", "- { key: asked-for-it, label: who reads our letter, about: Whoever asked for it., expression: has(traits.email), purpose: marketing.communications.email }\n")
		s.write("campaigns/hello.yaml", letter("hello", "asked-for-it", "sock-merino", "Hello!"))
		s.apply()
		s.goLive("hello")

		const ada, bob = "ada@example.com", "bob@example.com"
		s.fillsIn("newsletter", url.Values{"email": {ada}, "first_name": {"Ada"}, "yes-0": {"1"}})
		s.fillsIn("newsletter", url.Values{"email": {bob}, "yes-0": {"1"}})
		wait(t, "the questions to both addresses", func() bool { return len(s.mailsTo(ada)) == 1 && len(s.mailsTo(bob)) == 1 })
		s.send("hello")
		if len(s.mailsTo(ada))+len(s.mailsTo(bob)) != 2 {
			t.Fatal("somebody was written to whose address has not answered")
		}

		link := confirmPath.FindString(strings.ReplaceAll(s.mailsTo(ada)[0], "=\n", ""))
		for _, method := range []string{http.MethodGet, http.MethodHead} { // what her mail program and its scanners do
			if status, _ := s.http(method, link, "", nil); status != http.StatusOK {
				t.Fatalf("%s %s: %d", method, link, status)
			}
		}
		s.send("hello")
		if len(s.mailsTo(ada)) != 1 {
			t.Fatal("looking at a link said yes")
		}
		if status, page := s.http(http.MethodPost, link, "", nil); status != http.StatusOK {
			t.Fatalf("her yes answers %d:\n%s", status, page)
		}
		s.write("campaigns/again.yaml", letter("again", "asked-for-it", "sock-merino", "Here it is."))
		s.apply()
		s.goLive("again")
		s.send("again")
		if got := s.mailsTo(ada); len(got) != 2 || !strings.Contains(got[1], "Here it is.") {
			t.Errorf("after her yes: %q", got)
		}
		if len(s.mailsTo(bob)) != 1 {
			t.Error("bob never answered, and was written to")
		}
		says(t, "what proves it", s.run("person", "export", "email:"+ada), "newsletter@2", "box yes-0", "confirmed by email", "signup")
		if status, _ := s.http(http.MethodPost, link, "", nil); status != http.StatusNotFound {
			t.Errorf("her link works twice: %d", status)
		}
	})
}
