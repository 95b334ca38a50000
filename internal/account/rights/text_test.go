package rights

import (
	"strings"
	"testing"
	"unicode/utf8"

	"pgregory.net/rapid"

	"github.com/heed-platform/heed/internal/policy/define"
)

// TestSheet: whatever comes, no line is longer than a screen unless one word is,
// and nothing steers the terminal.
func TestSheet(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		var s sheet
		text := rapid.StringN(0, 400, 1000).Draw(t, "text")
		s.line(rapid.IntRange(0, 8).Draw(t, "indent"), "%s", text)
		s.row(2, column, rapid.StringN(0, 30, 60).Draw(t, "name"), "%s", text)
		for line := range strings.Lines(s.String()) {
			line = strings.TrimSuffix(line, "\n")
			if strings.ContainsFunc(line, func(r rune) bool { return r < ' ' || r == 0x7f || r == '\u202e' || r == '\u009b' }) {
				t.Fatalf("%q", line)
			}
			long := 0
			for word := range strings.FieldsSeq(line) {
				long = max(long, utf8.RuneCountInString(word))
			}
			if n := utf8.RuneCountInString(line); n > width && n > long+column+30 {
				t.Fatalf("%d columns: %q", n, line)
			}
		}
	})
}

func TestSheet_looks(t *testing.T) {
	t.Parallel()
	var s sheet
	s.head("Who")
	s.row(2, 10, "name", "%s", "Ada")
	s.line(2, "%s", strings.Repeat("word ", 30))
	want := "Who\n  name      Ada\n  " + strings.TrimSpace(strings.Repeat("word ", 19)) + "\n    " + strings.TrimSpace(strings.Repeat("word ", 11)) + "\n"
	if got := s.String(); got != want {
		t.Errorf("%q\nwant\n%q", got, want)
	}
}

func TestWords(t *testing.T) {
	t.Parallel()
	w := words{define.Definitions{
		Namespaces: []define.Namespace{{Key: "user_id", Label: "account number"}, {Key: "email", Label: "email address"}},
		Categories: []define.Category{{Key: "user.contact", Label: "how to reach you"}},
		Notices:    []define.Notice{{Key: "card", Version: 2, Language: "de", Title: "Karte"}, {Key: "card", Version: 2, Language: "en", Title: "Card"}},
		Brand:      define.Brand{Language: "en"},
	}}
	for _, test := range []struct{ got, want string }{
		{w.spaces("The user_id, 2026-01-02: email; emails."), "The account number, 2026-01-02: email address; emails."},
		{w.category("user.contact.phone"), "how to reach you"},
		{w.category("user.health"), "user.health"},
		{w.notice("card@2"), "Card"},
		{w.notice("card@3"), ""},
		{w.purpose("nobody.knows"), "nobody.knows"},
		{both([]string{"a", "b", "c"}), "a, b and c"},
		{plain([]byte(`"x"`)), "x"},
		{plain([]byte(`{"a":1.10}`)), `{"a":1.10}`},
	} {
		if test.got != test.want {
			t.Errorf("%q, want %q", test.got, test.want)
		}
	}
}
